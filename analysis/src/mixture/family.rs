//! The families of distributions that are fitted.

/// A family of distributions of values above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// One exponential distribution.
    Exponential,
    /// One normal distribution.
    Normal,
    /// One gamma distribution.
    Gamma,
    /// One log-normal distribution: the logarithm is normal.
    LogNormal,
    /// An exponential distribution near zero and a normal one.
    ExpNormal,
    /// Two gamma distributions.
    TwoGamma,
}

impl Family {
    /// All families, mixtures first.
    pub const ALL: [Self; 6] =
        [Self::ExpNormal, Self::TwoGamma, Self::Exponential, Self::Normal, Self::Gamma, Self::LogNormal];

    /// The name in reports, such as `exp_normal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Normal => "normal",
            Self::Gamma => "gamma",
            Self::LogNormal => "lognormal",
            Self::ExpNormal => "exp_normal",
            Self::TwoGamma => "two_gamma",
        }
    }

    /// Free parameters k of the continuous part, which AIC and BIC count; the weight of a mixture is one of them.
    pub fn n_parameters(self) -> usize {
        match self {
            Self::Exponential => 1,
            Self::Normal | Self::Gamma | Self::LogNormal => 2,
            Self::ExpNormal => 4,
            Self::TwoGamma => 5,
        }
    }

    /// Whether the family has two components.
    pub fn is_mixture(self) -> bool {
        matches!(self, Self::ExpNormal | Self::TwoGamma)
    }

    /// The families of one component that this one contains: the gamma distribution in two gammas; the exponential
    /// distribution (weight 1) and the normal one (weight 0) in their mixture. None in a family of one component.
    pub fn contained(self) -> &'static [Self] {
        match self {
            Self::ExpNormal => &[Self::Exponential, Self::Normal],
            Self::TwoGamma => &[Self::Gamma],
            _ => &[],
        }
    }
}

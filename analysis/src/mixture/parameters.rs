//! The parameters of a fitted family: its density, its components, its random values.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Family;
use super::density::Density;
use crate::gamma::{gamma, normal, uniform};

/// One distribution out of a [`Family`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Parameters {
    /// f(x) = exp(-x / mean) / mean
    Exponential {
        /// Mean, in the unit of the values.
        mean: f64,
    },
    /// f(x) = exp(-((x - μ) / σ)² / 2) / (σ √(2π))
    Normal {
        /// Mean μ.
        mu: f64,
        /// Standard deviation σ.
        sigma: f64,
    },
    /// f(x) = x^(k-1) exp(-x / θ) / (Γ(k) θ^k)
    Gamma {
        /// Shape k.
        shape: f64,
        /// Scale θ: the mean is k θ.
        scale: f64,
    },
    /// The normal density of ln x, divided by x.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// weight times the exponential density plus (1 - weight) times the normal one.
    ExpNormal {
        /// Share of the exponential component.
        weight: f64,
        /// Mean of the exponential component.
        exp_mean: f64,
        /// Mean of the normal component.
        mu: f64,
        /// Standard deviation of the normal component.
        sigma: f64,
    },
    /// weight times one gamma density plus (1 - weight) times another.
    TwoGamma {
        /// Share of component 1.
        weight: f64,
        /// Shape of component 1, the one with the smaller mean.
        shape1: f64,
        /// Scale of component 1.
        scale1: f64,
        /// Shape of component 2.
        shape2: f64,
        /// Scale of component 2.
        scale2: f64,
    },
}

impl Parameters {
    /// The family.
    pub fn family(&self) -> Family {
        match self {
            Self::Exponential { .. } => Family::Exponential,
            Self::Normal { .. } => Family::Normal,
            Self::Gamma { .. } => Family::Gamma,
            Self::LogNormal { .. } => Family::LogNormal,
            Self::ExpNormal { .. } => Family::ExpNormal,
            Self::TwoGamma { .. } => Family::TwoGamma,
        }
    }

    /// Names and values, the weight of a mixture first.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::Exponential { mean } => vec![("mean", mean)],
            Self::Normal { mu, sigma } | Self::LogNormal { mu, sigma } => vec![("mu", mu), ("sigma", sigma)],
            Self::Gamma { shape, scale } => vec![("shape", shape), ("scale", scale)],
            Self::ExpNormal { weight, exp_mean, mu, sigma } => {
                vec![("weight", weight), ("exp_mean", exp_mean), ("mu", mu), ("sigma", sigma)]
            }
            Self::TwoGamma { weight, shape1, scale1, shape2, scale2 } => {
                vec![("weight", weight), ("shape1", shape1), ("scale1", scale1), ("shape2", shape2), ("scale2", scale2)]
            }
        }
    }

    /// The share of component 1, the one near zero; None for one component.
    pub fn weight(&self) -> Option<f64> {
        match *self {
            Self::ExpNormal { weight, .. } | Self::TwoGamma { weight, .. } => Some(weight),
            _ => None,
        }
    }

    /// The two components of a mixture as distributions of their own; None for one component.
    pub fn components(&self) -> Option<[Self; 2]> {
        match *self {
            Self::ExpNormal { exp_mean, mu, sigma, .. } => {
                Some([Self::Exponential { mean: exp_mean }, Self::Normal { mu, sigma }])
            }
            Self::TwoGamma { shape1, scale1, shape2, scale2, .. } => {
                Some([Self::Gamma { shape: shape1, scale: scale1 }, Self::Gamma { shape: shape2, scale: scale2 }])
            }
            _ => None,
        }
    }

    /// The mean of the distribution.
    pub fn mean(&self) -> f64 {
        match (*self, self.components(), self.weight()) {
            (_, Some([first, second]), Some(weight)) => weight * first.mean() + (1.0 - weight) * second.mean(),
            (Self::Exponential { mean }, ..) => mean,
            (Self::Gamma { shape, scale }, ..) => shape * scale,
            (Self::LogNormal { mu, sigma }, ..) => (mu + 0.5 * sigma * sigma).exp(),
            (Self::Normal { mu, .. }, ..) => mu,
            (Self::ExpNormal { .. } | Self::TwoGamma { .. }, ..) => f64::NAN,
        }
    }

    /// ln f(x), the logarithm of the density; minus infinity where it is 0.
    pub fn ln_density(&self, x: f64) -> f64 {
        Density::new(self).ln(x)
    }

    /// Σ ln f(x): [`Self::ln_density`] of many values, with what they share computed once.
    pub fn log_likelihood(&self, values: &[f64]) -> f64 {
        let density = Density::new(self);
        // In blocks, so that rounding does not grow with the number of values.
        values.chunks(256).map(|block| block.iter().map(|x| density.ln(*x)).sum::<f64>()).sum()
    }

    /// The responsibility of component 1 for a value: weight f₁(x) / (weight f₁(x) + (1 - weight) f₂(x)), in 0..=1; None for
    /// one component. 1 where component 2 has no density, also where neither has one.
    pub fn responsibility(&self, x: f64) -> Option<f64> {
        self.weight()?;
        let [first, second] = Density::new(self).parts(x);
        let is_only_first = second == f64::NEG_INFINITY;
        Some(if is_only_first { 1.0 } else { 1.0 / (1.0 + (second - first).exp()) })
    }

    /// `n` random values; the same seed gives the same values.
    ///
    /// # Examples
    /// ```
    /// use layerscope_analysis::mixture::Parameters;
    /// let mixture = Parameters::ExpNormal { weight: 0.3, exp_mean: 0.1, mu: 2.0, sigma: 0.5 };
    /// assert_eq!(mixture.draws(100, 7), mixture.draws(100, 7));
    /// ```
    pub fn draws(&self, n: usize, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| self.sample(&mut random)).collect()
    }

    /// One random value. A normal component may give one below 0.
    pub fn sample(&self, random: &mut impl Rng) -> f64 {
        match *self {
            Self::Exponential { mean } => -mean * uniform(random).ln(),
            Self::Normal { mu, sigma } => mu + sigma * normal(random),
            Self::LogNormal { mu, sigma } => (mu + sigma * normal(random)).exp(),
            Self::Gamma { shape, scale } => scale * gamma(shape, random),
            Self::ExpNormal { weight, exp_mean, mu, sigma } => {
                if uniform(random) < weight {
                    Self::Exponential { mean: exp_mean }.sample(random)
                } else {
                    Self::Normal { mu, sigma }.sample(random)
                }
            }
            Self::TwoGamma { weight, shape1, scale1, shape2, scale2 } => {
                let first = uniform(random) < weight;
                let (shape, scale) = if first { (shape1, scale1) } else { (shape2, scale2) };
                Self::Gamma { shape, scale }.sample(random)
            }
        }
    }
}

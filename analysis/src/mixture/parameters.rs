//! The parameters of a fitted family: its density, its components, its random values.

use std::f64::consts::PI;

use rand_chacha::rand_core::Rng;

use super::Family;
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

    /// The distribution of the values times `unit`.
    pub(super) fn scaled(self, unit: f64) -> Self {
        match self {
            Self::Exponential { mean } => Self::Exponential { mean: mean * unit },
            Self::Normal { mu, sigma } => Self::Normal { mu: mu * unit, sigma: sigma * unit },
            Self::LogNormal { mu, sigma } => Self::LogNormal { mu: mu + unit.ln(), sigma },
            Self::Gamma { shape, scale } => Self::Gamma { shape, scale: scale * unit },
            Self::ExpNormal { weight, exp_mean, mu, sigma } => {
                Self::ExpNormal { weight, exp_mean: exp_mean * unit, mu: mu * unit, sigma: sigma * unit }
            }
            Self::TwoGamma { weight, shape1, scale1, shape2, scale2 } => {
                Self::TwoGamma { weight, shape1, scale1: scale1 * unit, shape2, scale2: scale2 * unit }
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

    /// ln f(x), the logarithm of the density at a value above 0.
    pub fn ln_density(&self, x: f64) -> f64 {
        let ln_normal = |z: f64, sigma: f64| -0.5 * z * z - sigma.ln() - 0.5 * (2.0 * PI).ln();
        match (*self, self.components(), self.weight()) {
            (_, Some([first, second]), Some(weight)) => {
                ln_sum_exp(weight.ln() + first.ln_density(x), (-weight).ln_1p() + second.ln_density(x))
            }
            (Self::Exponential { mean }, ..) => -x / mean - mean.ln(),
            (Self::Normal { mu, sigma }, ..) => ln_normal((x - mu) / sigma, sigma),
            (Self::LogNormal { mu, sigma }, ..) => ln_normal((x.ln() - mu) / sigma, sigma) - x.ln(),
            (Self::Gamma { shape, scale }, ..) => {
                (shape - 1.0) * x.ln() - x / scale - libm::lgamma(shape) - shape * scale.ln()
            }
            (Self::ExpNormal { .. } | Self::TwoGamma { .. }, ..) => f64::NAN,
        }
    }

    /// The responsibility of component 1 for a value above 0: weight f₁(x) / (weight f₁(x) + (1 - weight) f₂(x)), in 0..=1;
    /// None for one component.
    pub fn responsibility(&self, x: f64) -> Option<f64> {
        let ([first, second], weight) = self.components().zip(self.weight())?;
        let odds = (-weight).ln_1p() - weight.ln() + second.ln_density(x) - first.ln_density(x);
        Some(1.0 / (1.0 + odds.exp()))
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

/// ln (e^a + e^b)
fn ln_sum_exp(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

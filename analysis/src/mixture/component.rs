//! One component of a mixture and the maximum likelihood estimate of each kind from weighted values.

use super::floor::{Floor, Floors};
use crate::gamma::shape_of;

/// A component's distribution, in units of the mean of all values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Component {
    Exponential { mean: f64 },
    Normal { mu: f64, sigma: f64 },
    Gamma { shape: f64, mean: f64 },
}

/// ln f(x) = constant + by_x x + by_ln_x ln x - ((x - pivot) by_distance)² / 2, with the spread of a cell added to the square.
#[derive(Clone, Copy, Debug)]
pub(super) struct LnDensity {
    pub constant: f64,
    pub by_x: f64,
    pub by_ln_x: f64,
    pub pivot: f64,
    pub by_distance: f64,
}

/// What the estimate needs of the values, each weighted with the responsibility of the component.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Σ w
    pub weight: f64,
    /// Σ w x
    pub x: f64,
    /// Σ w ln x
    pub ln_x: f64,
    /// Σ w (x - pivot)
    pub distance: f64,
    /// Σ w ((x - pivot)² + spread)
    pub square: f64,
}

impl Component {
    pub fn mean(self) -> f64 {
        match self {
            Self::Exponential { mean } | Self::Gamma { mean, .. } => mean,
            Self::Normal { mu, .. } => mu,
        }
    }

    /// The density with everything computed once that does not depend on x.
    pub fn ln_density(self) -> LnDensity {
        let none = LnDensity { constant: 0.0, by_x: 0.0, by_ln_x: 0.0, pivot: 1.0, by_distance: 0.0 };
        match self {
            Self::Exponential { mean } => LnDensity { constant: -mean.ln(), by_x: -1.0 / mean, ..none },
            Self::Normal { mu, sigma } => LnDensity {
                constant: -sigma.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln(),
                pivot: mu,
                by_distance: 1.0 / sigma,
                ..none
            },
            Self::Gamma { shape, mean } => {
                let scale = mean / shape;
                let constant = -libm::lgamma(shape) - shape * scale.ln();
                LnDensity { constant, by_x: -1.0 / scale, by_ln_x: shape - 1.0, ..none }
            }
        }
    }

    /// The component of the same kind that is likeliest for the weighted values, within the floors; `pivot` is that of
    /// [`Self::ln_density`]. Unchanged where it has practically no weight.
    pub fn estimate(self, sums: &Sums, floors: &Floors, binding: &mut Vec<Floor>) -> Self {
        /// Weight below which sums are rounding errors.
        const NOTHING: f64 = 1e-9;
        if sums.weight < NOTHING {
            return self;
        }
        match self {
            Self::Exponential { .. } => Self::Exponential { mean: sums.x / sums.weight },
            Self::Normal { mu, .. } => {
                let shift = sums.distance / sums.weight;
                let variance = (sums.square / sums.weight - shift * shift).max(0.0);
                let sigma = floors.sigma(variance.sqrt(), binding);
                Self::Normal { mu: mu + shift, sigma }
            }
            Self::Gamma { .. } => {
                let mean = sums.x / sums.weight;
                let c = mean.ln() - sums.ln_x / sums.weight;
                Self::Gamma { shape: floors.shape(shape_of(c), binding), mean }
            }
        }
    }
}

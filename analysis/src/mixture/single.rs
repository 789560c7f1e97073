//! The families of one component: their estimates have a closed form, but for the gamma's shape.

use std::f64::consts::PI;

use super::floor::{Limits, least_ln_sigma, shape_floor, shape_within};
use super::values::Values;
use super::{Family, Floor, Parameters};
use crate::gamma::{ln_gamma_less_stirling, shape_of};

/// A fitted family of one component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    /// In the unit of the sample.
    pub parameters: Parameters,
    /// The floor that holds.
    pub floor: Option<Floor>,
    /// Σ ln f(x), from the sums that the estimate is made of.
    pub log_likelihood: f64,
}

/// The maximum-likelihood estimate; None for a mixture.
pub(super) fn estimate(family: Family, values: &Values) -> Option<Single> {
    let n = values.n() as f64;
    // Per value: -ln σ - ln √(2π) - (variance / σ²) / 2, and -1/2 is the last term without a floor.
    let normal = |std: f64, sigma: f64| -sigma.ln() - 0.5 * (2.0 * PI).ln() - 0.5 * (std / sigma).powi(2);
    let (parameters, floor, per_value) = match family {
        Family::Exponential => {
            (Parameters::Exponential { mean: values.unscaled(values.mean) }, None, -values.mean.ln() - 1.0)
        }
        Family::Normal => {
            let (sigma, floor) = above(values.std, Limits::of(values).least_sigma);
            let parameters = Parameters::Normal { mu: values.unscaled(values.mean), sigma: values.unscaled(sigma) };
            (parameters, floor, normal(values.std, sigma))
        }
        Family::LogNormal => {
            let (sigma, floor) = above(values.ln_std, least_ln_sigma(values));
            let parameters = Parameters::LogNormal { mu: values.ln_mean + values.ln_unit(), sigma };
            (parameters, floor, normal(values.ln_std, sigma) - values.ln_mean)
        }
        Family::Gamma => {
            let gap = values.mean.ln() - values.ln_mean;
            // Of equal values the gap is a rounding error.
            let shape = shape_within(if values.n_distinct == 1 { f64::INFINITY } else { shape_of(gap) });
            let parameters = Parameters::Gamma { shape, scale: values.unscaled(values.mean / shape) };
            (parameters, shape_floor(shape), -shape * gap - ln_gamma_less_stirling(shape) - values.ln_mean)
        }
        Family::ExpNormal | Family::TwoGamma => return None,
    };
    Some(Single { parameters, floor, log_likelihood: n * (per_value - values.ln_unit()) })
}

fn above(sigma: f64, least: f64) -> (f64, Option<Floor>) {
    if sigma > least { (sigma, None) } else { (least, Some(Floor::Sigma)) }
}

//! The journal's own fits, step by step, so that the difference can be shown.
//!
//! They start at fixed values, stop when the weight stands still or after 100 rounds, do not order the components, and work
//! with densities instead of their logarithms. Use [`Params`](super::Params) for anything but comparison.

use super::density::Density;
use super::values::Values;
use super::{Fit, Parameters, Status};
use crate::Reason;
use crate::gamma::shape_of;

/// Rounds after which the journal stopped.
const ROUNDS: u64 = 100;
/// Added to every value before gammas are fitted.
const SHIFT: f64 = 1e-5;

/// The journal's exponential and normal mixture of the values above 0.
///
/// Weight 1/2, exponential mean 1, mean and standard deviation of all values; stops when the weight changes by less than
/// 1e-6. A weight or exponential mean below 1e-6 makes it a single normal distribution; a rest or standard deviation below
/// 1e-6, or densities that are all 0 at some value, a single exponential one. These have the status `degenerate`; one whose
/// exponential component has the larger mean is `not_identified`, as are those of [`Fit::doubt`].
///
/// # Errors
/// [`Reason::NotFinite`], [`Reason::Negative`], [`Reason::TooFew`] without a value above 0.
pub fn journal_exp_normal(sample: &[f64]) -> Result<Fit, Reason> {
    const TOLERANCE: f64 = 1e-6;
    let values = Values::new(sample)?;
    let x = &values.original;
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let std = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let only_normal = Parameters::ExpNormal { weight: 0.0, exp_mean: 1.0, mu: mean, sigma: std };
    let only_exponential = Parameters::ExpNormal { weight: 1.0, exp_mean: mean, mu: 0.0, sigma: 1.0 };
    let (mut weight, mut exp_mean, mut mu, mut sigma) = (0.5, 1.0, mean, std);
    for round in 0..ROUNDS {
        // NaN is what 0 / 0 leaves; the prototype called it exponential.
        let is_exponential = [weight, exp_mean, mu, sigma].iter().any(|value| value.is_nan());
        if !is_exponential && (weight < TOLERANCE || exp_mean < TOLERANCE) && std > 0.0 {
            return Ok(pure(only_normal, &values, round));
        }
        if is_exponential || 1.0 - weight < TOLERANCE || sigma < TOLERANCE {
            return Ok(pure(only_exponential, &values, round));
        }
        let shares = responsibilities(&Parameters::ExpNormal { weight, exp_mean, mu, sigma }, x);
        let (near, far) = (total(&shares, x, |share| share), total(&shares, x, |share| 1.0 - share));
        let before = weight;
        weight = near.weight / n;
        exp_mean = near.x / near.weight;
        mu = far.x / far.weight;
        let squares = x.iter().zip(&shares).map(|(x, share)| (1.0 - share) * (x - mu).powi(2)).sum::<f64>();
        sigma = (squares / far.weight).sqrt();
        if (weight - before).abs() < TOLERANCE && sigma > 0.0 {
            return Ok(finished(Parameters::ExpNormal { weight, exp_mean, mu, sigma }, &values, round + 1, true));
        }
    }
    let found = [weight, exp_mean, mu, sigma];
    if found.iter().any(|value| !value.is_finite()) || exp_mean <= 0.0 || sigma <= 0.0 {
        return Ok(pure(only_exponential, &values, ROUNDS));
    }
    Ok(finished(Parameters::ExpNormal { weight, exp_mean, mu, sigma }, &values, ROUNDS, false))
}

/// The journal's mixture of two gamma distributions of the values above 0, each moved by 1e-5.
///
/// Weight 1/2, shapes 1/2 and 10, scales 1 and a tenth of the mean; stops when the weight changes by less than 1e-5. The
/// log-likelihood is that of the moved values. Components are not ordered.
///
/// # Errors
/// As [`journal_exp_normal`], and [`Reason::Underflow`] where the prototype crashed: both densities are 0 at some value, or
/// a component lost all of its weight.
pub fn journal_two_gamma(sample: &[f64]) -> Result<Fit, Reason> {
    const TOLERANCE: f64 = 1e-5;
    let values = Values::new(sample)?;
    let x: Vec<f64> = values.original.iter().map(|x| x + SHIFT).collect();
    // The zeros of the sample are not moved.
    let moved = Values { n_zero: values.n_zero, ..Values::new(&x)? };
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let mut weight = 0.5;
    let mut components = [(0.5, 1.0), (10.0, mean / 10.0)];
    let pair = |weight: f64, [(shape1, scale1), (shape2, scale2)]: [(f64, f64); 2]| Parameters::TwoGamma {
        weight,
        shape1,
        scale1,
        shape2,
        scale2,
    };
    for round in 0..ROUNDS {
        let shares = responsibilities(&pair(weight, components), &x);
        let sums = [total(&shares, &x, |share| share), total(&shares, &x, |share| 1.0 - share)];
        let before = weight;
        weight = sums[0].weight / n;
        components = sums.map(|sums| gamma_estimate(&sums));
        let numbers = components.iter().flat_map(|(shape, scale)| [*shape, *scale]).chain([weight]);
        if numbers.into_iter().any(|value| !value.is_finite()) {
            return Err(Reason::Underflow);
        }
        if (weight - before).abs() < TOLERANCE {
            return Ok(finished(pair(weight, components), &moved, round + 1, true));
        }
    }
    Ok(finished(pair(weight, components), &moved, ROUNDS, false))
}

/// Sums over the values x, each with a weight w.
struct Sums {
    /// Σ w
    weight: f64,
    /// Σ w x
    x: f64,
    /// Σ w ln x
    ln_x: f64,
}

/// Sums with a weight that is a function of the share.
fn total(shares: &[f64], x: &[f64], weight: impl Fn(f64) -> f64) -> Sums {
    let add = |sums: Sums, (share, x): (&f64, &f64)| {
        let w = weight(*share);
        Sums { weight: sums.weight + w, x: sums.x + w * x, ln_x: sums.ln_x + w * x.ln() }
    };
    shares.iter().zip(x).fold(Sums { weight: 0.0, x: 0.0, ln_x: 0.0 }, add)
}

/// Shape and scale of a gamma distribution from weighted values; shape 1 where the search for one never ended.
fn gamma_estimate(sums: &Sums) -> (f64, f64) {
    let mean = sums.x / sums.weight;
    let c = mean.ln() - sums.ln_x / sums.weight;
    let shape = if c > 0.0 { shape_of(c) } else { 1.0 };
    (shape, mean / shape)
}

/// The share of the first density, computed without logarithms as the prototype did: NaN where both are 0.
fn responsibilities(parameters: &Parameters, x: &[f64]) -> Vec<f64> {
    let density = Density::new(parameters);
    let of = |x: &f64| {
        let [near, far] = density.parts(*x).map(f64::exp);
        near / (near + far)
    };
    x.iter().map(of).collect()
}

/// One of the two answers for a sample with one population.
fn pure(parameters: Parameters, values: &Values, rounds: u64) -> Fit {
    let fit = Fit::judged(parameters, values, Vec::new(), false);
    Fit { iterations: rounds, status: Status::Degenerate, doubt: None, ..fit }
}

fn finished(parameters: Parameters, values: &Values, rounds: u64, converged: bool) -> Fit {
    let is_out_of_order = parameters.components().is_some_and(|[first, second]| first.mean() > second.mean());
    let fit = Fit::judged(parameters, values, Vec::new(), is_out_of_order);
    Fit { iterations: rounds, converged, ..fit }
}

//! The journal's own fits, step by step, so that the difference can be shown.
//!
//! They start at fixed values, stop when the weight stands still or after 100 rounds, do not order the components, and work
//! with densities instead of their logarithms. Use [`Params`](super::Params) for anything but comparison.

use super::component::Sums;
use super::fit::{Fit, Status};
use super::values::Split;
use super::{Family, Parameters};
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
/// 1e-6, or densities that are all 0 at some value, a single exponential one (status `degenerate`).
///
/// # Errors
/// [`Reason::NotFinite`], [`Reason::Negative`], [`Reason::TooFew`] without a value above 0.
pub fn journal_exp_normal(sample: &[f64]) -> Result<Fit, Reason> {
    const TOLERANCE: f64 = 1e-6;
    let split = not_empty(sample)?;
    let x = &split.positive;
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let std = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let only_normal = Parameters::ExpNormal { weight: 0.0, exp_mean: 1.0, mu: mean, sigma: std };
    let only_exponential = Parameters::ExpNormal { weight: 1.0, exp_mean: mean, mu: 0.0, sigma: 1.0 };
    let (mut weight, mut exp_mean, mut mu, mut sigma) = (0.5, 1.0, mean, std);
    for round in 0..ROUNDS {
        if weight < TOLERANCE || exp_mean < TOLERANCE {
            return Ok(describe(only_normal, &split, x, round, true, Status::Degenerate));
        }
        if 1.0 - weight < TOLERANCE || sigma < TOLERANCE {
            return Ok(describe(only_exponential, &split, x, round, true, Status::Degenerate));
        }
        let (mut near, mut far) = (Sums::default(), Sums::default());
        let current = Parameters::ExpNormal { weight, exp_mean, mu, sigma };
        let responsibilities = responsibilities(&current, x);
        for (x, share) in x.iter().zip(&responsibilities) {
            near.add(*share, *x, 0.0, 0.0, 0.0);
            far.add(1.0 - share, *x, 0.0, 0.0, 0.0);
        }
        let before = weight;
        weight = near.weight / n;
        exp_mean = near.x / near.weight;
        mu = far.x / far.weight;
        let squares = x.iter().zip(&responsibilities).map(|(x, share)| (1.0 - share) * (x - mu).powi(2)).sum::<f64>();
        sigma = (squares / far.weight).sqrt();
        if [weight, exp_mean, mu, sigma].iter().any(|value| !value.is_finite()) {
            return Ok(describe(only_exponential, &split, x, round + 1, true, Status::Degenerate));
        }
        if (weight - before).abs() < TOLERANCE {
            let found = Parameters::ExpNormal { weight, exp_mean, mu, sigma };
            return Ok(describe(found, &split, x, round + 1, true, Status::Ok));
        }
    }
    let found = Parameters::ExpNormal { weight, exp_mean, mu, sigma };
    Ok(describe(found, &split, x, ROUNDS, false, Status::Ok))
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
    let split = not_empty(sample)?;
    let x: Vec<f64> = split.positive.iter().map(|x| x + SHIFT).collect();
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
        let mut sums = [Sums::default(); 2];
        for (x, share) in x.iter().zip(responsibilities(&pair(weight, components), &x)) {
            sums[0].add(share, *x, x.ln(), 0.0, 0.0);
            sums[1].add(1.0 - share, *x, x.ln(), 0.0, 0.0);
        }
        let before = weight;
        weight = sums[0].weight / n;
        for (component, sums) in components.iter_mut().zip(&sums) {
            *component = gamma_estimate(sums);
        }
        let numbers = components.iter().flat_map(|(shape, scale)| [*shape, *scale]).chain([weight]);
        if numbers.into_iter().any(|value| !value.is_finite()) {
            return Err(Reason::Underflow);
        }
        if (weight - before).abs() < TOLERANCE {
            return Ok(describe(pair(weight, components), &split, &x, round + 1, true, Status::Ok));
        }
    }
    Ok(describe(pair(weight, components), &split, &x, ROUNDS, false, Status::Ok))
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
    let (weight, components) = (parameters.weight().unwrap_or(f64::NAN), parameters.components());
    let of = |x: &f64| {
        let Some([first, second]) = components else { return f64::NAN };
        let (near, far) = (weight * first.ln_density(*x).exp(), (1.0 - weight) * second.ln_density(*x).exp());
        near / (near + far)
    };
    x.iter().map(of).collect()
}

fn not_empty(sample: &[f64]) -> Result<Split, Reason> {
    let split = Split::of(sample)?;
    if split.positive.is_empty() { Err(Reason::TooFew { n: 0, needed: 1 }) } else { Ok(split) }
}

fn describe(found: Parameters, split: &Split, x: &[f64], iterations: u64, converged: bool, status: Status) -> Fit {
    let family: Family = found.family();
    let (n, k) = (x.len() as f64, family.n_parameters() as f64);
    let log_likelihood: f64 = x.iter().map(|x| found.ln_density(*x)).sum();
    let term = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
    let entropy: f64 =
        x.iter().filter_map(|x| found.responsibility(*x)).map(|share| term(share) + term(1.0 - share)).sum();
    let bic = k * n.ln() - 2.0 * log_likelihood;
    Fit {
        parameters: found,
        n: x.len() as u64,
        n_zero: split.n_zero,
        log_likelihood,
        iterations,
        converged,
        status,
        floors: Vec::new(),
        aic: 2.0 * k - 2.0 * log_likelihood,
        bic,
        icl: bic + 2.0 * entropy,
        starts: Vec::new(),
    }
}

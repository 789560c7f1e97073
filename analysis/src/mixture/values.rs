//! The values of one fit, prepared once: checked, sorted, scaled.

use std::f64::consts::LN_2;

use crate::reason::require_finite;
use crate::{Reason, quantile};

/// The positive values of a sample, ascending and divided by a power of two near their mean.
///
/// Sorted, so that a fit does not depend on the order of the sample, not even in its last bit. The unit is a power of two,
/// so that dividing by it rounds nothing.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// Ascending, in the unit of the sample.
    pub original: Vec<f64>,
    /// The same in the unit `2^exponent`.
    pub x: Vec<f64>,
    /// ln of each of `x`.
    pub ln_x: Vec<f64>,
    /// Binary logarithm of the unit.
    pub exponent: i32,
    /// Number of exact zeros left out.
    pub n_zero: u64,
    /// Number of different values.
    pub n_distinct: u64,
    /// Mean of `x`.
    pub mean: f64,
    /// Standard deviation of `x`, divided by n.
    pub std: f64,
    /// Mean of `ln_x`.
    pub ln_mean: f64,
    /// Standard deviation of `ln_x`, divided by n.
    pub ln_std: f64,
}

impl Values {
    /// # Errors
    /// [`Reason::NotFinite`], [`Reason::Negative`], [`Reason::TooFew`] when no value is positive.
    pub fn new(sample: &[f64]) -> Result<Self, Reason> {
        require_finite(sample)?;
        let n_negative = sample.iter().filter(|x| **x < 0.0).count() as u64;
        if n_negative > 0 {
            return Err(Reason::Negative { n_negative, n: sample.len() as u64 });
        }
        let mut original: Vec<f64> = sample.iter().copied().filter(|x| *x > 0.0).collect();
        if original.is_empty() {
            return Err(Reason::TooFew { n: 0, needed: 1 });
        }
        original.sort_unstable_by(f64::total_cmp);
        let n = original.len();
        // Twice, so that the first sum cannot overflow and the unit fits the mean, not the largest value.
        let largest = exponent_of(original[n - 1]);
        let mean = original.iter().map(|x| scaled(*x, largest)).sum::<f64>() / n as f64;
        let exponent = largest + exponent_of(mean);
        // ln of the value and of the unit apart where the ratio would lose its digits below the smallest normal number.
        let ln_unit = f64::from(exponent) * LN_2;
        let ln = |x: &f64| match scaled(*x, exponent) {
            ratio if ratio >= f64::MIN_POSITIVE => ratio.ln(),
            _ => x.ln() - ln_unit,
        };
        let ln_x: Vec<f64> = original.iter().map(ln).collect();
        let x: Vec<f64> = original.iter().map(|x| scaled(*x, exponent)).collect();
        let ((mean, std), (ln_mean, ln_std)) = (mean_and_std(&x), mean_and_std(&ln_x));
        let n_distinct = 1 + original.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
        let n_zero = (sample.len() - n) as u64;
        Ok(Self { original, x, ln_x, exponent, n_zero, n_distinct, mean, std, ln_mean, ln_std })
    }

    /// Number of positive values.
    pub fn n(&self) -> usize {
        self.x.len()
    }

    /// `value` > 0, in the unit of `x`, in the unit of the sample, kept inside what an f64 > 0 can be.
    pub fn unscaled(&self, value: f64) -> f64 {
        scaled(value, -self.exponent).clamp(f64::from_bits(1), f64::MAX)
    }

    /// `value`, in the unit of the sample, in the unit of `x`.
    pub fn scaled(&self, value: f64) -> f64 {
        scaled(value, self.exponent)
    }

    /// n ln of the unit: what a log-likelihood changes by with it.
    pub fn n_ln_unit(&self) -> f64 {
        self.n() as f64 * self.ln_unit()
    }

    /// ln of the unit.
    pub fn ln_unit(&self) -> f64 {
        f64::from(self.exponent) * LN_2
    }

    /// A robust spread of `x`: the smaller of the standard deviation and the interquartile range / 1.349, which for a
    /// normal distribution are the same; without either the mean.
    pub fn spread(&self) -> f64 {
        spread(&self.x, self.std).unwrap_or(self.mean)
    }

    /// The same of `ln_x`; without any 1.
    pub fn ln_spread(&self) -> f64 {
        spread(&self.ln_x, self.ln_std).unwrap_or(1.0)
    }
}

/// The smallest e with |x| < 2^(e + 1), within what a power of two can be as f64.
fn exponent_of(x: f64) -> i32 {
    libm::ilogb(x).clamp(-1074, 1023)
}

/// x / 2^exponent, rounded only where the result is below the smallest normal number.
fn scaled(x: f64, exponent: i32) -> f64 {
    libm::ldexp(x, -exponent)
}

/// Mean and standard deviation, divided by n; relative to the first value, so that equal ones have a spread of 0.
fn mean_and_std(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let offset = x.iter().map(|v| v - x[0]).sum::<f64>() / n;
    let std = (x.iter().map(|v| (v - x[0] - offset).powi(2)).sum::<f64>() / n).sqrt();
    (x[0] + offset, std)
}

fn spread(sorted: &[f64], std: f64) -> Option<f64> {
    let range = quantile(sorted, 0.75)? - quantile(sorted, 0.25)?;
    // The interquartile range of the standard normal distribution.
    let robust = range / 1.348_979_500_392_163_5;
    if robust > 0.0 { Some(robust.min(std)) } else { Some(std).filter(|std| *std > 0.0) }
}

//! Intervals: how far a fraction or a mean over replicates is known.

mod binomial;

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::Reason;
use binomial::{Tail, probability_with_tail};

/// A confidence interval with both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The Clopper-Pearson interval of a probability after `successes` in `n` independent trials.
///
/// Equal tails: the lower end is the probability p at which P(X >= successes) = (1 - level) / 2, the upper end the one
/// at which P(X <= successes) = (1 - level) / 2, X binomial (n, p). The interval covers with at least `level`, usually
/// with more. Without successes the lower end is 0, with nothing but successes the upper end is 1; without trials it is
/// 0 to 1.
///
/// # Panics
/// When `successes > n`, or `level` is not between 0 and 1.
///
/// # Method
/// Newton's method with bisection on the logarithm of the tail, which is summed from Loader's binomial density:
/// relative error about 1e-13 for n up to 10^6.
///
/// # References
/// C. J. Clopper, E. S. Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
/// binomial, Biometrika 26, 404-413, doi:10.1093/biomet/26.4.404.
///
/// # Examples
/// ```
/// use layerscope_analysis::interval::clopper_pearson;
/// let interval = clopper_pearson(0, 10, 0.95);
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high - (1.0 - 0.025_f64.powf(0.1))).abs() < 1e-15);
/// ```
pub fn clopper_pearson(successes: u64, n: u64, level: f64) -> Interval {
    assert!(successes <= n, "{successes} successes in {n} trials");
    assert_level(level);
    let alpha = (1.0 - level) / 2.0;
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    Interval {
        low: probability_with_tail(Tail::Upper, successes, n, alpha),
        high: probability_with_tail(Tail::Lower, successes, n, alpha),
    }
}

/// The one-sided upper confidence bound of a probability after no success in `n` independent trials.
///
/// 1 - (1 - level)^(1/n): at this probability no success in n trials still happens with probability 1 - level. At 95 %
/// it is close to 3 / n (the rule of three). It is lower than the end of the two-sided [`clopper_pearson`], which has
/// (1 - level) / 2 in the place of 1 - level. Without trials it is 1.
///
/// # Panics
/// When `level` is not between 0 and 1.
///
/// # References
/// J. A. Hanley, A. Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249, 1743-1745,
/// doi:10.1001/jama.1983.03330370053031.
pub fn zero_success_upper(n: u64, level: f64) -> f64 {
    assert_level(level);
    if n == 0 { 1.0 } else { -((1.0 - level).ln() / n as f64).exp_m1() }
}

/// A mean and its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// Number of values.
    pub n: u64,
    /// Σ x / n
    pub mean: f64,
    /// Sample standard deviation, divided by n - 1.
    pub std: f64,
    /// mean ± t std / √n
    pub interval: Interval,
}

/// The mean of independent values, such as one number per replicate, with Student's t interval.
///
/// mean ± t s / √n, s² = Σ (x - mean)² / (n - 1), t the (1 + level) / 2 quantile of Student's distribution with n - 1
/// degrees of freedom. Exact for normal values.
///
/// # Errors
/// [`Reason::TooFew`] below two values, [`Reason::NotFinite`] if a value is not finite.
///
/// # Panics
/// When `level` is not between 0 and 1.
///
/// # References
/// Student (1908), The probable error of a mean, Biometrika 6, 1-25, doi:10.1093/biomet/6.1.1.
pub fn mean_interval(values: &[f64], level: f64) -> Result<MeanInterval, Reason> {
    assert_level(level);
    let n = values.len() as u64;
    crate::reason::require_finite(values)?;
    if n < 2 {
        return Err(Reason::TooFew { n, needed: 2 });
    }
    let count = n as f64;
    // Relative to the first value: equal values have a spread of exactly 0.
    let offset = values.iter().map(|x| x - values[0]).sum::<f64>() / count;
    let std = (values.iter().map(|x| (x - values[0] - offset).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    let mean = values[0] + offset;
    let half = student_quantile(count - 1.0, level) * std / count.sqrt();
    Ok(MeanInterval { n, mean, std, interval: Interval { low: mean - half, high: mean + half } })
}

/// The t with P(|T| <= t) = level.
fn student_quantile(degrees: f64, level: f64) -> f64 {
    // The parameters are valid by construction: location 0, scale 1, at least one degree of freedom.
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |student| student.inverse_cdf(0.5 + level / 2.0))
}

fn assert_level(level: f64) {
    assert!(level > 0.0 && level < 1.0, "confidence level {level} is not between 0 and 1");
}

//! The bootstrap: how much a statistic varies from sample to sample, found by drawing samples.
//!
//! [`replicate`] draws, in parallel, as many values of a statistic as asked for; [`standard_error`],
//! [`percentile_interval`] and [`p_value`] read them. What a draw is, a sample with replacement ([`resample`]) or one
//! from a fitted distribution, is the statistic's affair.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::Reason;
use crate::interval::Interval;
use crate::reason::require_finite;

/// The values of a statistic over bootstrap replicates.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates<T> {
    /// One value for each replicate that has one, in the order of the replicates.
    pub values: Vec<T>,
    /// Replicates for which the statistic does not exist.
    pub n_failed: u64,
}

impl<T> Replicates<T> {
    /// One number of each value.
    pub fn of(&self, number: impl Fn(&T) -> f64) -> Vec<f64> {
        self.values.iter().map(number).collect()
    }
}

/// The statistic's values over `n_replicates` replicates, each with random numbers of its own.
///
/// Replicate b draws from stream b of [`stream`]: the values depend on the seed and the purpose alone, not on the number
/// of threads. A replicate for which `statistic` answers None is counted in `n_failed` and has no value.
///
/// # Examples
/// ```
/// use layerscope_analysis::bootstrap::{percentile_interval, replicate, resample, standard_error};
/// let sample = [2.0, 3.0, 5.0, 7.0, 11.0, 13.0];
/// let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
/// let means = replicate(999, 0, "mean", |random| Some(mean(&resample(&sample, random))));
/// // The standard error of a mean is known: the population's standard deviation divided by √n, here 1.65.
/// assert!((standard_error(&means.values)? - 1.65).abs() < 0.15);
/// let interval = percentile_interval(&means.values, 0.95)?;
/// assert!(interval.low > 3.0 && interval.high < 11.0);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn replicate<T: Send>(
    n_replicates: usize,
    seed: u64,
    purpose: &str,
    statistic: impl Fn(&mut ChaCha8Rng) -> Option<T> + Sync,
) -> Replicates<T> {
    let values: Vec<Option<T>> =
        (0..n_replicates as u64).into_par_iter().map(|at| statistic(&mut stream(seed, purpose, at))).collect();
    let n_failed = values.iter().filter(|value| value.is_none()).count() as u64;
    Replicates { values: values.into_iter().flatten().collect(), n_failed }
}

/// The random numbers of one replicate: a ChaCha8 stream of its own for each seed, purpose and replicate.
///
/// The key is the seed followed by the first 24 bytes of the purpose, the stream is the replicate: no two replicates
/// share a number, and what is drawn for one purpose says nothing about another.
pub fn stream(seed: u64, purpose: &str, replicate: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].iter_mut().zip(purpose.bytes()).for_each(|(place, byte)| *place = byte);
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(replicate);
    random
}

/// As many values as the sample has, each drawn from it with equal probability and put back.
///
/// # Panics
/// When the sample has 2^32 values or more.
pub fn resample(sample: &[f64], random: &mut ChaCha8Rng) -> Vec<f64> {
    let n = u32::try_from(sample.len()).expect("a sample of fewer than 2^32 values");
    (0..n).map(|_| sample[below(random, n) as usize]).collect()
}

/// Uniform in 0..n without bias: the upper half of the product, drawn again in the part that would be over-represented
/// (Lemire 2019).
fn below(random: &mut ChaCha8Rng, n: u32) -> u32 {
    loop {
        let product = u64::from(random.next_u32()) * u64::from(n);
        if product as u32 >= n.wrapping_neg() % n {
            return (product >> 32) as u32;
        }
    }
}

/// The bootstrap's standard error: √(Σ (t_b - t̄)² / (B - 1)) over the B replicates that have a value.
///
/// # Errors
/// [`Reason::FewReplicates`] below two values, [`Reason::NotFinite`].
///
/// # References
/// B. Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1-26,
/// doi:10.1214/aos/1176344552.
pub fn standard_error(values: &[f64]) -> Result<f64, Reason> {
    require_finite(values)?;
    require_replicates(values, 2)?;
    let count = values.len() as f64;
    // Relative to the first value: equal values have an error of exactly 0.
    let offset = values.iter().map(|x| x - values[0]).sum::<f64>() / count;
    Ok((values.iter().map(|x| (x - values[0] - offset).powi(2)).sum::<f64>() / (count - 1.0)).sqrt())
}

/// The percentile interval: from the (1 - level) / 2 to the (1 + level) / 2 quantile of the B replicates.
///
/// The q-quantile is the value at position (B + 1) q of the sorted replicates, counted from 1 and interpolated linearly
/// (type 6 of Hyndman and Fan): B + 1 independent values fall into B + 1 equally probable gaps, so that the interval holds
/// the next one with probability `level` at every B for which (B + 1)(1 - level) / 2 is a whole number, such as 199 or 999
/// at 95 %. The usual type 7 would make it too short, 94.1 % at B = 199.
///
/// # Errors
/// [`Reason::FewReplicates`] when (B + 1)(1 - level) / 2 < 1, 39 values at 95 %; [`Reason::NotFinite`].
///
/// # Panics
/// When `level` is not between 0 and 1.
///
/// # References
/// A. C. Davison, D. V. Hinkley (1997), Bootstrap Methods and their Application, Cambridge, section 5.3.1 and page 18.
pub fn percentile_interval(values: &[f64], level: f64) -> Result<Interval, Reason> {
    assert!(level > 0.0 && level < 1.0, "confidence level {level} is not between 0 and 1");
    let alpha = (1.0 - level) / 2.0;
    require_finite(values)?;
    // A rounding error of 1 - 0.95 must not ask for a fortieth replicate.
    require_replicates(values, (1.0 / alpha - 1e-9).ceil() as u64 - 1)?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(Interval { low: order_quantile(&sorted, alpha), high: order_quantile(&sorted, 1.0 - alpha) })
}

/// The value at position (B + 1) q, counted from 1, of B sorted values.
fn order_quantile(sorted: &[f64], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = ((sorted.len() + 1) as f64 * q - 1.0).clamp(0.0, last as f64);
    let below = position as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (high - low) * (position - below as f64)
}

/// The probability under the null hypothesis of a statistic as large as `observed`: (1 + #{t_b >= observed}) / (B + 1).
///
/// The observed sample counts as one of those drawn under the null: p is never 0, and a test at level α that rejects for
/// p <= α rejects a true null with probability at most α, exactly α when α (B + 1) is a whole number and the null has no
/// unknown parameter.
///
/// # Errors
/// [`Reason::FewReplicates`] without a value; [`Reason::NotFinite`], also for `observed`.
///
/// # References
/// A. C. Davison, D. V. Hinkley (1997), Bootstrap Methods and their Application, Cambridge, equation 4.11.
pub fn p_value(values: &[f64], observed: f64) -> Result<f64, Reason> {
    require_finite(values)?;
    require_finite(&[observed])?;
    require_replicates(values, 1)?;
    let as_large = values.iter().filter(|value| **value >= observed).count();
    Ok((1 + as_large) as f64 / (values.len() + 1) as f64)
}

fn require_replicates(values: &[f64], needed: u64) -> Result<(), Reason> {
    let n = values.len() as u64;
    if n < needed { Err(Reason::FewReplicates { n, needed }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_drawn_about_as_often() {
        // 60,000 draws of 6 values: each count has mean 10,000 and standard deviation 91.
        let sample: Vec<f64> = (0..60_000).map(|at| f64::from(at % 6)).collect();
        let drawn = resample(&sample, &mut stream(1, "resample", 0));
        for value in 0..6 {
            let count = drawn.iter().filter(|x| **x == f64::from(value)).count();
            assert!(count.abs_diff(10_000) < 400, "{value}: {count}");
        }
        assert_eq!(drawn.len(), sample.len());
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_replicate() {
        let first = |seed, purpose, at| stream(seed, purpose, at).next_u64();
        let all = [first(0, "a", 0), first(1, "a", 0), first(0, "b", 0), first(0, "a", 1), first(0, "", 0)];
        for (at, value) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(value), "{all:?}");
        }
        assert_eq!(first(0, "a", 0), all[0]);
    }

    #[test]
    fn failures_are_counted_and_the_order_is_that_of_the_replicates() {
        let drawn = replicate(100, 0, "test", |random| {
            let at = random.get_stream();
            (at % 3 != 0).then_some(at)
        });
        assert_eq!((drawn.n_failed, drawn.values.len()), (34, 66));
        assert!(drawn.values.is_sorted() && drawn.values[..4] == [1, 2, 4, 5]);
    }

    #[test]
    fn quantiles_are_order_statistics_of_b_plus_one_gaps() {
        let values: Vec<f64> = (1..=199).rev().map(f64::from).collect();
        let interval = percentile_interval(&values, 0.95).unwrap();
        // (199 + 1) 0.025 = 5 and 195, up to the rounding of 0.025 times the step of 1.
        assert!((interval.low - 5.0).abs() < 1e-12 && (interval.high - 195.0).abs() < 1e-12, "{interval:?}");
        let least: Vec<f64> = (1..=39).map(f64::from).collect();
        let interval = percentile_interval(&least, 0.95).unwrap();
        assert!((interval.low - 1.0).abs() < 1e-12 && (interval.high - 39.0).abs() < 1e-12, "{interval:?}");
        assert_eq!(percentile_interval(&least[1..], 0.95), Err(Reason::FewReplicates { n: 38, needed: 39 }));
        assert_eq!(percentile_interval(&[], 0.5), Err(Reason::FewReplicates { n: 0, needed: 3 }));
    }

    #[test]
    fn p_counts_the_sample_itself() {
        assert_eq!(p_value(&[1.0, 2.0, 3.0], 5.0), Ok(0.25));
        assert_eq!(p_value(&[1.0, 2.0, 3.0], 2.0), Ok(0.75));
        assert_eq!(p_value(&[], 2.0), Err(Reason::FewReplicates { n: 0, needed: 1 }));
        assert!(p_value(&[1.0], f64::NAN).is_err());
    }

    #[test]
    fn errors_divide_by_b_minus_one() {
        assert_eq!(standard_error(&[1.0, 2.0, 3.0]), Ok(1.0));
        assert_eq!(standard_error(&[7.0; 5]), Ok(0.0));
        assert!(standard_error(&[1.0]).is_err() && standard_error(&[1.0, f64::INFINITY]).is_err());
    }
}

//! W of samples of different sizes made comparable: its mean over random subsamples of one size.

use super::{Weights, shapiro_wilk_sorted};
use crate::Reason;
use crate::reason::require_finite;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// Mean and spread of W over random subsamples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubsampleW {
    /// Σ W / draws over the draws.
    pub mean: f64,
    /// Standard deviation of W over the draws, divided by draws - 1; 0 when the subsample is the sample. It says how
    /// much one subsample tells, not how well the mean is known: draws share values.
    pub std: f64,
}

/// The mean of W over `draws` random subsamples of `size` values, drawn without replacement.
///
/// W grows with the sample size even for a true normal; at one `size` samples of different sizes compare. With `size` =
/// n it is W itself.
///
/// # Method
/// Draw r takes its indices from stream r of ChaCha8 with `seed`: the result depends on the order of `sample`, not on
/// the number of threads. A subsample whose values are all equal has no W and is left out.
///
/// # Errors
/// [`Reason::TooFew`] when the sample has fewer than `size` values or `size` is below 3, [`Reason::Constant`] when no
/// subsample has a W, [`Reason::NotFinite`].
///
/// # Panics
/// When `draws` is 0.
///
/// # Examples
/// ```
/// use layerscope_analysis::{shapiro_wilk, subsample_w};
/// let sample: Vec<f64> = (1..=40).map(|i| f64::from(i * i)).collect();
/// let at_20 = subsample_w(&sample, 20, 100, 0)?;
/// assert!((at_20.mean - 0.891).abs() < 0.01);
/// assert_eq!(subsample_w(&sample, 40, 100, 0)?.mean, shapiro_wilk(&sample)?.w);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn subsample_w(sample: &[f64], size: usize, draws: u64, seed: u64) -> Result<SubsampleW, Reason> {
    assert!(draws > 0, "no draws");
    require_finite(sample)?;
    let n = sample.len();
    if n < size {
        return Err(Reason::TooFew { n: n as u64, needed: size as u64 });
    }
    let weights = Weights::new(size)?;
    let draws = if n == size { 1 } else { draws };
    let ws: Vec<f64> = (0..draws)
        .into_par_iter()
        .filter_map(|draw| shapiro_wilk_sorted(&subsample(sample, size, seed, draw), &weights).ok())
        .map(|test| test.w)
        .collect();
    if ws.is_empty() {
        return Err(Reason::Constant { n: size as u64 });
    }
    let count = ws.len() as f64;
    let mean = ws.iter().sum::<f64>() / count;
    let sum_of_squares: f64 = ws.iter().map(|w| (w - mean).powi(2)).sum();
    Ok(SubsampleW { mean, std: (sum_of_squares / (count - 1.0).max(1.0)).sqrt() })
}

/// `size` values of the sample, sorted: the first steps of Fisher and Yates' shuffle.
fn subsample(sample: &[f64], size: usize, seed: u64, draw: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw);
    let mut values = sample.to_vec();
    for i in 0..size {
        // The high word of the product is uniform below the number of values left, to 2^-64 of each other.
        let left = (values.len() - i) as u128;
        let ahead = (u128::from(rng.next_u64()) * left) >> 64;
        values.swap(i, i + ahead as usize);
    }
    values.truncate(size);
    values.sort_unstable_by(f64::total_cmp);
    values
}

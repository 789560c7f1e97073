//! Per-neuron moments over the samples, in one pass, whatever way the samples are cut.
//!
//! `block.rs` adds up rows, `central.rs` holds the formulas, `stripe.rs` decides what is merged with what and when.

mod block;
mod central;
mod stripe;

use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::Reason;
use block::Tally;
use central::Central;
use stripe::Stripe;

/// Accumulator of the moments of every neuron of a layer: `update` with rows, `merge` with other rows, `finish`.
///
/// The result is the same bit for bit however the rows are cut into updates, in whatever order these come, however the
/// rows are shared among accumulators that are merged, and on any number of threads: sums are kept per block of 256
/// consecutive rows, each block adds its rows in order, and finished blocks are merged in a binary tree over their
/// numbers.
///
/// Memory: about 500 bytes a neuron (60 for the open block, 48 for each level of the tree, 40 for extremes and counts),
/// growing with the logarithm of the number of rows, when the rows arrive in order. Rows that arrive before earlier
/// rows of their block are kept as they are, at most 1 KiB a neuron and block.
///
/// Accuracy: each block sums deviations from its own first value in f64, so an offset costs no digits and a constant
/// neuron has variance exactly 0. Relative error of the variance at most about 1e-13, typically 1e-15.
///
/// # References
/// T. F. Chan, G. H. Golub, R. J. LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample
/// variances, Stanford STAN-CS-79-773. P. Pébay (2008), Formulas for robust, one-pass parallel computation of
/// covariances and arbitrary-order statistical moments, Sandia SAND2008-6212.
///
/// # Examples
/// ```
/// use layerscope_analysis::Moments;
/// use ndarray::array;
///
/// // three samples of two neurons; the second never fires
/// let activations = array![[1.0_f32, 0.0], [2.0, 0.0], [6.0, 0.0]];
/// let mut moments = Moments::new(2);
/// moments.update(0, activations.view());
/// let neurons = moments.finish();
/// assert_eq!(neurons[0].mean, 3.0);
/// assert_eq!(neurons[0].variance, 14.0 / 3.0);
/// assert!(neurons[1].is_dead() && neurons[1].never_active());
/// ```
#[derive(Clone)]
pub struct Moments {
    n_neurons: usize,
    stripes: Vec<Stripe>,
}

impl Moments {
    /// An accumulator without rows.
    pub fn new(n_neurons: usize) -> Self {
        // Neighbours whose sums fit the first-level cache together; wide enough that the rows, of which a stripe reads a
        // part, come from memory in long runs: stripes of 64 halved the speed. Threads share stripes and, within
        // them, blocks of rows.
        let width = 256;
        let stripes = (0..n_neurons).step_by(width).map(|first| Stripe::new(width.min(n_neurons - first))).collect();
        Self { n_neurons, stripes }
    }

    /// The number of neurons.
    pub fn n_neurons(&self) -> usize {
        self.n_neurons
    }

    /// Adds the consecutive rows `first_row`, `first_row + 1`, ... of the layer's matrix.
    ///
    /// # Arguments
    /// `first_row` counts rows of the whole unit from 0; it decides which block a row belongs to. `block` is [N, U],
    /// any memory order (rows contiguous is the fast one), any values: non-finite ones are counted and left out.
    ///
    /// # Panics
    /// When `block` has not `n_neurons` columns, or when rows are given twice (found here or by `finish`).
    pub fn update(&mut self, first_row: u64, block: ArrayView2<'_, f32>) {
        assert_eq!(block.ncols(), self.n_neurons, "columns of the block");
        let mut first = 0;
        let pieces: Vec<_> = self
            .stripes
            .iter_mut()
            .map(|stripe| {
                let n = stripe.n_neurons();
                let columns = block.slice_axis(Axis(1), Slice::from(first..first + n));
                first += n;
                (stripe, columns)
            })
            .collect();
        pieces.into_par_iter().for_each(|(stripe, columns)| stripe.update(first_row, columns));
    }

    /// Takes over the rows of another accumulator, which has other rows of the same neurons.
    ///
    /// # Panics
    /// When the numbers of neurons differ, or when both have the same row (found here or by `finish`).
    pub fn merge(&mut self, other: Self) {
        assert_eq!(other.n_neurons, self.n_neurons, "neurons of the other accumulator");
        self.stripes.par_iter_mut().zip(other.stripes).for_each(|(stripe, more)| stripe.merge(more));
    }

    /// The moments over all rows given, one entry a neuron.
    pub fn finish(self) -> Vec<NeuronMoments> {
        let finished: Vec<_> = self.stripes.into_par_iter().map(Stripe::finish).collect();
        let entry = |(central, tally): (Central, Tally)| NeuronMoments::new(&central, &tally);
        finished.into_iter().flat_map(|(central, tallies)| central.into_iter().zip(tallies)).map(entry).collect()
    }
}

/// The moments of one neuron over the samples.
///
/// All are over the neuron's finite values, `n` of them. With none, `mean`, `variance`, `std`, `min`, `max`, `mean_abs`
/// and the fractions are NaN and [`NeuronMoments::reason`] says why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeuronMoments {
    /// Number of finite values.
    pub n: u64,
    /// Number of values that are NaN or infinite.
    pub n_nonfinite: u64,
    /// Number of values > 0.
    pub n_active: u64,
    /// Number of values equal to 0 (of either sign).
    pub n_zero: u64,
    /// Σ x / n
    pub mean: f64,
    /// Σ (x - mean)² / n, the population form; exactly 0 for a constant neuron.
    pub variance: f64,
    /// √variance
    pub std: f64,
    /// (Σ (x - mean)³ / n) / std³; None for a constant neuron.
    pub skewness: Option<f64>,
    /// (Σ (x - mean)⁴ / n) / variance² - 3; None for a constant neuron.
    pub excess_kurtosis: Option<f64>,
    /// Smallest value.
    pub min: f32,
    /// Largest value.
    pub max: f32,
    /// Σ |x| / n
    pub mean_abs: f64,
    /// n_active / n
    pub active_fraction: f64,
    /// n_zero / n
    pub zero_fraction: f64,
}

impl NeuronMoments {
    fn new(central: &Central, tally: &Tally) -> Self {
        let (n, exists) = (central.n, central.n > 0.0);
        let constant = tally.min == tally.max;
        // Adding 0 turns -0 into 0: which of the two came first must not show.
        let (min, max) = if exists { (tally.min + 0.0, tally.max + 0.0) } else { (f32::NAN, f32::NAN) };
        // A constant neuron's deviations are zeros already, unless its first value in a block was not finite.
        let variance = if constant { 0.0 } else { central.m2 / n };
        let shape = exists && variance > 0.0;
        Self {
            n: n as u64,
            n_nonfinite: tally.n_nonfinite,
            n_active: tally.n_active,
            n_zero: tally.n_zero,
            mean: if !exists {
                f64::NAN
            } else if constant {
                f64::from(min)
            } else {
                central.mean
            },
            variance,
            std: variance.sqrt(),
            skewness: shape.then(|| central.m3 / n / (variance * variance.sqrt())),
            excess_kurtosis: shape.then(|| central.m4 / n / (variance * variance) - 3.0),
            min,
            max,
            mean_abs: central.sum_abs / n,
            active_fraction: tally.n_active as f64 / n,
            zero_fraction: tally.n_zero as f64 / n,
        }
    }

    /// Whether the neuron is constant over all samples: it carries no information, whatever its value.
    ///
    /// False when a value is not finite, or when there are no values.
    pub fn is_dead(&self) -> bool {
        self.n > 0 && self.n_nonfinite == 0 && self.min == self.max
    }

    /// Whether no value is > 0. False when a value is not finite, or when there are no values.
    pub fn never_active(&self) -> bool {
        self.n > 0 && self.n_nonfinite == 0 && self.n_active == 0
    }

    /// Why the neuron is left out of the layer's statistics: it has non-finite values, or no values at all.
    pub fn reason(&self) -> Option<Reason> {
        match (self.n, self.n_nonfinite) {
            (0, 0) => Some(Reason::TooFew { n: 0, needed: 1 }),
            (_, 0) => None,
            (n, n_nonfinite) => Some(Reason::NotFinite { n_nonfinite, n: n + n_nonfinite }),
        }
    }
}

//! The finished covariance matrix.

use super::central::Central;
use crate::Reason;
use faer::{Mat, MatRef};
use rayon::prelude::*;

/// The covariance matrix of the neurons of a layer, divisor n - 1.
///
/// Neurons with a value that is not finite are left out: rows and columns are those of [`CovarianceMatrix::neurons`].
#[derive(Clone, Debug)]
pub struct CovarianceMatrix {
    n_samples: u64,
    neurons: Vec<usize>,
    excluded: Vec<(usize, u64)>,
    mean: Vec<f64>,
    /// [U, U], lower triangle.
    lower: Mat<f64>,
    fourth: Option<f64>,
}

impl CovarianceMatrix {
    pub(super) fn new(sums: Central) -> Result<Self, Reason> {
        let n_all = sums.mean.len();
        if sums.n < 2.0 {
            return Err(Reason::TooFew { n: sums.n as u64, needed: 2 });
        }
        let neurons: Vec<usize> = (0..n_all).filter(|&i| sums.n_nonfinite[i] == 0).collect();
        let excluded: Vec<(usize, u64)> =
            (0..n_all).filter(|&i| sums.n_nonfinite[i] > 0).map(|i| (i, sums.n_nonfinite[i])).collect();
        if neurons.is_empty() {
            let n_nonfinite = excluded.iter().map(|(_, n)| n).sum();
            return Err(Reason::NotFinite { n_nonfinite, n: sums.n as u64 * n_all as u64 });
        }
        let divisor = sums.n - 1.0;
        let n_kept = neurons.len();
        let mut lower = Mat::zeros(n_kept, n_kept);
        let columns: Vec<_> = lower.col_iter_mut().enumerate().collect();
        columns.into_par_iter().for_each(|(j, mut column)| {
            let from = &sums.second[neurons[j] * n_all..][..n_all];
            for i in j..n_kept {
                column[i] = from[neurons[i]] / divisor;
            }
        });
        // The norms of the fourth moment are over all neurons: with some of them missing they are not known.
        let fourth = excluded.is_empty().then_some(sums.fourth);
        let mean = neurons.iter().map(|&i| sums.mean[i]).collect();
        Ok(Self { n_samples: sums.n as u64, neurons, excluded, mean, lower, fourth })
    }

    /// Number of samples n.
    pub fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// The neurons of the rows and columns, ascending: those with finite values only.
    pub fn neurons(&self) -> &[usize] {
        &self.neurons
    }

    /// The neurons left out, each with its number of values that are not finite.
    pub fn excluded(&self) -> &[(usize, u64)] {
        &self.excluded
    }

    /// Mean of every kept neuron, Σ x / n.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Σ (x_i - mean_i)(x_j - mean_j) / (n - 1).
    ///
    /// # Panics
    /// When `i` or `j` is not below the number of kept neurons.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.lower[(i.max(j), i.min(j))]
    }

    /// Lower triangle /* [U, U] */; what stands above the diagonal is not part of it.
    pub(crate) fn lower(&self) -> MatRef<'_, f64> {
        self.lower.as_ref()
    }

    /// Total variance: the sum of the neurons' variances.
    pub fn trace(&self) -> f64 {
        (0..self.neurons.len()).map(|i| self.lower[(i, i)]).sum()
    }

    /// Sum of the squares of all entries, which is the sum of the squared eigenvalues.
    pub fn squared_norm(&self) -> f64 {
        let n = self.neurons.len();
        let below = |j: usize| ((j + 1)..n).map(|i| self.lower[(i, j)].powi(2)).sum::<f64>();
        (0..n).map(|j| self.lower[(j, j)].powi(2) + 2.0 * below(j)).sum()
    }

    /// Σ |x - mean|⁴ over the samples, |·|² the sum of squares over the neurons; None when neurons are left out.
    pub fn fourth_moment_sum(&self) -> Option<f64> {
        self.fourth
    }
}

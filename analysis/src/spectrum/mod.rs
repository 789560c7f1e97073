//! The eigenvalues of a covariance matrix: how the variance of a layer is spread over directions.
//!
//! `eigen.rs` and `top.rs` solve: eigenvalues alone by way of a band (`banded.rs`) and of three diagonals (`band.rs`),
//! whose eigenvalues `tridiagonal.rs` finds; `reflector.rs` is the step of both. `dimension.rs` turns eigenvalues into
//! numbers of dimensions, `marchenko_pastur.rs` is the law of eigenvalues of pure noise.

mod band;
mod banded;
mod dimension;
mod eigen;
mod marchenko_pastur;
mod reflector;
mod top;
mod tridiagonal;

pub use dimension::{Dimensions, RANK_TOLERANCE, SHARES, dimensions};
pub use marchenko_pastur::{marchenko_pastur_edge, marchenko_pastur_median};

use crate::{CovarianceMatrix, Reason};
use faer::{Mat, MatRef};

/// How the eigenvalues were found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Solver {
    /// All of them, by orthogonal reduction to three diagonals: with vectors by divide and conquer of these, without by
    /// QL iteration.
    Full,
    /// The largest K, from a subspace of `n_dimensions`; each is within `max_residual` of an eigenvalue.
    Truncated {
        /// Largest |C v - λ v| over the pairs.
        max_residual: f64,
        /// Dimension of the subspace.
        n_dimensions: usize,
    },
    /// All of them, because the truncated solver did not converge within half of the dimensions; K were kept.
    FullAfterTruncated,
}

/// Eigenvalues, and eigenvectors where asked for, of the covariance matrix of U neurons over n samples.
#[derive(Clone, Debug)]
pub struct Spectrum {
    n_samples: u64,
    neurons: Vec<usize>,
    n_constant: usize,
    mean: Vec<f64>,
    eigenvalues: Vec<f64>,
    vectors: Option<Mat<f64>>,
    total_variance: f64,
    squared_norm: f64,
    fourth_moment_sum: Option<f64>,
    solver: Solver,
}

impl Spectrum {
    /// All eigenvalues, without vectors: several times as fast as with them. They agree to some roundings of the
    /// largest.
    ///
    /// # Errors
    /// [`Reason::NotConverged`] when the iteration fails, which is not known to happen for finite matrices.
    pub fn values(covariance: &CovarianceMatrix) -> Result<Self, Reason> {
        let eigenvalues = eigen::values(covariance.lower())?;
        Ok(Self::new(covariance, eigenvalues, None, Solver::Full))
    }

    /// All eigenvalues and eigenvectors.
    ///
    /// # Errors
    /// As [`Spectrum::values`].
    pub fn with_vectors(covariance: &CovarianceMatrix) -> Result<Self, Reason> {
        let (eigenvalues, vectors) = eigen::pairs(covariance.lower())?;
        Ok(Self::new(covariance, eigenvalues, Some(vectors), Solver::Full))
    }

    /// The `k` largest eigenvalues with their vectors, by a block Krylov method whose answer is checked.
    ///
    /// # Method
    /// The subspace of C·Ω, C²·Ω, .. for a random block Ω of k + 8 columns (a fixed seed), orthonormalised at each step,
    /// grows until every one of the k largest Ritz pairs has |C v - λ v| <= 1e-10 λ_1; then each λ is within that distance
    /// of an eigenvalue. A subspace of half of all dimensions without convergence, as for a flat spectrum, or a k that
    /// would need it, falls back to the full solver: see [`Spectrum::solver`].
    ///
    /// # Errors
    /// As [`Spectrum::values`].
    ///
    /// # References
    /// C. Musco, C. Musco (2015), Randomized block Krylov methods for stronger and faster approximate singular value
    /// decomposition, NeurIPS.
    pub fn top(covariance: &CovarianceMatrix, k: usize) -> Result<Self, Reason> {
        let k = k.min(covariance.neurons().len());
        if let Some(found) = top::pairs(covariance.lower(), k)? {
            let solver = Solver::Truncated { max_residual: found.max_residual, n_dimensions: found.n_dimensions };
            return Ok(Self::new(covariance, found.eigenvalues, Some(found.vectors), solver));
        }
        let (mut eigenvalues, vectors) = eigen::pairs(covariance.lower())?;
        eigenvalues.truncate(k);
        let vectors = vectors.subcols(0, k).to_owned();
        Ok(Self::new(covariance, eigenvalues, Some(vectors), Solver::FullAfterTruncated))
    }

    fn new(covariance: &CovarianceMatrix, eigenvalues: Vec<f64>, vectors: Option<Mat<f64>>, solver: Solver) -> Self {
        let n_neurons = covariance.neurons().len();
        Self {
            n_samples: covariance.n_samples(),
            neurons: covariance.neurons().to_vec(),
            n_constant: (0..n_neurons).filter(|&i| covariance.get(i, i) == 0.0).count(),
            mean: covariance.mean().to_vec(),
            // A covariance has no negative eigenvalue: one that comes out so is the rounding of a zero.
            eigenvalues: eigenvalues.into_iter().map(|value| value.max(0.0)).collect(),
            vectors,
            total_variance: covariance.trace(),
            squared_norm: covariance.squared_norm(),
            fourth_moment_sum: covariance.fourth_moment_sum(),
            solver,
        }
    }

    /// Bytes that solving for `n_neurons` needs beside the covariance matrix: the solver's copy and its workspace, and the
    /// vectors.
    pub fn memory_bytes(n_neurons: usize, with_vectors: bool) -> u64 {
        let square = 8 * (n_neurons as u64).pow(2);
        if with_vectors { 4 * square } else { square + banded::workspace_bytes(n_neurons) }
    }

    /// Number of samples n.
    pub fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Number of neurons U of the covariance matrix.
    pub fn n_neurons(&self) -> usize {
        self.neurons.len()
    }

    /// Number of neurons with variance exactly 0.
    pub fn n_constant(&self) -> usize {
        self.n_constant
    }

    /// The neurons' indices in their layer.
    pub fn neurons(&self) -> &[usize] {
        &self.neurons
    }

    /// Mean of every neuron.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// λ_1 >= λ_2 >= .. >= 0: variances (divisor n - 1) along the principal components. All U of them, or the K asked for.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// Whether all eigenvalues are there.
    pub fn is_full(&self) -> bool {
        self.eigenvalues.len() == self.neurons.len()
    }

    /// [U, K], one component a column, of length 1, its largest entry (in absolute value) positive.
    pub fn vectors(&self) -> Option<MatRef<'_, f64>> {
        self.vectors.as_ref().map(Mat::as_ref)
    }

    /// The same without its vectors, which are the large part of it.
    pub fn without_vectors(self) -> Self {
        Self { vectors: None, ..self }
    }

    /// Sum of the neurons' variances (divisor n - 1), which is the sum of all eigenvalues.
    pub fn total_variance(&self) -> f64 {
        self.total_variance
    }

    /// How the eigenvalues were found.
    pub fn solver(&self) -> Solver {
        self.solver
    }

    /// λ_k / total variance.
    pub fn explained_variance_ratio(&self) -> Vec<f64> {
        self.eigenvalues.iter().map(|value| value / self.total_variance).collect()
    }

    /// E_k = (1/n) Σ |x - x̂_k|² for k = 0, 1, .., K: the mean squared distance between a sample and its projection on the
    /// first k components.
    ///
    /// Equal to ((n - 1) / n) Σ_{i > k} λ_i, which is how it is computed.
    pub fn reconstruction_distance(&self) -> Vec<f64> {
        let scale = (self.n_samples as f64 - 1.0) / self.n_samples as f64;
        // The variance of the components that are not known; adding from the smallest keeps the digits of the tail.
        let known: f64 = self.eigenvalues.iter().rev().sum();
        let mut tail = if self.is_full() { 0.0 } else { (self.total_variance - known).max(0.0) };
        let mut distances = vec![scale * tail];
        for value in self.eigenvalues.iter().rev() {
            tail += value;
            distances.push(scale * tail);
        }
        distances.reverse();
        distances
    }
}

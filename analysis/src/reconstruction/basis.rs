//! The directions that a layer is rebuilt from.

use crate::{Reason, Spectrum};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

/// Threads that products are cut for, whatever their number is: so that a result does not depend on it.
const CUTS: usize = 8;

/// Orthonormal directions b_1, .., b_K in the space of U neurons and the point they start from.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The point that is rebuilt from no direction at all.
    pub(super) start: Vec<f32>,
    /// [U, K], a direction a column.
    pub(super) directions: Mat<f32>,
}

impl Basis {
    /// The principal components around the mean: x̂_k = mean + Σ_{i <= k} ((x - mean)·v_i) v_i.
    ///
    /// None when the spectrum has no vectors.
    pub fn principal(spectrum: &Spectrum) -> Option<Self> {
        let vectors = spectrum.vectors()?;
        let start = spectrum.mean().iter().map(|&mean| mean as f32).collect();
        Some(Self { start, directions: narrow(vectors) })
    }

    /// What the journal's prototype projected on: with the components as the rows of a matrix C, its first k columns
    /// instead of its first k rows, and around 0 instead of the mean.
    ///
    /// These columns are an orthonormal basis too, but one that has nothing to do with the data: all are equally good, and
    /// curves over k are nearly straight. None when the spectrum has not all vectors.
    pub fn journal(spectrum: &Spectrum) -> Option<Self> {
        let vectors = spectrum.vectors().filter(|_| spectrum.is_full())?;
        // The columns of C = Vᵀ.
        Some(Self { start: vec![0.0; spectrum.n_neurons()], directions: narrow(vectors.transpose()) })
    }

    /// Number of neurons U.
    pub fn n_neurons(&self) -> usize {
        self.directions.nrows()
    }

    /// Number of directions K.
    pub fn n_directions(&self) -> usize {
        self.directions.ncols()
    }
}

fn narrow(matrix: MatRef<'_, f64>) -> Mat<f32> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] as f32)
}

/// E_k for the journal's basis, k = 0, .., U: (1/n) Σ |y - P_k y|² of the centred samples y, P_k the projection on the
/// first k columns c_j of the component matrix.
///
/// Equal to ((n - 1) / n) Σ_{j > k} c_jᵀ S c_j, S the covariance, which is how it is computed.
///
/// # Errors
/// [`Reason::TooFew`] when the spectrum has not all vectors.
pub fn journal_distance(spectrum: &Spectrum) -> Result<Vec<f64>, Reason> {
    let n_neurons = spectrum.n_neurons();
    let Some(vectors) = spectrum.vectors().filter(|_| spectrum.is_full()) else {
        let n = spectrum.vectors().map_or(0, |vectors| vectors.ncols()) as u64;
        return Err(Reason::TooFew { n, needed: n_neurons as u64 });
    };
    // c_j is row j of V, so c_jᵀ S c_j = Σ_i λ_i (c_jᵀ v_i)² = Σ_i λ_i ((V V)_ji)².
    let mut shares = Mat::<f64>::zeros(n_neurons, n_neurons);
    matmul(shares.as_mut(), Accum::Replace, vectors, vectors, 1.0, Par::rayon(CUTS));
    let values = spectrum.eigenvalues();
    let scale = (spectrum.n_samples() as f64 - 1.0) / spectrum.n_samples() as f64;
    let mut tail = 0.0;
    let mut distances = vec![0.0];
    for j in (0..n_neurons).rev() {
        tail += values.iter().enumerate().map(|(i, value)| value * shares[(j, i)].powi(2)).sum::<f64>();
        distances.push(scale * tail);
    }
    distances.reverse();
    Ok(distances)
}

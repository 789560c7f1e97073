//! All eigenvalues of a symmetric matrix, with or without vectors, in descending order.

use crate::Reason;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::perm::swap_cols_idx;
use faer::prelude::Reborrow;
use faer::{Mat, MatMut, MatRef, Par, Spec};

/// Threads that the solver is told of, whatever their number is: it cuts its work by this number, and the cuts decide
/// the order of additions. Idle threads take what there is.
const CUTS: usize = 8;

/// Eigenvalues of the matrix whose lower triangle is `lower`.
pub(super) fn values(lower: MatRef<'_, f64>) -> Result<Vec<f64>, Reason> {
    solve(lower, None)
}

/// Eigenvalues and vectors /* [U, U], a column each */; the largest entry of each vector is positive.
pub(super) fn pairs(lower: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), Reason> {
    let n = lower.nrows();
    let mut vectors = Mat::zeros(n, n);
    let values = solve(lower, Some(vectors.as_mut()))?;
    // From ascending to descending, as the values.
    for j in 0..n / 2 {
        swap_cols_idx(vectors.as_mut(), j, n - 1 - j);
    }
    orient(vectors.as_mut());
    Ok((values, vectors))
}

fn solve(lower: MatRef<'_, f64>, vectors: Option<MatMut<'_, f64>>) -> Result<Vec<f64>, Reason> {
    let n = lower.nrows();
    let par = Par::rayon(CUTS);
    let which = if vectors.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<f64>(n, which, par, Spec::default());
    let mut values = Diag::zeros(n);
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(lower, values.as_mut(), vectors, par, MemStack::new(&mut memory), Spec::default())
        .map_err(|_| Reason::NotConverged { what: "the eigenvalues of the covariance" })?;
    let mut values: Vec<f64> = values.column_vector().iter().copied().collect();
    values.reverse();
    Ok(values)
}

/// Turns every column so that its entry of largest absolute value is positive: the sign of an eigenvector is arbitrary,
/// and this is scikit-learn's choice.
pub(super) fn orient(vectors: MatMut<'_, f64>) {
    for column in vectors.col_iter_mut() {
        let largest = column.rb().iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
        if largest < 0.0 {
            column.iter_mut().for_each(|v| *v = -*v);
        }
    }
}

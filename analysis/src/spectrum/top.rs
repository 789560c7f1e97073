//! The largest eigenvalues by a block Krylov method that checks its answer.

use super::eigen;
use crate::Reason;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
};
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Accum, Conj, Mat, MatRef, Par, Spec};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Columns of the block beyond the pairs asked for.
const OVERSAMPLING: usize = 8;
/// Largest residual of a pair, relative to the largest eigenvalue.
const TOLERANCE: f64 = 1e-10;
/// The start is arbitrary; a fixed one makes the answer repeatable.
const SEED: u64 = 0;
/// Threads that products are cut for; see the full solver.
const CUTS: usize = 8;

/// Converged pairs.
pub(super) struct Top {
    pub eigenvalues: Vec<f64>,
    /// [U, K]
    pub vectors: Mat<f64>,
    pub max_residual: f64,
    pub n_dimensions: usize,
}

/// The `k` largest eigenvalues with their vectors; None without convergence in a subspace of half of the dimensions.
pub(super) fn pairs(lower: MatRef<'_, f64>, k: usize) -> Result<Option<Top>, Reason> {
    let n = lower.nrows();
    let width = k + OVERSAMPLING;
    if k == 0 || 4 * width > n {
        return Ok(None);
    }
    let matrix = symmetric(lower);
    let mut block = orthonormal(random(n, width), None);
    let mut basis = Mat::<f64>::zeros(n, 0);
    let mut images = Mat::<f64>::zeros(n, 0);
    while 2 * (basis.ncols() + width) <= n {
        let image = product(matrix.as_ref(), block.as_ref());
        basis = beside(&basis, &block);
        images = beside(&images, &image);
        if let Some(found) = ritz(&basis, &images, k)? {
            return Ok(Some(found));
        }
        block = orthonormal(image, Some(&basis));
    }
    Ok(None)
}

/// The k largest Ritz pairs of the subspace, if every one of them is converged.
fn ritz(basis: &Mat<f64>, images: &Mat<f64>, k: usize) -> Result<Option<Top>, Reason> {
    let projected = product(basis.transpose(), images.as_ref());
    let (values, rotations) = eigen::pairs(projected.as_ref())?;
    let rotations = rotations.subcols(0, k);
    let mut vectors = product(basis.as_ref(), rotations);
    let image = product(images.as_ref(), rotations);
    let residual = |j: usize| {
        let (v, cv) = (vectors.col(j), image.col(j));
        v.iter().zip(cv.iter()).map(|(v, cv)| (cv - values[j] * v).powi(2)).sum::<f64>().sqrt()
    };
    let max_residual = (0..k).map(residual).fold(0.0, f64::max);
    if max_residual > TOLERANCE * values[0] {
        return Ok(None);
    }
    eigen::orient(vectors.as_mut());
    let n_dimensions = basis.ncols();
    Ok(Some(Top { eigenvalues: values[..k].to_vec(), vectors, max_residual, n_dimensions }))
}

fn symmetric(lower: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(lower.nrows(), lower.ncols(), |i, j| lower[(i.max(j), i.min(j))])
}

fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(left.nrows(), right.ncols());
    matmul(product.as_mut(), Accum::Replace, left, right, 1.0, Par::rayon(CUTS));
    product
}

/// Uniform values in [-1, 1).
fn random(n_rows: usize, n_columns: usize) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    Mat::from_fn(n_rows, n_columns, |_, _| (rng.next_u64() >> 11) as f64 * (-52.0_f64).exp2() - 1.0)
}

/// An orthonormal basis of the columns of `block`, orthogonal to `basis`; twice, because the first projection of a block
/// that lies almost in the basis leaves rounding errors of its size.
fn orthonormal(mut block: Mat<f64>, basis: Option<&Mat<f64>>) -> Mat<f64> {
    for _ in 0..2 {
        if let Some(basis) = basis {
            let shares = product(basis.transpose(), block.as_ref());
            matmul(block.as_mut(), Accum::Add, basis, &shares, -1.0, Par::rayon(CUTS));
        }
        block = thin_q(block);
    }
    block
}

/// The orthogonal factor of the QR decomposition, by Householder reflections.
fn thin_q(mut block: Mat<f64>) -> Mat<f64> {
    let (n_rows, n_columns) = block.shape();
    let par = Par::rayon(CUTS);
    let size = recommended_block_size::<f64>(n_rows, n_columns);
    let mut coefficients = Mat::zeros(size, n_columns);
    let mut memory = MemBuffer::new(StackReq::any_of(&[
        qr_in_place_scratch::<f64>(n_rows, n_columns, size, par, Spec::default()),
        apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(n_rows, size, n_columns),
    ]));
    qr_in_place(block.as_mut(), coefficients.as_mut(), par, MemStack::new(&mut memory), Spec::default());
    let mut q = Mat::identity(n_rows, n_columns);
    let stack = MemStack::new(&mut memory);
    let (reflections, coefficients) = (block.as_ref(), coefficients.as_ref());
    apply_block_householder_sequence_on_the_left_in_place_with_conj(
        reflections,
        coefficients,
        Conj::No,
        q.as_mut(),
        par,
        stack,
    );
    q
}

fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    let n_left = left.ncols();
    let mut both = Mat::zeros(right.nrows(), n_left + right.ncols());
    both.subcols_mut(0, n_left).copy_from(left);
    both.subcols_mut(n_left, right.ncols()).copy_from(right);
    both
}

//! All eigenvalues of a symmetric matrix, with or without vectors, in descending order.

use super::banded;
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

/// What is said when an iteration does not end.
pub(super) const NOT_CONVERGED: Reason = Reason::NotConverged { what: "the eigenvalues of the covariance" };

/// Eigenvalues of the matrix whose lower triangle is `lower`: by a band and three diagonals, without vectors, which
/// would have to go all the way back.
pub(super) fn values(lower: MatRef<'_, f64>) -> Result<Vec<f64>, Reason> {
    let n = lower.nrows();
    let entries = || (0..n).flat_map(|j| lower.col(j).subrows(j, n - j).iter());
    if !entries().all(|entry| entry.is_finite()) {
        return Err(NOT_CONVERGED);
    }
    // Squares of entries near 1 do not overflow, nor lose what matters. A power of two changes no digit; where it is no
    // number, the powers of the halves of its exponent are.
    let (_, exponent) = libm::frexp(entries().fold(0.0, |most, entry| most.max(entry.abs())));
    let halves = [exponent / 2, exponent - exponent / 2];
    let [up, further_up] = halves.map(|half| libm::ldexp(1.0, -half));
    let scaled = Mat::from_fn(n, n, |i, j| if i < j { 0.0 } else { lower[(i, j)] * up * further_up });
    let mut values = banded::band(scaled).tridiagonal().eigenvalues()?;
    let [down, further_down] = halves.map(|half| libm::ldexp(1.0, half));
    values.iter_mut().for_each(|value| *value = *value * down * further_down);
    Ok(values)
}

/// Eigenvalues and vectors /* [U, U], a column each */; the largest entry of each vector is positive.
pub(super) fn pairs(lower: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), Reason> {
    let n = lower.nrows();
    let par = Par::rayon(CUTS);
    let mut memory = MemBuffer::new(self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, par, Spec::default()));
    let (mut values, mut vectors) = (Diag::zeros(n), Mat::zeros(n, n));
    let (stack, spec) = (MemStack::new(&mut memory), Spec::default());
    self_adjoint_evd(lower, values.as_mut(), Some(vectors.as_mut()), par, stack, spec).map_err(|_| NOT_CONVERGED)?;
    // From ascending to descending.
    let values = values.column_vector().iter().rev().copied().collect();
    for j in 0..n / 2 {
        swap_cols_idx(vectors.as_mut(), j, n - 1 - j);
    }
    orient(vectors.as_mut());
    Ok((values, vectors))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn symmetric(n: usize) -> Mat<f64> {
        let entry = |i: usize, j: usize| ((i * 17 + i * j + 3 * j) as f64).sin();
        Mat::from_fn(n, n, |i, j| entry(i.max(j), i.min(j)))
    }

    fn assert_values(matrix: &Mat<f64>, what: &str) {
        let (found, (expected, _)) = (values(matrix.as_ref()).unwrap(), pairs(matrix.as_ref()).unwrap());
        assert_eq!(found.len(), matrix.nrows());
        let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        for (k, (a, b)) in found.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() <= 2e-14 * largest, "{what}, {k}: {a} and {b}, the largest {largest}");
        }
    }

    #[test]
    fn values_are_those_of_the_pairs() {
        for n in (1..=70).chain([95, 127, 128, 129, 191, 257, 391]) {
            let matrix = symmetric(n);
            assert_values(&matrix, &format!("full, {n}"));
            let shape = |n_columns: usize| Mat::from_fn(n, n_columns, |i, j| matrix[(i, j)] * 0.7_f64.powi(j as i32));
            let graded = shape(n);
            assert_values(&(&graded * graded.transpose()), &format!("graded, {n}"));
            let thin = shape(n.div_ceil(3));
            assert_values(&(&thin * thin.transpose()), &format!("of a third of the rank, {n}"));
        }
    }

    #[test]
    fn diagonals_are_their_own_values() {
        assert_eq!(values(Mat::zeros(0, 0).as_ref()).unwrap(), [0.0; 0]);
        assert_eq!(values(Mat::zeros(40, 40).as_ref()).unwrap(), [0.0; 40]);
        let diagonal: Vec<f64> = (0..100).map(|i| f64::from(i - 30)).collect();
        let matrix = Mat::from_fn(100, 100, |i, j| if i == j { diagonal[(i * 37) % 100] } else { 0.0 });
        assert!(values(matrix.as_ref()).unwrap().iter().eq(diagonal.iter().rev()));
    }

    #[test]
    fn another_unit_changes_no_digit() {
        let matrix = symmetric(50);
        let expected = values(matrix.as_ref()).unwrap();
        for exponent in [-1000, -501, 500, 1001] {
            let unit = libm::ldexp(1.0, exponent);
            let scaled = Mat::from_fn(50, 50, |i, j| matrix[(i, j)] * unit);
            let found = values(scaled.as_ref()).unwrap();
            assert!(found.iter().zip(&expected).all(|(a, b)| *a == b * unit), "2^{exponent}");
        }
        let least = f64::from_bits(1);
        let matrix = Mat::from_fn(2, 2, |_, _| 3.0 * least);
        assert_eq!(values(matrix.as_ref()).unwrap(), [6.0 * least, 0.0]);
        let matrix = Mat::from_fn(2, 2, |i, j| if i == j { [1e300, 1.0][i] } else { 1e-300 });
        assert_eq!(values(matrix.as_ref()).unwrap(), [1e300, 1.0]);
    }

    #[test]
    fn entries_that_are_no_numbers_have_a_reason() {
        for entry in [f64::NAN, f64::INFINITY] {
            let mut matrix = symmetric(5);
            matrix[(3, 1)] = entry;
            assert_eq!(values(matrix.as_ref()).unwrap_err(), NOT_CONVERGED);
        }
    }

    #[test]
    fn values_do_not_depend_on_the_number_of_threads() {
        let matrix = symmetric(391);
        let bits = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let found = pool.install(|| values(matrix.as_ref())).unwrap();
            found.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        let expected = bits(1);
        assert!([2, 3, 5].iter().all(|&n_threads| bits(n_threads) == expected));
    }
}

//! Eigenvalues of symmetric tridiagonal matrices.

use super::eigen::NOT_CONVERGED;
use crate::Reason;

/// Rounds of the iteration per eigenvalue after which it has failed; 1.7 are usual.
const ROUNDS: usize = 30;

/// (ε / 2)², the squared rounding of one operation.
const SQUARED_ROUNDING: f64 = f64::EPSILON * f64::EPSILON / 4.0;

/// A symmetric tridiagonal matrix with entries near 1.
pub(super) struct Tridiagonal {
    /// d_i, n of them.
    pub diagonal: Vec<f64>,
    /// e_i², n - 1 of them: eigenvalues do not depend on the signs of e_i.
    pub squares: Vec<f64>,
}

impl Tridiagonal {
    /// All eigenvalues, in descending order.
    ///
    /// # Method
    /// QL iteration on the squares of the entries beside the diagonal, so that no round takes a root, with the shift of
    /// Wilkinson. An entry e between d and d' is taken for 0 when e² <= (ε / 2)² |d d'|.
    ///
    /// # Errors
    /// [`Reason::NotConverged`] after 30 n rounds.
    ///
    /// # References
    /// C. H. Reinsch (1973), A stable, rational QR algorithm for the computation of the eigenvalues of an Hermitian,
    /// tridiagonal matrix, Mathematics of Computation 25, 591-597; the variant of Pal, Walker and Kahan as in B. N.
    /// Parlett (1980), The symmetric eigenvalue problem, section 8.15.
    pub fn eigenvalues(self) -> Result<Vec<f64>, Reason> {
        let Self { mut diagonal, mut squares } = self;
        let n = diagonal.len();
        let mut rounds = ROUNDS * n;
        let mut first = 0;
        while first < n {
            let last = first + block(&diagonal[first..], &mut squares[first..]);
            let (d, e) = (&mut diagonal[first..=last], &mut squares[first..last]);
            // Rounds find the first eigenvalue first, and gradings keep their small eigenvalues when these come first.
            if d[d.len() - 1].abs() < d[0].abs() {
                d.reverse();
                e.reverse();
            }
            while first <= last {
                let end = first + block(&diagonal[first..=last], &mut squares[first..last]);
                if end == first {
                    first += 1;
                    continue;
                }
                if rounds == 0 {
                    return Err(NOT_CONVERGED);
                }
                rounds -= 1;
                round(&mut diagonal[first..=end], &mut squares[first..end]);
            }
        }
        diagonal.sort_by(|a, b| b.total_cmp(a));
        Ok(diagonal)
    }
}

/// Index of the last row of the block that begins with the first; the entry that ends it becomes 0.
fn block(d: &[f64], squares: &mut [f64]) -> usize {
    let ends = |(square, d): (&f64, &[f64])| *square <= SQUARED_ROUNDING * (d[0] * d[1]).abs() + f64::MIN_POSITIVE;
    let end = squares.iter().zip(d.windows(2)).position(ends);
    if let Some(end) = end {
        squares[end] = 0.0;
    }
    end.unwrap_or(d.len() - 1)
}

/// One QL step with the shift of the first two rows, from the last row to the first.
fn round(d: &mut [f64], squares: &mut [f64]) {
    let shift = shift(d[0], d[1], squares[0]);
    let mut below = d[d.len() - 1] - shift;
    let (mut cosine, mut sine) = (1.0, 0.0);
    let mut p = below * below;
    for i in (0..squares.len()).rev() {
        let square = squares[i];
        let sum = p + square;
        if let Some(beside) = squares.get_mut(i + 1) {
            *beside = sine * sum;
        }
        let previous = cosine;
        cosine = p / sum;
        sine = square / sum;
        let here = cosine * (d[i] - shift) - sine * below;
        d[i + 1] = below + (d[i] - here);
        below = here;
        p = if cosine == 0.0 { previous * square } else { here * here / cosine };
    }
    squares[0] = sine * p;
    d[0] = shift + below;
}

/// The eigenvalue of [[a, e], [e, b]] that is closer to a.
fn shift(a: f64, b: f64, square: f64) -> f64 {
    let e = square.sqrt();
    let half = 0.5 * (b - a) / e;
    a - e / (half + half.hypot(1.0).copysign(half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn eigenvalues(diagonal: &[f64], beside: &[f64]) -> Vec<f64> {
        let squares = beside.iter().map(|e| e * e).collect();
        Tridiagonal { diagonal: diagonal.to_vec(), squares }.eigenvalues().unwrap()
    }

    #[test]
    fn second_differences_have_cosines() {
        for n in [1, 2, 3, 4, 17, 200, 1001] {
            let found = eigenvalues(&vec![2.0; n], &vec![-1.0; n - 1]);
            for (k, value) in found.iter().enumerate() {
                let expected = 2.0 - 2.0 * ((n - k) as f64 * PI / (n as f64 + 1.0)).cos();
                assert!((value - expected).abs() < 1e-14 * (n as f64).sqrt().max(4.0), "{n}, {k}: {value}, {expected}");
            }
        }
    }

    #[test]
    fn a_diagonal_is_sorted_and_zeros_stay() {
        assert_eq!(eigenvalues(&[], &[]), [0.0; 0]);
        assert_eq!(eigenvalues(&[0.0; 5], &[0.0; 4]), [0.0; 5]);
        assert_eq!(eigenvalues(&[1e-300, -1.0, 0.5], &[0.0; 2]), [0.5, 1e-300, -1.0]);
        assert_eq!(eigenvalues(&[0.0, 0.0], &[1.0]), [1.0, -1.0]);
    }

    #[test]
    fn small_eigenvalues_of_a_graded_matrix_keep_their_digits() {
        // LᵀL of the bidiagonal L with 1, s, s², .. on the diagonal and half of these beside it: its determinant is
        // known.
        let n = 12;
        let s = 0.05_f64;
        for up in [true, false] {
            let power = |i: usize| s.powi(if up { n - 1 - i } else { i } as i32);
            let half = |i: usize| if i + 1 < n { 0.5 * power(i + 1).min(power(i)) } else { 0.0 };
            let diagonal: Vec<f64> = (0..n).map(|i| power(i).powi(2) + half(i).powi(2)).collect();
            let beside: Vec<f64> = (0..n - 1).map(|i| half(i) * power(i + 1)).collect();
            let found = eigenvalues(&diagonal, &beside);
            let logarithm: f64 = found.iter().map(|value| value.ln()).sum();
            let expected: f64 = (0..n).map(|i| 2.0 * power(i).ln()).sum();
            assert!((logarithm - expected).abs() < 1e-12 * expected.abs(), "{up}: {logarithm}, {expected}");
        }
    }

    #[test]
    fn what_is_no_number_does_not_converge() {
        let matrix = Tridiagonal { diagonal: vec![1.0, f64::NAN, 1.0], squares: vec![1.0, 1.0] };
        assert!(matches!(matrix.eigenvalues(), Err(Reason::NotConverged { .. })));
    }
}

//! Royston's approximate weights of the Shapiro-Wilk statistic: they depend on the sample size alone.

use super::normal::normal_quantile;
use super::polynomial;
use crate::Reason;

/// Coefficients of the largest weight as a polynomial in n^(-1/2), Royston (1992) page 117; the constant term is the
/// normalised quantile.
const C1: [f64; 6] = [0.0, 0.221157, -0.147981, -2.071190, 4.434685, -2.706056];
/// The same for the second largest weight.
const C2: [f64; 6] = [0.0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633];

/// The weights a_i of W = (Σ a_i x_(i))² / Σ (x_i - x̄)² for one sample size, to be used for any number of samples.
///
/// Antisymmetric, a_i = -a_(n+1-i), so only the upper half is kept, the largest first; Σ a_i² = 1 over the whole.
///
/// # Method
/// m_i = Φ⁻¹((i - 3/8) / (n + 1/4)); the two outermost weights (one for n <= 5) are polynomials in n^(-1/2) added to m
/// / ‖m‖, the others proportional to m. Φ⁻¹ is AS 111's, as in scipy; R takes AS 241, and its W differs
/// by up to 3e-9. For n = 3 they are exact: √½, 0, -√½.
///
/// # References
/// P. Royston (1992), Approximating the Shapiro-Wilk W-test for non-normality, Statistics and Computing 2, 117-119,
/// doi:10.1007/BF01891203. P. Royston (1995), Remark AS R94, Applied Statistics 44, 547-551, doi:10.2307/2986146.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    n: usize,
    /// a_n, a_(n-1), ..., down to the middle: n / 2 of them, positive.
    upper: Vec<f64>,
    /// Σ a_i² over all of them: 1 but for rounding.
    sum_of_squares: f64,
}

impl Weights {
    /// The weights for samples of `n` values.
    ///
    /// # Errors
    /// [`Reason::TooFew`] for n < 3.
    pub fn new(n: usize) -> Result<Self, Reason> {
        if n < 3 {
            return Err(Reason::TooFew { n: n as u64, needed: 3 });
        }
        if n == 3 {
            return Ok(Self::of_upper(n, vec![0.5_f64.sqrt()]));
        }
        // Expected order statistics, the largest first, all positive.
        let m: Vec<f64> = (1..=n / 2).map(|i| -normal_quantile((i as f64 - 0.375) / (n as f64 + 0.25))).collect();
        let sum_of_squares = 2.0 * m.iter().map(|m| m * m).sum::<f64>();
        let norm = sum_of_squares.sqrt();
        let u = 1.0 / (n as f64).sqrt();
        let mut outer = vec![m[0] / norm + polynomial(&C1, u)];
        if n > 5 {
            outer.push(m[1] / norm + polynomial(&C2, u));
        }
        let twice_squares = |values: &[f64]| 2.0 * values.iter().map(|v| v * v).sum::<f64>();
        let phi = (sum_of_squares - twice_squares(&m[..outer.len()])) / (1.0 - twice_squares(&outer));
        let inner = m[outer.len()..].iter().map(|m| m / phi.sqrt());
        let upper = outer.iter().copied().chain(inner).collect();
        Ok(Self::of_upper(n, upper))
    }

    fn of_upper(n: usize, upper: Vec<f64>) -> Self {
        let sum_of_squares = 2.0 * upper.iter().map(|a| a * a).sum::<f64>();
        Self { n, upper, sum_of_squares }
    }

    /// The sample size that the weights are for.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The weight of the largest value; the smallest possible W is n a² / (n - 1).
    pub fn largest(&self) -> f64 {
        self.upper[0]
    }

    /// The weights of the largest, second largest, .. value; negated those of the smallest, second smallest, ..
    pub(super) fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// Σ a_i² over all n weights.
    pub(super) fn sum_of_squares(&self) -> f64 {
        self.sum_of_squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descending_and_of_unit_length() {
        for n in [3, 4, 5, 6, 7, 11, 12, 49, 50, 5000, 60_000] {
            let weights = Weights::new(n).unwrap();
            assert_eq!(weights.upper().len(), n / 2, "n {n}");
            assert!(weights.upper().is_sorted_by(|a, b| a > b), "n {n}");
            assert!(weights.upper().iter().all(|a| *a > 0.0), "n {n}");
            // φ is chosen to make it so; n squares and roots of rounded numbers.
            assert!((weights.sum_of_squares() - 1.0).abs() < 1e-13, "n {n}: {}", weights.sum_of_squares());
        }
    }

    #[test]
    fn too_small_samples_have_none() {
        assert_eq!(Weights::new(2), Err(Reason::TooFew { n: 2, needed: 3 }));
    }
}

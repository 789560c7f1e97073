//! Royston's approximate weights of the Shapiro-Wilk statistic: they depend on the sample size alone.

use super::polynomial;
use super::quantile::normal_quantile;
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
            return Ok(Self { n, upper: vec![0.5_f64.sqrt()] });
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
        Ok(Self { n, upper })
    }

    /// The sample size that the weights are for.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The weight of the largest value; the smallest possible W is n a² / (n - 1).
    pub fn largest(&self) -> f64 {
        self.upper[0]
    }

    /// The weight of the i-th smallest value, `i` from 0.
    pub(super) fn of(&self, i: usize) -> f64 {
        let mirrored = self.n - 1 - i;
        match i.cmp(&mirrored) {
            std::cmp::Ordering::Less => -self.upper[i],
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => self.upper[mirrored],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn antisymmetric_and_of_unit_length() {
        for n in [3, 4, 5, 6, 7, 11, 12, 49, 50, 5000] {
            let weights = Weights::new(n).unwrap();
            let all: Vec<f64> = (0..n).map(|i| weights.of(i)).collect();
            for i in 0..n {
                assert_eq!(all[i], -all[n - 1 - i], "n {n}, i {i}");
            }
            assert!(all.is_sorted(), "n {n}");
            // φ is chosen to make it so; n squares and roots of rounded numbers.
            let length: f64 = all.iter().map(|a| a * a).sum();
            assert!((length - 1.0).abs() < 1e-13, "n {n}: {length}");
        }
    }

    #[test]
    fn too_small_samples_have_none() {
        assert_eq!(Weights::new(2), Err(Reason::TooFew { n: 2, needed: 3 }));
    }
}

//! The p-value beyond Royston's range, from a simulated null distribution that is smooth in n.

use super::normal::upper_tail;
use super::polynomial;

/// Mean of ln(1 - W) + ln n, as a polynomial in ln n. These constants and the following are the `fit` of
/// fixtures/shapiro_wilk_null.json.
const LOCATION: [f64; 4] = [-0.3189992, 0.1617202, -0.007457816, 0.0001314322];
/// Logarithm of the standard deviation of ln(1 - W), in ln n.
const LOG_SCALE: [f64; 3] = [-0.5413793, -0.06957059, 0.001881905];
/// The standard normal variable, in the standardised ln(1 - W); it rises everywhere.
const SCORE: [f64; 4] = [0.01525862, 0.9923137, -0.01605753, 0.002726832];

/// P(W' <= W) for a normal sample of `n` values, 5000 < n <= 10^6, from 1 - W.
///
/// z = (ln(1 - W) - mean) / std is standardised for n; its distribution is nearly normal (skewness 0.09, excess
/// kurtosis -0.03) and the same at every n within the error of the simulation, so that one cubic makes it normal.
pub(super) fn simulated(n: usize, one_minus_w: f64) -> f64 {
    let log_n = (n as f64).ln();
    // The logarithm of 0 is no number for a polynomial; that of the smallest number is far enough.
    let z = (one_minus_w.max(f64::MIN_POSITIVE).ln() + log_n - polynomial(&LOCATION, log_n))
        / polynomial(&LOG_SCALE, log_n).exp();
    upper_tail(polynomial(&SCORE, z))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapiro_wilk::royston::royston;

    #[test]
    fn p_falls_with_w_down_to_nothing() {
        for n in [5001, 60_000, 1_000_000] {
            // From W = 1 over every W a sample can have to 0.
            let p: Vec<f64> = (0..4000).map(|i| simulated(n, (-0.01 * f64::from(i)).exp())).collect();
            assert!(p.is_sorted(), "n {n}");
            assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "n {n}");
            assert_eq!((simulated(n, 0.0), p[0] < 1e-100), (1.0, true), "n {n}");
        }
    }

    #[test]
    fn the_end_of_roystons_range_is_met() {
        // Royston's own polynomials are some percent off at their end (a true null is rejected at 0.05 in 4.4 % of
        // cases): that is the whole step.
        for (one_minus_w, step) in [(2.0e-4, 0.01), (3.6e-4, 0.025), (7.0e-4, 0.01), (1.0e-3, 0.002)] {
            let (before, after) = (royston(5000, one_minus_w), simulated(5001, one_minus_w));
            assert!((before - after).abs() < step, "1 - W = {one_minus_w}: {before} and {after}");
        }
    }
}

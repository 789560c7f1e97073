//! The Anderson-Darling test of normality with mean and variance estimated from the sample.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::Reason;
use crate::reason::require_finite;
use crate::scale::Scale;

/// Smallest sample for which the p-value is calibrated.
const P_LEAST: u64 = 8;
/// Largest A*² for which the p-value is calibrated.
const P_LARGEST: f64 = 13.0;

/// The result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AndersonDarling {
    /// Number of values.
    pub n: u64,
    /// A² = -n - Σ (2i - 1) (ln Φ(z_i) + ln Φ(-z_(n+1-i))) / n, z sorted and standardised; above 0, always finite.
    pub statistic: f64,
    /// A*² = A² (1 + 0.75 / n + 2.25 / n²).
    pub modified: f64,
    /// The probability of an A² as large for a normal sample, in 0..=1; 5e-31 stands for that and everything below.
    /// None below eight values.
    pub p: Option<f64>,
}

/// Tests whether a sorted sample comes from a normal distribution; large A² and small p speak against it.
///
/// The mean squared distance between the empirical distribution function and the normal one of the same mean and
/// variance (divided by n - 1), weighted with 1 / (Φ (1 - Φ)): the tails count most. Like any sum over the sample it
/// grows with n when the distribution is another one.
///
/// # Method
/// Logarithms of upper tails are computed as such, so that a value a hundred standard deviations off adds a large
/// number and not infinity. Runs of equal values are taken in one step. The p-value is by the four formulas of
/// D'Agostino and Stephens for A*²; they are made for n >= 8 and fitted up to A*² = 13, p = 5e-31, beyond which p is
/// held.
///
/// # Errors
/// [`Reason::TooFew`] below three values, [`Reason::Constant`], [`Reason::NotFinite`]. The order is not checked in
/// release builds.
///
/// # References
/// T. W. Anderson, D. A. Darling (1954), A test of goodness of fit, Journal of the American Statistical Association 49,
/// 765-769, doi:10.1080/01621459.1954.10501232. M. A. Stephens (1974), EDF statistics for goodness of fit and some
/// comparisons, the same 69, 730-737, doi:10.1080/01621459.1974.10480196. R. B. D'Agostino, M. A. Stephens (1986),
/// Goodness-of-Fit Techniques, Dekker, table 4.9.
///
/// # Examples
/// ```
/// use layerscope_analysis::normality::anderson_darling;
/// let outlier = [-1.3, -0.8, -0.4, -0.1, 0.1, 0.4, 0.8, 1.3, 1e9];
/// let test = anderson_darling(&outlier)?;
/// assert!(test.statistic > 2.0 && test.p.is_some_and(|p| p < 1e-5));
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn anderson_darling(sorted: &[f64]) -> Result<AndersonDarling, Reason> {
    require_finite(sorted)?;
    debug_assert!(sorted.is_sorted(), "the sample is not sorted");
    let n = sorted.len() as u64;
    if n < 3 {
        return Err(Reason::TooFew { n, needed: 3 });
    }
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    if low == high {
        return Err(Reason::Constant { n });
    }
    let count = n as f64;
    let scale = Scale::new(low, sorted[sorted.len() / 2], high);
    let mean = sorted.iter().map(|x| scale.of(*x)).sum::<f64>() / count;
    let sum_of_squares: f64 = sorted.iter().map(|x| (scale.of(*x) - mean).powi(2)).sum();
    let std = (sum_of_squares / (count - 1.0)).sqrt();

    // Each value's two terms: (2i - 1) ln Φ(z) + (2n - 2i + 1) ln Φ(-z); over a run of equal values from the i-th to
    // the k-th the factors add up to differences of squares.
    let mut sum = 0.0;
    let mut before = 0;
    for run in sorted.chunk_by(|a, b| a == b) {
        let (lower, upper) = ln_tails((scale.of(run[0]) - mean) / std);
        let (i, k) = (before as f64, (before + run.len()) as f64);
        let weight = k * k - i * i;
        let mirrored = (count - i).powi(2) - (count - k).powi(2);
        // The n of the definition is shared among the values: a sum that stays small loses fewer digits.
        sum += (weight * lower + mirrored * upper + (k - i) * count) / count;
        before += run.len();
    }
    let statistic = -sum;
    let modified = statistic * (1.0 + 0.75 / count + 2.25 / (count * count));
    Ok(AndersonDarling { n, statistic, modified, p: (n >= P_LEAST).then(|| p_value(modified)) })
}

/// ln Φ(z) and ln Φ(-z).
fn ln_tails(z: f64) -> (f64, f64) {
    let away = z.abs();
    // Beyond, the complementary error function underflows: three terms of the asymptotic series are exact to 1e-8.
    let (small, large) = if away < 37.0 {
        let tail = 0.5 * libm::erfc(away * FRAC_1_SQRT_2);
        (tail.ln(), (-tail).ln_1p())
    } else {
        let inverse = 1.0 / (away * away);
        (-0.5 * away * away - (away * (2.0 * PI).sqrt()).ln() + (-inverse * (1.0 - 3.0 * inverse)).ln_1p(), 0.0)
    };
    if z < 0.0 { (small, large) } else { (large, small) }
}

/// D'Agostino and Stephens (1986), table 4.9, from A*²; held at the end of its range.
fn p_value(modified: f64) -> f64 {
    let a = modified.min(P_LARGEST);
    match a {
        ..0.2 => 1.0 - (-13.436 + 101.14 * a - 223.73 * a * a).exp(),
        ..0.34 => 1.0 - (-8.318 + 42.796 * a - 59.938 * a * a).exp(),
        ..0.6 => (0.9177 - 4.279 * a - 1.38 * a * a).exp(),
        _ => (1.2937 - 5.709 * a + 0.0186 * a * a).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    #[test]
    fn tails_are_logarithms_far_out() {
        // mpmath, 30 digits: log(ncdf(-z)).
        for (z, expected) in [
            (1.0, -1.8410216450092635),
            (10.0, -53.23128515051247),
            (36.9, -685.3328831653507),
            (100.0, -5005.524208694205),
            (1e8, -5.0e15),
        ] {
            let (lower, upper) = ln_tails(-z);
            assert!((lower - expected).abs() < 1e-9 * expected.abs(), "{z}: {lower}");
            assert!(upper <= 0.0 && upper > -0.2, "{z}: {upper}");
            assert_eq!(ln_tails(z), (upper, lower));
        }
        assert_eq!(ln_tails(0.0), (-LN_2, -LN_2));
    }

    #[test]
    fn p_falls_without_a_jump() {
        let p: Vec<f64> = (0..3000).map(|i| p_value(0.005 * f64::from(i))).collect();
        assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
        for (i, pair) in p.windows(2).enumerate().skip(10) {
            assert!(pair[1] <= pair[0] + 2e-3, "{i}: {pair:?}");
        }
        assert_eq!(p_value(13.0), p_value(1e300));
    }
}

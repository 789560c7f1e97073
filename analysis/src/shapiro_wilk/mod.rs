//! The Shapiro-Wilk test of normality: Royston's algorithm AS R94, and a p-value for samples beyond its range.

mod normal;
mod royston;
mod simulated;
mod subsample;
mod weights;

use crate::Reason;
use crate::reason::require_finite;
use crate::scale::Scale;
use crate::sort::sorted_column;
pub use subsample::{SubsampleW, subsample_w};
pub use weights::Weights;

/// Largest sample for which Royston's p-value is calibrated.
pub const ROYSTON_MAX_N: u64 = 5000;

/// Largest sample for which there is a p-value.
pub const SIMULATED_MAX_N: u64 = 1_000_000;

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PMethod {
    /// Royston's transformation of W to normality; exact for n = 3.
    Royston,
    /// A transformation fitted to a simulated null distribution, for samples beyond [`ROYSTON_MAX_N`].
    Simulated,
}

impl PMethod {
    /// The name in reports: `royston`, `simulated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Royston => "royston",
            Self::Simulated => "simulated",
        }
    }
}

/// The result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapiroWilk {
    /// Number of values.
    pub n: u64,
    /// (Σ a_i x_(i))² / Σ (x_i - x̄)², in (0, 1]; 1 for a sample that lies on a line against normal quantiles.
    pub w: f64,
    /// 1 - W, computed directly: it keeps its digits when W is close to 1.
    pub one_minus_w: f64,
    /// The probability of a W as small for a normal sample; None when the method is not calibrated for `n`.
    pub p: Option<f64>,
    /// Why `p` is None.
    pub p_reason: Option<Reason>,
    /// The method that `p` is from, or that has no value for this `n`.
    pub p_method: PMethod,
}

/// Tests whether a sample comes from a normal distribution: small W and small p speak against it.
///
/// W = (Σ a_i x_(i))² / Σ (x_i - x̄)² with x_(i) the sorted sample and a_i Royston's [`Weights`].
///
/// # Arguments
/// `sample` in any order. Location and scale do not matter; values of any magnitude are rescaled by the range.
///
/// # Method
/// Royston's AS R94 without censoring. The p-value is exact for n = 3, and by a transformation of 1 - W to normality
/// for 4 <= n <= 11 and for 12 <= n <= 5000. For 5000 < n <= 10^6 a transformation takes its place that is fitted to
/// 621,150 simulated samples of 16 sizes ([`PMethod::Simulated`]): at 0.05 it rejects 5.00 % of their true nulls (4.8 %
/// to 5.2 % at the single sizes), at 0.01 1.01 %, at 0.001 0.095 %. Below 1e-4 the tail is extrapolated, by a cubic
/// that lies above the true tail (which falls like exp(-1.5 n (1 - W))): p-values there are too large rather than too
/// small. At n = 5000 Royston's own transformation has drifted: it rejects 4.4 % at 0.05, and p steps down by as much
/// from n = 5000 to 5001. Beyond [`SIMULATED_MAX_N`] W is given and p is None.
///
/// W itself depends on n: a true normal sample has W near 0.98 at n = 64 and near 1 at n = 5000, so values at different
/// n do not compare directly.
///
/// # Errors
/// [`Reason::TooFew`] for n < 3, [`Reason::Constant`], [`Reason::NotFinite`].
///
/// # References
/// S. S. Shapiro, M. B. Wilk (1965), An analysis of variance test for normality, Biometrika 52, 591-611,
/// doi:10.1093/biomet/52.3-4.591. P. Royston (1995), Remark AS R94, Applied Statistics 44, 547-551,
/// doi:10.2307/2986146.
///
/// # Examples
/// ```
/// use layerscope_analysis::shapiro_wilk;
/// // The worked example of Royston (1992): W = 0.8078, p = 0.018.
/// let test = shapiro_wilk(&[48.4, 49.0, 59.5, 59.6, 60.7, 88.8, 98.2, 109.4, 169.1, 227.1])?;
/// assert!((test.w - 0.8078).abs() < 5e-5);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn shapiro_wilk(sample: &[f64]) -> Result<ShapiroWilk, Reason> {
    require_finite(sample)?;
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    shapiro_wilk_sorted(&sorted, &Weights::new(sample.len())?)
}

/// [`shapiro_wilk`] of a sorted sample with weights made before, for many samples of one size.
///
/// # Errors
/// As [`shapiro_wilk`].
///
/// # Panics
/// When `weights` are for another number of values. The order is not checked in release builds.
pub fn shapiro_wilk_sorted(sorted: &[f64], weights: &Weights) -> Result<ShapiroWilk, Reason> {
    assert_eq!(sorted.len(), weights.n(), "sample size and size of the weights");
    require_finite(sorted)?;
    debug_assert!(sorted.is_sorted(), "the sample is not sorted");
    let one_minus_w = one_minus_w(sorted, weights)?;
    let n = sorted.len() as u64;
    let (p_method, p) = if n <= ROYSTON_MAX_N {
        (PMethod::Royston, Some(royston::royston(sorted.len(), one_minus_w)))
    } else {
        (PMethod::Simulated, (n <= SIMULATED_MAX_N).then(|| simulated::simulated(sorted.len(), one_minus_w)))
    };
    let p_reason = p.is_none().then_some(Reason::TooMany { n, limit: SIMULATED_MAX_N });
    Ok(ShapiroWilk { n, w: 1.0 - one_minus_w, one_minus_w, p, p_reason, p_method })
}

/// [`shapiro_wilk`] of a neuron's activations, which are sorted in place, with weights made before.
///
/// # Errors
/// As [`shapiro_wilk`].
///
/// # Panics
/// When `weights` are for another number of values.
pub fn shapiro_wilk_of_activations(activations: &mut [f32], weights: &Weights) -> Result<ShapiroWilk, Reason> {
    shapiro_wilk_sorted(&sorted_column(activations)?, weights)
}

/// 1 - W as the share of the residuals: Σ (x_i - x̄ - b a_i)² / Σ (x_i - x̄)², b = Σ a_i x_i / Σ a_i².
///
/// The same number as 1 - (Σ a_i x_i)² / (Σ a_i² Σ (x_i - x̄)²), but a sum of squares in place of a difference.
fn one_minus_w(sorted: &[f64], weights: &Weights) -> Result<f64, Reason> {
    let n = sorted.len();
    let (low, high) = (sorted[0], sorted[n - 1]);
    if low == high {
        return Err(Reason::Constant { n: n as u64 });
    }
    let scale = Scale::new(low, sorted[n / 2], high);

    // The i-th smallest and the i-th largest value share a weight up to its sign, so they are taken in pairs.
    let (below, rest) = sorted.split_at(n / 2);
    let (middle, above) = rest.split_at(n % 2);
    let pairs = || {
        below.iter().zip(above.iter().rev()).zip(weights.upper()).map(|((x, y), a)| (scale.of(*x), scale.of(*y), *a))
    };
    let median = middle.first().map_or(0.0, |x| scale.of(*x));

    // The weights sum to 0, so that Σ a_i (x_i - x̄) needs no mean. The mean is within one standard deviation of the
    // median: taking n (x̄ - median)² off the sum of squares costs one bit at most.
    let (mut sum, mut squares, mut sax) = (median, median * median, 0.0);
    for (x, y, a) in pairs() {
        sum += x + y;
        squares += x * x + y * y;
        sax += a * (y - x);
    }
    let mean = sum / n as f64;
    let sxx = squares - sum * mean;
    let slope = sax / weights.sum_of_squares();
    let mut residual = (median - mean).powi(2) * middle.len() as f64;
    for (x, y, a) in pairs() {
        let (x, y) = (x - mean + slope * a, y - mean - slope * a);
        residual += x * x + y * y;
    }
    Ok((residual / sxx).min(1.0))
}

/// c_0 + c_1 x + c_2 x² + ...
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

//! Where a value of a normal sample is expected.

use statrs::distribution::{ContinuousCDF, Normal};

/// Φ⁻¹(p), the p-quantile of the standard normal distribution; relative error below 1e-15, infinite at 0 and 1.
///
/// # Panics
/// When `p` is not in 0..=1.
///
/// # Examples
/// ```
/// use layerscope_analysis::normality::normal_quantile;
/// assert!((normal_quantile(0.975) - 1.959963984540054).abs() < 1e-14);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "{p} is not a probability");
    Normal::standard().inverse_cdf(p)
}

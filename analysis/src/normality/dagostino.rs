//! D'Agostino and Pearson's K² test of normality.

use super::Shape;
use crate::Reason;

/// Smallest sample for which the transformation of the skewness is made.
const LEAST: u64 = 8;

/// The result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dagostino {
    /// The skewness as a standard normal variable; negative for a long tail on the left.
    pub skewness_z: f64,
    /// The kurtosis as a standard normal variable; negative for tails lighter than normal.
    pub kurtosis_z: f64,
    /// K² = skewness_z² + kurtosis_z², 0 or more.
    pub statistic: f64,
    /// exp(-K² / 2): the probability of a larger χ² with two degrees of freedom, in 0..=1.
    pub p: f64,
}

/// Tests whether skewness and kurtosis are those of a normal sample of this size; small p speaks against it.
///
/// # Method
/// Both are transformed to normality for the sample size and their squares added. Approximate: the transformation of
/// the kurtosis is good from n = 20 on, and the two are taken as independent, which they are in the limit only: at n =
/// 20 a true normal sample is rejected at 0.05 in 5.6 % of cases and at 0.01 in 1.9 %, at n = 100 in 5.1 % and 1.5 %.
/// For tails very much lighter than normal the cube root passes a pole and K² is huge.
///
/// # Errors
/// [`Reason::TooFew`] below eight values, where the transformation of the skewness does not exist.
///
/// # References
/// R. B. D'Agostino, E. S. Pearson (1973), Tests for departure from normality, Biometrika 60, 613-622,
/// doi:10.1093/biomet/60.3.613. R. B. D'Agostino (1970), Transformation to normality of the null distribution of g₁,
/// Biometrika 57, 679-681, doi:10.1093/biomet/57.3.679. F. J. Anscombe, W. J. Glynn (1983), Distribution of the
/// kurtosis statistic b₂ for normal samples, Biometrika 70, 227-234, doi:10.1093/biomet/70.1.227.
///
/// # Examples
/// ```
/// use layerscope_analysis::normality::{Shape, dagostino};
/// // Skewed to the right, tails too heavy.
/// let test = dagostino(&Shape { n: 100, skewness: 1.0, excess_kurtosis: 2.0 })?;
/// assert!(test.skewness_z > 3.0 && test.kurtosis_z > 2.0 && test.p < 1e-3);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn dagostino(shape: &Shape) -> Result<Dagostino, Reason> {
    shape.require(LEAST)?;
    let n = shape.n as f64;
    let skewness_z = skewness_z(n, shape.skewness);
    let kurtosis_z = kurtosis_z(n, shape.excess_kurtosis + 3.0);
    let statistic = skewness_z * skewness_z + kurtosis_z * kurtosis_z;
    Ok(Dagostino { skewness_z, kurtosis_z, statistic, p: (-0.5 * statistic).exp() })
}

/// D'Agostino (1970): a Johnson S_U transformation with the variance and the kurtosis of √b₁ under normality.
fn skewness_z(n: f64, skewness: f64) -> f64 {
    let y = skewness * ((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0))).sqrt();
    let beta2 =
        3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0) / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0));
    let w2 = (2.0 * (beta2 - 1.0)).sqrt() - 1.0;
    let delta = 1.0 / (0.5 * w2.ln()).sqrt();
    let alpha = (2.0 / (w2 - 1.0)).sqrt();
    delta * (y / alpha).asinh()
}

/// Anscombe and Glynn (1983), equations 10 to 20: a cube root with mean, variance and skewness of b₂ under normality.
fn kurtosis_z(n: f64, b2: f64) -> f64 {
    let mean = 3.0 * (n - 1.0) / (n + 1.0);
    let variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    let x = (b2 - mean) / variance.sqrt();
    let skewness = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * (6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0))).sqrt();
    let a = 6.0 + 8.0 / skewness * (2.0 / skewness + (1.0 + 4.0 / (skewness * skewness)).sqrt());
    // For very light tails it falls through zero and the root goes to infinity; there z is as small as numbers allow.
    let divisor = 1.0 + x * (2.0 / (a - 4.0)).sqrt();
    let divisor = if divisor == 0.0 { f64::EPSILON } else { divisor };
    let root = ((1.0 - 2.0 / a) / divisor).cbrt();
    (1.0 - 2.0 / (9.0 * a) - root) / (2.0 / (9.0 * a)).sqrt()
}

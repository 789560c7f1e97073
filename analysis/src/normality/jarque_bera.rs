//! The Jarque-Bera test of normality.

use super::Shape;
use crate::Reason;

/// The result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JarqueBera {
    /// n (skewness² / 6 + excess kurtosis² / 24), 0 or more.
    pub statistic: f64,
    /// exp(-statistic / 2): the probability of a larger χ² with two degrees of freedom, in 0..=1.
    pub p: f64,
}

/// Tests whether skewness and kurtosis are those of a normal distribution; large values and small p speak against it.
///
/// # Method
/// n (S² / 6 + K² / 24), S the [`Shape`]'s skewness and K its excess kurtosis. The p-value is that of the limit n -> ∞,
/// which is reached slowly: at n = 20 a true normal sample is rejected at 0.05 in 2.4 % of cases, at n = 100 in 3.9 %
/// (and at 0.01 in 1.6 %). Below n = 1000 prefer [`dagostino`](super::dagostino()), which is calibrated for the sample
/// size.
///
/// # Errors
/// [`Reason::TooFew`] below three values.
///
/// # References
/// C. M. Jarque, A. K. Bera (1987), A test for normality of observations and regression residuals, International
/// Statistical Review 55, 163-172, doi:10.2307/1403192.
///
/// # Examples
/// ```
/// use layerscope_analysis::normality::{Shape, jarque_bera};
/// let test = jarque_bera(&Shape { n: 600, skewness: 0.1, excess_kurtosis: -0.2 })?;
/// assert!((test.statistic - 2.0).abs() < 1e-12 && (test.p - (-1.0_f64).exp()).abs() < 1e-12);
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn jarque_bera(shape: &Shape) -> Result<JarqueBera, Reason> {
    shape.require(3)?;
    let statistic = shape.n as f64 * (shape.skewness.powi(2) / 6.0 + shape.excess_kurtosis.powi(2) / 24.0);
    Ok(JarqueBera { statistic, p: (-0.5 * statistic).exp() })
}

//! Gaussian kernel density estimates.

use std::f64::consts::PI;

use crate::Reason;
use crate::reason::require_finite;

/// The rule that sets the width of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Bandwidth {
    /// s n^(-1/5), the default of scipy and seaborn.
    #[default]
    Scott,
    /// s (3n/4)^(-1/5)
    Silverman,
}

impl Bandwidth {
    /// The width h: the standard deviation of the kernel, where s² = Σ (x - mean)² / (n - 1).
    ///
    /// # Errors
    /// [`Reason::TooFew`] below two values, [`Reason::Constant`], [`Reason::NotFinite`].
    ///
    /// # References
    /// D. W. Scott (1992), Multivariate Density Estimation, equation 6.42. B. W. Silverman (1986), Density Estimation,
    /// equation 3.28.
    pub fn width(self, sample: &[f64]) -> Result<f64, Reason> {
        require_finite(sample)?;
        let n = sample.len();
        if n < 2 {
            return Err(Reason::TooFew { n: n as u64, needed: 2 });
        }
        if sample.iter().all(|x| *x == sample[0]) {
            return Err(Reason::Constant { n: n as u64 });
        }
        let mean = sample[0] + sample.iter().map(|x| x - sample[0]).sum::<f64>() / n as f64;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let size = match self {
            Self::Scott => n as f64,
            Self::Silverman => 0.75 * n as f64,
        };
        Ok(variance.sqrt() * size.powf(-0.2))
    }
}

/// A density on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The points, ascending and evenly spaced, from 3 widths below the smallest value to 3 widths above the largest.
    pub x: Vec<f64>,
    /// The density at each point.
    pub density: Vec<f64>,
    /// The standard deviation of the kernel, in the unit of the sample.
    pub bandwidth: f64,
}

/// Points of the grid of [`gaussian_kde`].
pub const GRID_POINTS: usize = 512;

/// The density of a sample on a grid, smoothed with a Gaussian kernel.
///
/// f(x) = Σ φ((x - x_i) / h) / (n h), φ the standard normal density, h from `bandwidth`. Not corrected at boundaries:
/// of standard deviations, which are never negative, some mass lies below 0.
///
/// # Errors
/// [`Reason::TooFew`] below two values, [`Reason::Constant`], [`Reason::NotFinite`].
///
/// # Examples
/// ```
/// use layerscope_analysis::{Bandwidth, gaussian_kde};
/// let curve = gaussian_kde(&[1.0, 2.0, 4.0], Bandwidth::Scott)?;
/// assert_eq!(curve.x.len(), curve.density.len());
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
pub fn gaussian_kde(sample: &[f64], bandwidth: Bandwidth) -> Result<Density, Reason> {
    let h = bandwidth.width(sample)?;
    let low = sample.iter().copied().fold(f64::INFINITY, f64::min) - 3.0 * h;
    let high = sample.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 3.0 * h;
    let step = (high - low) / (GRID_POINTS - 1) as f64;
    let x: Vec<f64> = (0..GRID_POINTS).map(|i| low + step * i as f64).collect();
    let density = gaussian_kde_at(sample, h, &x);
    Ok(Density { x, density, bandwidth: h })
}

/// The density of [`gaussian_kde`] at points of the caller's choice, with kernel width `h` > 0; NaN for an empty
/// sample.
pub fn gaussian_kde_at(sample: &[f64], h: f64, points: &[f64]) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let scale = 1.0 / (sample.len() as f64 * h * (2.0 * PI).sqrt());
    // exp(-u²/2) is 0 in f64 beyond |u| = 38.7: values farther away need not be visited.
    let reach = 39.0 * h;
    let at = |&x: &f64| {
        let first = sorted.partition_point(|v| *v < x - reach);
        let near = sorted[first..].iter().take_while(|v| **v <= x + reach);
        near.map(|v| (-0.5 * ((x - v) / h).powi(2)).exp()).sum::<f64>() * scale
    };
    points.iter().map(at).collect()
}

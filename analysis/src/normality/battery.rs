//! All tests of normality on one sample.

use super::{AndersonDarling, Dagostino, JarqueBera, Shape, anderson_darling, dagostino, jarque_bera};
use crate::sort::sorted_column;
use crate::{Reason, ShapiroWilk, Weights, shapiro_wilk_sorted};

/// The tests of one sample. Each has its own p-value: whoever looks at several has made several tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Battery {
    /// The leading test, the most powerful against most alternatives.
    pub shapiro_wilk: ShapiroWilk,
    /// Distance between distribution functions.
    pub anderson_darling: AndersonDarling,
    /// Skewness and kurtosis, with the p-value of large samples.
    pub jarque_bera: JarqueBera,
    /// Skewness and kurtosis, calibrated for the sample size; None below eight values.
    pub dagostino: Option<Dagostino>,
}

impl Battery {
    /// The tests of a sorted sample, with weights made for its size.
    ///
    /// # Errors
    /// [`Reason::TooFew`] below three values, [`Reason::Constant`], [`Reason::NotFinite`]. The order is not checked in
    /// release builds.
    ///
    /// # Panics
    /// When `weights` are for another number of values.
    ///
    /// # Examples
    /// ```
    /// use layerscope_analysis::{Weights, normality::Battery};
    /// let sorted = [48.4, 49.0, 59.5, 59.6, 60.7, 88.8, 98.2, 109.4, 169.1, 227.1];
    /// let tests = Battery::of_sorted(&sorted, &Weights::new(sorted.len())?)?;
    /// assert!(tests.shapiro_wilk.p.is_some_and(|p| p < 0.05));
    /// assert!(tests.anderson_darling.p.is_some_and(|p| p < 0.05));
    /// # Ok::<(), layerscope_analysis::Reason>(())
    /// ```
    pub fn of_sorted(sorted: &[f64], weights: &Weights) -> Result<Self, Reason> {
        let shapiro_wilk = shapiro_wilk_sorted(sorted, weights)?;
        let shape = Shape::of(sorted)?;
        Ok(Self {
            shapiro_wilk,
            anderson_darling: anderson_darling(sorted)?,
            jarque_bera: jarque_bera(&shape)?,
            dagostino: dagostino(&shape).ok(),
        })
    }

    /// The tests of a neuron's activations, which are sorted in place.
    ///
    /// # Errors
    /// As [`Battery::of_sorted`].
    ///
    /// # Panics
    /// As [`Battery::of_sorted`].
    pub fn of_activations(activations: &mut [f32], weights: &Weights) -> Result<Self, Reason> {
        Self::of_sorted(&sorted_column(activations)?, weights)
    }
}

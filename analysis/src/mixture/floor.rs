//! Floors: where a likelihood without them would grow without bound.
//!
//! A normal or gamma component that shrinks onto one value has an infinite density there, so the likelihood of a mixture
//! has no maximum. Bounds relative to the data's own scale make it one again, and a fit that ends at a bound says so.

use super::values::Values;

/// The least standard deviation of a normal component, in units of the values' robust spread.
const LEAST_SIGMA: f64 = 1e-4;
/// The largest shape of a gamma component: a standard deviation of a thousandth of its own mean.
const LARGEST_SHAPE: f64 = 1e6;
/// The smallest shape of a gamma component: a standard deviation of about 32 times its own mean.
const SMALLEST_SHAPE: f64 = 1e-3;

/// A bound that holds at the returned parameters: without it the likelihood would still grow. The fit is `degenerate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Floor {
    /// A normal component's standard deviation is at 1/10,000 of the spread of all values above 0: the smaller of their
    /// standard deviation and interquartile range / 1.349, or their mean if they are all equal. Of a log-normal
    /// distribution the same with their logarithms, and 1 if they are all equal.
    Sigma,
    /// A gamma component's standard deviation is at 1/1000 of its mean (shape 10⁶).
    Width,
    /// A gamma component's shape is at 1/1000.
    Shape,
}

impl Floor {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sigma => "sigma",
            Self::Width => "width",
            Self::Shape => "shape",
        }
    }
}

/// The bounds for one sample, in the unit of [`Values`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// What u is measured from, for exponential and normal.
    pub origin: f64,
    /// Least standard deviation of a normal component.
    pub least_sigma: f64,
}

impl Limits {
    pub fn of(values: &Values) -> Self {
        Self { origin: values.mean, least_sigma: LEAST_SIGMA * values.spread() }
    }

    pub fn sigma(&self, sigma: f64) -> f64 {
        sigma.max(self.least_sigma)
    }
}

/// The least standard deviation of ln x.
pub(super) fn least_ln_sigma(values: &Values) -> f64 {
    LEAST_SIGMA * values.ln_spread()
}

/// A shape within its bounds.
pub(super) fn shape_within(shape: f64) -> f64 {
    shape.clamp(SMALLEST_SHAPE, LARGEST_SHAPE)
}

/// The bound that holds for a shape within its bounds.
pub(super) fn shape_floor(shape: f64) -> Option<Floor> {
    match shape {
        shape if shape >= LARGEST_SHAPE => Some(Floor::Width),
        shape if shape <= SMALLEST_SHAPE => Some(Floor::Shape),
        _ => None,
    }
}

//! Floors that keep the likelihood bounded, and the record of those that bind.

/// The least standard deviation of a normal component, relative to that of all values above 0.
const LEAST_SIGMA: f64 = 1e-3;
/// The largest shape of a gamma component: a standard deviation of a thousandth of its own mean.
const LARGEST_SHAPE: f64 = 1e6;
/// The smallest shape of a gamma component: a standard deviation of about 32 times its own mean.
const SMALLEST_SHAPE: f64 = 1e-3;

/// A limit that the likeliest parameters would leave.
///
/// A component around a single value has a density that grows without bound as it narrows; the likelihood of a mixture has
/// no maximum there. The floors end that, and a fit that rests on one is `degenerate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// The standard deviation of the normal component is at 1/1000 of that of all values.
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

/// The floors for one sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floors {
    least_sigma: f64,
}

impl Floors {
    /// For values of this population standard deviation.
    pub fn new(std: f64) -> Self {
        Self { least_sigma: LEAST_SIGMA * std }
    }

    pub fn sigma(&self, sigma: f64, binding: &mut Vec<Floor>) -> f64 {
        limit(sigma < self.least_sigma, self.least_sigma, sigma, Floor::Sigma, binding)
    }

    pub fn shape(&self, shape: f64, binding: &mut Vec<Floor>) -> f64 {
        let shape = limit(shape > LARGEST_SHAPE, LARGEST_SHAPE, shape, Floor::Width, binding);
        limit(shape < SMALLEST_SHAPE, SMALLEST_SHAPE, shape, Floor::Shape, binding)
    }
}

fn limit(binds: bool, floor: f64, value: f64, name: Floor, binding: &mut Vec<Floor>) -> f64 {
    if !binds {
        return value;
    }
    if !binding.contains(&name) {
        binding.push(name);
    }
    floor
}

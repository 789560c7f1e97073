//! All values of a layer's matrix taken together.

use crate::{NeuronMoments, Reason};

/// Mean, spread and extremes over all finite values of a layer: samples times neurons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Number of finite values.
    pub n: u64,
    /// Number of values that are NaN or infinite.
    pub n_nonfinite: u64,
    /// Σ x / n
    pub mean: f64,
    /// √(Σ (x - mean)² / n)
    pub std: f64,
    /// Smallest value.
    pub min: f32,
    /// Largest value.
    pub max: f32,
    /// Number of values equal to 0, divided by n.
    pub zero_fraction: f64,
}

/// The summary of a layer from the moments of its neurons.
///
/// The mean is Σ n_j mean_j / n, the variance (Σ n_j variance_j + Σ n_j (mean_j - mean)²) / n, over the neurons j
/// that have finite values; two passes over the neurons, in their order.
///
/// # Errors
/// [`Reason::NotFinite`] when there are values and none is finite, [`Reason::TooFew`] when there are no values.
pub fn summary(neurons: &[NeuronMoments]) -> Result<Summary, Reason> {
    let n: u64 = neurons.iter().map(|neuron| neuron.n).sum();
    let n_nonfinite: u64 = neurons.iter().map(|neuron| neuron.n_nonfinite).sum();
    if n == 0 {
        return Err(match n_nonfinite {
            0 => Reason::TooFew { n: 0, needed: 1 },
            _ => Reason::NotFinite { n_nonfinite, n: n_nonfinite },
        });
    }
    let present = || neurons.iter().filter(|neuron| neuron.n > 0);
    // Means relative to the first neuron's: a common offset costs no digits.
    let origin = present().next().map_or(0.0, |neuron| neuron.mean);
    let weighted = |term: &dyn Fn(&NeuronMoments) -> f64| {
        present().map(|neuron| neuron.n as f64 * term(neuron)).sum::<f64>() / n as f64
    };
    let mean = origin + weighted(&|neuron| neuron.mean - origin);
    let variance = weighted(&|neuron| neuron.variance + (neuron.mean - mean).powi(2));
    let n_zero: u64 = neurons.iter().map(|neuron| neuron.n_zero).sum();
    Ok(Summary {
        n,
        n_nonfinite,
        mean,
        std: variance.sqrt(),
        min: present().map(|neuron| neuron.min).fold(f32::INFINITY, f32::min),
        max: present().map(|neuron| neuron.max).fold(f32::NEG_INFINITY, f32::max),
        zero_fraction: n_zero as f64 / n as f64,
    })
}

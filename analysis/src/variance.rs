//! The spread of a layer: its neurons' variances and standard deviations taken together.

use crate::{NeuronMoments, Reason, quantile};

/// The probabilities at which [`LayerSpread`] gives quantiles.
pub const STD_QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The spread of a layer over its analysed neurons, those whose values are all finite; dead ones included.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpread {
    /// Number of analysed neurons.
    pub n_neurons: u64,
    /// Neurons left out because they have non-finite values.
    pub n_excluded: u64,
    /// Neurons that are constant over all samples.
    pub n_dead: u64,
    /// Σ variance over the neurons.
    pub sum_variance: f64,
    /// sum_variance / n_neurons
    pub mean_variance: f64,
    /// Σ std over the neurons: the journal's "total variance", for one network.
    pub sum_std: f64,
    /// sum_std / n_neurons
    pub mean_std: f64,
    /// (q, q-quantile of the std over the neurons) for each of [`STD_QUANTILES`].
    pub std_quantiles: [(f64, f64); 5],
}

/// The spread of a layer from the moments of its neurons.
///
/// # Errors
/// [`Reason::NotFinite`] when every neuron has non-finite values (counted in neurons), [`Reason::TooFew`] when there
/// are no neurons.
pub fn layer_spread(neurons: &[NeuronMoments]) -> Result<LayerSpread, Reason> {
    let analysed: Vec<&NeuronMoments> = analysed(neurons).collect();
    let n_excluded = (neurons.len() - analysed.len()) as u64;
    if analysed.is_empty() {
        return Err(none_analysed(neurons));
    }
    let n = analysed.len() as f64;
    let sum_variance: f64 = analysed.iter().map(|neuron| neuron.variance).sum();
    let sum_std: f64 = analysed.iter().map(|neuron| neuron.std).sum();
    let mut stds: Vec<f64> = analysed.iter().map(|neuron| neuron.std).collect();
    stds.sort_unstable_by(f64::total_cmp);
    Ok(LayerSpread {
        n_neurons: analysed.len() as u64,
        n_excluded,
        n_dead: analysed.iter().filter(|neuron| neuron.is_dead()).count() as u64,
        sum_variance,
        mean_variance: sum_variance / n,
        sum_std,
        mean_std: sum_std / n,
        std_quantiles: STD_QUANTILES.map(|q| (q, quantile(&stds, q).unwrap_or(f64::NAN))),
    })
}

/// The standard deviations of the analysed neurons, in their order: the sample whose distribution `normality` tests.
///
/// Neurons with non-finite values are left out, and dead ones (standard deviation 0) too unless `with_dead`.
pub fn standard_deviations(neurons: &[NeuronMoments], with_dead: bool) -> Vec<f64> {
    analysed(neurons).filter(|neuron| with_dead || !neuron.is_dead()).map(|neuron| neuron.std).collect()
}

/// The neurons that a layer's statistics are over: all their values are finite, and there is at least one.
pub(crate) fn analysed(neurons: &[NeuronMoments]) -> impl Iterator<Item = &NeuronMoments> {
    neurons.iter().filter(|neuron| neuron.reason().is_none())
}

/// Why a layer has no analysed neuron.
pub(crate) fn none_analysed(neurons: &[NeuronMoments]) -> Reason {
    let n_nonfinite = neurons.iter().map(|neuron| neuron.n_nonfinite).sum();
    let n = neurons.iter().map(|neuron| neuron.n + neuron.n_nonfinite).sum();
    if n_nonfinite == 0 { Reason::TooFew { n, needed: 1 } } else { Reason::NotFinite { n_nonfinite, n } }
}

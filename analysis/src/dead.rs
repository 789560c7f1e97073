//! Dead neurons by three definitions side by side, with what the number of samples lets one say.

use crate::interval::{Interval, clopper_pearson, zero_success_upper};
use crate::variance::{analysed, none_analysed};
use crate::{NeuronMoments, Reason};

/// The thresholds tau at which dormant neurons are counted; 0.025 and 0.1 are those of Sokar et al.
pub const DORMANT_TAUS: [f64; 3] = [0.0, 0.025, 0.1];

/// The level of every interval and bound in [`Dead`].
pub const LEVEL: f64 = 0.95;

/// Dead, never-active and dormant neurons of a layer, over its analysed neurons (all values finite).
#[derive(Clone, Debug, PartialEq)]
pub struct Dead {
    /// Number of analysed neurons.
    pub n_neurons: u64,
    /// Neurons left out because they have non-finite values.
    pub n_excluded: u64,
    /// Neurons that are constant over all samples.
    pub n_dead: u64,
    /// Neurons with no value > 0.
    pub n_never_active: u64,
    /// (tau, number of tau-dormant neurons) for each of [`DORMANT_TAUS`]: mean |x| of the neuron at most tau times the
    /// mean of that over the layer. In a layer of zeros every neuron is dormant.
    pub dormant: [(f64, u64); 3],
    /// The largest rate at which a never-active neuron could still fire: the one-sided 95 % upper bound
    /// 1 - 0.05^(1/n) after no success in n samples (about 3 / n).
    pub firing_rate_upper: f64,
    /// n_dead / n_neurons
    pub dead_fraction: f64,
    /// Two-sided 95 % Clopper-Pearson interval of the dead fraction, neurons taken as independent trials.
    pub dead_fraction_interval: Interval,
}

/// Counts the dead neurons of a layer from the moments of its neurons.
///
/// # Errors
/// [`Reason::NotFinite`] when every neuron has non-finite values, [`Reason::TooFew`] when there are no values.
///
/// # References
/// G. Sokar, R. Agarwal, P. S. Castro, U. Evci (2023), The dormant neuron phenomenon in deep reinforcement learning,
/// ICML, definition 3.1.
pub fn dead(neurons: &[NeuronMoments]) -> Result<Dead, Reason> {
    let analysed: Vec<&NeuronMoments> = analysed(neurons).collect();
    let n_samples = analysed.iter().map(|neuron| neuron.n).min().ok_or_else(|| none_analysed(neurons))?;
    let n_neurons = analysed.len() as u64;
    let count = |condition: &dyn Fn(&NeuronMoments) -> bool| -> u64 {
        analysed.iter().filter(|neuron| condition(neuron)).count() as u64
    };
    let layer_mean = analysed.iter().map(|neuron| neuron.mean_abs).sum::<f64>() / n_neurons as f64;
    let n_dead = count(&NeuronMoments::is_dead);
    Ok(Dead {
        n_neurons,
        n_excluded: neurons.len() as u64 - n_neurons,
        n_dead,
        n_never_active: count(&NeuronMoments::never_active),
        dormant: DORMANT_TAUS.map(|tau| (tau, count(&|neuron| neuron.mean_abs <= tau * layer_mean))),
        firing_rate_upper: zero_success_upper(n_samples, LEVEL),
        dead_fraction: n_dead as f64 / n_neurons as f64,
        dead_fraction_interval: clopper_pearson(n_dead, n_neurons, LEVEL),
    })
}

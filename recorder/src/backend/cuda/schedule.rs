//! Adam's constants of every step of an epoch, as the kernels read them.

use crate::ensemble::Groups;
use crate::op::adam::Adam;

/// `[n_steps, 4 groups, 6]` floats: rate, root scale, weight decay, beta1, beta2, epsilon of hidden weights, hidden bias,
/// output weights and output bias at steps `first_step + 1 ...`; `struct Adam` in adam.cuh.
#[must_use]
pub fn schedule(groups: &Groups<Adam>, first_step: u64, n_steps: usize) -> Vec<f32> {
    let order = [&groups.hidden_weights, &groups.hidden_bias, &groups.output_weights, &groups.output_bias];
    (1..=n_steps as u64)
        .flat_map(|step| order.into_iter().flat_map(move |group| group.at(first_step + step).device_constants()))
        .collect()
}

//! moments.cu on the emulated device.

use super::cuda;
use crate::backend::cuda::emulation::{ORDERS, Rig, close, ramp};
use crate::op::batch;

#[test]
fn merged_batches_have_the_moments_of_all_samples() {
    for (index, (members, n_samples, batch_size)) in
        [(&[(1, 0)][..], 1, 1), (&[(33, 0), (64, 1)], 95, 32), (&[(65, 0)], 300, 129)].into_iter().enumerate()
    {
        let Some(mut rig) = Rig::new(members, [3, 10], n_samples, batch_size) else { return };
        rig.device.order = ORDERS[index];
        let (n_neurons, capacity) = (rig.layout.n_neurons(), rig.layout.capacity());
        let state = rig.device.holding(&vec![0.0_f64; n_neurons * 3]);
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); n_neurons];
        // One step too many: a batch without samples changes nothing.
        for step in 0..=n_samples.div_ceil(batch_size) {
            // Far from zero, where a sum of squares would lose its digits.
            let post: Vec<f32> = ramp(n_neurons * capacity, 0.01, 51 + step as u64).iter().map(|v| v + 7.0).collect();
            rig.fill(rig.memory.post, &post);
            let training = &rig.memory.training;
            rig.device.launch(&cuda::update(&rig.layout, rig.memory.post, training, &rig.split, state)).unwrap();
            rig.device.launch(&batch::cuda::advance(training)).unwrap();
            let n = batch_size.min(n_samples.saturating_sub(step * batch_size));
            for (neuron, values) in values.iter_mut().enumerate() {
                values.extend(post[neuron * capacity..][..n].iter().map(|&v| f64::from(v)));
            }
        }
        rig.device.check_guards();
        for (found, values) in rig.device.read::<f64>(state).chunks(3).zip(&values) {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            assert_eq!(found[0], n_samples as f64);
            // f64 sums of 300 numbers near 7; deviations of 0.01 lose three digits to the mean's rounding.
            close("mean", found[1], mean, 0.0, 1e-14);
            close("sum of squares", found[2], squares, 1e-24, 1e-9);
        }
    }
}

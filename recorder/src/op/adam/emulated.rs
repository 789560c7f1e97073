//! adam.cuh on the emulated device: the same gradient gives the bits of cpu.rs.

use super::tests::Once;
use super::*;
use crate::backend::cuda::emulation::{Rig, ramp};
use crate::backend::cuda::{Precision, schedule};
use crate::backend::{Isa, Lanes};
use crate::ensemble::Groups;
use crate::op::hidden;

#[test]
fn five_steps_have_the_bits_of_the_cpu() {
    for weight_decay in [0.0, 0.01] {
        let adam = Adam { weight_decay, learning_rate: 2e-3, ..Adam::default() };
        let Some(mut rig) = Rig::new(&[(9, 0)], [19, 10], 5, 1) else { return };
        rig.fill(rig.memory.schedule, &schedule(&Groups::all(adam), 0, 5));
        let (capacity, stride) = (rig.layout.capacity(), rig.layout.input_stride());
        let mut expected: Vec<[Lanes; 3]> =
            rig.parameters.weights.iter().map(|&value| [Lanes([value; 16]), Lanes::ZERO, Lanes::ZERO]).collect();
        for step in 0..5_u32 {
            // One sample, so that a gradient is one product, zero for the last neuron.
            let (mut x, mut delta) = (vec![0.0; capacity * stride], vec![0.0; rig.layout.n_neurons() * capacity]);
            x[..19].copy_from_slice(&ramp(19, 2.0, u64::from(step)));
            for (neuron, value) in ramp(8, 1e-3, 9 + u64::from(step)).into_iter().enumerate() {
                delta[neuron * capacity] = value;
            }
            rig.fill(rig.memory.training.x, &x);
            rig.fill(rig.memory.post, &delta);
            let batch = &rig.memory.training;
            let launch = hidden::cuda::update(&rig.layout, &rig.memory, batch, Precision::F32);
            rig.device.launch(&launch).unwrap();
            rig.device.launch(&crate::op::batch::cuda::advance(batch)).unwrap();
            for (index, state) in expected.iter_mut().enumerate() {
                let gradient = Lanes([delta[index / stride * capacity] * x[index % stride]; 16]);
                Isa::detect().run(Once { step: adam.at(u64::from(step) + 1), gradient, state });
            }
        }
        let memory = rig.memory.weights;
        for (part, at) in [memory.values, memory.first, memory.second].into_iter().enumerate() {
            for (index, found) in rig.floats(at).into_iter().enumerate() {
                assert_eq!(found.to_bits(), expected[index][part].0[0].to_bits(), "part {part} of weight {index}");
            }
        }
    }
}

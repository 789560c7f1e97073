//! output.cu on the emulated device, beside plain sums in f64.

use super::cuda;
use crate::backend::cuda::emulation::{Emulator, ORDERS, Rig, close, ramp};
use crate::backend::cuda::{CLASSES, schedule};
use crate::ensemble::Groups;
use crate::op::adam::Adam;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Members (size, replicate), classes, batch size.
type Shape = (&'static [(usize, usize)], usize, usize);

const SHAPES: [Shape; 5] = [
    (&[(1, 0)], 1, 1),
    (&[(31, 0), (33, 1)], 10, 32),
    (&[(63, 0), (64, 0), (65, 0)], 16, 127),
    (&[(129, 1), (2, 0)], 9, 129),
    (&[(190, 0)], 10, 300),
];

/// Activations of which half are zero; past a member's size all are.
fn fill_post(rig: &mut Rig) -> Vec<f32> {
    let capacity = rig.layout.capacity();
    let mut post = ramp(rig.layout.n_neurons() * capacity, 1.0, 21);
    for (index, value) in post.iter_mut().enumerate() {
        *value = if rig.is_real(index / capacity) { value.max(0.0) } else { 0.0 };
    }
    rig.fill(rig.memory.post, &post);
    post
}

fn check_backward(rig: &mut Rig, batch_size: usize) {
    let post = fill_post(rig);
    let errors = rig.errors(batch_size);
    rig.fill(rig.memory.errors, &errors);
    // With beta1 = 0 the first moment is the gradient.
    rig.fill(rig.memory.schedule, &schedule(&Groups::all(Adam { beta1: 0.0, ..Adam::default() }), 0, 1));
    rig.device.launch(&cuda::backward(&rig.layout, &rig.memory, &rig.memory.training)).unwrap();
    rig.device.check_guards();
    let (layout, memory) = (&rig.layout, &rig.memory);
    let capacity = layout.capacity();
    let delta = rig.floats(memory.post);
    let (output, bias, head) =
        (rig.floats(memory.output.first), rig.floats(memory.bias.first), rig.floats(memory.output_bias.first));
    let members = layout.block_member();
    let unit = (batch_size + 4) as f64 * 2.0_f64.powi(-24);
    for neuron in 0..layout.n_neurons() {
        let member = members[neuron / 64] as usize;
        let error = |sample: usize, class: usize| f64::from(errors[(member * capacity + sample) * CLASSES + class]);
        let (mut gradients, mut magnitudes) = ([0.0; CLASSES], [0.0; CLASSES]);
        let (mut bias_gradient, mut bias_magnitude) = (0.0, 0.0);
        for sample in 0..capacity {
            let a = f64::from(post[neuron * capacity + sample]);
            let (mut d, mut magnitude) = (0.0, 0.0);
            for class in 0..CLASSES {
                let term = f64::from(rig.parameters.output[neuron * CLASSES + class]) * error(sample, class);
                d += term;
                magnitude += term.abs();
                gradients[class] += a * error(sample, class);
                magnitudes[class] += (a * error(sample, class)).abs();
            }
            if a <= 0.0 {
                (d, magnitude) = (0.0, 0.0);
            }
            let found = f64::from(delta[neuron * capacity + sample]);
            close(&format!("delta {neuron}, {sample}"), found, d, 17.0 * 2.0_f64.powi(-24) * magnitude, 0.0);
            bias_gradient += d;
            bias_magnitude += magnitude;
        }
        let found = f64::from(bias[neuron]);
        close(&format!("bias gradient {neuron}"), found, bias_gradient, (unit + 1e-6) * bias_magnitude, 0.0);
        for class in 0..CLASSES {
            let found = f64::from(output[neuron * CLASSES + class]);
            close(&format!("gradient {neuron}, {class}"), found, gradients[class], unit * magnitudes[class], 0.0);
        }
    }
    for (index, found) in head.into_iter().enumerate() {
        let own =
            (0..capacity).map(|b| f64::from(errors[(index / CLASSES * capacity + b) * CLASSES + index % CLASSES]));
        let (gradient, magnitude) = own.fold((0.0, 0.0), |(sum, all), e: f64| (sum + e, all + e.abs()));
        close(&format!("output bias gradient {index}"), f64::from(found), gradient, unit * magnitude, 0.0);
    }
    // A first step is lr in the gradient's direction; where there is none, nothing moves.
    for (trained, old) in [
        (memory.output, &rig.parameters.output),
        (memory.bias, &rig.parameters.bias),
        (memory.output_bias, &rig.parameters.output_bias),
    ] {
        for ((new, old), g) in rig.floats(trained.values).into_iter().zip(old).zip(rig.floats(trained.first)) {
            let g = f64::from(g);
            close("parameter", f64::from(new), f64::from(*old) - 1e-3 * g / (g.abs() + 1e-8), 1e-7, 1e-6);
        }
    }
}

#[test]
fn forward_adds_each_blocks_share() {
    for (index, (members, n_classes, batch_size)) in SHAPES.into_iter().enumerate() {
        let Some(mut rig) = Rig::new(members, [3, n_classes], batch_size, batch_size) else { return };
        rig.device.order = ORDERS[index % 4];
        let post = fill_post(&mut rig);
        rig.poison(rig.memory.partial);
        rig.device.launch(&cuda::forward(&rig.layout, &rig.memory)).unwrap();
        rig.device.check_guards();
        let (partial, capacity) = (rig.floats(rig.memory.partial), rig.layout.capacity());
        for (place, found) in partial.into_iter().enumerate() {
            let (block, sample, class) = (place / CLASSES / capacity, place / CLASSES % capacity, place % CLASSES);
            let (mut sum, mut magnitude) = (0.0, 0.0);
            for neuron in block * 64..(block + 1) * 64 {
                let weight = f64::from(rig.parameters.output[neuron * CLASSES + class]);
                let term = weight * f64::from(post[neuron * capacity + sample]);
                sum += term;
                magnitude += term.abs();
            }
            let limit = 65.0 * 2.0_f64.powi(-24) * magnitude;
            close(&format!("block {block}, sample {sample}, class {class}"), f64::from(found), sum, limit, 0.0);
        }
    }
}

#[test]
fn backward_passes_errors_through_the_relu_and_takes_the_steps() {
    for (index, (members, n_classes, batch_size)) in SHAPES.into_iter().enumerate() {
        let Some(mut rig) = Rig::new(members, [3, n_classes], batch_size, batch_size) else { return };
        rig.device.order = ORDERS[index % 4];
        check_backward(&mut rig, batch_size);
    }
}

#[test]
fn all_thread_orders_give_the_same_bits() {
    let mut found = Vec::new();
    for order in ORDERS {
        let Some(mut rig) = Rig::new(&[(70, 0)], [3, 10], 150, 150) else { return };
        rig.device.order = order;
        check_backward(&mut rig, 150);
        found.push((rig.floats(rig.memory.output.values), rig.floats(rig.memory.post)));
    }
    assert!(found.iter().all(|bits| *bits == found[0]));
}

#[test]
fn a_missing_barrier_and_a_wrong_row_are_noticed() {
    let after = "chunk[i / CLASSES * ROW + i % CLASSES] = own[static_cast<u64>(start) * CLASSES + i];\n                }\n                \
                 __syncthreads();";
    let without = after.replace("__syncthreads();", "");
    let before = "if (pair == 0 || capacity > SAMPLES) {\n                __syncthreads();";
    for (what, from, to) in [
        ("no barrier after the errors", after, without.as_str()),
        ("no barrier before the next errors", before, "if (pair == 0 || capacity > SAMPLES) {"),
        ("a chunk one too short", "b < SAMPLES; b += WARP", "b < SAMPLES - 1; b += WARP"),
    ] {
        let mut noticed = 0;
        for order in ORDERS {
            let Some(mut device) = Emulator::broken("output.cu", from, to) else { return };
            device.order = order;
            let mut rig = Rig::on(device, &[(70, 0)], [3, 10], 200, 200);
            noticed += usize::from(catch_unwind(AssertUnwindSafe(|| check_backward(&mut rig, 200))).is_err());
        }
        assert!(noticed > 0, "{what} was not noticed");
    }
}

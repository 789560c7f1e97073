//! hidden.cu on the emulated device, beside plain sums in f64.

use super::cuda;
use crate::backend::cuda::emulation::{Emulator, ORDERS, Rig, close, ramp};
use crate::backend::cuda::{Launch, Precision, schedule};
use crate::ensemble::Groups;
use crate::op::adam::Adam;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Members (size, replicate), inputs, batch size.
type Shape = (&'static [(usize, usize)], usize, usize);

/// Blocks and tiles less one, exact and more one; depth of one slice and
/// of more than are in flight; beyond one tile of inputs.
const SHAPES: [Shape; 7] = [
    (&[(1, 0)], 1, 1),
    (&[(2, 0), (31, 0)], 16, 2),
    (&[(63, 0), (64, 1), (65, 0)], 17, 31),
    (&[(32, 3), (33, 3)], 33, 128),
    (&[(64, 0)], 127, 129),
    (&[(129, 0), (7, 1)], 129, 127),
    (&[(200, 0)], 260, 33),
];

/// Random x as the gather leaves it: zero past the batch's length and past I.
fn fill_x(rig: &mut Rig, batch_size: usize) -> Vec<f32> {
    let (capacity, stride) = (rig.layout.capacity(), rig.layout.input_stride());
    let mut x = ramp(rig.layout.replicates().len() * capacity * stride, 1.5, 3);
    for (index, value) in x.iter_mut().enumerate() {
        if index % stride >= rig.layout.n_inputs() || index / stride % capacity >= batch_size {
            *value = 0.0;
        }
    }
    rig.fill(rig.memory.training.x, &x);
    x
}

/// What f32 sums of `n` products of that precision may be off by, as a share of the sum of magnitudes.
fn share(precision: Precision, n: usize) -> f64 {
    precision.unit() + (n + 2) as f64 * 2.0_f64.powi(-24)
}

fn check_forward(rig: &mut Rig, batch_size: usize, precision: Precision) {
    let x = fill_x(rig, batch_size);
    rig.poison(rig.memory.pre);
    rig.poison(rig.memory.post);
    rig.device.launch(&cuda::forward(&rig.layout, &rig.memory, &rig.memory.training, precision, true)).unwrap();
    rig.device.check_guards();
    let (pre, post) = (rig.floats(rig.memory.pre), rig.floats(rig.memory.post));
    let (capacity, stride) = (rig.layout.capacity(), rig.layout.input_stride());
    let replicates = rig.layout.block_replicate();
    for neuron in 0..rig.layout.n_neurons() {
        let weights = &rig.parameters.weights[neuron * stride..(neuron + 1) * stride];
        for sample in 0..capacity {
            let row = (replicates[neuron / 64] as usize * capacity + sample) * stride;
            let bias = f64::from(rig.parameters.bias[neuron]);
            let (mut z, mut magnitude) = (bias, bias.abs());
            for (w, x) in weights.iter().zip(&x[row..row + stride]) {
                z += f64::from(*w) * f64::from(*x);
                magnitude += (f64::from(*w) * f64::from(*x)).abs();
            }
            let found = pre[neuron * capacity + sample];
            let limit = share(precision, stride) * magnitude;
            close(&format!("z of neuron {neuron}, sample {sample}"), f64::from(found), z, limit, 0.0);
            assert_eq!(post[neuron * capacity + sample], found.max(0.0));
        }
    }
}

/// With beta1 = 0 the first moment is the gradient.
fn check_update(rig: &mut Rig, batch_size: usize, precision: Precision) {
    let x = fill_x(rig, batch_size);
    let (capacity, stride) = (rig.layout.capacity(), rig.layout.input_stride());
    let mut delta = ramp(rig.layout.n_neurons() * capacity, 0.02, 4);
    for (index, value) in delta.iter_mut().enumerate() {
        if index % capacity >= batch_size || !rig.is_real(index / capacity) {
            *value = 0.0;
        }
    }
    rig.fill(rig.memory.post, &delta);
    let constants = schedule(&Groups::all(Adam { beta1: 0.0, ..Adam::default() }), 0, 1);
    rig.fill(rig.memory.schedule, &constants);
    rig.device.launch(&cuda::update(&rig.layout, &rig.memory, &rig.memory.training, precision)).unwrap();
    rig.device.check_guards();
    let (weights, first) = (rig.floats(rig.memory.weights.values), rig.floats(rig.memory.weights.first));
    let replicates = rig.layout.block_replicate();
    for neuron in 0..rig.layout.n_neurons() {
        let replicate = replicates[neuron / 64] as usize;
        for input in 0..stride {
            let (mut gradient, mut magnitude) = (0.0, 0.0);
            for sample in 0..capacity {
                let d = f64::from(delta[neuron * capacity + sample]);
                let term = d * f64::from(x[(replicate * capacity + sample) * stride + input]);
                gradient += term;
                magnitude += term.abs();
            }
            let at = neuron * stride + input;
            let limit = share(precision, batch_size) * magnitude;
            close(&format!("gradient {neuron}, {input}"), f64::from(first[at]), gradient, limit, 0.0);
            let (old, new) = (f64::from(rig.parameters.weights[at]), f64::from(weights[at]));
            // The first step is lr in the gradient's direction, less where the gradient is not large beside epsilon.
            let g = f64::from(first[at]);
            close("weight", new, old - 1e-3 * g / (g.abs() + 1e-8), 1e-7, 1e-6);
        }
    }
}

#[test]
fn forward_is_the_product_with_bias_and_relu_in_every_precision_and_thread_order() {
    for (index, (members, n_inputs, batch_size)) in SHAPES.into_iter().enumerate() {
        for (turn, precision) in Precision::ALL.into_iter().enumerate() {
            let Some(mut rig) = Rig::new(members, [n_inputs, 10], batch_size, batch_size) else { return };
            rig.device.order = ORDERS[(index + turn) % 4];
            check_forward(&mut rig, batch_size, precision);
        }
    }
}

#[test]
fn update_is_the_gradient_followed_by_adam_in_every_precision_and_thread_order() {
    for (index, (members, n_inputs, batch_size)) in SHAPES.into_iter().enumerate() {
        for (turn, precision) in Precision::ALL.into_iter().enumerate() {
            let Some(mut rig) = Rig::new(members, [n_inputs, 10], batch_size, batch_size) else { return };
            rig.device.order = ORDERS[(index + turn) % 4];
            check_update(&mut rig, batch_size, precision);
        }
    }
}

#[test]
fn all_thread_orders_give_the_same_bits() {
    for precision in Precision::ALL {
        let Some(mut rig) = Rig::new(&[(65, 0), (3, 1)], [65, 10], 40, 40) else { return };
        fill_x(&mut rig, 40);
        let mut found = Vec::new();
        for order in ORDERS {
            rig.device.order = order;
            rig.poison(rig.memory.post);
            let launch = cuda::forward(&rig.layout, &rig.memory, &rig.memory.training, precision, false);
            rig.device.launch(&launch).unwrap();
            found.push(rig.floats(rig.memory.post));
        }
        assert!(found.iter().all(|post| *post == found[0] && post.iter().all(|value| value.is_finite())));
    }
}

#[test]
fn a_nan_stays_a_nan() {
    let Some(mut rig) = Rig::new(&[(5, 0)], [20, 10], 3, 3) else { return };
    let mut x = fill_x(&mut rig, 3);
    x[rig.layout.input_stride() + 4] = f32::NAN;
    rig.fill(rig.memory.training.x, &x);
    for precision in Precision::ALL {
        rig.device.launch(&cuda::forward(&rig.layout, &rig.memory, &rig.memory.training, precision, true)).unwrap();
        let post = rig.floats(rig.memory.post);
        assert!(post[1].is_nan() && !post[0].is_nan(), "{precision}");
    }
}

/// A kernel broken on purpose must be noticed in one of the thread orders at least.
#[test]
fn missing_barriers_and_slices_off_by_one_are_noticed() {
    let barrier = "        // Everyone's copies of this slice are there, and nobody still reads the slice before it.\n        \
                   __syncthreads();";
    let before_store = "    // The last slices have been read by all before C takes their place.\n    __syncthreads();";
    let after_store = "    // All of C is there before anyone reads it.\n    __syncthreads();";
    for (what, from, to) in [
        ("no barrier for a slice", barrier, ""),
        ("no barrier before C", before_store, ""),
        ("no barrier after C", after_store, ""),
        ("a wait too short", "copy_wait<STAGES - 2>", "copy_wait<STAGES - 1>"),
        ("a slice too far", "slice + STAGES - 1;", "slice + STAGES;"),
        ("a fragment's rows", "group() + i % 2 * 8", "group() + i / 2 * 8"),
    ] {
        let mut noticed = 0;
        for order in ORDERS {
            let Some(mut device) = Emulator::broken("tile.cuh", from, to) else { return };
            device.order = order;
            let mut rig = Rig::on(device, &[(40, 0)], [70, 10], 20, 20);
            let works = catch_unwind(AssertUnwindSafe(|| check_forward(&mut rig, 20, Precision::Tf32x3)));
            noticed += usize::from(works.is_err());
        }
        assert!(noticed > 0, "{what} was not noticed");
    }
}

/// The table of the PTX ISA ("Matrix Fragments for mma.m16n8k8", .tf32), element by element. It was compared with two
/// independent readings: the PTX ISA's own formulas for A, and the thread-value layouts of all three matrices in CUTLASS
/// (`MMA_Traits<SM80_16x8x8_F32TF32TF32F32_TN>`: A ((4,8),(2,2)):((16,1),(8,64)), B ((4,8),2):((8,1),32),
/// C ((4,8),(2,2)):((32,1),(16,8)), columns first).
#[test]
fn fragments_follow_the_documented_table() {
    let Some(mut device) = Emulator::without_gpu() else { return };
    let mut indices = Vec::new();
    for lane in 0..32_u32 {
        let (group, part) = (lane / 4, lane % 4);
        let a = [(group, part), (group + 8, part), (group, part + 4), (group + 8, part + 4)];
        let b = [(part, group), (part + 4, group)];
        let c = [(group, 2 * part), (group, 2 * part + 1), (group + 8, 2 * part), (group + 8, 2 * part + 1)];
        indices.extend(a.into_iter().chain(b).chain(c).map(|(row, column)| row * 8 + column));
    }
    // Whole numbers below 2^10 are TF32 values, their sums exact.
    let a: Vec<f32> = (0..128_u32).map(|i| (i * 37 % 128) as f32 - 60.0).collect();
    let b: Vec<f32> = (0..64_u32).map(|i| (i * 29 % 64) as f32 - 31.0).collect();
    let (at, bt) = (device.holding(&a), device.holding(&b));
    let (table, c) = (device.holding(&indices), device.poisoned::<f32>(128));
    let launch = Launch::new("fragment_product", [1, 1], 32).with(at).with(bt).with(table).with(c);
    for order in ORDERS {
        device.order = order;
        device.launch(&launch).unwrap();
        for (index, found) in device.read::<f32>(c).into_iter().enumerate() {
            let expected: f32 = (0..8).map(|k| a[index / 8 * 8 + k] * b[k * 8 + index % 8]).sum();
            assert_eq!(found, expected, "C({}, {})", index / 8, index % 8);
        }
    }
}

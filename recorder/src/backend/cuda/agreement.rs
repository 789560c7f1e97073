//! Ten training steps of the emulated kernels beside the CPU backend.
//!
//! Both add the same products in another order, so that a gradient differs by about 10^-6 of what is added up (f32 and
//! 3xtf32; 3 10^-4 with tf32). Adam divides the gradient by its own magnitude: while moments are young a parameter moves by
//! about lr whatever the size of its gradient, so that where a gradient happens to be near zero its rounding is magnified.
//! With errors that are a share e of a gradient's standard deviation, a share of about 0.8 e / r of the parameters moves
//! differently by more than r lr in a step: for r = 0.01, e = 10^-6 and ten steps 10^-3; for tf32, r = 0.1, e = 3 10^-4 some
//! 2 %. The limits below were set before anything was run; the worst member with tf32 comes close to its own, as is said
//! next. No parameter can differ by more than both move.
//!
//! Found: none beyond r lr with f32 and 3xtf32; with tf32 2 % of all parameters, as expected, but unevenly: nearly all lie in
//! a few neurons, since all background pixels of a neuron (600 weights) have one gradient, -c times the sum of its errors,
//! and are near zero together. In a member of 33 neurons three such neurons are 8 %.

use super::emulation::{Emulator, ORDERS};
use super::{DeviceParameters, Layout, MemberTotals, Memory, Precision, Sequence, SplitMemory, schedule};
use crate::backend::cuda::Device;
use crate::dataset::{Dataset, Normalization, SplitName};
use crate::ensemble::{Groups, Member, Parameters};
use crate::input::Affine;
use crate::model::Model;
use crate::op::adam::Adam;
use crate::train::keep::{Keep, first_digits};
use crate::train::{Capture, Plan, train};

const SIZES: [usize; 2] = [33, 90];
const N_REPLICATES: usize = 2;
const BATCH: usize = 128;
/// Ten batches, the last of 98.
const N_SAMPLES: usize = 9 * BATCH + 98;
const SEED: u64 = 4;
const RATE: f32 = 1e-3;

fn on_cpu(dataset: &Dataset) -> Keep {
    let plan = Plan {
        model: Model::by_name("mnist_h1").unwrap(),
        sizes: SIZES.to_vec(),
        n_replicates: N_REPLICATES,
        n_epochs: 1,
        batch_size: BATCH,
        learning_rate: RATE,
        seed: SEED,
        n_threads: 2,
        capture: Capture { split: SplitName::Train, n_samples: 0, epochs: Vec::new(), chunk_bytes: 1 << 20 },
    };
    let mut keep = Keep::default();
    train(&plan, dataset, &mut keep).unwrap();
    keep
}

/// One epoch on the emulated device: parameters in the layout's order, totals over the test split.
fn emulated(
    dataset: &Dataset,
    precision: Precision,
    order: u32,
) -> Option<(Layout, Vec<Parameters>, Vec<MemberTotals>)> {
    let mut device = Emulator::new()?;
    device.order = order;
    let model = Model::by_name("mnist_h1").unwrap();
    let members: Vec<Member> =
        (0..N_REPLICATES).flat_map(|replicate| SIZES.map(|size| Member { size, replicate })).collect();
    let layout = Layout::new(&members, 784, 10, BATCH);
    let n_steps = N_SAMPLES.div_ceil(BATCH);
    let memory = Memory::allocate(&mut device, &layout, N_SAMPLES, n_steps).unwrap();
    let mut parameters = DeviceParameters::zeros(&layout);
    for (index, member) in layout.members().iter().enumerate() {
        parameters.pack(&layout, index, &member.initial(&model, SEED));
    }
    memory.upload_parameters(&mut device, &parameters).unwrap();
    let train = SplitMemory::upload(&mut device, dataset.train.pixels(), dataset.train.labels()).unwrap();
    let test = SplitMemory::upload(&mut device, dataset.test.pixels(), dataset.test.labels()).unwrap();
    let orders: Vec<u32> =
        (0..N_REPLICATES).flat_map(|replicate| Member::sample_order(replicate, 0, N_SAMPLES, SEED)).collect();
    device.upload(memory.training.order, &super::memory::bytes_of_u32(&orders)).unwrap();
    let constants = schedule(&Groups::all(Adam { learning_rate: RATE, ..Adam::default() }), 0, n_steps);
    device.upload(memory.schedule, &super::memory::bytes_of_f32(&constants)).unwrap();
    let Normalization { mean, std } = dataset.normalization;
    let affine = Affine { scale: 1.0 / (255.0 * std), shift: mean / std };
    let sequence = Sequence { layout: &layout, memory: &memory, precision, affine };
    device.run(&sequence.training_step(&train), n_steps).unwrap();
    memory.clear_totals(&mut device, &layout).unwrap();
    device.run(&sequence.evaluation_batch(&test), dataset.test.n_samples().div_ceil(layout.capacity())).unwrap();
    let parameters = memory.download_parameters(&mut device, &layout).unwrap();
    let totals = memory.download_totals(&mut device, &layout).unwrap();
    device.check_guards();
    Some((layout, parameters, totals))
}

/// Share of the values that differ by more than `limit`, and the largest difference.
fn differences(found: &Parameters, expected: &Parameters, limit: f32) -> (f64, f32) {
    let pairs = [
        (&found.hidden_weight, &expected.hidden_weight),
        (&found.hidden_bias, &expected.hidden_bias),
        (&found.output_weight, &expected.output_weight),
        (&found.output_bias, &expected.output_bias),
    ];
    let (mut n, mut n_far, mut largest) = (0, 0, 0.0_f32);
    for (found, expected) in pairs {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let difference = (found - expected).abs();
            assert!(difference.is_finite());
            n += 1;
            n_far += usize::from(difference > limit);
            largest = largest.max(difference);
        }
    }
    (n_far as f64 / n as f64, largest)
}

#[test]
fn ten_steps_agree_with_the_cpu_backend() {
    let dataset = first_digits(N_SAMPLES, 200);
    let expected = on_cpu(&dataset);
    // (precision, r, share of the parameters that may differ by more than r lr, relative difference of the test loss).
    for (precision, r, share, loss) in
        [(Precision::F32, 0.01, 0.01, 1e-5), (Precision::Tf32x3, 0.01, 0.01, 1e-5), (Precision::Tf32, 0.1, 0.1, 2e-3)]
    {
        let Some((layout, parameters, totals)) = emulated(&dataset, precision, 0) else { return };
        for ((member, parameters), totals) in layout.members().iter().zip(&parameters).zip(&totals) {
            let key = (member.replicate, member.size);
            let (far, largest) = differences(parameters, &expected.weights[&key], r * RATE);
            let (_, loss_on_cpu, accuracy_on_cpu) = expected.measures[&(key, 1)];
            let n = dataset.test.n_samples() as f64;
            let (found_loss, found_accuracy) = (totals.loss / n, totals.n_correct as f64 / n);
            println!(
                "{precision} {key:?}: {far:.2e} beyond {r} lr, at most {:.3} lr; loss {found_loss:.6} and {loss_on_cpu:.6}, \
                 accuracy {found_accuracy} and {accuracy_on_cpu}",
                largest / RATE
            );
            assert!(far <= share, "{precision} {key:?}: {far} of the parameters differ by more than {r} lr");
            // Ten steps of at most lr / sqrt(1 - beta2) (1 - beta1) each, both ways.
            assert!(largest <= 2.0 * 10.0 * 3.2 * RATE, "{precision} {key:?}: a parameter differs by {largest}");
            assert!((found_loss - loss_on_cpu).abs() <= loss * loss_on_cpu, "{precision} {key:?}: {found_loss}");
            assert!((found_accuracy - accuracy_on_cpu).abs() <= 0.01, "{precision} {key:?}: {found_accuracy}");
        }
    }
}

#[test]
fn a_rerun_in_another_thread_order_has_the_same_bits() {
    let dataset = first_digits(N_SAMPLES, 200);
    let Some((_, parameters, totals)) = emulated(&dataset, Precision::F32, ORDERS[0]) else { return };
    let Some((_, again, again_totals)) = emulated(&dataset, Precision::F32, ORDERS[1]) else { return };
    assert_eq!((again, again_totals), (parameters, totals));
}

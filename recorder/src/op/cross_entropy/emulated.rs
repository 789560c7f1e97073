//! cross_entropy.cu on the emulated device, beside f64 and the CPU's judgement.

use super::{cuda, judge};
use crate::backend::cuda::emulation::{ORDERS, Rig, close, ramp};
use crate::backend::cuda::{BatchMemory, CLASSES};
use crate::backend::{Isa, Kernel, Lanes, Simd};

struct Judge(Lanes, u8, usize);

impl Kernel for Judge {
    type Output = bool;
    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        judge::<S>(S::load(&self.0), self.1, self.2).correct
    }
}

/// Shares of the logits, with ties in some samples; `[P / 64, capacity, 16]`.
fn fill_partial(rig: &mut Rig) -> Vec<f32> {
    let capacity = rig.layout.capacity();
    let mut partial = ramp(rig.layout.n_blocks() * capacity * CLASSES, 6.0, 31);
    for sample in (0..rig.layout.n_blocks() * capacity).step_by(5) {
        let row = &mut partial[sample * CLASSES..(sample + 1) * CLASSES];
        row.iter_mut().for_each(|value| *value = value.round());
    }
    rig.fill(rig.memory.partial, &partial);
    rig.fill(rig.memory.output_bias.values, &vec![0.0; rig.layout.members().len() * CLASSES]);
    partial
}

/// The logits of a member's sample as the kernel adds them.
fn logits(rig: &Rig, partial: &[f32], member: usize, sample: usize) -> Lanes {
    let blocks = rig.layout.member_first_block();
    let mut sum = Lanes::ZERO;
    for block in blocks[member] as usize..blocks[member + 1] as usize {
        for class in 0..CLASSES {
            sum.0[class] += partial[(block * rig.layout.capacity() + sample) * CLASSES + class];
        }
    }
    sum
}

fn labels(rig: &mut Rig, batch: &BatchMemory) -> Vec<u8> {
    let n = rig.layout.replicates().len() * rig.layout.capacity();
    let labels: Vec<u8> = (0..n).map(|i| (i * 7 % rig.layout.n_classes()) as u8).collect();
    crate::backend::cuda::Device::upload(&mut rig.device, batch.labels, &labels).unwrap();
    labels
}

#[test]
fn errors_losses_and_counts_are_those_of_f64() {
    for (index, (members, n_classes, n)) in [
        (&[(1, 0)][..], 1, 1),
        (&[(65, 0), (200, 1)], 10, 31),
        (&[(3, 0), (64, 0), (129, 2)], 16, 129),
        (&[(640, 0)], 2, 128),
    ]
    .into_iter()
    .enumerate()
    {
        let Some(mut rig) = Rig::new(members, [3, n_classes], n, n) else { return };
        rig.device.order = ORDERS[index];
        let partial = fill_partial(&mut rig);
        let (layout, memory) = (rig.layout.clone(), rig.memory);
        let given = labels(&mut rig, &memory.training);
        for at in [memory.errors, memory.losses, memory.correct] {
            rig.poison(at);
        }
        rig.device.launch(&cuda::errors(&layout, &memory, &memory.training, &rig.split)).unwrap();
        let mut batch = memory.training;
        batch.n_samples = n as u32;
        rig.device.launch(&cuda::losses(&layout, &memory, &batch, &rig.split)).unwrap();
        rig.device.launch(&cuda::totals(&layout, &memory)).unwrap();
        rig.device.launch(&cuda::totals(&layout, &memory)).unwrap();
        rig.device.check_guards();
        let errors = rig.floats(memory.errors);
        let losses = rig.device.read::<f64>(memory.losses);
        let correct = rig.device.read::<u32>(memory.correct);
        let loss_totals = rig.device.read::<f64>(memory.loss_totals);
        let correct_totals = rig.device.read::<u64>(memory.correct_totals);
        let replicates = layout.member_replicate();
        for member in 0..members.len() {
            let (mut loss_total, mut correct_total) = (0.0, 0);
            for sample in 0..layout.capacity() {
                let at = member * layout.capacity() + sample;
                let found = &errors[at * CLASSES..(at + 1) * CLASSES];
                if sample >= n {
                    assert_eq!((found, losses[at], correct[at]), (&[0.0; CLASSES][..], 0.0, 0));
                    continue;
                }
                let lanes = logits(&rig, &partial, member, sample);
                let label = given[replicates[member] as usize * layout.capacity() + sample];
                let l: Vec<f64> = lanes.0[..n_classes].iter().map(|&x| f64::from(x)).collect();
                let max = l.iter().copied().fold(f64::MIN, f64::max);
                let sum: f64 = l.iter().map(|x| (x - max).exp()).sum();
                for (class, &found) in found.iter().enumerate() {
                    let target = f64::from(u8::from(class == usize::from(label)));
                    let expected =
                        if class < n_classes { ((l[class] - max).exp() / sum - target) / n as f64 } else { 0.0 };
                    // Exponentials within 2 ulp, 16 of them added, divided by n.
                    close("error", f64::from(found), expected, 1e-6 / n as f64, 0.0);
                }
                let loss = sum.ln() + max - l[usize::from(label)];
                close("loss", losses[at], loss, 2e-6, 1e-6);
                let expected = Isa::detect().run(Judge(lanes, label, n_classes));
                assert_eq!(correct[at], u32::from(expected), "member {member}, sample {sample}: {lanes:?}, {label}");
                loss_total += losses[at];
                correct_total += u64::from(correct[at]);
            }
            // Added twice; f64 sums of a few hundred numbers.
            close("total", loss_totals[member], 2.0 * loss_total, 0.0, 1e-13);
            assert_eq!(correct_totals[member], 2 * correct_total);
        }
    }
}

#[test]
fn a_logit_that_is_not_finite_is_never_hidden() {
    for fault in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let Some(mut rig) = Rig::new(&[(5, 0)], [3, 10], 4, 4) else { return };
        let mut partial = fill_partial(&mut rig);
        partial[CLASSES + 3] = fault;
        rig.fill(rig.memory.partial, &partial);
        let memory = rig.memory;
        labels(&mut rig, &memory.training);
        rig.device.launch(&cuda::errors(&rig.layout, &memory, &memory.training, &rig.split)).unwrap();
        rig.device.launch(&cuda::losses(&rig.layout, &memory, &memory.training, &rig.split)).unwrap();
        let errors = rig.floats(memory.errors);
        assert!(errors[CLASSES..CLASSES + 10].iter().all(|error| error.is_nan()), "{fault}");
        assert!(errors[..CLASSES].iter().chain(&errors[2 * CLASSES..]).all(|error| error.is_finite()), "{fault}");
        assert!(rig.device.read::<f64>(memory.losses)[1].is_nan());
    }
}

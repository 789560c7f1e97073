//! batch.cu on the emulated device.

use super::cuda;
use crate::backend::cuda::emulation::{ORDERS, Rig};
use crate::input::Affine;

const AFFINE: Affine = Affine { scale: 0.0127, shift: 0.424 };

#[test]
fn every_batch_has_its_samples_in_order_and_zeros_around() {
    // (inputs, samples, batch size): last batches of every awkward length, beyond one tile, rows not equal to columns.
    for (n_inputs, n_samples, batch_size) in
        [(1, 1, 1), (2, 33, 32), (15, 31, 31), (16, 5, 2), (17, 130, 128), (33, 300, 129), (784, 3, 2)]
    {
        let Some(mut rig) = Rig::new(&[(3, 0), (70, 2), (1, 1)], [n_inputs, 10], n_samples, batch_size) else { return };
        let (capacity, stride) = (rig.layout.capacity(), rig.layout.input_stride());
        for step in 0..n_samples.div_ceil(batch_size) + 1 {
            rig.device.order = ORDERS[step % 4];
            rig.poison(rig.memory.training.x);
            rig.poison(rig.memory.training.labels);
            let batch = &rig.memory.training;
            rig.device.launch(&cuda::gather(&rig.layout, &rig.split, batch, AFFINE)).unwrap();
            rig.device.launch(&cuda::advance(batch)).unwrap();
            let (x, labels) = (rig.floats(batch.x), rig.device.read::<u8>(batch.labels));
            for replicate in 0..3 {
                for row in 0..capacity {
                    let place = step * batch_size + row;
                    let sample = (row < batch_size && place < n_samples)
                        .then(|| rig.order[replicate * n_samples + place] as usize);
                    let at = replicate * capacity + row;
                    assert_eq!(labels[at], sample.map_or(0, |sample| rig.labels[sample]));
                    for input in 0..stride {
                        let expected = match sample {
                            Some(sample) if input < n_inputs => {
                                f32::from(rig.images[sample * n_inputs + input]).mul_add(AFFINE.scale, -AFFINE.shift)
                            }
                            _ => 0.0,
                        };
                        let found = x[at * stride + input];
                        assert_eq!(found, expected, "replicate {replicate}, row {row}, input {input}, step {step}");
                    }
                }
            }
        }
        assert_eq!(rig.device.read::<u32>(rig.memory.training.cursor), [n_samples.div_ceil(batch_size) as u32 + 1]);
    }
}

#[test]
fn without_an_order_samples_come_as_they_are_and_once() {
    let Some(mut rig) = Rig::new(&[(3, 0), (3, 1)], [5, 10], 131, 7) else { return };
    rig.poison(rig.memory.evaluation.labels);
    let batch = &rig.memory.evaluation;
    rig.device.launch(&cuda::gather(&rig.layout, &rig.split, batch, AFFINE)).unwrap();
    // 128 samples a batch, whatever the training takes; the second replicate's place is left alone.
    let labels = rig.device.read::<u8>(batch.labels);
    assert_eq!(labels[..128], rig.labels[..128]);
    assert_eq!(labels[128..], [0xff; 128]);
}

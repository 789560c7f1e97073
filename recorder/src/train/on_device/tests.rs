//! The whole training on the emulated device, beside the CPU backend.

use super::*;
use crate::backend::cuda::emulation::Emulator;
use crate::model::Model;
use crate::train::keep::{Keep, first_digits};
use crate::train::{Capture, train};
use std::convert::Infallible;

fn dataset() -> Dataset {
    first_digits(300, 130)
}

/// Chunks of 128, 128 and 44 samples.
fn plan() -> Plan {
    Plan {
        model: Model::by_name("mnist_h1").unwrap(),
        sizes: vec![3, 70],
        n_replicates: 2,
        n_epochs: 1,
        batch_size: 64,
        learning_rate: 1e-3,
        seed: 8,
        n_threads: 2,
        capture: Capture { split: SplitName::Train, n_samples: 300, epochs: vec![0, 1], chunk_bytes: 1 },
    }
}

fn on_device(free: u64) -> Option<Result<Keep, TrainError<Infallible>>> {
    let mut device = Emulator::new()?;
    device.n_free_bytes = free;
    let mut keep = Keep::default();
    let trained = train_on(&mut device, Precision::F32, &plan(), &dataset(), &mut keep);
    device.check_guards();
    Some(trained.map(|()| keep))
}

fn near(what: &str, found: &[f32], expected: &[f32], limit: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let is_near = |f: f32, e: f32| (f - e).abs() <= limit;
    let far = found.iter().zip(expected).position(|(&f, &e)| !is_near(f, e));
    assert_eq!(far, None, "{what}: {:?}", far.map(|at| (found[at], expected[at])));
}

#[test]
fn everything_told_is_what_the_cpu_tells() {
    let Some(found) = on_device(1 << 30) else { return };
    let found = found.unwrap();
    let mut expected = Keep::default();
    train(&plan(), &dataset(), &mut expected).unwrap();
    assert_eq!((found.n_trained, found.n_packs), (expected.n_trained, 0));
    assert!(found.measures.keys().eq(expected.measures.keys()) && found.rows.keys().eq(expected.rows.keys()));
    for (key, (train, test, accuracy)) in &found.measures {
        let of = expected.measures[key];
        // Five steps whose sums differ in their last bits.
        assert!((train - of.0).abs() <= 1e-4 && (test - of.1).abs() <= 1e-4, "{key:?}: {train} {test}, {of:?}");
        assert!((accuracy - of.2).abs() <= 1.5 / 130.0, "{key:?}");
    }
    for (key, (labels, pre, post)) in &found.rows {
        let of = &expected.rows[key];
        assert_eq!(*labels, of.0);
        // Few weights differ by a hundredth of the learning rate; a sum of 784 of them by this at most.
        near("pre", pre, &of.1, 1e-3);
        near("post", post, &of.2, 1e-3);
        assert!(pre.iter().zip(post).all(|(pre, post)| *post == pre.max(0.0)));
    }
    for (key, parameters) in &found.weights {
        // No step is longer than 3.2 lr, five of them, both ways; nearly all differ by less than a hundredth of one.
        near("weights", &parameters.hidden_weight, &expected.weights[key].hidden_weight, 0.032);
        near("output bias", &parameters.output_bias, &expected.weights[key].output_bias, 1e-4);
    }
}

#[test]
fn packs_change_nothing_and_too_large_a_network_is_named() {
    let Some(whole) = on_device(1 << 30) else { return };
    let layout = |size| Layout::new(&[Member { size, replicate: 0 }], 784, 10, 64);
    let largest = ensemble_bytes(&layout(70), 300, 5);
    // Room for the larger network and little more.
    let mut parts = on_device(largest + largest / 10).unwrap().unwrap();
    assert_eq!(parts.n_packs, 4);
    parts.n_packs = 0;
    assert!(parts == whole.unwrap(), "a member depends on its neighbours");
    let Some(Err(TrainError::TooLarge { size: 70, n_bytes, free })) = on_device(largest) else {
        panic!("a network of 70 neurons fitted into less than it needs");
    };
    assert_eq!((n_bytes, free), (largest, largest / 100 * 95));
}

//! Gradients against central differences, and the same bits from every instruction set and number of threads.

use super::*;
use crate::ensemble::{Member, lane};
use crate::model::Model;

const N_INPUTS: usize = 784;

/// Bytes of which about `share` are not zero, all different from sample to sample.
fn pixels(n_samples: usize, share: f64) -> Vec<u8> {
    let byte = |k: usize| {
        let hash = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let lit = (hash >> 40) as f64 / f64::from(1 << 24) < share;
        if lit { (hash >> 8) as u8 | 1 } else { 0 }
    };
    (0..n_samples * N_INPUTS).map(byte).collect()
}

fn samples(n_samples: usize, share: f64) -> Samples {
    let pixels = pixels(n_samples, share);
    let labels: Vec<u8> = (0..n_samples).map(|k| (k * 7 % 10) as u8).collect();
    Samples::new(&pixels, &labels, N_INPUTS, Samples::dense_share(&pixels))
}

const AFFINE: Affine = Affine { scale: 1.0 / (255.0 * 0.3081), shift: 0.1307 / 0.3081 };

fn network(size: usize, batch_size: usize) -> Network {
    Network::initial(Member { size, replicate: 0 }, &Model::by_name("mnist_h1").unwrap(), batch_size, 5)
}

fn run(networks: &[Network], samples: &Samples, batch_size: usize, adam: Adam, isa: Isa, n_threads: usize) {
    let order: Vec<u32> = (0..samples.len() as u32).rev().collect();
    let epoch = Epoch {
        networks,
        samples,
        order: &order,
        batch_size,
        affine: AFFINE,
        groups: Groups::all(adam),
        isa,
        n_threads,
        first_step: 0,
    };
    assert!(epoch.run(|_| true));
}

/// The mean cross-entropy of all samples in f64, from parameters as `initial_parameters` gives them.
fn loss(layers: &[(Vec<f32>, Vec<f32>)], pixels: &[u8], labels: &[u8], change: (usize, usize, usize, f64)) -> f64 {
    let parameter = |layer: usize, part: usize, index: usize| {
        let value = if part == 0 { layers[layer].0[index] } else { layers[layer].1[index] };
        f64::from(value) + if (layer, part, index) == (change.0, change.1, change.2) { change.3 } else { 0.0 }
    };
    let size = layers[0].1.len();
    let mut total = 0.0;
    for (sample, &label) in pixels.chunks(N_INPUTS).zip(labels) {
        let x: Vec<f64> =
            sample.iter().map(|&p| f64::from(AFFINE.scale) * f64::from(p) - f64::from(AFFINE.shift)).collect();
        let post: Vec<f64> = (0..size)
            .map(|i| {
                let z: f64 = (0..N_INPUTS).map(|j| parameter(0, 0, i * N_INPUTS + j) * x[j]).sum();
                (z + parameter(0, 1, i)).max(0.0)
            })
            .collect();
        let logits: Vec<f64> = (0..10)
            .map(|k| (0..size).map(|i| parameter(1, 0, k * size + i) * post[i]).sum::<f64>() + parameter(1, 1, k))
            .collect();
        let max = logits.iter().copied().fold(f64::MIN, f64::max);
        total += logits.iter().map(|l| (l - max).exp()).sum::<f64>().ln() + max - logits[usize::from(label)];
    }
    total / labels.len() as f64
}

#[test]
fn gradients_are_the_central_differences() {
    // With beta1 = 0 the first moment is the gradient itself.
    let adam = Adam { beta1: 0.0, ..Adam::default() };
    let (n_samples, size) = (7, 45);
    for share in [0.2, 0.9] {
        let samples = samples(n_samples, share);
        let network = network(size, n_samples);
        let layers = network.member().initial_parameters(&Model::by_name("mnist_h1").unwrap(), 5);
        run(std::slice::from_ref(&network), &samples, n_samples, adam, Isa::detect(), 2);
        let pixels = pixels(n_samples, share);
        let gradient = |layer: usize, part: usize, index: usize| {
            let width = if layer == 0 { N_INPUTS } else { size };
            let (unit, input) = if part == 0 { (index / width, index % width) } else { (index, 0) };
            let neuron = if layer == 0 { unit } else { input };
            let block = read(&network.blocks[neuron / 32]);
            f64::from(match (layer, part) {
                (0, 0) => *lane(&block.weights.first[input], neuron % 32),
                (0, 1) => *lane(&block.bias.first[0], neuron % 32),
                (1, 0) => *lane(&block.output.first[unit], neuron % 32),
                _ => read(&network.head).bias.first[0].0[unit],
            })
        };
        let hidden_weights = (0..60).map(|k| (0, 0, k * 587 % (size * N_INPUTS)));
        let others = (0..size).map(|k| (0, 1, k)).chain((0..10 * size).step_by(11).map(|k| (1, 0, k)));
        let mut largest = 0.0_f64;
        for (layer, part, index) in hidden_weights.chain(others).chain((0..10).map(|k| (1, 1, k))) {
            let step = 1e-5;
            let difference = |h: f64| loss(&layers, &pixels, samples.labels(), (layer, part, index, h));
            let expected = (difference(step) - difference(-step)) / (2.0 * step);
            let found = gradient(layer, part, index);
            largest = largest.max(expected.abs());
            // Gradients are below 1 here; f32 sums of a few hundred terms, and the truncation of the difference.
            let close = (found - expected).abs() <= 2e-6 + 1e-4 * expected.abs();
            assert!(close, "layer {layer}, part {part}, index {index}: {found} instead of {expected}");
        }
        assert!(largest > 1e-2, "the gradients are too small to tell: {largest}");
    }
}

#[test]
fn every_instruction_set_number_of_threads_and_neighbour_gives_the_same_bits() {
    for share in [0.2, 0.9] {
        let samples = samples(50, share);
        let trained = |sizes: &[usize], isa: Isa, n_threads: usize| {
            let networks: Vec<Network> = sizes.iter().map(|&size| network(size, 16)).collect();
            run(&networks, &samples, 16, Adam::default(), isa, n_threads);
            networks.iter().find(|network| network.member().size == 45).map(Network::parameters).unwrap()
        };
        let expected = trained(&[45], Isa::detect(), 1);
        assert_ne!(expected, network(45, 16).parameters());
        for isa in Isa::available() {
            assert_eq!(trained(&[45], isa, 2), expected, "{}", isa.name());
        }
        for n_threads in [2, 3, 7] {
            assert_eq!(trained(&[33, 45, 5], Isa::detect(), n_threads), expected, "{n_threads} threads");
        }
    }
}

#[test]
fn neurons_beyond_the_size_stay_zero() {
    let network = network(5, 16);
    run(std::slice::from_ref(&network), &samples(50, 0.2), 16, Adam::default(), Isa::detect(), 1);
    let block = read(&network.blocks[0]);
    for neuron in 5..32 {
        assert!(block.weights.values.iter().chain(&block.output.values).all(|row| *lane(row, neuron) == 0.0));
        assert_eq!(*lane(&block.bias.values[0], neuron), 0.0);
    }
}

#[test]
fn stops_when_told() {
    let networks = [network(5, 4)];
    let samples = samples(40, 0.2);
    let order: Vec<u32> = (0..40).collect();
    let mut reported = 0;
    let finished = Epoch {
        networks: &networks,
        samples: &samples,
        order: &order,
        batch_size: 4,
        affine: AFFINE,
        groups: Groups::all(Adam::default()),
        isa: Isa::detect(),
        n_threads: 2,
        first_step: 0,
    }
    .run(|n_samples| {
        reported += n_samples;
        reported < 12
    });
    assert!(!finished);
    assert_eq!(reported, 12);
}

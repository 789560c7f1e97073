//! Training as a user of the crate sees it, beside a plain network in f64.

use layerscope_recorder::dataset::{Dataset, Normalization, Split, SplitName};
use layerscope_recorder::ensemble::{Member, Parameters};
use layerscope_recorder::model::Model;
use layerscope_recorder::train::{
    Activations, Capture, EpochMeasures, MemberWeights, Observer, Plan, PlanError, Progress, TrainError, train,
};
use std::collections::BTreeMap;
use std::convert::Infallible;

const SEED: u64 = 3;

/// Images of `share` non-zero bytes, in which the class shows as a bright band.
fn split(n_samples: usize, share: f64, salt: u64) -> Split {
    let mut pixels = Vec::with_capacity(n_samples * 784);
    let labels: Vec<u8> = (0..n_samples).map(|n| (n * 3 % 10) as u8).collect();
    for (n, &label) in labels.iter().enumerate() {
        for j in 0..784_u64 {
            let hash = (n as u64 * 784 + j + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let lit = (hash >> 40) as f64 / f64::from(1 << 24) < share;
            let band = j / 78 == u64::from(label);
            let value = (hash >> 8) as u8 / if band { 1 } else { 2 };
            pixels.push(if lit { value | 1 } else { 0 });
        }
    }
    Split::new(784, pixels, labels).unwrap()
}

fn dataset(n_train: usize, share: f64) -> Dataset {
    Dataset {
        name: "bands".to_owned(),
        train: split(n_train, share, 0),
        test: split(30, share, 1 << 40),
        n_classes: 10,
        normalization: Normalization::MNIST,
        files: Vec::new(),
    }
}

fn plan(sizes: &[usize], n_epochs: usize) -> Plan {
    Plan {
        model: Model::by_name("mnist_h1").unwrap(),
        sizes: sizes.to_vec(),
        n_replicates: 1,
        n_epochs,
        batch_size: 16,
        learning_rate: 1e-3,
        seed: SEED,
        n_threads: 2,
        capture: Capture { split: SplitName::Test, n_samples: 30, epochs: vec![n_epochs], chunk_bytes: 4000 },
    }
}

/// Keeps everything.
#[derive(Default)]
struct Keep {
    measures: Vec<EpochMeasures>,
    pre: BTreeMap<(usize, usize, usize), Vec<f32>>,
    post: BTreeMap<(usize, usize, usize), Vec<f32>>,
    weights: BTreeMap<(usize, usize), Parameters>,
    n_samples: usize,
    cancel_after: Option<usize>,
}

impl Observer for Keep {
    type Error = Infallible;
    fn progress(&mut self, progress: &Progress<'_>) {
        self.n_samples += progress.n_samples * progress.sizes.len();
    }
    fn epoch(&mut self, measures: &EpochMeasures) -> Result<(), Infallible> {
        self.measures.push(*measures);
        Ok(())
    }
    fn activations(&mut self, chunk: &Activations<'_>) -> Result<(), Infallible> {
        let key = (chunk.member.size, chunk.member.replicate, chunk.epoch);
        let pre = self.pre.entry(key).or_default();
        assert_eq!(pre.len(), chunk.first_sample * chunk.member.size, "chunks follow each other");
        assert_eq!(chunk.layer, "hidden");
        pre.extend_from_slice(chunk.pre);
        self.post.entry(key).or_default().extend_from_slice(chunk.post);
        Ok(())
    }
    fn weights(&mut self, weights: &MemberWeights<'_>) -> Result<(), Infallible> {
        self.weights.insert((weights.member.size, weights.member.replicate), weights.parameters.clone());
        Ok(())
    }
    fn cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|limit| self.n_samples >= limit)
    }
}

fn kept(plan: &Plan, dataset: &Dataset) -> Keep {
    let mut keep = Keep::default();
    train(plan, dataset, &mut keep).unwrap();
    keep
}

/// 784 -> size -> 10 in f64, by the book.
struct Reference {
    layers: Vec<Vec<f64>>,
    first: Vec<Vec<f64>>,
    second: Vec<Vec<f64>>,
    size: usize,
    t: i32,
}

impl Reference {
    fn new(size: usize) -> Self {
        let member = Member { size, replicate: 0 };
        let initial = member.initial_parameters(&Model::by_name("mnist_h1").unwrap(), SEED);
        let layers: Vec<Vec<f64>> = initial
            .into_iter()
            .flat_map(|(weights, biases)| [weights, biases])
            .map(|values| values.into_iter().map(f64::from).collect())
            .collect();
        let zeros: Vec<Vec<f64>> = layers.iter().map(|layer| vec![0.0; layer.len()]).collect();
        Self { layers, first: zeros.clone(), second: zeros, size, t: 0 }
    }

    fn inputs(split: &Split, sample: usize) -> Vec<f64> {
        let pixels = &split.pixels()[sample * 784..(sample + 1) * 784];
        pixels.iter().map(|&p| (f64::from(p) / 255.0 - 0.1307) / 0.3081).collect()
    }

    fn forward(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let dense = |weights: &[f64], biases: &[f64], x: &[f64]| -> Vec<f64> {
            let row = |(row, bias): (&[f64], &f64)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias;
            weights.chunks(x.len()).zip(biases).map(row).collect()
        };
        let z = dense(&self.layers[0], &self.layers[1], x);
        let post: Vec<f64> = z.iter().map(|z| z.max(0.0)).collect();
        let logits = dense(&self.layers[2], &self.layers[3], &post);
        (z, logits)
    }

    fn step(&mut self, split: &Split, batch: &[u32]) {
        let mut gradients: Vec<Vec<f64>> = self.layers.iter().map(|layer| vec![0.0; layer.len()]).collect();
        for &sample in batch {
            let x = Self::inputs(split, sample as usize);
            let (z, logits) = self.forward(&x);
            let max = logits.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = logits.iter().map(|l| (l - max).exp()).sum();
            let label = usize::from(split.labels()[sample as usize]);
            for k in 0..10 {
                let softmax = (logits[k] - max).exp() / sum;
                let error = (softmax - f64::from(u8::from(k == label))) / batch.len() as f64;
                gradients[3][k] += error;
                for i in (0..self.size).filter(|&i| z[i] > 0.0) {
                    gradients[2][k * self.size + i] += error * z[i];
                    let delta = error * self.layers[2][k * self.size + i];
                    gradients[1][i] += delta;
                    for j in 0..784 {
                        gradients[0][i * 784 + j] += delta * x[j];
                    }
                }
            }
        }
        self.t += 1;
        for (layer, gradient) in gradients.iter().enumerate() {
            for (index, g) in gradient.iter().enumerate() {
                let (m, v) = (&mut self.first[layer][index], &mut self.second[layer][index]);
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let (m, v) = (*m / (1.0 - 0.9_f64.powi(self.t)), *v / (1.0 - 0.999_f64.powi(self.t)));
                self.layers[layer][index] -= 1e-3 * m / (v.sqrt() + 1e-8);
            }
        }
    }
}

#[test]
fn twelve_steps_follow_a_network_in_f64() {
    let (size, n_train, n_epochs) = (37, 40, 4);
    for share in [0.2, 0.9] {
        let dataset = dataset(n_train, share);
        let keep = kept(&plan(&[size], n_epochs), &dataset);
        let mut reference = Reference::new(size);
        for epoch in 0..n_epochs {
            for batch in Member::sample_order(0, epoch, n_train, SEED).chunks(16) {
                reference.step(&dataset.train, batch);
            }
        }
        assert_eq!(reference.t, 12);
        let found = &keep.weights[&(size, 0)];
        let found = [&found.hidden_weight, &found.hidden_bias, &found.output_weight, &found.output_bias];
        for (layer, (found, expected)) in found.into_iter().zip(&reference.layers).enumerate() {
            assert_eq!(found.len(), expected.len());
            let errors: Vec<f64> = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs()).collect();
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            let largest = errors.iter().copied().fold(0.0, f64::max);
            // Parameters move by up to 0.012 in 12 steps. Adam divides a gradient by its own size, so where a gradient
            // nearly cancels, its rounding error is a visible part of a step of 1e-3; on average it is not.
            assert!(mean <= 2e-6, "layer {layer}, share {share}: mean error {mean:e}");
            assert!(largest <= 5e-4, "layer {layer}, share {share}: largest error {largest:e}");
        }
        let measures = keep.measures.last().unwrap();
        let (mut loss, mut correct) = (0.0, 0);
        for sample in 0..30 {
            let x = Reference::inputs(&dataset.test, sample);
            let (z, logits) = reference.forward(&x);
            let label = usize::from(dataset.test.labels()[sample]);
            let max = logits.iter().copied().fold(f64::MIN, f64::max);
            loss += logits.iter().map(|l| (l - max).exp()).sum::<f64>().ln() + max - logits[label];
            correct += u32::from(logits[label] == max);
            for (i, z) in z.iter().enumerate() {
                let pre = keep.pre[&(size, 0, n_epochs)][sample * size + i];
                let post = keep.post[&(size, 0, n_epochs)][sample * size + i];
                // 784 terms of size up to 0.1 with parameters that agree to 2e-6.
                assert!((f64::from(pre) - z).abs() <= 2e-3, "sample {sample}, neuron {i}: {pre} instead of {z}");
                assert_eq!(post.to_bits(), pre.max(0.0).to_bits(), "sample {sample}, neuron {i}");
            }
        }
        assert!((measures.test.loss - loss / 30.0).abs() <= 1e-3, "{} instead of {}", measures.test.loss, loss / 30.0);
        assert_eq!(measures.test.accuracy, f64::from(correct) / 30.0);
        assert_eq!((measures.epoch, measures.step), (n_epochs, 12));
    }
}

#[test]
fn a_member_does_not_depend_on_its_neighbours_threads_or_chunks() {
    let dataset = dataset(50, 0.2);
    let alone = kept(&plan(&[45], 2), &dataset);
    let mut crowd = plan(&[3, 45, 70], 2);
    crowd.n_replicates = 2;
    crowd.n_threads = 3;
    crowd.capture.chunk_bytes = 1 << 20;
    let crowd = kept(&crowd, &dataset);
    assert_eq!(alone.weights[&(45, 0)], crowd.weights[&(45, 0)]);
    assert_eq!(alone.pre[&(45, 0, 2)], crowd.pre[&(45, 0, 2)]);
    let own = |keep: &Keep| {
        let mut own: Vec<EpochMeasures> = keep.measures.clone();
        own.retain(|measures| measures.member == Member { size: 45, replicate: 0 });
        own.iter().map(|m| (m.epoch, m.train, m.test)).collect::<Vec<_>>()
    };
    assert_eq!(own(&alone), own(&crowd));
    assert_ne!(crowd.weights[&(45, 0)], crowd.weights[&(45, 1)]);
    assert_eq!(crowd.weights.len(), 6);
    assert_eq!(crowd.n_samples, 50 * 2 * 6);
}

#[test]
fn captures_the_initial_network_too() {
    let dataset = dataset(20, 0.2);
    let mut plan = plan(&[4], 2);
    plan.capture.epochs = vec![0, 1];
    plan.capture.n_samples = 7;
    let keep = kept(&plan, &dataset);
    assert_eq!(keep.pre.keys().collect::<Vec<_>>(), [&(4, 0, 0), &(4, 0, 1)]);
    assert!(keep.pre.values().all(|pre| pre.len() == 28));
    assert_eq!(keep.measures.iter().map(|m| m.epoch).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn learns() {
    let dataset = dataset(200, 0.2);
    let keep = kept(&plan(&[64], 20), &dataset);
    let accuracy: Vec<f64> = keep.measures.iter().map(|measures| measures.train.accuracy).collect();
    assert!(accuracy[19] >= 0.99, "{accuracy:?}");
}

#[test]
fn a_diverged_network_shows() {
    let dataset = dataset(40, 0.2);
    let mut plan = plan(&[8], 1);
    plan.learning_rate = f32::MAX;
    let keep = kept(&plan, &dataset);
    let measures = keep.measures[0];
    assert!(measures.train.loss.is_nan() || measures.train.loss > 1e6, "{measures:?}");
}

#[test]
fn stops_when_cancelled() {
    let dataset = dataset(40, 0.2);
    let mut keep = Keep { cancel_after: Some(32), ..Keep::default() };
    let outcome = train(&plan(&[4], 3), &dataset, &mut keep);
    assert!(matches!(outcome, Err(TrainError::Cancelled)));
    assert_eq!(keep.n_samples, 32);
    assert!(keep.weights.is_empty());
}

#[test]
fn refuses_what_does_not_fit() {
    let dataset = dataset(40, 0.2);
    let refused = |change: &dyn Fn(&mut Plan)| {
        let mut plan = plan(&[4], 3);
        change(&mut plan);
        match train(&plan, &dataset, &mut Keep::default()) {
            Err(TrainError::Plan(error @ PlanError::OutOfRange { .. })) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|plan| plan.sizes = vec![0]), "a size must be between 1 and 2147483647, found 0");
    assert_eq!(refused(&|plan| plan.batch_size = 0), "the batch size must be between 1 and 65536, found 0");
    assert_eq!(
        refused(&|plan| plan.capture.n_samples = 31),
        "the number of samples must be between 0 and 30, found 31"
    );
    assert_eq!(refused(&|plan| plan.capture.epochs = vec![4]), "a captured epoch must be between 0 and 3, found 4");
    let mut wide = dataset.clone();
    wide.train = Split::new(2, vec![0; 4], vec![0; 2]).unwrap();
    let error = train(&plan(&[4], 1), &wide, &mut Keep::default()).unwrap_err();
    assert_eq!(error.to_string(), "mnist_h1 takes samples of 784 values, bands has 2");
}

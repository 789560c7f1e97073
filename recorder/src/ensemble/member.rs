//! One network of a sweep, and where its randomness comes from.

use super::Parameters;
use crate::model::Model;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One network of a sweep. What it becomes depends on the seed, the model, its size and its replicate, and on nothing
/// else: not on the members trained beside it, the threads or the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Width.
    pub size: usize,
    /// Replicate, from 0: own initial weights and own order of batches.
    pub replicate: usize,
}

impl Member {
    /// The initial parameters of each dense layer: weights `[O, I]` row-major, then biases `[O]`, all uniform in
    /// +-1 / sqrt(I) (PyTorch's default for linear layers).
    #[must_use]
    pub fn initial_parameters(&self, model: &Model, seed: u64) -> Vec<(Vec<f32>, Vec<f32>)> {
        let mut random = stream(seed, &format!("weights {} {} {}", model.name(), self.size, self.replicate));
        model
            .dense_shapes(self.size)
            .map(|(inputs, outputs)| {
                let bound = 1.0 / (inputs as f32).sqrt();
                let mut draw = |n: usize| (0..n).map(|_| uniform(&mut random, bound)).collect::<Vec<f32>>();
                (draw(inputs * outputs), draw(outputs))
            })
            .collect()
    }

    /// [`initial_parameters`](Self::initial_parameters) of a model of one hidden layer, by name.
    ///
    /// # Panics
    ///
    /// Where the model has another number of dense layers.
    #[must_use]
    pub fn initial(&self, model: &Model, seed: u64) -> Parameters {
        let layers: Result<[_; 2], _> = self.initial_parameters(model, seed).try_into();
        let [(hidden_weight, hidden_bias), (output_weight, output_bias)] =
            layers.unwrap_or_else(|_| panic!("{} has not one hidden layer", model.name()));
        Parameters { hidden_weight, hidden_bias, output_weight, output_bias }
    }

    /// The order in which replicate `replicate` sees the `n` training samples in the epoch that follows `epoch` completed
    /// ones: a permutation (Fisher-Yates), the same for every size.
    #[must_use]
    pub fn sample_order(replicate: usize, epoch: usize, n: usize, seed: u64) -> Vec<u32> {
        let mut random = stream(seed, &format!("order {replicate} {epoch}"));
        let mut order: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            order.swap(last, below(&mut random, last as u32 + 1) as usize);
        }
        order
    }
}

/// An independent random stream for each (seed, purpose).
fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// Uniform in (-bound, bound): the middles of 2^24 equal steps.
fn uniform(random: &mut ChaCha8Rng, bound: f32) -> f32 {
    let step = (random.next_u32() >> 8) as f32;
    ((step + 0.5) / (1 << 23) as f32 - 1.0) * bound
}

/// Uniform in 0..n without bias: the upper half of the product, drawn again in the part that would be over-represented
/// (Lemire 2019).
fn below(random: &mut ChaCha8Rng, n: u32) -> u32 {
    loop {
        let product = u64::from(random.next_u32()) * u64::from(n);
        if product as u32 >= n.wrapping_neg() % n {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "mnist_h1";

    #[test]
    fn initial_weights_are_uniform_and_fill_their_range() {
        let model = Model::by_name(MODEL).unwrap();
        let layers = Member { size: 50, replicate: 0 }.initial_parameters(&model, 7);
        assert_eq!(layers.len(), 2);
        for ((weights, biases), (inputs, outputs)) in layers.iter().zip(model.dense_shapes(50)) {
            assert_eq!((weights.len(), biases.len()), (inputs * outputs, outputs));
            let bound = 1.0 / (inputs as f32).sqrt();
            assert!(weights.iter().chain(biases).all(|w| w.abs() <= bound));
            let mean_square = weights.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / weights.len() as f64;
            // The variance of a uniform is bound^2 / 3; its sample value from n draws has relative deviation sqrt(0.8 / n).
            let ratio = mean_square / (f64::from(bound).powi(2) / 3.0);
            assert!((ratio - 1.0).abs() < 5.0 * (0.8 / weights.len() as f64).sqrt(), "{ratio}");
        }
    }

    #[test]
    fn streams_differ_by_seed_size_and_replicate() {
        let model = Model::by_name(MODEL).unwrap();
        let first = |size, replicate, seed| Member { size, replicate }.initial_parameters(&model, seed)[0].0[0];
        let all = [first(8, 0, 0), first(8, 1, 0), first(9, 0, 0), first(8, 0, 1)];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
        assert_eq!(first(8, 0, 0), first(8, 0, 0));
    }

    #[test]
    fn an_order_is_a_permutation_and_changes_every_epoch() {
        let order = |replicate, epoch| Member::sample_order(replicate, epoch, 1000, 3);
        let mut sorted = order(0, 0);
        assert_ne!(sorted, order(0, 1));
        assert_ne!(sorted, order(1, 0));
        assert_eq!(sorted, order(0, 0));
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
    }

    #[test]
    fn every_place_is_equally_likely() {
        let mut counts = [[0_u32; 3]; 3];
        let n_orders = 3000;
        for epoch in 0..n_orders {
            for (place, &sample) in Member::sample_order(0, epoch, 3, 11).iter().enumerate() {
                counts[place][sample as usize] += 1;
            }
        }
        // Each count is binomial(3000, 1/3): mean 1000, standard deviation 26; five of them are allowed.
        assert!(counts.iter().flatten().all(|&count| count.abs_diff(1000) < 130), "{counts:?}");
    }
}

//! What tests keep of a training, and the digits that they train with.

use super::observer::{Activations, EpochMeasures, MemberWeights, Observer, Progress};
use crate::dataset::{Dataset, Search, Split};
use crate::ensemble::Parameters;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// (replicate, size).
pub(crate) type Key = (usize, usize);

/// Labels, pre, post.
pub(crate) type Rows = (Vec<u8>, Vec<f32>, Vec<f32>);

/// Keeps everything that can be compared; network and epoch are the key.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Keep {
    /// Training loss, test loss, test accuracy.
    pub measures: BTreeMap<(Key, usize), (f64, f64, f64)>,
    pub rows: BTreeMap<(Key, usize), Rows>,
    pub weights: BTreeMap<Key, Parameters>,
    /// Samples, times networks.
    pub n_trained: usize,
    pub n_packs: usize,
}

impl Observer for Keep {
    type Error = Infallible;
    fn split(&mut self, n_packs: usize, _: u64) {
        self.n_packs = n_packs;
    }
    fn progress(&mut self, progress: &Progress<'_>) {
        self.n_trained += progress.sizes.len() * progress.n_samples;
    }
    fn epoch(&mut self, of: &EpochMeasures) -> Result<(), Infallible> {
        let values = (of.train.loss, of.test.loss, of.test.accuracy);
        self.measures.insert(((of.member.replicate, of.member.size), of.epoch), values);
        Ok(())
    }
    fn activations(&mut self, chunk: &Activations<'_>) -> Result<(), Infallible> {
        let key = ((chunk.member.replicate, chunk.member.size), chunk.epoch);
        let (labels, pre, post) = self.rows.entry(key).or_default();
        assert_eq!(labels.len(), chunk.first_sample, "chunks follow each other");
        labels.extend_from_slice(chunk.labels);
        pre.extend_from_slice(chunk.pre);
        post.extend_from_slice(chunk.post);
        Ok(())
    }
    fn weights(&mut self, weights: &MemberWeights<'_>) -> Result<(), Infallible> {
        self.weights.insert((weights.member.replicate, weights.member.size), weights.parameters.clone());
        Ok(())
    }
    fn cancelled(&self) -> bool {
        false
    }
}

/// The first digits of MNIST.
pub(crate) fn first_digits(n_train: usize, n_test: usize) -> Dataset {
    let whole = Search::from_environment(None).unwrap().load("mnist-5k", &mut ()).unwrap();
    let cut = |split: &Split, n: usize| {
        Split::new(784, split.pixels()[..n * 784].to_vec(), split.labels()[..n].to_vec()).unwrap()
    };
    Dataset { train: cut(&whole.train, n_train), test: cut(&whole.test, n_test), ..whole }
}

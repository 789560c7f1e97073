//! What to train and what to capture.

use crate::backend::cuda::{Layout, ensemble_bytes};
use crate::backend::shared_cache_bytes;
use crate::dataset::{Dataset, SplitName};
use crate::ensemble::{BLOCK, Block, Member, packs};
use crate::input::Samples;
use crate::model::Model;

/// Code, batches, and what evaluation and threads need beside the data and the networks.
const PROGRAM_BYTES: u64 = 48 << 20;

/// Bytes of a block's activations and logits, for each sample of a batch.
const BATCH_BYTES_A_SAMPLE: usize = 3 * 64;

/// A sweep to train.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The network.
    pub model: Model,
    /// Widths, each at least 1.
    pub sizes: Vec<usize>,
    /// Networks of each width.
    pub n_replicates: usize,
    /// Passes over the training split.
    pub n_epochs: usize,
    /// Samples in a step, 1 to 65,536; an epoch's last batch may be shorter.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: f32,
    /// From it come initial weights and batch orders.
    pub seed: u64,
    /// Threads that work, at least 1.
    pub n_threads: usize,
    /// What to capture.
    pub capture: Capture,
}

/// Which activations to hand to the observer.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Of which split.
    pub split: SplitName,
    /// Its first samples, in original order.
    pub n_samples: usize,
    /// After how many completed epochs; 0 is the initial network.
    pub epochs: Vec<usize>,
    /// Upper bound of a chunk's `pre` and `post` together, in bytes; a chunk has at least one sample.
    pub chunk_bytes: usize,
}

/// Why a plan cannot be carried out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The data's samples do not fit the model.
    #[error("{model} takes samples of {expected} values, {dataset} has {found}")]
    Inputs {
        /// The model's name.
        model: &'static str,
        /// The data's name.
        dataset: String,
        /// The model's inputs.
        expected: usize,
        /// The data's inputs.
        found: usize,
    },
    /// The data has more classes than the model.
    #[error("{model} tells {expected} classes apart, {dataset} has {found}")]
    Classes {
        /// The model's name.
        model: &'static str,
        /// The data's name.
        dataset: String,
        /// The model's classes.
        expected: usize,
        /// The data's classes.
        found: usize,
    },
    /// A number that must be in a range is not.
    #[error("{what} must be between {low} and {high}, found {found}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Smallest value allowed.
        low: usize,
        /// Largest value allowed.
        high: usize,
        /// The value.
        found: usize,
    },
}

impl Plan {
    /// K, the units of the last dense layer.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.model.dense_shapes(1).last().map_or(0, |(_, outputs)| outputs)
    }

    /// Whether the plan fits the data.
    ///
    /// # Errors
    ///
    /// Names the first number that does not.
    pub fn check(&self, dataset: &Dataset) -> Result<(), PlanError> {
        let (model, name) = (self.model.name(), dataset.name.clone());
        let found = dataset.train.n_inputs();
        if found != self.model.n_inputs() {
            return Err(PlanError::Inputs { model, dataset: name, expected: self.model.n_inputs(), found });
        }
        if dataset.n_classes > self.n_classes() {
            let (expected, found) = (self.n_classes(), dataset.n_classes);
            return Err(PlanError::Classes { model, dataset: name, expected, found });
        }
        let within = |what, found: usize, low, high| {
            if (low..=high).contains(&found) { Ok(()) } else { Err(PlanError::OutOfRange { what, low, high, found }) }
        };
        within("the training split", dataset.train.n_samples(), 1, u32::MAX as usize)?;
        within("the batch size", self.batch_size, 1, 1 << 16)?;
        within("the number of threads", self.n_threads, 1, 1 << 10)?;
        for &size in &self.sizes {
            within("a size", size, 1, i32::MAX as usize)?;
        }
        within("the number of samples", self.capture.n_samples, 0, dataset.split(self.capture.split).n_samples())?;
        self.capture.epochs.iter().try_for_each(|&epoch| within("a captured epoch", epoch, 0, self.n_epochs))
    }

    /// Floating-point operations of the whole run, counted as dense products (2 for a multiply and an add): 6 for each
    /// weight and trained sample (forward, weight gradient, and the gradient of the layer's input, which the first layer
    /// does not need: 4 there), 2 for each weight and evaluated sample.
    #[must_use]
    pub fn flops(&self, dataset: &Dataset) -> f64 {
        let (train, test) = (dataset.train.n_samples() as f64, dataset.test.n_samples() as f64);
        let of_member = |&size: &usize| -> f64 {
            let of_layer = |(layer, (inputs, outputs)): (usize, (usize, usize))| {
                let per_sample = if layer == 0 { 4.0 } else { 6.0 };
                inputs as f64 * outputs as f64 * (per_sample * train + 2.0 * (train + test))
            };
            self.model.dense_shapes(size).enumerate().map(of_layer).sum()
        };
        self.sizes.iter().map(of_member).sum::<f64>() * self.n_epochs as f64 * self.n_replicates as f64
    }

    /// Every network: replicates ascending, sizes in each.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let of_replicate = |replicate| self.sizes.iter().map(move |&size| Member { size, replicate });
        (0..self.n_replicates).flat_map(of_replicate).collect()
    }

    /// Bytes of device memory that all networks take side by side, beside the data and the buffers of recording.
    #[must_use]
    pub fn device_bytes(&self, dataset: &Dataset) -> u64 {
        let n_samples = dataset.train.n_samples();
        let layout = Layout::new(&self.members(), self.model.n_inputs(), self.n_classes(), self.batch_size);
        ensemble_bytes(&layout, n_samples, n_samples.div_ceil(self.batch_size))
    }

    /// The sizes that train side by side on this machine, with at most `state_bytes` of trained state, or one size where it
    /// has more by itself.
    #[must_use]
    pub fn packs(&self, state_bytes: usize) -> Vec<Vec<usize>> {
        // A quarter of the cache is left to the lists of the batch and to other programs.
        packs(&self.sizes, &self.model, self.n_classes(), state_bytes.min(shared_cache_bytes() / 4 * 3))
    }

    /// Bytes of trained state, the parameters and both moments, of networks of these sizes.
    #[must_use]
    pub fn state_bytes(&self, sizes: &[usize]) -> u64 {
        let n_blocks: u64 = sizes.iter().map(|size| size.div_ceil(BLOCK) as u64).sum();
        n_blocks.saturating_mul(Block::state_bytes(self.model.n_inputs(), self.n_classes()) as u64)
    }

    /// An upper estimate of the memory that training takes beside the chunk of activations, in bytes: the data in both
    /// shapes, the largest of the `packs` with its moments and its batch, the parameters of its largest network once more
    /// when they are handed out, and the program itself.
    #[must_use]
    pub fn memory_bytes(&self, dataset: &Dataset, packs: &[Vec<usize>]) -> u64 {
        let values = (dataset.train.pixels().len() + dataset.test.pixels().len()) as f64;
        // The bytes as they came, and either the same again or a value and an index for each that is not zero.
        let per_value = 1.0 + (6.0 * Samples::dense_share(dataset.train.pixels())).max(1.0);
        let of_pack = |sizes: &Vec<usize>| {
            let n_blocks: u64 = sizes.iter().map(|size| size.div_ceil(BLOCK) as u64).sum();
            let largest = sizes.iter().copied().max().unwrap_or(0);
            let batch = n_blocks.saturating_mul((self.batch_size * BATCH_BYTES_A_SAMPLE) as u64);
            let handed_out = self.state_bytes(&[largest]) / 3;
            self.state_bytes(sizes).saturating_add(batch).saturating_add(handed_out)
        };
        let pack = packs.iter().map(of_pack).max().unwrap_or(0);
        (PROGRAM_BYTES + (values * per_value) as u64).saturating_add(pack)
    }
}

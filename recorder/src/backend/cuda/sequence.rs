//! Which launches make a step.

use super::{Address, Launch, Layout, Memory, Precision, SplitMemory};
use crate::input::Affine;
use crate::op::{batch, capture, cross_entropy, hidden, moments, output};

/// The launches of an ensemble: the same number for one member and for a thousand.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'a> {
    /// Where each member's numbers are.
    pub layout: &'a Layout,
    /// Where the arrays are.
    pub memory: &'a Memory,
    /// Of the hidden layer's products.
    pub precision: Precision,
    /// What makes inputs of bytes.
    pub affine: Affine,
}

impl Sequence<'_> {
    /// One training step of every member with its replicate's next batch. The step's number is on the device (cursor and
    /// schedule), so that the same launches serve every step of every epoch.
    #[must_use]
    pub fn training_step(&self, split: &SplitMemory) -> Vec<Launch> {
        let Self { layout, memory, precision, affine } = *self;
        let batch = &memory.training;
        vec![
            batch::cuda::gather(layout, split, batch, affine),
            hidden::cuda::forward(layout, memory, batch, precision, false),
            output::cuda::forward(layout, memory),
            cross_entropy::cuda::errors(layout, memory, batch, split),
            output::cuda::backward(layout, memory, batch),
            hidden::cuda::update(layout, memory, batch, precision),
            batch::cuda::advance(batch),
        ]
    }

    /// Losses and correct samples of the next `capacity` samples of a split, added to every member's totals.
    #[must_use]
    pub fn evaluation_batch(&self, split: &SplitMemory) -> Vec<Launch> {
        let Self { layout, memory, precision, affine } = *self;
        let batch = &memory.evaluation;
        vec![
            batch::cuda::gather(layout, split, batch, affine),
            hidden::cuda::forward(layout, memory, batch, precision, false),
            output::cuda::forward(layout, memory),
            cross_entropy::cuda::losses(layout, memory, batch, split),
            cross_entropy::cuda::totals(layout, memory),
            batch::cuda::advance(batch),
        ]
    }

    /// Activations of the next samples of a split as rows, `n` of them from row `first_row` of `rows` on; a stage without
    /// an address is left out.
    #[must_use]
    pub fn capture_batch(&self, split: &SplitMemory, rows: &CaptureRows, n: u32, first_row: u32) -> Vec<Launch> {
        let Self { layout, memory, precision, affine } = *self;
        let batch = &memory.evaluation;
        let mut launches = vec![
            batch::cuda::gather(layout, split, batch, affine),
            hidden::cuda::forward(layout, memory, batch, precision, true),
        ];
        for (from, to) in [(memory.pre, rows.pre), (memory.post, rows.post)] {
            if to != Address::NONE {
                launches.push(capture::cuda::rows(layout, memory, from, rows.offsets, to, n, first_row));
            }
        }
        launches.push(batch::cuda::advance(batch));
        launches
    }

    /// Moments of every neuron's activations over the next samples of a split, merged into `state` `[P, 3]` f64.
    #[must_use]
    pub fn moments_batch(&self, split: &SplitMemory, state: Address) -> Vec<Launch> {
        let Self { layout, memory, precision, affine } = *self;
        let batch = &memory.evaluation;
        vec![
            batch::cuda::gather(layout, split, batch, affine),
            hidden::cuda::forward(layout, memory, batch, precision, false),
            moments::cuda::update(layout, memory.post, batch, split, state),
            batch::cuda::advance(batch),
        ]
    }
}

/// Where captured rows go: member m's are `[n_rows, U(m)]` from float `offsets[m]` on.
#[derive(Clone, Copy, Debug)]
pub struct CaptureRows {
    /// Before the activation function.
    pub pre: Address,
    /// After it.
    pub post: Address,
    /// `[M]` u64.
    pub offsets: Address,
}

//! Launches of batch.cu.

use crate::backend::cuda::{BatchMemory, Launch, Layout, SplitMemory};
use crate::input::Affine;

/// Fills the batches.
pub(crate) fn gather(layout: &Layout, split: &SplitMemory, batch: &BatchMemory, affine: Affine) -> Launch {
    Launch::new("batch_gather", [layout.capacity() as u32, batch.n_replicates], 128)
        .with(split.images)
        .with(split.labels)
        .with(batch.order)
        .with(batch.cursor)
        .with(split.n_samples)
        .with(batch.n_samples)
        .with(layout.n_inputs() as u32)
        .with(layout.input_stride() as u32)
        .with(affine.scale)
        .with(affine.shift)
        .with(batch.x)
        .with(batch.labels)
}

/// Moves on to the next batch.
pub(crate) fn advance(batch: &BatchMemory) -> Launch {
    Launch::new("batch_advance", [1, 1], 1).with(batch.cursor)
}

//! The launch of moments.cu.

use crate::backend::cuda::{Address, BatchMemory, Launch, Layout, SplitMemory};

/// Merges the batch's moments of `values` `[P, capacity]` into `state` `[P, 3]`.
pub(crate) fn update(
    layout: &Layout,
    values: Address,
    batch: &BatchMemory,
    split: &SplitMemory,
    state: Address,
) -> Launch {
    Launch::new("moments_update", [layout.n_blocks() as u32, 1], 256)
        .with(values)
        .with(batch.cursor)
        .with(split.n_samples)
        .with(batch.n_samples)
        .with(layout.capacity() as u32)
        .with(state)
}

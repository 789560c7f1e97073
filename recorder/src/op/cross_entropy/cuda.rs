//! Launches of cross_entropy.cu.

use crate::backend::cuda::{Address, BatchMemory, Launch, Layout, Memory, SplitMemory};

/// Samples that a block judges.
const SAMPLES: usize = 16;

fn judge(layout: &Layout, memory: &Memory, batch: &BatchMemory, split: &SplitMemory) -> Launch {
    let grid = [layout.members().len() as u32, (layout.capacity() / SAMPLES) as u32];
    Launch::new("cross_entropy_judge", grid, 256)
        .with(memory.partial)
        .with(memory.output_bias.values)
        .with(memory.tables.member_first_block)
        .with(memory.tables.member_replicate)
        .with(batch.labels)
        .with(if batch.shared { 0 } else { layout.capacity() as u32 })
        .with(batch.cursor)
        .with(split.n_samples)
        .with(batch.n_samples)
        .with(layout.n_classes() as u32)
        .with(layout.capacity() as u32)
}

/// dL/dlogits of every member and sample.
pub(crate) fn errors(layout: &Layout, memory: &Memory, batch: &BatchMemory, split: &SplitMemory) -> Launch {
    judge(layout, memory, batch, split).with(memory.errors).with(Address::NONE).with(Address::NONE)
}

/// Loss and correctness of every member and sample.
pub(crate) fn losses(layout: &Layout, memory: &Memory, batch: &BatchMemory, split: &SplitMemory) -> Launch {
    judge(layout, memory, batch, split).with(Address::NONE).with(memory.losses).with(memory.correct)
}

/// Adds them to every member's totals.
pub(crate) fn totals(layout: &Layout, memory: &Memory) -> Launch {
    Launch::new("cross_entropy_total", [layout.members().len() as u32, 1], 256)
        .with(memory.losses)
        .with(memory.correct)
        .with(layout.capacity() as u32)
        .with(memory.loss_totals)
        .with(memory.correct_totals)
}

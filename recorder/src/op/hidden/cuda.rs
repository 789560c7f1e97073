//! Launches of hidden.cu.

use crate::backend::cuda::{Address, BatchMemory, Launch, Layout, Memory, Precision, SAMPLES};

/// Floats from a replicate's batch to the next; 0 where all members see one.
fn x_stride(layout: &Layout, batch: &BatchMemory) -> u64 {
    if batch.shared { 0 } else { (layout.capacity() * layout.input_stride()) as u64 }
}

/// Activations after the ReLU, and with `keep_pre` before it.
pub(crate) fn forward(
    layout: &Layout,
    memory: &Memory,
    batch: &BatchMemory,
    precision: Precision,
    keep_pre: bool,
) -> Launch {
    let grid = [layout.n_blocks() as u32, (layout.capacity() / SAMPLES) as u32];
    Launch::new(format!("hidden_forward_{precision}"), grid, 256)
        .with(batch.x)
        .with(x_stride(layout, batch))
        .with(memory.weights.values)
        .with(memory.bias.values)
        .with(memory.tables.block_replicate)
        .with(layout.input_stride() as u32)
        .with(layout.capacity() as u32)
        .with(if keep_pre { memory.pre } else { Address::NONE })
        .with(memory.post)
}

/// Weight gradient and Adam.
pub(crate) fn update(layout: &Layout, memory: &Memory, batch: &BatchMemory, precision: Precision) -> Launch {
    let grid = [layout.input_stride().div_ceil(SAMPLES) as u32, layout.n_blocks() as u32];
    Launch::new(format!("hidden_update_{precision}"), grid, 256)
        .with(batch.x)
        .with(x_stride(layout, batch))
        .with(memory.post)
        .with(memory.tables.block_replicate)
        .with(layout.input_stride() as u32)
        .with(layout.capacity() as u32)
        .with(memory.schedule)
        .with(batch.cursor)
        .with(memory.weights.values)
        .with(memory.weights.first)
        .with(memory.weights.second)
}

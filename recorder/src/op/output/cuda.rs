//! Launches of output.cu.

use crate::backend::cuda::{BatchMemory, Launch, Layout, Memory, SAMPLES};

/// Each block's share of the logits.
pub(crate) fn forward(layout: &Layout, memory: &Memory) -> Launch {
    let grid = [layout.n_blocks() as u32, (layout.capacity() / SAMPLES) as u32];
    Launch::new("output_forward", grid, 128)
        .with(memory.post)
        .with(memory.output.values)
        .with(layout.capacity() as u32)
        .with(memory.partial)
}

/// dL/dz in place of the activations, and the steps of output weights and both biases.
pub(crate) fn backward(layout: &Layout, memory: &Memory, batch: &BatchMemory) -> Launch {
    Launch::new("output_backward", [layout.n_blocks() as u32, 1], 256)
        .with(memory.errors)
        .with(memory.tables.block_member)
        .with(memory.tables.member_first_block)
        .with(layout.capacity() as u32)
        .with(memory.schedule)
        .with(batch.cursor)
        .with(memory.post)
        .with(memory.output.values)
        .with(memory.output.first)
        .with(memory.output.second)
        .with(memory.bias.values)
        .with(memory.bias.first)
        .with(memory.bias.second)
        .with(memory.output_bias.values)
        .with(memory.output_bias.first)
        .with(memory.output_bias.second)
}

//! The launch of capture.cu.

use crate::backend::cuda::{Address, Launch, Layout, Memory};

/// Samples that a block moves.
const SAMPLES: usize = 32;

/// Moves the first `n` samples of `values` `[P, capacity]` to the rows from `first_row` on.
pub(crate) fn rows(
    layout: &Layout,
    memory: &Memory,
    values: Address,
    offsets: Address,
    to: Address,
    n: u32,
    first_row: u32,
) -> Launch {
    let grid = [layout.n_blocks() as u32, (layout.capacity() / SAMPLES) as u32];
    Launch::new("capture_rows", grid, 256)
        .with(values)
        .with(memory.tables.block_member)
        .with(memory.tables.member_first_block)
        .with(memory.tables.member_size)
        .with(offsets)
        .with(layout.capacity() as u32)
        .with(n)
        .with(first_row)
        .with(to)
}

//! How the work and the file are cut so that a run stays within `--memory`.

use anyhow::bail;
use layerscope_recorder::{dataset::Dataset, recording::unfinished::Layout, train};

use super::plan::bytes;

/// Raw bytes of a chunk of activations and of a row group, where memory allows.
const PIECE_BYTES: u64 = 64 << 20;
/// With smaller pieces a recording would be nothing but page headers.
const LEAST_PIECE_BYTES: u64 = 1 << 20;
/// What pieces cost in memory: a chunk, a row group's encoded pages and one of its columns once more, and some of the
/// next pages. Values of a chunk may be incompressible.
const PIECES: u64 = 3;
/// Keys of a row group of the most rows, and buffers of files.
const KEY_BYTES: u64 = 16 << 20;

/// The most memory that a run of that layout takes, in bytes: an upper estimate.
pub fn memory_bytes(layout: &Layout, training: &train::Plan, dataset: &Dataset) -> u64 {
    let piece = layout.chunk_bytes.max(layout.row_group_bytes) as u64;
    training.memory_bytes(dataset, &layout.packs).saturating_add(buffer_bytes(piece))
}

fn buffer_bytes(piece: u64) -> u64 {
    KEY_BYTES + PIECES * piece
}

/// The fastest layout that stays within `memory` bytes: as many sizes side by side as the machine's cache holds, and
/// pieces of 64 MiB; then each size by itself, and smaller pieces.
///
/// # Errors
/// Says what the smallest layout needs.
pub fn fit(training: &train::Plan, dataset: &Dataset, memory: u64) -> anyhow::Result<Layout> {
    let mut least = 0;
    for state_bytes in [usize::MAX, 0] {
        let packs = training.packs(state_bytes);
        let needed = training.memory_bytes(dataset, &packs);
        least = needed.saturating_add(buffer_bytes(LEAST_PIECE_BYTES));
        if least <= memory {
            let piece = ((memory - needed - KEY_BYTES) / PIECES).min(PIECE_BYTES) as usize;
            return Ok(Layout { packs, row_group_bytes: piece, chunk_bytes: piece });
        }
    }
    let largest = training.sizes.iter().copied().max().unwrap_or(0);
    bail!(
        "--memory: size {largest} on {} needs at least {}, {} of it for weights and moments; {} are allowed",
        dataset.name,
        bytes(least),
        bytes(training.state_bytes(&[largest])),
        bytes(memory)
    )
}

//! What the writer is told: how to write, and rows to write.

use super::{Stage, UnitKey};

/// How a recording is written.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// The stages every chunk brings; at least one.
    pub stages: Vec<Stage>,
    /// Whether an existing recording may be replaced (at the end, by the complete new one).
    pub overwrite: bool,
    /// Raw bytes of values per row group at most (default 64 MiB). The writer holds one row group, compressed.
    pub row_group_bytes: usize,
    /// Whether the bytes must be on the disk before the file gets its name (default true).
    pub sync: bool,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { stages: Stage::ALL.to_vec(), overwrite: false, row_group_bytes: 64 << 20, sync: true }
    }
}

/// Consecutive rows of one unit.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The unit.
    pub key: &'a UnitKey,
    /// Index of the first row's sample; the others follow one by one.
    pub first_sample: i64,
    /// Classes of the rows; `None` writes nulls.
    pub labels: Option<&'a [i32]>,
    /// Neurons U of the layer.
    pub n_neurons: usize,
    /// [N, U] row-major, before the activation function.
    pub pre: Option<&'a [f32]>,
    /// [N, U] row-major, after it.
    pub post: Option<&'a [f32]>,
}

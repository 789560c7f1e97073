//! The batch of every replicate on a device: x = a p - c of the samples that are next in each one's order, `[R, B, I]`.
//!
//! Rows past the batch's length are zero, and so are values past I: products over them add nothing. The CPU keeps its
//! batches as lists (`input/batch.rs`) and has no such array.

pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

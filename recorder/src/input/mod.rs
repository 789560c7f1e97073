//! Samples in the shape the kernels read: lists of non-zero pixels, or all of them.

mod batch;
mod lists;
mod samples;

pub use batch::{Batch, Columns};
pub use lists::{List, Lists, ListsRef, SEGMENTS};
pub use samples::{Affine, Rows, Samples};

//! Samples in the shape the kernels read: lists of non-zero pixels, or all of them.

mod batch;
mod lists;
mod samples;

pub use batch::{Batch, Columns};
pub use lists::{Entry, Lists, ListsRef};
pub use samples::{Affine, Rows, Samples};

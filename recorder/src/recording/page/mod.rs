//! Pages of the value columns, encoded and decoded without the general machinery.
//!
//! A value column is a list of f32 per row. In our files all lists of a row group have the same length and nothing is
//! null, so the repetition and definition levels, which cost a general reader more than the values, follow a known
//! pattern: the writer emits it, the reader checks it run by run. Pages are independent of each other and are encoded
//! and decoded in parallel.
//!
//! - [`header`]: the page header (Thrift compact protocol), read and written.
//! - [`levels`]: the level pattern of lists of one length.
//! - [`split`](mod@split): BYTE_STREAM_SPLIT.
//! - [`encode`], [`decode`]: whole pages.

use std::sync::Mutex;

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod header;
pub(super) mod levels;
pub(super) mod split;

/// Workers kept for the next page, whichever thread takes it: their buffers are as large as pages and must not be
/// allocated anew for each.
#[derive(Debug)]
pub(super) struct Workers<T>(Mutex<Vec<T>>);

impl<T> Default for Workers<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Default> Workers<T> {
    /// Runs `work` with a worker that no other thread has at the moment.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let held = || self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Two statements: the lock must not be held while working.
        let kept = held().pop();
        let mut worker = kept.unwrap_or_default();
        let result = work(&mut worker);
        held().push(worker);
        result
    }
}

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

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod header;
pub(super) mod levels;
pub(super) mod split;

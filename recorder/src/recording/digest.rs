//! Digests: one BLAKE3 per row group and one per column chunk, so that a flipped bit is found and named.
//!
//! The digest of a row group covers the file's bytes `offset..offset + bytes`: from the first byte of its first column
//! chunk's first page to the last byte of its last column chunk's last page, page headers included. Column chunks follow
//! each other without gaps, and so do row groups, so that together with the footer's seal every byte after the four of
//! the leading magic is covered.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RecordingError;

/// A range of a file's bytes and its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeDigest {
    /// First byte of the range in the file.
    pub offset: u64,
    /// Length of the range.
    pub bytes: u64,
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
}

/// A row group and its digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroupDigest {
    /// First byte of the row group in the file.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of these bytes, 64 hexadecimal digits.
    pub blake3: String,
    /// Its column chunks in file order, without gaps; empty in recordings made before column chunks had digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnDigest>,
}

impl RowGroupDigest {
    /// Offset and digest of the column chunk of top-level column `name`.
    pub fn column(&self, name: &str) -> Option<(u64, &ColumnDigest)> {
        let mut offset = self.offset;
        for column in &self.columns {
            if column.name == name {
                return Some((offset, column));
            }
            offset = offset.saturating_add(column.bytes);
        }
        None
    }
}

/// A column chunk of a row group and its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDigest {
    /// Column name.
    pub name: String,
    /// Length of the column chunk; it begins where the one before it ends.
    pub bytes: u64,
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
}

/// A file beside the recording and its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// File name without folder.
    pub name: String,
    /// Length of the file.
    pub bytes: u64,
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
}

/// The digest of `file` from `offset`, `bytes` long.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] where the file ends before the range does.
pub fn of_range(file: &mut File, offset: u64, bytes: u64) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    read_range(file, offset, bytes, |piece| {
        hasher.update(piece);
    })?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Passes the bytes of a range to `f`, a mebibyte at a time.
pub(super) fn read_range(file: &mut File, offset: u64, bytes: u64, mut f: impl FnMut(&[u8])) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    let mut left = bytes;
    let mut buffer = vec![0; (1 << 20).min(usize::try_from(bytes).unwrap_or(usize::MAX))];
    while left > 0 {
        let n = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..n])?;
        f(&buffer[..n]);
        left -= n as u64;
    }
    Ok(())
}

/// The digest of the whole file at `path`.
pub fn of_file(path: &Path) -> Result<FileDigest, RecordingError> {
    of_file_named(path, path)
}

/// The digest of the whole file at `path`, under the name that `target` will have.
pub(super) fn of_file_named(path: &Path, target: &Path) -> Result<FileDigest, RecordingError> {
    let read = |source| RecordingError::io(path, "read", source);
    let mut file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    let bytes = file.metadata().map_err(read)?.len();
    let blake3 = of_range(&mut file, 0, bytes).map_err(read)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(FileDigest { name, bytes, blake3 })
}

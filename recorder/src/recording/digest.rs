//! Digests: one BLAKE3 per row group, so that a flipped bit is found and named.
//!
//! The digest of a row group covers the file's bytes `offset..offset + bytes`: from the first byte of its first column
//! chunk's first page to the last byte of its last column chunk's last page, page headers included. Row groups follow
//! each other without gaps, so that together with the footer's digest (in `out.manifest.json`) every byte after the
//! four of the leading magic is covered.

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
    file.seek(SeekFrom::Start(offset))?;
    let mut left = bytes;
    let mut buffer = vec![0; (1 << 20).min(usize::try_from(bytes).unwrap_or(usize::MAX))];
    let mut hasher = blake3::Hasher::new();
    while left > 0 {
        let n = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..n])?;
        hasher.update(&buffer[..n]);
        left -= n as u64;
    }
    Ok(hasher.finalize().to_hex().to_string())
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

//! The footer of a file: read once, its seal checked before anything in it is believed.

use std::path::Path;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::Length;

use super::super::digest::RowGroupDigest;
use super::super::error::Place;
use super::super::{Manifest, RecordingError, schema, seal};
use super::check::Checks;
use super::file::PositionedFile;

/// Bytes of a footer at most. Honest ones have kilobytes; tens of thousands of columns or row groups make megabytes.
const MAX_FOOTER_BYTES: u64 = 256 << 20;

/// A footer as found in a file.
pub(super) struct Footer {
    pub metadata: ParquetMetaData,
    /// Its first byte.
    pub start: u64,
    /// Whether it has a seal, which is sound; false where nobody looks.
    pub sealed: bool,
}

/// Reads the footer of `file`.
///
/// # Errors
/// [`RecordingError::NotParquet`], [`RecordingError::Version`], [`RecordingError::Damaged`], and
/// [`RecordingError::Digest`] where it has a seal that is broken.
pub(super) fn read(path: &Path, file: &PositionedFile, checks: Checks) -> Result<Footer, RecordingError> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let not_parquet = |reason: &str| RecordingError::NotParquet { path: path.to_path_buf(), reason: reason.to_owned() };
    let damaged = |reason: String| RecordingError::Damaged { place: Place::file(path), reason };
    let length = file.len();
    if length < 12 {
        return Err(not_parquet(&format!("{length} bytes")));
    }
    let fill = |offset, bytes: &mut [u8]| {
        file.read_exact_at(bytes, offset).map_err(|source| RecordingError::io(path, "read", source))
    };
    let (mut head, mut tail) = ([0; 4], [0; 8]);
    fill(0, &mut head)?;
    if head != *MAGIC {
        return Err(not_parquet("it does not begin with PAR1"));
    }
    fill(length - 8, &mut tail)?;
    if tail[4..] != *MAGIC {
        return Err(not_parquet("it does not end with PAR1: truncated?"));
    }
    let n_bytes = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if n_bytes > length - 12 || n_bytes > MAX_FOOTER_BYTES {
        let most = (length - 12).min(MAX_FOOTER_BYTES);
        return Err(damaged(format!("expected a footer of at most {most} bytes, found one of {n_bytes}")));
    }
    let mut bytes = vec![0; n_bytes as usize + 8];
    let start = length - bytes.len() as u64;
    fill(start, &mut bytes)?;
    // Before anything is believed: sought in the bytes, since a flipped bit can hide the metadata from the decoder.
    let sealed = match checks {
        Checks::Digests => seal::check(&bytes, schema::FOOTER_SEAL_MARKER)
            .map_err(|broken| broken.at(Place::file(path).column("footer")))?,
        Checks::None => false,
    };
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes[..n_bytes as usize]);
    let metadata = metadata.map_err(|error| RecordingError::reading(Place::file(path), error))?;
    check_version(path, &metadata)?;
    Ok(Footer { metadata, start, sealed })
}

/// The digests of the row groups; none in recordings that have none of their column chunks.
///
/// # Errors
/// [`RecordingError::Damaged`] where there are digests and no seal, or not one for each row group.
pub(super) fn digests(path: &Path, footer: &Footer) -> Result<Vec<RowGroupDigest>, RecordingError> {
    let Footer { metadata, sealed, .. } = footer;
    let damaged = |reason: String| RecordingError::Damaged { place: Place::file(path).column("footer"), reason };
    let Some(text) = footer_value(metadata, schema::MANIFEST_KEY) else { return Ok(Vec::new()) };
    let digests = match Manifest::parse(path, text) {
        Ok(manifest) => manifest.row_groups,
        // Not ours to judge: a foreign file may have such a key.
        Err(_) if !*sealed => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let has_columns = digests.iter().any(|row_group| !row_group.columns.is_empty());
    if has_columns && !*sealed {
        return Err(damaged(format!("{} is missing", schema::FOOTER_SEAL_KEY)));
    }
    if has_columns && digests.len() != metadata.num_row_groups() {
        let (expected, found) = (digests.len(), metadata.num_row_groups());
        return Err(damaged(format!("expected {expected} row groups, found {found}")));
    }
    Ok(digests)
}

fn check_version(path: &Path, metadata: &ParquetMetaData) -> Result<(), RecordingError> {
    match footer_value(metadata, schema::VERSION_KEY) {
        Some(found) if found.trim() != schema::FORMAT_VERSION.to_string() => {
            Err(RecordingError::Version { path: path.to_path_buf(), found: super::super::error::one_line(found) })
        }
        _ => Ok(()),
    }
}

/// The value of a metadata entry.
pub(super) fn footer_value<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    entries.iter().find(|entry| entry.key == key)?.value.as_deref()
}

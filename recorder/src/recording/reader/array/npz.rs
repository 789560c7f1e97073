//! NumPy's `.npz`: a zip of `.npy` files, packed by deflate or not.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::DeflateDecoder;
use parquet::file::reader::Length;
use zip::{CompressionMethod, ZipArchive};

use super::super::super::RecordingError;
use super::super::file::PositionedFile;
use super::matrix::{Matrix, Stored};
use super::{Found, npy};

/// What a zip begins with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// Arrays at most: each costs a look at its header.
const MAX_ARRAYS: usize = 100_000;

/// The matrices of the file at `path`.
pub(super) fn find(path: &Path, file: &PositionedFile) -> Result<Found, RecordingError> {
    let error = |array: Option<&str>, reason: String| RecordingError::Array {
        path: path.to_path_buf(),
        array: array.map(str::to_owned),
        reason,
    };
    let damaged = |reason: &dyn std::fmt::Display| error(None, format!("not a NumPy .npz: {reason}"));
    let directory = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    let mut archive = ZipArchive::new(BufReader::new(directory)).map_err(|reason| damaged(&reason))?;
    if archive.len() > MAX_ARRAYS {
        return Err(damaged(&format!("{} files in it", archive.len())));
    }
    let mut found = Found::default();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|reason| damaged(&reason))?;
        let name = member.name().map_err(|reason| damaged(&reason))?.into_owned();
        let Some(array) = name.strip_suffix(".npy") else {
            found.skipped.push((name.clone(), "not a .npy".to_owned()));
            continue;
        };
        let (offset, packed) = (member.data_start().unwrap_or(u64::MAX), member.compressed_size());
        if offset.checked_add(packed).is_none_or(|end| end > file.len()) {
            return Err(error(Some(array), "the file ends before it".to_owned()));
        }
        let raw = file.reader_at(offset).take(packed);
        let (header, packed) = match member.compression() {
            _ if member.encrypted() => return Err(error(Some(array), "it is encrypted".to_owned())),
            CompressionMethod::Stored => (npy::header(&mut { raw }), None),
            CompressionMethod::Deflated => (npy::header(&mut DeflateDecoder::new(raw)), Some(packed)),
            other => return Err(error(Some(array), format!("packed by {other}, expected deflate"))),
        };
        let stored = |skip| Stored {
            offset,
            skip,
            packed,
            crc: Some(member.crc32()),
            // What is not packed cannot be longer than its bytes, whatever the directory says.
            available: if packed.is_some() { member.size() } else { member.compressed_size() },
        };
        let matrix = header.and_then(|header| {
            Matrix::new(Some(array.to_owned()), &header.shape, header.float, header.fortran, stored(header.bytes))
        });
        match matrix {
            Ok(matrix) => found.matrices.push(matrix),
            Err(reason) => found.skipped.push((array.to_owned(), reason)),
        }
    }
    Ok(found)
}

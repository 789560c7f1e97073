//! Safetensors: a header that is JSON, then the values of all tensors, row-major, little-endian.

use std::fs::File;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorInfo};

use super::super::super::{RecordingError, weights};
use super::Found;
use super::float::{Float, Kind};
use super::matrix::{Matrix, Stored};

/// The matrices of the file at `path`.
pub(super) fn find(path: &Path) -> Result<Found, RecordingError> {
    let mut file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    let (metadata, start) = weights::header(path, &mut file)?;
    let mut found = Found::default();
    for name in metadata.offset_keys() {
        let Some(tensor) = metadata.info(&name) else { continue };
        match matrix(&name, tensor, start) {
            Ok(matrix) => found.matrices.push(matrix),
            Err(reason) => found.skipped.push((name, reason)),
        }
    }
    Ok(found)
}

fn matrix(name: &str, tensor: &TensorInfo, start: u64) -> Result<Matrix, String> {
    let kind = match tensor.dtype {
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::Brain,
        Dtype::F32 => Kind::Single,
        Dtype::F64 => Kind::Double,
        other => return Err(format!("values of type {other:?}, expected F16, BF16, F32 or F64")),
    };
    let (first, last) = tensor.data_offsets;
    let shape: Vec<u64> = tensor.shape.iter().map(|axis| *axis as u64).collect();
    let (offset, available) = (start + first as u64, (last - first) as u64);
    let stored = Stored { offset, skip: 0, packed: None, crc: None, available };
    Matrix::new(Some(name.to_owned()), &shape, Float { kind, big_endian: false }, false, stored)
}

//! The weights file: safetensors, written tensor by tensor as members finish, read tensor by tensor.
//!
//! Names are those of the contract: `size=S/replicate=R/hidden.weight` [S, I], `.../hidden.bias` \[S\],
//! `.../output.weight` [O, S], `.../output.bias` \[O\], all f32. Nothing is held in memory: the header needs only names and
//! shapes, which are known before training, and every tensor has its place in the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata};
use serde_json::{Map, Value, json};

use super::RecordingError;
use super::digest::{self, FileDigest};
use super::error::one_line;
use super::output::OutputFile;

/// Name and shape of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the file.
    pub name: String,
    /// Its shape, outermost first.
    pub shape: Vec<usize>,
}

/// The name of a member's tensor: `size=S/replicate=R/` and the parameter, such as `hidden.weight`.
pub fn tensor_name(size: usize, replicate: usize, parameter: &str) -> String {
    format!("size={size}/replicate={replicate}/{parameter}")
}

/// The tensors of one member with a hidden layer of `size` neurons, `n_inputs` and `n_outputs`.
pub fn member_tensors(size: usize, replicate: usize, n_inputs: usize, n_outputs: usize) -> [TensorSpec; 4] {
    [
        ("hidden.weight", vec![size, n_inputs]),
        ("hidden.bias", vec![size]),
        ("output.weight", vec![n_outputs, size]),
        ("output.bias", vec![n_outputs]),
    ]
    .map(|(parameter, shape)| TensorSpec { name: tensor_name(size, replicate, parameter), shape })
}

/// Writes a weights file in any order of tensors; it appears under its name only when all are there.
pub struct WeightsWriter {
    output: OutputFile,
    overwrite: bool,
    /// Offset in the file and number of values of the tensors still to come.
    missing: BTreeMap<String, (u64, usize)>,
}

impl WeightsWriter {
    /// Opens `<path>.tmp` and writes the header of all `tensors`.
    ///
    /// # Errors
    /// Those of [`Writer::create`](super::Writer::create), and [`RecordingError::Weights`] for a name given twice.
    pub fn create(path: &Path, tensors: &[TensorSpec], overwrite: bool) -> Result<Self, RecordingError> {
        let mut header = Map::new();
        let mut places = Vec::with_capacity(tensors.len());
        let mut end = 0;
        for tensor in tensors {
            let n_values: usize = tensor.shape.iter().product();
            let start = end;
            end += n_values * size_of::<f32>();
            let entry = json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end] });
            if header.insert(tensor.name.clone(), entry).is_some() {
                let reason = format!("tensor {} given twice", tensor.name);
                return Err(RecordingError::Weights { path: path.to_path_buf(), reason });
            }
            places.push((tensor.name.clone(), (start as u64, n_values)));
        }
        let mut text = Value::Object(header).to_string().into_bytes();
        // The values start at a multiple of eight bytes, as the format asks.
        text.resize(text.len().next_multiple_of(8), b' ');
        let mut output = OutputFile::create(path, overwrite)?;
        let head = [&(text.len() as u64).to_le_bytes()[..], &text].concat();
        output.write_at(0, &head).map_err(|source| RecordingError::io(path, "write", source))?;
        let missing =
            places.into_iter().map(|(name, (start, n_values))| (name, (head.len() as u64 + start, n_values))).collect();
        Ok(Self { output, overwrite, missing })
    }

    /// Writes one tensor's values, row-major.
    ///
    /// # Errors
    /// [`RecordingError::Weights`] for a name that was not announced or was written already, or a wrong length.
    pub fn write(&mut self, name: &str, values: &[f32]) -> Result<(), RecordingError> {
        let path = self.output.target().to_path_buf();
        let (offset, expected) = match self.missing.get(name) {
            Some(place) if place.1 == values.len() => *place,
            Some(place) => {
                let reason = format!("tensor {name}: expected {} values, found {}", place.1, values.len());
                return Err(RecordingError::Weights { path, reason });
            }
            None => {
                let reason = format!("tensor {name} was not announced or is written already");
                return Err(RecordingError::Weights { path, reason });
            }
        };
        let failed = |source| RecordingError::io(&path, "write", source);
        let mut bytes = Vec::with_capacity(size_of::<f32>() * values.len().min(PIECE));
        for (i, piece) in values.chunks(PIECE).enumerate() {
            bytes.clear();
            bytes.extend(piece.iter().flat_map(|value| value.to_le_bytes()));
            let at = offset + (i * PIECE * size_of::<f32>()) as u64;
            self.output.write_at(at, &bytes).map_err(failed)?;
        }
        debug_assert_eq!(expected, values.len());
        self.missing.remove(name);
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// [`RecordingError::Weights`] while a tensor is missing.
    pub fn finish(self) -> Result<FileDigest, RecordingError> {
        let path = self.output.target().to_path_buf();
        if let Some(name) = self.missing.keys().next() {
            return Err(RecordingError::Weights { path, reason: format!("tensor {name} was not written") });
        }
        self.output.commit(self.overwrite, true)?;
        digest::of_file(&path)
    }
}

/// Values converted to bytes at a time.
const PIECE: usize = 1 << 18;

/// Header size that is refused as damage: a hundred megabytes, the limit of the safetensors crate.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// A weights file opened for reading; holds the header only.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    metadata: Metadata,
    /// Where the values start.
    start: u64,
}

/// One tensor as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its shape, outermost first.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

impl Weights {
    /// Reads and checks the header of the file at `path`.
    ///
    /// # Errors
    /// [`RecordingError::Io`] where it cannot be opened, [`RecordingError::Weights`] where it is damaged or shorter than
    /// its header says.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let mut file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
        let (metadata, start) = header(path, &mut file)?;
        Ok(Self { path: path.to_path_buf(), metadata, start })
    }

    /// The names of all tensors.
    pub fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    /// One tensor's values.
    ///
    /// # Errors
    /// [`RecordingError::Weights`] where there is no such tensor or its type is not f32.
    pub fn tensor(&self, name: &str) -> Result<Tensor, RecordingError> {
        let damaged = |reason: String| RecordingError::Weights { path: self.path.clone(), reason };
        let info = self.metadata.info(name).ok_or_else(|| damaged(format!("no tensor {name}")))?;
        if info.dtype != Dtype::F32 {
            return Err(damaged(format!("tensor {name}: expected F32, found {:?}", info.dtype)));
        }
        let (first, last) = info.data_offsets;
        let io = |source| RecordingError::io(&self.path, "read", source);
        let mut file = File::open(&self.path).map_err(io)?;
        file.seek(SeekFrom::Start(self.start + first as u64)).map_err(io)?;
        let mut bytes = Vec::with_capacity(last - first);
        file.take((last - first) as u64).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() != last - first {
            return Err(damaged(format!("tensor {name}: expected {} bytes, found {}", last - first, bytes.len())));
        }
        let values = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(Tensor { shape: info.shape.clone(), values })
    }
}

/// The header of a safetensors file, checked against its length, and where the values start.
pub(super) fn header(path: &Path, file: &mut File) -> Result<(Metadata, u64), RecordingError> {
    let io = |source| RecordingError::io(path, "read", source);
    let damaged = |reason: String| RecordingError::Weights { path: path.to_path_buf(), reason };
    let length = file.metadata().map_err(io)?.len();
    if length < 8 {
        return Err(damaged(format!("not a safetensors file: {length} bytes")));
    }
    let mut head = vec![0; 8];
    file.read_exact(&mut head).map_err(io)?;
    let header = head.iter().rev().fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
    if header > MAX_HEADER_BYTES || header + 8 > length {
        return Err(damaged(format!("not a safetensors file: a header of {header} bytes in {length}")));
    }
    file.take(header).read_to_end(&mut head).map_err(io)?;
    let metadata: Metadata = serde_json::from_slice(&head[8..])
        .map_err(|error| damaged(format!("not a safetensors file: {}", one_line(&error.to_string()))))?;
    let start = header + 8;
    let end = start.saturating_add(metadata.data_len() as u64);
    if end != length {
        return Err(damaged(format!("truncated: expected {end} bytes, found {length}")));
    }
    Ok((metadata, start))
}

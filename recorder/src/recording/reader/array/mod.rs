//! Matrices in `.npy`, `.npz` and `.safetensors` files as a recording: samples x neurons, one unit per array.
//!
//! An array has one stage, `post`; its name is the layer, its number of columns the size. Axes after the first are
//! flattened in C order. `npy`, `npz` and `safetensors` each find the matrices of a file, `matrix` streams their rows,
//! `float` turns their bytes into f32.

mod float;
mod matrix;
mod npy;
mod npz;
mod safetensors;

use std::path::{Path, PathBuf};

use ndarray::ArrayView2;

use super::super::{RecordingError, UnitKey, schema};
use super::file::PositionedFile;
use super::{Part, ReadChunk, Unit};
use matrix::Matrix;

/// Skipped arrays that a warning names.
const MOST_NAMED: usize = 5;

/// A file of matrices, opened: headers are read, values are not.
#[derive(Debug)]
pub(super) struct Arrays {
    path: PathBuf,
    file: PositionedFile,
    matrices: Vec<Matrix>,
    pub warnings: Vec<String>,
}

/// What a file holds: its matrices, and the arrays that are none, with the reason.
#[derive(Default)]
struct Found {
    matrices: Vec<Matrix>,
    skipped: Vec<(String, String)>,
}

impl Arrays {
    /// Opens `path` if it is a file of arrays; `None` for everything else. A `.npy` or `.npz` is known by how it begins
    /// or is called, a `.safetensors` by its name alone.
    ///
    /// # Errors
    /// [`RecordingError::Array`] for a file that is damaged, holds Python objects, or has no matrix of floats.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, RecordingError> {
        if path.is_dir() {
            return Ok(None);
        }
        let file = PositionedFile::open(path)?;
        let mut magic = [0; 6];
        let known = file.read_exact_at(&mut magic, 0).is_ok();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let found = match extension.as_deref() {
            Some("safetensors") => safetensors::find(path)?,
            Some("npz") => npz::find(path, &file)?,
            Some("npy") => npy::find(path, &file)?,
            _ if known && magic == *npy::MAGIC => npy::find(path, &file)?,
            _ if known && magic.starts_with(npz::MAGIC) => npz::find(path, &file)?,
            _ => return Ok(None),
        };
        let name = |(name, reason): &(String, String)| format!("{name} ({reason})");
        let mut named: Vec<String> = found.skipped.iter().take(MOST_NAMED).map(name).collect();
        if found.skipped.len() > MOST_NAMED {
            named.push(format!("and {} more", found.skipped.len() - MOST_NAMED));
        }
        if found.matrices.is_empty() {
            let reason = match named.is_empty() {
                true => "no array in it".to_owned(),
                false => format!("no matrix of samples x neurons in it: {}", named.join(", ")),
            };
            return Err(RecordingError::Array { path: path.to_path_buf(), array: None, reason });
        }
        let mut warnings = Vec::new();
        if !named.is_empty() {
            warnings.push(format!("{}: left out: {}", path.display(), named.join(", ")));
        }
        Ok(Some(Self { path: path.to_path_buf(), file, matrices: found.matrices, warnings }))
    }

    /// One unit per matrix, in the order of their keys.
    pub(super) fn units(&self) -> Vec<Unit> {
        let unit = |(source, matrix): (usize, &Matrix)| Unit {
            key: UnitKey {
                size: i32::try_from(matrix.n_neurons).unwrap_or(i32::MAX),
                layer: matrix.name.clone().unwrap_or_else(|| schema::DEFAULT_LAYER.to_owned()),
                ..UnitKey::default()
            },
            n_neurons: matrix.n_neurons,
            n_samples: matrix.n_samples,
            has_pre: false,
            has_post: true,
            parts: vec![Part { source, row_group: 0, whole: true }],
        };
        let mut units: Vec<Unit> = self.matrices.iter().enumerate().map(unit).collect();
        units.sort_by(|a, b| a.key.cmp(&b.key));
        units
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.file.bytes_read()
    }

    /// Streams one matrix through `f`; without `with_values` the chunks bring sample numbers only.
    pub(super) fn read<E: From<RecordingError>>(
        &self,
        unit: &Unit,
        with_values: bool,
        memory_bytes: usize,
        mut f: impl FnMut(ReadChunk<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(matrix) = unit.parts.first().and_then(|part| self.matrices.get(part.source)) else { return Ok(()) };
        let failed = |error| matrix.error(&self.path, error);
        let chunk_rows = matrix.rows_within(memory_bytes) as u64;
        let mut rows = with_values.then(|| matrix.rows(&self.file)).transpose().map_err(failed)?;
        let (mut samples, mut values) = (Vec::new(), Vec::new());
        let mut first = 0;
        while first < unit.n_samples {
            let n_rows = chunk_rows.min(unit.n_samples - first);
            samples.clear();
            samples.extend(first as i64..(first + n_rows) as i64);
            let post = match &mut rows {
                Some(rows) => {
                    rows.next(n_rows as usize, &mut values).map_err(failed)?;
                    let view = ArrayView2::from_shape((n_rows as usize, unit.n_neurons), &values[..]);
                    Some(view.map_err(|error| failed(std::io::Error::other(error)))?)
                }
                None => None,
            };
            f(ReadChunk { samples: &samples, labels: None, pre: None, post })?;
            first += n_rows;
        }
        Ok(())
    }
}

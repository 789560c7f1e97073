//! Opens recordings, lists their units and streams their matrices.

mod array;
mod check;
mod columns;
mod fast;
mod file;
mod folder;
mod footer;
mod guard;
mod keys;
mod layers;
mod part;
mod rows;
mod source;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::ArrayView2;

use super::error::Place;
use super::{Manifest, RecordingError, Stage, UnitKey, schema};
use array::Arrays;
pub use check::Checks;
pub(super) use guard::guarded;
use part::{Buffers, PartReader};
pub(super) use source::Source;

/// A recording, opened: footers are read, rows are not.
///
/// ```no_run
/// use layerscope_recorder::recording::{Recording, RecordingError, Stage};
/// # fn main() -> Result<(), RecordingError> {
/// let recording = Recording::open("out.parquet".as_ref())?;
/// for unit in recording.units() {
///     let mut sum = 0.0;
///     recording.read(unit, &[Stage::Post], 64 << 20, |chunk| {
///         sum += chunk.post.iter().flatten().map(|value| f64::from(*value)).sum::<f64>();
///         Ok::<_, RecordingError>(())
///     })?;
///     println!("{}: mean {}", unit.key, sum / (unit.n_samples as f64 * unit.n_neurons as f64));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    checks: Checks,
    sources: Vec<Source>,
    /// A file of arrays in place of Parquet files.
    arrays: Option<Arrays>,
    units: Vec<Unit>,
    warnings: Vec<String>,
    fast_row_groups: AtomicU64,
    general_row_groups: AtomicU64,
}

/// The rows that share one key: one matrix [N, U] per stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The key.
    pub key: UnitKey,
    /// Neurons U.
    pub n_neurons: usize,
    /// Samples N.
    pub n_samples: u64,
    /// Whether every row has values before the activation function.
    pub has_pre: bool,
    /// Whether every row has values after it.
    pub has_post: bool,
    parts: Vec<Part>,
}

impl Unit {
    /// Whether every row has values of `stage`.
    pub fn has(&self, stage: Stage) -> bool {
        match stage {
            Stage::Pre => self.has_pre,
            Stage::Post => self.has_post,
        }
    }
}

/// Where some of a unit's rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    source: usize,
    row_group: usize,
    /// Whether the row group holds this unit only.
    whole: bool,
}

/// Some rows of a unit.
#[derive(Clone, Copy, Debug)]
pub struct ReadChunk<'a> {
    /// Sample numbers of the rows.
    pub samples: &'a [i64],
    /// Classes of the rows; `None` where one of them has none.
    pub labels: Option<&'a [i32]>,
    /// [N, U], if it was asked for.
    pub pre: Option<ArrayView2<'a, f32>>,
    /// [N, U], if it was asked for.
    pub post: Option<ArrayView2<'a, f32>>,
}

/// What reading has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadStatistics {
    /// Bytes read from the files, footers included.
    pub bytes: u64,
    /// Row groups read on the fast path.
    pub fast_row_groups: u64,
    /// Row groups read by the general reader.
    pub general_row_groups: u64,
}

impl Recording {
    /// Opens the file at `path` (Parquet, `.npy`, `.npz` or `.safetensors`), or all Parquet files of the folder at `path` as
    /// one recording, and compares everything that is read with its digest.
    ///
    /// # Errors
    /// Those of [`open_with`](Self::open_with).
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::open_with(path, Checks::Digests)
    }

    /// Opens the recording at `path` and compares what is read with its digests, or does not.
    ///
    /// # Errors
    /// [`RecordingError::NotParquet`], [`RecordingError::Damaged`], [`RecordingError::NoStage`],
    /// [`RecordingError::ColumnType`], [`RecordingError::UnequalLists`], [`RecordingError::NoFiles`],
    /// [`RecordingError::Version`], [`RecordingError::Array`], [`RecordingError::Weights`] (a damaged `.safetensors`) or
    /// [`RecordingError::Io`], each with the path; [`RecordingError::Digest`] for a footer that differs from the one
    /// written.
    pub fn open_with(path: &Path, checks: Checks) -> Result<Self, RecordingError> {
        let mut sources = Vec::new();
        let mut warnings = Vec::new();
        if let Some(arrays) = Arrays::open(path)? {
            return Ok(Self::of_arrays(path, arrays));
        }
        for found in folder::files(path)? {
            let source = Source::open(&found, checks)?;
            warnings.extend(source.columns.warnings.iter().cloned());
            let layers = source.footer_value(schema::LAYERS_KEY);
            warnings.extend(layers.map(|text| layers::warnings(&found.path, text)).unwrap_or_default());
            sources.push(source);
        }
        let units = units(&sources)?;
        log::info!("{}: {} files, {} units", path.display(), sources.len(), units.len());
        if units.is_empty() {
            warnings.push(format!("{}: no rows", path.display()));
        }
        Ok(Self {
            path: path.to_path_buf(),
            checks,
            sources,
            arrays: None,
            units,
            warnings,
            fast_row_groups: AtomicU64::new(0),
            general_row_groups: AtomicU64::new(0),
        })
    }

    fn of_arrays(path: &Path, arrays: Arrays) -> Self {
        let units = arrays.units();
        log::info!("{}: {} arrays", path.display(), units.len());
        Self {
            path: path.to_path_buf(),
            // An .npz is checked against its own checksums, the others have none.
            checks: Checks::None,
            sources: Vec::new(),
            units,
            warnings: arrays.warnings.clone(),
            arrays: Some(arrays),
            fast_row_groups: AtomicU64::new(0),
            general_row_groups: AtomicU64::new(0),
        }
    }

    /// Whether the recording is a file of arrays.
    pub(super) fn is_array(&self) -> bool {
        self.arrays.is_some()
    }

    /// The path the recording was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All units, in the order of their keys.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// What is odd about the recording but no error, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The manifest in the (first) file's footer; `None` in foreign recordings.
    pub fn manifest(&self) -> Result<Option<Manifest>, RecordingError> {
        self.sources.first().map_or(Ok(None), Source::manifest)
    }

    /// Compares a companion file, which is about to be read, with the digest in the recording; passes where there is none
    /// or where nothing is compared.
    ///
    /// # Errors
    /// [`RecordingError::Digest`] where they differ.
    pub fn check_companion(&self, path: &Path) -> Result<(), RecordingError> {
        match self.checks {
            Checks::Digests => self.sources.iter().try_for_each(|source| source.check_companion(path)),
            Checks::None => Ok(()),
        }
    }

    /// The recording's files.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Decodes every column of one row group and checks its keys against those it was found by.
    pub(super) fn check_row_group(
        &self,
        source: usize,
        row_group: usize,
        memory_bytes: usize,
    ) -> Result<(), RecordingError> {
        let file = &self.sources[source];
        let here: Vec<(&Unit, Part)> = self
            .units
            .iter()
            .flat_map(|unit| unit.parts.iter().map(move |part| (unit, *part)))
            .filter(|(_, part)| part.source == source && part.row_group == row_group)
            .collect();
        let only = match here[..] {
            [(unit, Part { whole: true, .. })] => Some(unit),
            _ => None,
        };
        file.check_keys(row_group, only)?;
        let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| file.columns.stage(*stage).is_some()).collect();
        for (unit, part) in here {
            let mut reader = PartReader::open(file, unit, (row_group, part.whole), &stages, memory_bytes, false)?;
            let mut buffers = Buffers::default();
            while reader.next(&mut buffers)? {}
        }
        Ok(())
    }

    /// What reading has cost so far.
    pub fn statistics(&self) -> ReadStatistics {
        ReadStatistics {
            bytes: self.sources.iter().map(|source| source.file.bytes_read()).sum::<u64>()
                + self.arrays.as_ref().map_or(0, Arrays::bytes_read),
            fast_row_groups: self.fast_row_groups.load(Ordering::Relaxed),
            general_row_groups: self.general_row_groups.load(Ordering::Relaxed),
        }
    }

    /// Streams the matrices of one unit through `f` in chunks, in the order of the files' rows.
    ///
    /// Only row groups with rows of the unit are read, and of those only the columns asked for. Pages are decoded on all
    /// threads of the current rayon pool, `f` runs on the calling thread.
    ///
    /// # Arguments
    /// - `stages`: what to read; without any, chunks bring samples and labels only.
    /// - `memory_bytes`: bound on the reader's buffers. A single row, and the pages it stands on, must fit in any case.
    ///
    /// # Errors
    /// [`RecordingError::StageMissing`]; [`RecordingError::UnequalLists`], [`RecordingError::Null`],
    /// [`RecordingError::Damaged`] and [`RecordingError::Digest`] with row group and column; and whatever `f` returns. A
    /// digest is compared behind the last row of a row group: what `f` made of the rows before an error is worth nothing.
    pub fn read<E: From<RecordingError>>(
        &self,
        unit: &Unit,
        stages: &[Stage],
        memory_bytes: usize,
        mut f: impl FnMut(ReadChunk<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(missing) = stages.iter().find(|stage| !unit.has(**stage)) {
            let (path, key) = (self.path.clone(), Box::new(unit.key.clone()));
            return Err(RecordingError::StageMissing { path, stage: missing.as_str(), key }.into());
        }
        if let Some(arrays) = &self.arrays {
            return arrays.read(unit, stages.contains(&Stage::Post), memory_bytes, f);
        }
        let mut buffers = Buffers::default();
        for part in &unit.parts {
            let source = &self.sources[part.source];
            let place = (part.row_group, part.whole);
            let mut reader = PartReader::open(source, unit, place, stages, memory_bytes, true)?;
            let counter = if reader.is_fast() { &self.fast_row_groups } else { &self.general_row_groups };
            counter.fetch_add(1, Ordering::Relaxed);
            let way = if reader.is_fast() { "straight from its pages" } else { "through the general reader" };
            log::debug!("{}: {} is read {way}", source.place(part.row_group), unit.key);
            while reader.next(&mut buffers)? {
                let n_rows = buffers.samples.len();
                let matrix = |stage: Stage, values| match stages.contains(&stage) {
                    true => ArrayView2::from_shape((n_rows, unit.n_neurons), values).map(Some),
                    false => Ok(None),
                };
                let shape = |error: ndarray::ShapeError| RecordingError::Damaged {
                    place: Place::row_group(&source.path, part.row_group),
                    reason: error.to_string(),
                };
                f(ReadChunk {
                    samples: &buffers.samples,
                    labels: buffers.labels.as_deref(),
                    pre: matrix(Stage::Pre, &buffers.pre).map_err(shape)?,
                    post: matrix(Stage::Post, &buffers.post).map_err(shape)?,
                })?;
            }
        }
        Ok(())
    }
}

/// The units of all files, joined by key.
fn units(sources: &[Source]) -> Result<Vec<Unit>, RecordingError> {
    let mut units: BTreeMap<UnitKey, Unit> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let (pre, post) = (source.columns.pre.is_some(), source.columns.post.is_some());
        for row_group in 0..source.metadata.metadata().num_row_groups() {
            for (key, share) in source.shares(row_group)? {
                let part = Part { source: index, row_group, whole: share.whole };
                match units.entry(key) {
                    Entry::Occupied(entry) if entry.get().n_neurons != share.n_neurons => {
                        return Err(RecordingError::UnequalLists {
                            place: source.place(row_group),
                            key: Box::new(entry.key().clone()),
                            expected: entry.get().n_neurons,
                            found: share.n_neurons,
                        });
                    }
                    Entry::Occupied(mut entry) => {
                        let unit = entry.get_mut();
                        unit.n_samples += share.n_rows;
                        unit.has_pre &= pre;
                        unit.has_post &= post;
                        unit.parts.push(part);
                    }
                    Entry::Vacant(entry) => {
                        let key = entry.key().clone();
                        entry.insert(Unit {
                            key,
                            n_neurons: share.n_neurons,
                            n_samples: share.n_rows,
                            has_pre: pre,
                            has_post: post,
                            parts: vec![part],
                        });
                    }
                }
            }
        }
    }
    Ok(units.into_values().collect())
}

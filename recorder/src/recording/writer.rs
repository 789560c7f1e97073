//! Writes a recording: chunks of rows in, one complete Parquet file out, or none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::SchemaRef;
use ndarray::{ArrayView2, Axis, Slice};
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;

use super::digest::{ColumnDigest, RangeDigest, RowGroupDigest};
use super::output::OutputFile;
use super::page::Workers;
use super::page::encode::{self, EncodedPage, Encoder};
use super::row_group::{self, Rows};
use super::{Companions, Manifest, RecordingError, Stage, UnitKey, schema, seal};

/// Rows of a row group at most, whatever their width: narrow layers must not fill memory with key values.
const MAX_ROWS: usize = 1 << 18;

/// How a recording is written.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// The stages every chunk brings; at least one.
    pub stages: Vec<Stage>,
    /// Whether an existing recording may be replaced (at the end, by the complete new one).
    pub overwrite: bool,
    /// Raw bytes of values per row group at most (default 64 MiB). The writer holds one row group, compressed.
    pub row_group_bytes: usize,
    /// Whether the bytes must be on the disk before the file gets its name (default true).
    pub sync: bool,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { stages: Stage::ALL.to_vec(), overwrite: false, row_group_bytes: 64 << 20, sync: true }
    }
}

/// Consecutive rows of one unit.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The unit.
    pub key: &'a UnitKey,
    /// Index of the first row's sample; the others follow one by one.
    pub first_sample: i64,
    /// Classes of the rows; `None` writes nulls.
    pub labels: Option<&'a [i32]>,
    /// Neurons U of the layer.
    pub n_neurons: usize,
    /// [N, U] row-major, before the activation function.
    pub pre: Option<&'a [f32]>,
    /// [N, U] row-major, after it.
    pub post: Option<&'a [f32]>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The recording.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its rows.
    pub n_rows: u64,
    /// The manifest, as it stands in `out.manifest.json`.
    pub manifest: Manifest,
}

/// Writes one recording.
///
/// Rows of one unit that arrive one after the other share row groups whatever the cut of the chunks; a row group never
/// holds two units. Pages are encoded on all threads of the current rayon pool while [`append`](Self::append) runs.
/// The file grows as `<path>.tmp`; only [`finish`](Self::finish) gives it its name, dropping the writer removes it.
pub struct Writer {
    file: SerializedFileWriter<OutputFile>,
    options: WriterOptions,
    pending: Option<Pending>,
    encoders: Workers<Encoder>,
    row_groups: Vec<RowGroupDigest>,
    /// Bytes of the file so far.
    written: u64,
    n_rows: u64,
}

/// The row group under construction: its values are encoded already, its keys are not.
struct Pending {
    key: UnitKey,
    n_neurons: usize,
    samples: Vec<i64>,
    labels: Vec<Option<i32>>,
    /// Pages per stage.
    pages: Vec<Vec<EncodedPage>>,
}

impl Writer {
    /// Opens `<path>.tmp` and writes nothing under the final name yet.
    ///
    /// # Errors
    /// [`RecordingError::Exists`] unless `overwrite`, [`RecordingError::NoFolder`], [`RecordingError::Busy`] while
    /// another process writes the same path, [`RecordingError::Io`] for a folder that may not be written.
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self, RecordingError> {
        let output = OutputFile::create(path, options.overwrite)?;
        let failed = |error| RecordingError::writing(path, error);
        let schema = schema::arrow_schema(&options.stages);
        let properties = schema::writer_properties(&schema, &options.stages).map_err(failed)?;
        let parquet_schema = ArrowSchemaConverter::new().convert(&SchemaRef::new(schema)).map_err(failed)?;
        let mut file = SerializedFileWriter::new(output, parquet_schema.root_schema_ptr(), Arc::new(properties))
            .map_err(failed)?;
        let magic = file.flush().and_then(|()| file.inner_mut().take_digest().map(drop));
        magic.map_err(|source| RecordingError::io(path, "write", source))?;
        let written = file.bytes_written() as u64;
        Ok(Self {
            file,
            options,
            pending: None,
            encoders: Workers::default(),
            row_groups: Vec::new(),
            written,
            n_rows: 0,
        })
    }

    /// Adds rows. Chunks of a unit come in the order of their samples.
    ///
    /// # Errors
    /// [`RecordingError::Shape`] where lengths disagree or a stage of the options is missing;
    /// [`RecordingError::DiskFull`] or [`RecordingError::Io`] where the file cannot grow.
    pub fn append(&mut self, chunk: &Chunk<'_>) -> Result<(), RecordingError> {
        let values = self.check(chunk)?;
        let n_rows = values.first().map_or(0, ArrayView2::nrows);
        let room = self.rows_per_group(chunk.n_neurons);
        let mut first = 0;
        while first < n_rows {
            let fits =
                self.pending.as_ref().is_some_and(|held| held.key == *chunk.key && held.n_neurons == chunk.n_neurons);
            if !fits {
                self.flush()?;
            }
            let pending = self.pending.get_or_insert_with(|| Pending {
                key: chunk.key.clone(),
                n_neurons: chunk.n_neurons,
                samples: Vec::new(),
                labels: Vec::new(),
                pages: self.options.stages.iter().map(|_| Vec::new()).collect(),
            });
            let last = n_rows.min(first + (room - pending.samples.len()));
            for (pages, values) in pending.pages.iter_mut().zip(&values) {
                let rows = values.slice_axis(Axis(0), Slice::from(first..last));
                let encoded = encode::encode(rows, &self.encoders);
                pages.extend(
                    encoded.map_err(|source| RecordingError::io(self.file.inner().target(), "encode", source))?,
                );
            }
            pending.samples.extend((first..last).map(|row| chunk.first_sample + row as i64));
            match chunk.labels {
                Some(labels) => pending.labels.extend(labels[first..last].iter().map(|label| Some(*label))),
                None => pending.labels.extend((first..last).map(|_| None)),
            }
            if pending.samples.len() == room {
                self.flush()?;
            }
            first = last;
        }
        Ok(())
    }

    /// Completes the recording: embeds the manifest, puts the bytes on the disk, gives the file its name and writes
    /// `out.manifest.json`.
    ///
    /// Write the companion files first and list them in `manifest.files`, so that a recording under its final name is
    /// never without them.
    pub fn finish(mut self, manifest: Manifest) -> Result<Written, RecordingError> {
        self.flush()?;
        let path = self.file.inner().target().to_path_buf();
        let failed = |error| RecordingError::writing(&path, error);
        let mut manifest = Manifest {
            format_version: schema::FORMAT_VERSION,
            n_rows: self.n_rows,
            row_groups: self.row_groups,
            bytes: None,
            footer: None,
            manifest_blake3: None,
            ..manifest
        };
        let text =
            manifest.to_json().map_err(|error| RecordingError::io(&path, "encode the manifest of", error.into()))?;
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        for (key, value) in [
            (schema::VERSION_KEY, schema::FORMAT_VERSION.to_string()),
            (schema::MANIFEST_DIGEST_KEY, digest),
            (schema::MANIFEST_KEY, text),
            (schema::FOOTER_SEAL_KEY, seal::BLANK.to_owned()),
        ] {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        let io = |source| RecordingError::io(&path, "write", source);
        self.file.inner_mut().hold().map_err(io)?;
        let mut output = self.file.into_inner().map_err(failed)?;
        output.release(|footer| drop(seal::seal(footer, schema::FOOTER_SEAL_MARKER))).map_err(io)?;
        let bytes = output.length();
        let blake3 = output.take_digest().map_err(io)?;
        manifest.bytes = Some(bytes);
        manifest.footer = Some(RangeDigest {
            offset: self.written,
            bytes: bytes - self.written,
            blake3: blake3.to_hex().to_string(),
        });
        output.commit(self.options.overwrite, self.options.sync)?;
        manifest.write(&Companions::of(&path).manifest, self.options.sync)?;
        Ok(Written { path, bytes, n_rows: self.n_rows, manifest })
    }

    /// The values per stage as matrices, after all lengths are checked.
    fn check<'a>(&self, chunk: &Chunk<'a>) -> Result<Vec<ArrayView2<'a, f32>>, RecordingError> {
        let wrong = |what, expected, found| {
            Err(RecordingError::Shape { key: Box::new(chunk.key.clone()), what, expected, found })
        };
        if chunk.n_neurons == 0 {
            return wrong("number of neurons", 1, 0);
        }
        let mut matrices = Vec::with_capacity(self.options.stages.len());
        let mut n_values = None;
        for stage in &self.options.stages {
            let (values, what) = match stage {
                Stage::Pre => (chunk.pre, "values of pre"),
                Stage::Post => (chunk.post, "values of post"),
            };
            let Some(values) = values else { return wrong(what, chunk.n_neurons, 0) };
            let expected = *n_values.get_or_insert(values.len());
            let n_rows = expected / chunk.n_neurons;
            match ArrayView2::from_shape((n_rows, chunk.n_neurons), values) {
                Ok(matrix) if values.len() == n_rows * chunk.n_neurons => matrices.push(matrix),
                _ => return wrong(what, n_rows * chunk.n_neurons, values.len()),
            }
        }
        let n_rows = matrices.first().map_or(0, ArrayView2::nrows);
        match chunk.labels {
            Some(labels) if labels.len() != n_rows => wrong("number of labels", n_rows, labels.len()),
            _ => Ok(matrices),
        }
    }

    /// Rows of a full row group: whole pages where it holds more than one.
    fn rows_per_group(&self, n_neurons: usize) -> usize {
        let row_bytes = n_neurons * size_of::<f32>() * self.options.stages.len().max(1);
        let rows = (self.options.row_group_bytes / row_bytes).clamp(1, MAX_ROWS);
        let page = encode::rows_per_page(n_neurons);
        if rows > page { rows / page * page } else { rows }
    }

    /// Writes the pending row group.
    fn flush(&mut self) -> Result<(), RecordingError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let path = self.file.inner().target().to_path_buf();
        let n_rows = pending.samples.len() as u64;
        let columns =
            write_row_group(&mut self.file, pending).map_err(|error| RecordingError::writing(&path, error))?;
        let failed = |source| RecordingError::io(&path, "write", source);
        self.file.flush().map_err(failed)?;
        let blake3 = self.file.inner_mut().take_digest().map_err(failed)?.to_hex().to_string();
        let end = self.file.bytes_written() as u64;
        self.row_groups.push(RowGroupDigest { offset: self.written, bytes: end - self.written, blake3, columns });
        self.written = end;
        self.n_rows += n_rows;
        Ok(())
    }
}

fn write_row_group(
    file: &mut SerializedFileWriter<OutputFile>,
    pending: Pending,
) -> Result<Vec<ColumnDigest>, ParquetError> {
    let (columns, properties) = (file.schema_descr().columns().to_vec(), file.properties().clone());
    let Pending { key, n_neurons, samples, labels, pages } = pending;
    let rows = Rows { key: &key, n_neurons, samples: &samples, labels: &labels, pages };
    row_group::write(file.next_row_group()?, &columns, &properties, rows)
}

/// Bytes that a recording of `n_values` values (all stages together) takes on disk, as an estimate for planning.
///
/// 70 % of the raw four bytes a value, which ReLU layers with half their values at zero reach; the keys add little.
pub fn estimated_bytes(n_values: u64) -> u64 {
    n_values.saturating_mul(4).saturating_mul(7) / 10
}

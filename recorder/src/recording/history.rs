//! The history file: loss, accuracy and time per epoch and member, one long table in Parquet.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::digest::{self, FileDigest};
use super::disk::Disk;
use super::error::Place;
use super::output::OutputFile;
use super::{RecordingError, schema};

/// Rows held before they go to the file.
const BATCH_ROWS: usize = 1 << 16;

/// One measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// Model name.
    pub model: String,
    /// Dataset name.
    pub dataset: String,
    /// Swept width.
    pub size: i32,
    /// Replicate, counted from 0.
    pub replicate: i32,
    /// Epochs completed.
    pub epoch: i32,
    /// Optimizer steps completed.
    pub step: i64,
    /// `train_loss`, `train_accuracy`, `test_loss`, `test_accuracy`, `seconds`, ...
    pub measure: String,
    /// The value; accuracies are correct / n.
    pub value: f64,
}

fn history_schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field(schema::MODEL, DataType::Utf8),
        field(schema::DATASET, DataType::Utf8),
        field(schema::SIZE, DataType::Int32),
        field(schema::REPLICATE, DataType::Int32),
        field(schema::EPOCH, DataType::Int32),
        field("step", DataType::Int64),
        field("measure", DataType::Utf8),
        field("value", DataType::Float64),
    ]))
}

/// Writes a history file; like a recording it appears under its name only when it is complete.
pub struct HistoryWriter {
    file: ArrowWriter<OutputFile>,
    rows: Vec<HistoryRow>,
    overwrite: bool,
}

impl HistoryWriter {
    /// Opens `<path>.tmp`.
    ///
    /// # Errors
    /// Those of [`Writer::create`](super::Writer::create).
    pub fn create(path: &Path, overwrite: bool) -> Result<Self, RecordingError> {
        Self::start(OutputFile::create(path, overwrite)?, overwrite)
    }

    /// Writes the file at `place`, anew, in the folder of an unfinished recording.
    pub(super) fn begin(path: &Path, place: PathBuf, disk: Arc<dyn Disk>) -> Result<Self, RecordingError> {
        Self::start(OutputFile::resume(path, place, 0, disk)?, false)
    }

    fn start(output: OutputFile, overwrite: bool) -> Result<Self, RecordingError> {
        let path = output.target().to_path_buf();
        let failed = |error| RecordingError::writing(&path, error);
        let level = ZstdLevel::try_new(schema::ZSTD_LEVEL).map_err(failed)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let file = ArrowWriter::try_new(output, history_schema(), Some(properties)).map_err(failed)?;
        Ok(Self { file, rows: Vec::new(), overwrite })
    }

    /// Adds one value.
    pub fn append(&mut self, row: HistoryRow) -> Result<(), RecordingError> {
        self.rows.push(row);
        if self.rows.len() == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Completes the file and gives it its name.
    pub fn finish(self) -> Result<FileDigest, RecordingError> {
        let overwrite = self.overwrite;
        let output = self.complete()?;
        let path = output.target().to_path_buf();
        output.commit(overwrite, true)?;
        digest::of_file(&path)
    }

    /// Completes a file in the folder of an unfinished recording.
    pub(super) fn close(self) -> Result<FileDigest, RecordingError> {
        let output = self.complete()?;
        let target = output.target().to_path_buf();
        digest::of_file_named(&output.close()?, &target)
    }

    fn complete(mut self) -> Result<OutputFile, RecordingError> {
        self.flush()?;
        let path = self.file.inner().target().to_path_buf();
        self.file.into_inner().map_err(|error| RecordingError::writing(&path, error))
    }

    fn flush(&mut self) -> Result<(), RecordingError> {
        let path = self.file.inner().target().to_path_buf();
        let failed = |error| RecordingError::writing(&path, error);
        let batch = to_batch(&self.rows).map_err(failed)?;
        self.file.write(&batch).map_err(failed)?;
        self.rows.clear();
        Ok(())
    }
}

fn to_batch(rows: &[HistoryRow]) -> Result<RecordBatch, ParquetError> {
    fn text<'a>(rows: &'a [HistoryRow], of: impl Fn(&'a HistoryRow) -> &'a str) -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>())
    }
    let int = |of: fn(&HistoryRow) -> i32| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int32Array>()) };
    let columns: Vec<ArrayRef> = vec![
        text(rows, |row| &row.model),
        text(rows, |row| &row.dataset),
        int(|row| row.size),
        int(|row| row.replicate),
        int(|row| row.epoch),
        Arc::new(rows.iter().map(|row| row.step).collect::<Int64Array>()),
        text(rows, |row| &row.measure),
        Arc::new(rows.iter().map(|row| row.value).collect::<Float64Array>()),
    ];
    Ok(RecordBatch::try_new(history_schema(), columns)?)
}

/// All rows of the history file at `path`, in file order.
///
/// # Errors
/// [`RecordingError::Io`] where it cannot be opened, [`RecordingError::Damaged`] where it cannot be decoded,
/// [`RecordingError::ColumnType`] where a column is missing or has another type.
pub fn read(path: &Path) -> Result<Vec<HistoryRow>, RecordingError> {
    let file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    super::reader::guarded(&Place::file(path), || {
        let damaged = |error| RecordingError::reading(Place::file(path), error);
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
        let mut rows = Vec::new();
        for batch in reader.map_err(damaged)? {
            from_batch(path, &batch.map_err(|error| damaged(error.into()))?, &mut rows)?;
        }
        Ok(rows)
    })
}

fn from_batch(path: &Path, batch: &RecordBatch, rows: &mut Vec<HistoryRow>) -> Result<(), RecordingError> {
    for field in history_schema().fields() {
        let found = batch.column_by_name(field.name()).map(|column| (column.data_type(), column.null_count()));
        if found != Some((field.data_type(), 0)) {
            return Err(RecordingError::ColumnType {
                place: Place::file(path).column(field.name()),
                expected: "the column of a history file, without nulls",
                found: found.map_or("nothing".to_owned(), |(data_type, nulls)| format!("{data_type} ({nulls} nulls)")),
            });
        }
    }
    // The types were compared above, so that none of these casts can fail.
    let text = |name: &str| batch[name].as_string::<i32>();
    let int = |name: &str| batch[name].as_primitive::<Int32Type>();
    let (model, dataset, measure) = (text(schema::MODEL), text(schema::DATASET), text("measure"));
    let (size, replicate, epoch) = (int(schema::SIZE), int(schema::REPLICATE), int(schema::EPOCH));
    let step = batch["step"].as_primitive::<Int64Type>();
    let value = batch["value"].as_primitive::<Float64Type>();
    rows.extend((0..batch.num_rows()).map(|i| HistoryRow {
        model: model.value(i).to_owned(),
        dataset: dataset.value(i).to_owned(),
        size: size.value(i),
        replicate: replicate.value(i),
        epoch: epoch.value(i),
        step: step.value(i),
        measure: measure.value(i).to_owned(),
        value: value.value(i),
    }));
    Ok(())
}

//! Rows of one row group through the general Parquet reader: every list type, float width, encoding and codec.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::super::RecordingError;
use super::super::error::Place;
use super::file::PositionedFile;

/// Opens row group `row_group` for the top-level columns `roots`, `batch_rows` rows at a time.
pub(super) fn open(
    file: &PositionedFile,
    metadata: &ArrowReaderMetadata,
    place: &Place,
    row_group: usize,
    roots: &[usize],
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader, RecordingError> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied());
    ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
        .with_row_groups(vec![row_group])
        .with_projection(mask)
        .with_batch_size(batch_rows)
        .build()
        .map_err(|error| RecordingError::reading(place.clone(), error))
}

/// The next batch of `reader`.
pub(super) fn next(
    reader: &mut ParquetRecordBatchReader,
    place: &Place,
) -> Result<Option<RecordBatch>, RecordingError> {
    reader.next().transpose().map_err(|error| RecordingError::reading(place.clone(), error.into()))
}

/// The lengths of the lists in `array`.
///
/// # Errors
/// [`RecordingError::Null`] for a null list; `first_row` is the number of the array's first row.
pub(super) fn lengths(place: &Place, array: &ArrayRef, first_row: u64) -> Result<Vec<usize>, RecordingError> {
    let lists = lists(place, array)?;
    if let Some(row) = (0..lists.len()).find(|row| lists.is_null(*row)) {
        return Err(RecordingError::Null { place: place.clone(), row: first_row + row as u64 });
    }
    // Offsets never decrease, which the array's constructor has checked.
    Ok(lists.offsets().windows(2).map(|pair| (pair[1] - pair[0]) as usize).collect())
}

/// The values of the lists in `array` one after the other, as f32: borrowed where that is their type, rounded where
/// they are f64.
///
/// # Errors
/// [`RecordingError::Null`] for a null value.
pub(super) fn values<'a>(place: &Place, array: &'a ArrayRef, first_row: u64) -> Result<Cow<'a, [f32]>, RecordingError> {
    let lists = lists(place, array)?;
    let offsets = lists.offsets();
    let (first, last) = (offsets[0] as usize, offsets[lists.len()] as usize);
    let values = lists.values();
    if let Some(nulls) = values.nulls().filter(|nulls| nulls.null_count() > 0)
        && let Some(at) = (first..last).find(|at| nulls.is_null(*at))
    {
        let row = offsets.partition_point(|offset| *offset as usize <= at) as u64 - 1;
        return Err(RecordingError::Null { place: place.clone(), row: first_row + row });
    }
    Ok(match values.data_type() {
        DataType::Float16 => {
            Cow::Owned(values.as_primitive::<Float16Type>().values()[first..last].iter().map(|v| v.to_f32()).collect())
        }
        DataType::Float64 => {
            Cow::Owned(values.as_primitive::<Float64Type>().values()[first..last].iter().map(|v| *v as f32).collect())
        }
        DataType::Float32 => Cow::Borrowed(&values.as_primitive::<Float32Type>().values()[first..last]),
        _ => return Err(not_lists(place, array)),
    })
}

fn lists<'a>(place: &Place, array: &'a ArrayRef) -> Result<&'a arrow_array::ListArray, RecordingError> {
    array.as_list_opt::<i32>().ok_or_else(|| not_lists(place, array))
}

fn not_lists(place: &Place, array: &ArrayRef) -> RecordingError {
    RecordingError::ColumnType {
        place: place.clone(),
        expected: "a list of 16, 32 or 64 bit floats",
        found: array.data_type().to_string(),
    }
}

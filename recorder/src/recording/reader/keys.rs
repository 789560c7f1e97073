//! The key of a row group or a row: from statistics, columns, folder names or defaults.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::DataType;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::super::error::Place;
use super::super::{RecordingError, UnitKey, schema};
use super::columns::{Column, Columns};
use super::folder::Partition;

/// One key column's value; `None` takes the default of the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyValue {
    Text(String),
    Int(i32),
}

/// The values of the key columns, in the order of [`schema::KEYS`].
pub(super) type KeyValues = [Option<KeyValue>; 7];

/// The key of rows whose lists have `n_neurons` values.
pub(super) fn unit_key(values: &KeyValues, n_neurons: usize) -> UnitKey {
    let text = |value: &Option<KeyValue>, default: &str| match value {
        Some(KeyValue::Text(text)) => text.clone(),
        _ => default.to_owned(),
    };
    let int = |value: &Option<KeyValue>, default: i32| match value {
        Some(KeyValue::Int(int)) => *int,
        _ => default,
    };
    let [model, dataset, split, size, replicate, epoch, layer] = values;
    UnitKey {
        model: text(model, ""),
        dataset: text(dataset, ""),
        split: text(split, ""),
        size: int(size, i32::try_from(n_neurons).unwrap_or(i32::MAX)),
        replicate: int(replicate, 0),
        epoch: int(epoch, 0),
        layer: text(layer, schema::DEFAULT_LAYER),
    }
}

/// The values that folder names give. They win over a column of the same name, as in other readers.
pub(super) fn from_partition(place: &Place, partition: &Partition) -> Result<KeyValues, RecordingError> {
    let mut values = KeyValues::default();
    for (slot, name) in values.iter_mut().zip(schema::KEYS) {
        let Some(text) = partition.get(name) else { continue };
        *slot = Some(match name {
            schema::SIZE | schema::REPLICATE | schema::EPOCH => {
                let int = text.parse().map_err(|_| RecordingError::OutOfRange {
                    place: place.clone().column(name),
                    value: format!("the folder name's value {text:?}"),
                })?;
                KeyValue::Int(int)
            }
            _ => KeyValue::Text(text.clone()),
        });
    }
    Ok(values)
}

/// The one key of a row group, if its statistics prove that all rows share it.
pub(super) fn from_statistics(
    place: &Place,
    group: &RowGroupMetaData,
    columns: &Columns,
    given: &KeyValues,
) -> Result<Option<KeyValues>, RecordingError> {
    let mut values = given.clone();
    for ((slot, column), name) in values.iter_mut().zip(&columns.keys).zip(schema::KEYS) {
        let Some(column) = column else { continue };
        if slot.is_some() {
            continue;
        }
        let Some(statistics) = group.columns().get(column.leaf).and_then(|chunk| chunk.statistics()) else {
            return Ok(None);
        };
        match single_value(statistics, column) {
            Some(Single::Text(text)) => *slot = Some(KeyValue::Text(text)),
            Some(Single::Int(int)) => *slot = Some(KeyValue::Int(in_range(place, name, int)?)),
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

enum Single {
    Text(String),
    Int(i128),
}

/// The value of a column chunk in which every row has the same one.
fn single_value(statistics: &Statistics, column: &Column) -> Option<Single> {
    let exact = statistics.min_is_exact() && statistics.max_is_exact() && statistics.null_count_opt() == Some(0);
    if !exact {
        return None;
    }
    match statistics {
        Statistics::Int32(range) if range.min_opt()? == range.max_opt()? => {
            let value = *range.min_opt()?;
            // Unsigned columns keep their bits in a signed physical type.
            let unsigned = matches!(column.data_type, DataType::UInt32);
            Some(Single::Int(if unsigned { i128::from(value as u32) } else { i128::from(value) }))
        }
        Statistics::Int64(range) if range.min_opt()? == range.max_opt()? => {
            let value = *range.min_opt()?;
            let unsigned = matches!(column.data_type, DataType::UInt64);
            Some(Single::Int(if unsigned { i128::from(value as u64) } else { i128::from(value) }))
        }
        Statistics::ByteArray(range) if range.min_opt()? == range.max_opt()? => {
            let text = std::str::from_utf8(range.min_opt()?.data()).ok()?;
            Some(Single::Text(text.to_owned()))
        }
        _ => None,
    }
}

fn in_range(place: &Place, column: &str, value: i128) -> Result<i32, RecordingError> {
    i32::try_from(value)
        .map_err(|_| RecordingError::OutOfRange { place: place.clone().column(column), value: value.to_string() })
}

/// The key columns of a batch of rows.
pub(super) struct KeyBatch {
    /// Per key column its values, where the batch has it and no folder name rules it out.
    columns: [Option<KeyColumn>; 7],
    given: KeyValues,
}

enum KeyColumn {
    Text(ArrayRef),
    Int(Vec<Option<i32>>),
}

impl KeyBatch {
    /// Decodes the key columns; `find` returns a column's array in the batch.
    pub(super) fn decode(
        place: &Place,
        columns: &Columns,
        given: &KeyValues,
        find: impl Fn(&Column) -> Option<ArrayRef>,
    ) -> Result<Self, RecordingError> {
        let mut decoded = [const { None }; 7];
        for (i, name) in schema::KEYS.into_iter().enumerate() {
            let Some(column) = columns.keys[i].as_ref().filter(|_| given[i].is_none()) else { continue };
            let Some(array) = find(column) else { continue };
            decoded[i] = Some(if column.data_type.is_integer() {
                let ints = integers(place, name, &array)?;
                let ints =
                    ints.into_iter().map(|int| int.map(|int| in_range(place, name, i128::from(int))).transpose());
                KeyColumn::Int(ints.collect::<Result<_, _>>()?)
            } else {
                KeyColumn::Text(array)
            });
        }
        Ok(Self { columns: decoded, given: given.clone() })
    }

    /// The key of row `row`, which is null where the column is.
    pub(super) fn row(&self, row: usize) -> KeyValues {
        let mut values = self.given.clone();
        for (slot, column) in values.iter_mut().zip(&self.columns) {
            match column {
                Some(KeyColumn::Int(ints)) => *slot = ints[row].map(KeyValue::Int),
                Some(KeyColumn::Text(array)) if array.is_valid(row) => {
                    *slot = Some(KeyValue::Text(text_at(array, row)));
                }
                _ => {}
            }
        }
        values
    }
}

fn text_at(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into_owned(),
        _ => array.as_string::<i32>().value(row).to_owned(),
    }
}

/// The values of an integer column of any width, or of floats that are whole numbers, NaN for null.
pub(super) fn integers(place: &Place, column: &str, array: &ArrayRef) -> Result<Vec<Option<i64>>, RecordingError> {
    fn widened<T>(array: &PrimitiveArray<T>) -> Vec<Option<i64>>
    where
        T: arrow_array::ArrowPrimitiveType,
        T::Native: Into<i64>,
    {
        array.iter().map(|value| value.map(Into::into)).collect()
    }
    Ok(match array.data_type() {
        DataType::Int8 => widened(array.as_primitive::<Int8Type>()),
        DataType::Int16 => widened(array.as_primitive::<Int16Type>()),
        DataType::Int32 => widened(array.as_primitive::<Int32Type>()),
        DataType::Int64 => widened(array.as_primitive::<Int64Type>()),
        DataType::UInt8 => widened(array.as_primitive::<UInt8Type>()),
        DataType::UInt16 => widened(array.as_primitive::<UInt16Type>()),
        DataType::UInt32 => widened(array.as_primitive::<UInt32Type>()),
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>().iter().map(|value| value.map(f64::from));
            whole_numbers(place, column, floats)?
        }
        DataType::Float64 => whole_numbers(place, column, array.as_primitive::<Float64Type>().iter())?,
        DataType::UInt64 => {
            let narrowed = array.as_primitive::<UInt64Type>().iter().map(|value| {
                let narrow = |value: u64| i64::try_from(value);
                value.map(narrow).transpose()
            });
            narrowed.collect::<Result<_, _>>().map_err(|_| RecordingError::OutOfRange {
                place: place.clone().column(column),
                value: "a value above 9223372036854775807".to_owned(),
            })?
        }
        other => {
            return Err(RecordingError::ColumnType {
                place: place.clone().column(column),
                expected: "an integer column",
                found: other.to_string(),
            });
        }
    })
}

fn whole_numbers(
    place: &Place,
    column: &str,
    values: impl Iterator<Item = Option<f64>>,
) -> Result<Vec<Option<i64>>, RecordingError> {
    // Beyond 2^53 not every integer is a float, so that the number meant is unknown.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |value: f64| match value.fract() == 0.0 && value.abs() <= EXACT {
        true => Ok(value as i64),
        false => Err(RecordingError::OutOfRange { place: place.clone().column(column), value: value.to_string() }),
    };
    values.map(|value| value.filter(|value| !value.is_nan()).map(whole).transpose()).collect()
}

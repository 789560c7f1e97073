//! Parquet: one column per field, provenance in the key-value metadata.

use super::{Cell, Column, Kind, Report};
use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::io::{self, Write};
use std::sync::Arc;

/// Writes the rows; `layerscope.schema`, `.recording`, `.options`, `.findings` and `.warnings` hold the rest as JSON.
pub(super) fn write(report: &Report, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let fields: Vec<Field> =
        report.columns.iter().map(|column| Field::new(column.name, data_type(column), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays: Vec<ArrayRef> = (0..report.columns.len()).map(|at| array(report, at)).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(io::Error::other)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(metadata(report)?))
        .build();
    let mut writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(into_io)?;
    writer.write(&batch).map_err(into_io)?;
    writer.close().map_err(into_io)?;
    Ok(())
}

fn metadata(report: &Report) -> io::Result<Vec<KeyValue>> {
    Ok(vec![
        KeyValue::new("layerscope.schema".into(), report.schema()),
        KeyValue::new("layerscope.recording".into(), serde_json::to_string(&report.recording)?),
        KeyValue::new("layerscope.options".into(), serde_json::to_string(&report.options)?),
        KeyValue::new("layerscope.findings".into(), serde_json::to_string(&report.findings)?),
        KeyValue::new("layerscope.warnings".into(), serde_json::to_string(&report.warnings)?),
    ])
}

fn data_type(column: &Column) -> DataType {
    match column.kind {
        Kind::Integer => DataType::Int64,
        Kind::Real => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Text => DataType::Utf8,
        Kind::Reals => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        Kind::Pairs => DataType::List(Arc::new(Field::new_list_field(pair(), true))),
    }
}

/// A count and a number, as a list of both.
fn pair() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)))
}

/// Column `at` of all rows; a cell of another kind than its column's cannot be told apart from no value.
fn array(report: &Report, at: usize) -> ArrayRef {
    let cells = report.rows.iter().map(|row| &row[at]);
    match report.columns[at].kind {
        Kind::Integer => {
            let mut builder = Int64Builder::new();
            cells.for_each(|cell| {
                builder.append_option(if let Cell::Integer(value) = cell { Some(*value) } else { None })
            });
            Arc::new(builder.finish())
        }
        Kind::Real => {
            let mut builder = Float64Builder::new();
            cells
                .for_each(|cell| builder.append_option(if let Cell::Real(value) = cell { Some(*value) } else { None }));
            Arc::new(builder.finish())
        }
        Kind::Boolean => {
            let mut builder = BooleanBuilder::new();
            cells.for_each(|cell| {
                builder.append_option(if let Cell::Boolean(value) = cell { Some(*value) } else { None })
            });
            Arc::new(builder.finish())
        }
        Kind::Text => {
            let mut builder = StringBuilder::new();
            cells.for_each(|cell| {
                builder.append_option(if let Cell::Text(text) = cell { Some(text.as_ref()) } else { None })
            });
            Arc::new(builder.finish())
        }
        Kind::Pairs => {
            let mut builder = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
            for cell in cells {
                let Cell::Pairs(pairs) = cell else {
                    builder.append_null();
                    continue;
                };
                for &(count, value) in pairs {
                    builder.values().values().append_slice(&[count as f64, value]);
                    builder.values().append(true);
                }
                builder.append(true);
            }
            Arc::new(builder.finish())
        }
        Kind::Reals => {
            let mut builder = ListBuilder::new(Float64Builder::new());
            for cell in cells {
                let Cell::Reals(values) = cell else {
                    builder.append_null();
                    continue;
                };
                builder.values().append_slice(values);
                builder.append(true);
            }
            Arc::new(builder.finish())
        }
    }
}

/// Keeps the kind of an I/O error that the Parquet writer wrapped, so that a closed pipe is still recognised.
fn into_io(error: parquet::errors::ParquetError) -> io::Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if let Some(inner) = cause.downcast_ref::<io::Error>() {
            return io::Error::new(inner.kind(), error);
        }
        source = cause.source();
    }
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    #[test]
    fn rows_types_and_provenance_survive() {
        let mut file = tempfile::tempfile().unwrap();
        write(&sample::report(), &mut file).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let metadata = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
        let schema = metadata.iter().find(|pair| pair.key == "layerscope.schema").unwrap();
        assert_eq!(schema.value.as_deref(), Some("layerscope.normality.v1"));
        let batch = builder.build().unwrap().next().unwrap().unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        assert_eq!(column("size").as_primitive::<Int64Type>().values(), &[64, 90]);
        let w = column("w").as_primitive::<Float64Type>();
        assert!(w.value(0) == 0.1 && w.is_null(1));
        assert_eq!(column("std_quantiles.0.05").as_primitive::<Float64Type>().value(0), 1e-300);
        let interval = column("dead_fraction_interval").as_list::<i32>();
        assert!(interval.is_null(1));
        assert_eq!(interval.value(0).as_primitive::<Float64Type>().values(), &[0.25, 0.75]);
        assert_eq!(column("reason").as_string::<i32>().value(1), "fewer than 3 neurons");
    }
}

//! Which columns of a file hold what, whatever their types.

use std::path::Path;

use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaData;

use super::super::error::Place;
use super::super::{RecordingError, Stage, schema};

/// The columns of a recording as they stand in one file; all numbers are those of the file's top-level columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// The key columns that are there, in the order of [`schema::KEYS`].
    pub keys: [Option<Column>; 7],
    /// `sample`, where it is a number.
    pub sample: Option<Column>,
    /// `label`, where it is a number.
    pub label: Option<Column>,
    /// The value columns.
    pub pre: Option<Values>,
    /// The value columns.
    pub post: Option<Values>,
    /// Columns that are there but of no use, with the reason.
    pub warnings: Vec<String>,
}

/// A column of one value per row.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Number among the top-level columns.
    pub root: usize,
    /// Number among the leaves.
    pub leaf: usize,
    /// Its type as decoded.
    pub data_type: DataType,
}

/// A column of one list per row.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// Number among the top-level columns.
    pub root: usize,
    /// Number of the values among the leaves.
    pub leaf: usize,
    /// Length of every list, where the writer's Arrow type fixes it.
    pub fixed_length: Option<usize>,
}

impl Columns {
    /// Finds the columns in `decoded`, the file's Arrow schema derived from its Parquet schema alone, so that string
    /// views, dictionaries and large lists all come as their plain forms.
    ///
    /// # Errors
    /// [`RecordingError::NoStage`] without `pre` and `post`, [`RecordingError::ColumnType`] for a key, `pre` or `post`
    /// of a type that cannot serve.
    pub(super) fn resolve(path: &Path, metadata: &ParquetMetaData, decoded: &Schema) -> Result<Self, RecordingError> {
        let parquet = metadata.file_metadata().schema_descr();
        let leaf_of = |root: usize| (0..parquet.num_columns()).find(|leaf| parquet.get_column_root_idx(*leaf) == root);
        let scalar = |name: &str| {
            let (root, field) = decoded.fields().find(name)?;
            Some(Column { root, leaf: leaf_of(root)?, data_type: field.data_type().clone() })
        };
        let mut columns = Self::default();
        for (slot, name) in columns.keys.iter_mut().zip(schema::KEYS) {
            let Some(column) = scalar(name) else { continue };
            let text = matches!(name, schema::MODEL | schema::DATASET | schema::SPLIT | schema::LAYER);
            let (fits, expected) = match text {
                true => (is_text(&column.data_type), "a string column"),
                false => (column.data_type.is_integer(), "an integer column"),
            };
            if !fits {
                let found = column.data_type.to_string();
                return Err(RecordingError::ColumnType { place: Place::file(path).column(name), expected, found });
            }
            *slot = Some(column);
        }
        for (slot, name) in [(&mut columns.sample, schema::SAMPLE), (&mut columns.label, schema::LABEL)] {
            match scalar(name) {
                // pandas keeps integers with gaps as floats.
                Some(column) if column.data_type.is_numeric() => *slot = Some(column),
                Some(column) => columns.warnings.push(format!(
                    "{}: column {name} is {}, not a number: ignored",
                    path.display(),
                    column.data_type
                )),
                None => {}
            }
        }
        let embedded = metadata.file_metadata().key_value_metadata();
        let declared = parquet_to_arrow_schema(parquet, embedded).ok();
        let values = |stage: Stage| -> Result<Option<Values>, RecordingError> {
            let Some((root, field)) = decoded.fields().find(stage.as_str()) else { return Ok(None) };
            let leaf = leaf_of(root).filter(|_| is_float_list(field));
            let Some(leaf) = leaf else {
                return Err(RecordingError::ColumnType {
                    place: Place::file(path).column(stage.as_str()),
                    expected: "a list of 16, 32 or 64 bit floats",
                    found: field.data_type().to_string(),
                });
            };
            let declared = declared.as_ref().and_then(|schema| schema.field_with_name(stage.as_str()).ok());
            let fixed_length = match declared.map(Field::data_type) {
                Some(DataType::FixedSizeList(_, length)) => usize::try_from(*length).ok(),
                _ => None,
            };
            Ok(Some(Values { root, leaf, fixed_length }))
        };
        columns.pre = values(Stage::Pre)?;
        columns.post = values(Stage::Post)?;
        if columns.pre.is_none() && columns.post.is_none() {
            let found = decoded.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
            return Err(RecordingError::NoStage {
                path: path.to_path_buf(),
                found: super::super::error::one_line(&found),
            });
        }
        Ok(columns)
    }

    /// The column of a stage.
    pub(super) fn stage(&self, stage: Stage) -> Option<&Values> {
        match stage {
            Stage::Pre => self.pre.as_ref(),
            Stage::Post => self.post.as_ref(),
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    // Old writers leave the string annotation out.
    matches!(data_type, DataType::Utf8 | DataType::Binary)
}

fn is_float_list(field: &Field) -> bool {
    match field.data_type() {
        DataType::List(element) => element.data_type().is_floating(),
        _ => false,
    }
}

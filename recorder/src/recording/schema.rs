//! The columns of a recording: the only place that names them.
//!
//! A file with two neurons and three samples:
//!
//! | model | dataset | split | size | replicate | epoch | layer | sample | label | pre | post |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | mnist_h1 | mnist-5k | test | 2 | 0 | 15 | hidden | 0 | 7 | [-0.5, 1.5] | [0.0, 1.5] |
//! | mnist_h1 | mnist-5k | test | 2 | 0 | 15 | hidden | 1 | 2 | [0.25, -2.0] | [0.25, 0.0] |
//! | mnist_h1 | mnist-5k | test | 2 | 0 | 15 | hidden | 2 | 1 | [-1.0, -1.0] | [0.0, 0.0] |

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::Stage;

/// Version of the format; grows when a reader of the older version would misread a newer file. New columns and new
/// metadata do not change it: readers ignore what they do not know.
pub const FORMAT_VERSION: u32 = 1;

/// Metadata key of the format version.
pub const VERSION_KEY: &str = "layerscope.format_version";
/// Metadata key of the manifest (JSON).
pub const MANIFEST_KEY: &str = "layerscope.manifest";
/// Metadata key of the manifest's own BLAKE3 digest (hexadecimal).
pub const MANIFEST_DIGEST_KEY: &str = "layerscope.manifest_blake3";

/// Metadata key of what convolutional layers look like (JSON); recordings from elsewhere have it.
pub const LAYERS_KEY: &str = "layerscope.layers";

/// Metadata key of the footer's seal: the BLAKE3 digest of the footer with this value's own digits taken as zeros.
pub const FOOTER_SEAL_KEY: &str = "layerscope.footer_blake3";

/// What stands in the footer before the seal's digits: its key, and that a text of 64 bytes follows (Thrift).
pub(super) const FOOTER_SEAL_MARKER: &[u8] = b"layerscope.footer_blake3\x18\x40";

/// Model name.
pub const MODEL: &str = "model";
/// Dataset name.
pub const DATASET: &str = "dataset";
/// `train` or `test`.
pub const SPLIT: &str = "split";
/// Swept width.
pub const SIZE: &str = "size";
/// Replicate, counted from 0.
pub const REPLICATE: &str = "replicate";
/// Training epochs completed at capture.
pub const EPOCH: &str = "epoch";
/// Layer name.
pub const LAYER: &str = "layer";
/// Index in the split's original order.
pub const SAMPLE: &str = "sample";
/// Class; null for regression.
pub const LABEL: &str = "label";
/// Values before the activation function, one per neuron.
pub const PRE: &str = "pre";
/// Values after it.
pub const POST: &str = "post";

/// Layer of a foreign recording that names none.
pub const DEFAULT_LAYER: &str = "hidden";

/// Level of the zstd compression. Level 3 was larger and slower on split byte streams.
pub const ZSTD_LEVEL: i32 = 1;

/// The key columns in file order: those that the rows of one unit share.
pub const KEYS: [&str; 7] = [MODEL, DATASET, SPLIT, SIZE, REPLICATE, EPOCH, LAYER];

/// The Arrow schema of a recording with the given stages. Only `label` may be null.
pub fn arrow_schema(stages: &[Stage]) -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let int = |name: &str| Field::new(name, DataType::Int32, false);
    let mut fields = vec![
        text(MODEL),
        text(DATASET),
        text(SPLIT),
        int(SIZE),
        int(REPLICATE),
        int(EPOCH),
        text(LAYER),
        Field::new(SAMPLE, DataType::Int64, false),
        Field::new(LABEL, DataType::Int32, true),
    ];
    for stage in stages {
        // "element" is the name in the Parquet specification; the Arrow default "item" would not round-trip elsewhere.
        let element = Arc::new(Field::new("element", DataType::Float32, false));
        fields.push(Field::new(stage.as_str(), DataType::List(element), false));
    }
    Schema::new(fields)
}

/// Path of a stage's values in the Parquet schema: `pre.list.element`.
pub(super) fn values_path(stage: Stage) -> ColumnPath {
    ColumnPath::new([stage.as_str(), "list", "element"].map(str::to_owned).to_vec())
}

/// Properties of the writer: zstd everywhere, statistics on the key columns for row-group pruning, none on the values,
/// no page index (each page's header is read in passing).
pub(super) fn writer_properties(schema: &Schema, stages: &[Stage]) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("layerscope version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // The statistics decide which row groups are read, so a long name must not be cut.
        .set_statistics_truncate_length(None)
        .set_offset_index_disabled(true)
        .set_column_dictionary_enabled(ColumnPath::from(SAMPLE), false)
        .set_column_encoding(ColumnPath::from(SAMPLE), Encoding::DELTA_BINARY_PACKED);
    for stage in stages {
        builder = builder
            .set_column_dictionary_enabled(values_path(*stage), false)
            .set_column_statistics_enabled(values_path(*stage), EnabledStatistics::None)
            .set_column_encoding(values_path(*stage), Encoding::BYTE_STREAM_SPLIT);
    }
    let mut properties = builder.build();
    add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    Ok(properties)
}

#[cfg(test)]
mod tests {
    use parquet::arrow::ArrowSchemaConverter;

    use super::*;

    #[test]
    fn the_marker_of_the_seal_is_its_key() {
        assert!(FOOTER_SEAL_MARKER.starts_with(FOOTER_SEAL_KEY.as_bytes()));
        assert_eq!(FOOTER_SEAL_MARKER.len(), FOOTER_SEAL_KEY.len() + 2);
    }

    #[test]
    fn the_leaf_paths_are_those_of_the_parquet_schema() {
        let schema = arrow_schema(&Stage::ALL);
        let parquet = ArrowSchemaConverter::new().convert(&schema).unwrap();
        let paths: Vec<_> = parquet.columns().iter().map(|column| column.path().clone()).collect();
        assert_eq!(paths[9..], [values_path(Stage::Pre), values_path(Stage::Post)]);
        // Required all the way: one repetition level and one definition level, which the page writer relies on.
        for leaf in &parquet.columns()[9..] {
            assert_eq!((leaf.max_rep_level(), leaf.max_def_level()), (1, 1));
        }
        let properties = writer_properties(&schema, &Stage::ALL).unwrap();
        assert_eq!(properties.encoding(&values_path(Stage::Post)), Some(Encoding::BYTE_STREAM_SPLIT));
    }
}

//! Row groups of an unfinished recording: what the footer will say about them, kept until there is a footer.

use std::io;

use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetMetaDataWriter,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;
use serde::{Deserialize, Serialize};

use super::digest::RowGroupDigest;
use super::output::OutputFile;

/// A row group that is in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGroup {
    /// Its bytes in the file and their digests.
    pub digest: RowGroupDigest,
    /// Its rows.
    pub n_rows: u64,
    /// A Parquet footer with this row group alone, hexadecimal.
    pub(super) metadata: String,
}

/// The footer of the last row group alone.
pub(super) fn metadata(file: &SerializedFileWriter<OutputFile>) -> Result<String, ParquetError> {
    let group = file.flushed_row_groups().last().cloned();
    let schema = std::sync::Arc::new(file.schema_descr().clone());
    let alone = FileMetaData::new(1, group.as_ref().map_or(0, |group| group.num_rows()), None, None, schema, None);
    let mut bytes = Vec::new();
    ParquetMetaDataWriter::new(&mut bytes, &ParquetMetaData::new(alone, group.into_iter().collect())).finish()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Tells the writer of a row group whose bytes are in the file already: they are not read, and the output file does not
/// write what stands below its kept length.
pub(super) fn replay(file: &mut SerializedFileWriter<OutputFile>, kept: &KeptGroup) -> Result<(), ParquetError> {
    let wrong = || ParquetError::General("the ledger's metadata of a row group cannot be read".to_owned());
    let digits = kept.metadata.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let options = ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false);
    let reader = ParquetMetaDataReader::new().with_metadata_options(Some(options));
    let metadata = reader.parse_and_finish(&Bytes::from(bytes.ok_or_else(wrong)?))?;
    let mut group = file.next_row_group()?;
    for column in metadata.row_groups().first().ok_or_else(wrong)?.columns() {
        let close = ColumnCloseResult {
            bytes_written: column.compressed_size() as u64,
            rows_written: kept.n_rows,
            metadata: column.clone(),
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        group.append_column(&Placeholder, close)?;
    }
    group.close().map(drop)
}

/// Stands for bytes that are in the file.
struct Placeholder;

impl Length for Placeholder {
    fn len(&self) -> u64 {
        u64::MAX
    }
}

impl ChunkReader for Placeholder {
    type T = io::Repeat;

    fn get_read(&self, _start: u64) -> Result<io::Repeat, ParquetError> {
        Ok(io::repeat(0))
    }

    fn get_bytes(&self, _start: u64, length: usize) -> Result<Bytes, ParquetError> {
        Ok(vec![0; length].into())
    }
}

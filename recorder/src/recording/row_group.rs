//! One row group, encoded: its column chunks as they will stand in the file, each with its digest.
//!
//! The values are encoded already ([`encode`](super::page::encode)); the key columns are encoded here by the parquet
//! crate, through a page writer of our own that gives every page its checksum.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer_mut};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;
use rayon::prelude::*;

use super::digest::ColumnDigest;
use super::page::encode::{EncodedPage, checksum};
use super::page::header::{DATA_PAGE, DICTIONARY_PAGE, PageHeader};
use super::{UnitKey, schema};

/// What a row group holds.
pub(super) struct Rows<'a> {
    pub key: &'a UnitKey,
    pub n_neurons: usize,
    pub samples: &'a [i64],
    pub labels: &'a [Option<i32>],
    /// Pages per stage.
    pub pages: Vec<Vec<EncodedPage>>,
}

/// A column chunk, and what the footer says about it.
struct Chunk {
    bytes: Bytes,
    close: ColumnCloseResult,
}

/// Writes the row group and returns the digests of its column chunks, in file order.
pub(super) fn write<W: std::io::Write + Send>(
    mut group: SerializedRowGroupWriter<'_, W>,
    columns: &[ColumnDescPtr],
    properties: &WriterPropertiesPtr,
    rows: Rows<'_>,
) -> Result<Vec<ColumnDigest>, ParquetError> {
    let chunks = encode(columns, properties, rows)?;
    // In parallel: hashing the values of both stages one after the other would cost a tenth of writing them.
    let digests = chunks
        .par_iter()
        .zip(columns)
        .with_max_len(1)
        .map(|(chunk, column)| ColumnDigest {
            name: column.path().parts()[0].clone(),
            bytes: chunk.bytes.len() as u64,
            blake3: blake3::hash(&chunk.bytes).to_hex().to_string(),
        })
        .collect();
    for chunk in chunks {
        group.append_column(&chunk.bytes, chunk.close)?;
    }
    group.close()?;
    Ok(digests)
}

fn encode(
    columns: &[ColumnDescPtr],
    properties: &WriterPropertiesPtr,
    rows: Rows<'_>,
) -> Result<Vec<Chunk>, ParquetError> {
    let n_rows = rows.samples.len();
    let key = rows.key;
    let text = |value: &String| vec![ByteArray::from(value.as_str()); n_rows];
    let labels: Vec<i32> = rows.labels.iter().flatten().copied().collect();
    let levels: Vec<i16> = rows.labels.iter().map(|label| i16::from(label.is_some())).collect();
    let mut chunks = Vec::with_capacity(columns.len());
    let mut pages = rows.pages.into_iter();
    for column in columns {
        let put = Put { column, properties };
        chunks.push(match column.path().parts()[0].as_str() {
            schema::MODEL => put.values::<ByteArrayType>(&text(&key.model), None),
            schema::DATASET => put.values::<ByteArrayType>(&text(&key.dataset), None),
            schema::SPLIT => put.values::<ByteArrayType>(&text(&key.split), None),
            schema::SIZE => put.values::<Int32Type>(&vec![key.size; n_rows], None),
            schema::REPLICATE => put.values::<Int32Type>(&vec![key.replicate; n_rows], None),
            schema::EPOCH => put.values::<Int32Type>(&vec![key.epoch; n_rows], None),
            schema::LAYER => put.values::<ByteArrayType>(&text(&key.layer), None),
            schema::SAMPLE => put.values::<Int64Type>(rows.samples, None),
            schema::LABEL => put.values::<Int32Type>(&labels, Some(&levels)),
            _ => put.lists(pages.next().unwrap_or_default(), n_rows, rows.n_neurons),
        }?);
    }
    Ok(chunks)
}

/// Encodes one column.
struct Put<'a> {
    column: &'a ColumnDescPtr,
    properties: &'a WriterPropertiesPtr,
}

impl Put<'_> {
    fn values<T: DataType>(&self, values: &[T::T], levels: Option<&[i16]>) -> Result<Chunk, ParquetError> {
        let mut bytes = Vec::new();
        let sink = Box::new(PageSink { bytes: &mut bytes });
        let mut writer = get_column_writer(self.column.clone(), self.properties.clone(), sink);
        get_typed_column_writer_mut::<T>(&mut writer).write_batch(values, levels, None)?;
        let close = writer.close()?;
        Ok(Chunk { bytes: bytes.into(), close })
    }

    fn lists(&self, pages: Vec<EncodedPage>, n_rows: usize, n_neurons: usize) -> Result<Chunk, ParquetError> {
        let compressed: usize = pages.iter().map(|page| page.bytes.len()).sum();
        let uncompressed: usize = pages.iter().map(|page| page.uncompressed).sum();
        let mut bytes = Vec::with_capacity(compressed);
        for page in pages {
            bytes.extend_from_slice(&page.bytes);
        }
        let metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(schema::ZSTD_LEVEL)?))
            .set_encodings(vec![Encoding::RLE, Encoding::BYTE_STREAM_SPLIT])
            .set_num_values((n_rows * n_neurons) as i64)
            .set_total_compressed_size(compressed as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_data_page_offset(0)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: n_rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok(Chunk { bytes: bytes.into(), close })
    }
}

/// Takes compressed pages from the parquet crate and puts them one after the other, each with its checksum.
struct PageSink<'a> {
    bytes: &'a mut Vec<u8>,
}

impl PageWriter for PageSink<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let size = |n: usize| i32::try_from(n).map_err(|_| ParquetError::General("a page exceeds 2 GiB".to_owned()));
        let (page_type, level_encodings) = match page.compressed_page() {
            Page::DictionaryPage { .. } => (DICTIONARY_PAGE, [0; 2]),
            Page::DataPage { def_level_encoding, rep_level_encoding, .. } => {
                (DATA_PAGE, [*def_level_encoding as i32, *rep_level_encoding as i32])
            }
            Page::DataPageV2 { .. } => {
                return Err(ParquetError::General("expected pages of version 1".to_owned()));
            }
        };
        let header = PageHeader {
            page_type,
            uncompressed_size: size(page.uncompressed_size())?,
            compressed_size: size(page.compressed_size())?,
            crc: Some(checksum(page.data())),
            n_values: size(page.num_values() as usize)?,
            encoding: page.encoding() as i32,
            level_encodings,
            ..PageHeader::default()
        };
        let header = header.to_bytes();
        let spec = PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: header.len() + page.uncompressed_size(),
            compressed_size: header.len() + page.compressed_size(),
            num_values: page.num_values(),
            offset: self.bytes.len() as u64,
            bytes_written: (header.len() + page.compressed_size()) as u64,
        };
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(page.data());
        Ok(spec)
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        Ok(())
    }
}

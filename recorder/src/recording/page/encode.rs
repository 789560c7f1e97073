//! Rows of values to data pages of version 1: level pattern, split byte streams, zstd, checksum.

use std::io;

use flate2::Crc;
use ndarray::ArrayView2;
use rayon::prelude::*;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::super::schema::ZSTD_LEVEL;
use super::header::{BYTE_STREAM_SPLIT, DATA_PAGE, PageHeader, RLE};
use super::{Workers, levels, split};

/// Raw bytes of values per page. A page and its split form stay in a core's second-level cache, and even a small layer
/// gives every thread pages to work on.
const PAGE_BYTES: usize = 512 << 10;

/// One data page with its header, as it stands in the file.
pub(crate) struct EncodedPage {
    /// Header and compressed body.
    pub bytes: Vec<u8>,
    /// Bytes of the header and the body before compression.
    pub uncompressed: usize,
}

/// Rows of `n_neurons` values that one page holds: at least one.
pub(crate) fn rows_per_page(n_neurons: usize) -> usize {
    (PAGE_BYTES / (n_neurons.max(1) * size_of::<f32>())).max(1)
}

/// The pages of `values` ([N, U], row-major), in order, encoded on all threads of the current pool.
pub(crate) fn encode(values: ArrayView2<'_, f32>, encoders: &Workers<Encoder>) -> io::Result<Vec<EncodedPage>> {
    let n_neurons = values.ncols();
    let values = values.to_slice().ok_or_else(|| io::Error::other("rows are not contiguous"))?;
    values
        .par_chunks(rows_per_page(n_neurons) * n_neurons)
        .with_max_len(1)
        .map(|page| encoders.with(|encoder| encoder.encode(page, n_neurons)))
        .collect()
}

/// Buffers and a compression context that serve one page after the other.
#[derive(Default)]
pub(crate) struct Encoder {
    compressor: Option<Compressor<'static>>,
    body: Vec<u8>,
    compressed: Vec<u8>,
}

impl Encoder {
    fn encode(&mut self, values: &[f32], n_neurons: usize) -> io::Result<EncodedPage> {
        self.body.clear();
        levels::put_repetition(values.len() / n_neurons, n_neurons, &mut self.body);
        levels::put_definition(values.len(), &mut self.body);
        split::split(values, &mut self.body);

        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(compressor()?),
        };
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(self.body.len()));
        compressor.compress_to_buffer(&self.body, &mut self.compressed)?;

        let size = |n: usize| i32::try_from(n).map_err(|_| io::Error::other("a row exceeds 2 GiB"));
        let header = PageHeader {
            page_type: DATA_PAGE,
            uncompressed_size: size(self.body.len())?,
            compressed_size: size(self.compressed.len())?,
            crc: Some(checksum(&self.compressed)),
            n_values: size(values.len())?,
            encoding: BYTE_STREAM_SPLIT,
            level_encodings: [RLE, RLE],
            ..PageHeader::default()
        };
        let mut bytes = header.to_bytes();
        let uncompressed = bytes.len() + self.body.len();
        bytes.extend_from_slice(&self.compressed);
        Ok(EncodedPage { bytes, uncompressed })
    }
}

/// The checksum of a page's body as it stands in the file: CRC-32 of zlib.
pub(crate) fn checksum(body: &[u8]) -> i32 {
    let mut crc = Crc::new();
    crc.update(body);
    crc.sum() as i32
}

/// Level 1 with the smallest table of earlier strings. Split byte streams have no strings worth finding: the matches of
/// the full table are chance, cost time and take more bytes than the literals they replace (0.545 of raw instead of
/// 0.527 for half zeros, and compression a third slower).
fn compressor() -> io::Result<Compressor<'static>> {
    const SMALLEST_HASH_LOG: u32 = 6;
    let mut compressor = Compressor::new(ZSTD_LEVEL)?;
    compressor.set_parameter(CParameter::HashLog(SMALLEST_HASH_LOG))?;
    Ok(compressor)
}

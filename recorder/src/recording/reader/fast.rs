//! The fast path: pages of lists of one length, decoded in parallel straight into the matrix.
//!
//! Taken for 32-bit floats without nulls, plain or byte-stream-split, uncompressed or zstd, which covers our own files
//! and many foreign ones. Everything a page claims is checked (sizes, levels, checksum); at the first surprise the
//! general reader reads the rows instead and names what is wrong.

use parquet::basic::{Compression, Type};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::Length;
use rayon::prelude::*;

use super::super::error::Place;
use super::super::page::Workers;
use super::super::page::decode::{ColumnShape, Decoder, PageError, is_supported};
use super::super::page::header::PageHeader;
use super::super::{RecordingError, Stage};
use super::file::PositionedFile;

/// Longest page header that is looked for; honest ones have tens of bytes, or hundreds with statistics.
const MAX_HEADER_BYTES: u64 = 1 << 14;

/// One page of a column chunk.
#[derive(Clone, Copy, Debug)]
struct PageEntry {
    header: PageHeader,
    /// Where the page's body stands in the file.
    offset: u64,
    /// Number of the page's first value in the column chunk.
    first_value: u64,
}

impl PageEntry {
    fn end_value(&self) -> u64 {
        self.first_value + self.header.n_values as u64
    }
}

/// The pages of one stage's column chunk in one row group.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub stage: Stage,
    entries: Vec<PageEntry>,
    shape: ColumnShape,
}

impl Pages {
    /// Walks the page headers of `chunk`; `None` where the fast path does not apply.
    pub(super) fn find(
        file: &PositionedFile,
        chunk: &ColumnChunkMetaData,
        stage: Stage,
        n_rows: u64,
        n_neurons: u64,
    ) -> Option<Self> {
        let column = chunk.column_descr();
        let zstd = match chunk.compression() {
            Compression::ZSTD(_) => true,
            Compression::UNCOMPRESSED => false,
            _ => return None,
        };
        let expected = n_rows.checked_mul(n_neurons).filter(|n| *n > 0)?;
        let applies = column.physical_type() == Type::FLOAT
            && column.max_rep_level() == 1
            && (0..=3).contains(&column.max_def_level())
            && chunk.dictionary_page_offset().is_none()
            && u64::try_from(chunk.num_values()) == Ok(expected);
        if !applies {
            return None;
        }
        let mut at = u64::try_from(chunk.data_page_offset()).ok()?;
        let end = at.checked_add(u64::try_from(chunk.compressed_size()).ok()?).filter(|end| *end <= file.len())?;
        let mut entries = Vec::new();
        let mut first_value = 0;
        while at < end {
            let (header, header_bytes) = read_header(file, at, end)?;
            let offset = at + header_bytes;
            at = offset.checked_add(u64::try_from(header.compressed_size).ok()?).filter(|at| *at <= end)?;
            if !is_supported(&header) {
                return None;
            }
            let entry = PageEntry { header, offset, first_value };
            first_value = entry.end_value();
            entries.push(entry);
        }
        let shape = ColumnShape { n_neurons, max_definition: column.max_def_level() as u8, zstd };
        (first_value == expected).then_some(Self { stage, entries, shape })
    }

    /// Rows of the first page, if it ends with a row: windows of whole pages need no page twice.
    pub(super) fn rows_per_page(&self) -> Option<u64> {
        let n_values = self.entries.first()?.header.n_values as u64;
        (n_values.is_multiple_of(self.shape.n_neurons)).then_some(n_values / self.shape.n_neurons)
    }

    /// The pages with values in `first..end`, each with its part of `values`, which holds exactly those values.
    fn cut<'a>(&self, first: u64, end: u64, mut values: &'a mut [f32]) -> Vec<Piece<'a>> {
        let start = self.entries.partition_point(|entry| entry.end_value() <= first);
        let mut pieces = Vec::new();
        for entry in self.entries[start..].iter().take_while(|entry| entry.first_value < end) {
            let skip = first.saturating_sub(entry.first_value);
            let n = entry.end_value().min(end) - entry.first_value - skip;
            let (part, rest) = values.split_at_mut(n as usize);
            values = rest;
            pieces.push(Piece { entry: *entry, shape: self.shape, skip: skip as usize, values: part });
        }
        pieces
    }
}

/// A page and the part of the matrix that it fills.
struct Piece<'a> {
    entry: PageEntry,
    shape: ColumnShape,
    skip: usize,
    values: &'a mut [f32],
}

impl Piece<'_> {
    fn fill(self, file: &PositionedFile, decoder: &mut Decoder) -> Result<(), PageError> {
        let entry = &self.entry;
        let buffer = decoder.compressed_buffer(entry.header.compressed_size as usize)?;
        // A file that was cut meanwhile: the general reader reports it.
        file.read_exact_at(buffer, entry.offset).map_err(|_| PageError::Irregular)?;
        decoder.decode(&entry.header, self.shape, entry.first_value, self.skip, self.values)
    }
}

/// Decodes the rows `first_row..first_row + n_rows` of every column of `columns` into its buffer, on all threads of the
/// current rayon pool. `None` where a page turns out not to be regular.
pub(super) fn read(
    file: &PositionedFile,
    decoders: &Workers<Decoder>,
    place: &Place,
    columns: &mut [(&Pages, &mut Vec<f32>)],
    first_row: u64,
    n_rows: u64,
) -> Result<Option<()>, RecordingError> {
    let mut pieces = Vec::new();
    for (pages, values) in columns.iter_mut() {
        let n_neurons = pages.shape.n_neurons;
        let n_values = usize::try_from(n_rows * n_neurons).map_err(|_| no_memory(place, pages.stage))?;
        values.truncate(n_values);
        values.try_reserve_exact(n_values - values.len()).map_err(|_| no_memory(place, pages.stage))?;
        values.resize(n_values, 0.0);
        let part = pages.cut(first_row * n_neurons, (first_row + n_rows) * n_neurons, values);
        pieces.extend(part.into_iter().map(|piece| (pages.stage, piece)));
    }
    let results: Vec<(Stage, u64, PageError)> = pieces
        .into_par_iter()
        .with_max_len(1)
        .filter_map(|(stage, piece)| {
            let offset = piece.entry.offset;
            let error = decoders.with(|decoder| piece.fill(file, decoder)).err()?;
            Some((stage, offset, error))
        })
        .collect();
    match results.first() {
        None => Ok(Some(())),
        Some((_, _, PageError::Irregular)) => Ok(None),
        Some((stage, _, PageError::Memory)) => Err(no_memory(place, *stage)),
        Some((stage, offset, PageError::Checksum)) => Err(RecordingError::Damaged {
            place: place.clone().column(stage.as_str()),
            reason: format!("the page at byte {offset} fails its checksum"),
        }),
    }
}

fn no_memory(place: &Place, stage: Stage) -> RecordingError {
    RecordingError::Damaged {
        place: place.clone().column(stage.as_str()),
        reason: "rows too large for memory".to_owned(),
    }
}

/// The header at `at` and its length.
fn read_header(file: &PositionedFile, at: u64, end: u64) -> Option<(PageHeader, u64)> {
    let mut length = 64;
    loop {
        let n = length.min(end - at);
        let mut bytes = vec![0; usize::try_from(n).ok()?];
        file.read_exact_at(&mut bytes, at).ok()?;
        match PageHeader::parse(&bytes) {
            Some((header, length)) => return Some((header, length as u64)),
            None if n < length || length >= MAX_HEADER_BYTES => return None,
            None => length *= 4,
        }
    }
}

//! The fast path: pages of lists of one length, decoded in parallel straight into the matrix.
//!
//! The compressed bytes of the rows asked for are read into one window per column, hashed by one thread while the others
//! decode, and forgotten: a digest costs no second reading. It covers what a page's checksum covers, which is then not
//! computed.
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
use super::super::page::header::{DATA_PAGE, DATA_PAGE_V2, PageHeader};
use super::super::{RecordingError, Stage};
use super::check::ColumnCheck;
use super::file::PositionedFile;

/// Longest page header that is looked for; honest ones have tens of bytes, or hundreds with statistics.
const MAX_HEADER_BYTES: u64 = 1 << 14;

/// One page of a column chunk.
#[derive(Clone, Copy, Debug)]
struct PageEntry {
    header: PageHeader,
    /// Where the page's header stands in the file.
    start: u64,
    /// Where its body does.
    offset: u64,
    /// Number of the page's first value in the column chunk.
    first_value: u64,
}

impl PageEntry {
    fn end_value(&self) -> u64 {
        self.first_value + self.header.n_values as u64
    }

    /// The byte behind the page.
    fn end(&self) -> u64 {
        self.offset + self.header.compressed_size as u64
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
            let entry = PageEntry { header, start: offset - header_bytes, offset, first_value };
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

    /// The pages with values in `first..end`.
    fn cut(&self, first: u64, end: u64) -> &[PageEntry] {
        let start = self.entries.partition_point(|entry| entry.end_value() <= first);
        let entries = &self.entries[start..];
        &entries[..entries.partition_point(|entry| entry.first_value < end)]
    }
}

/// One column of a window of rows.
pub(super) struct Column<'a> {
    pub pages: &'a Pages,
    /// The digest of the column chunk, where it is compared.
    pub check: Option<&'a mut ColumnCheck>,
    /// The pages as they stand in the file, headers included.
    pub window: &'a mut Vec<u8>,
    /// The values.
    pub values: &'a mut Vec<f32>,
}

/// A page and the part of the matrix that it fills.
struct Piece<'a> {
    header: PageHeader,
    offset: u64,
    first_value: u64,
    shape: ColumnShape,
    stage: Stage,
    skip: usize,
    body: &'a [u8],
    values: &'a mut [f32],
}

/// Decodes the rows `first_row..first_row + n_rows` of every column, on all threads of the current rayon pool. `None`
/// where a page turns out not to be regular.
pub(super) fn read(
    file: &PositionedFile,
    decoders: &Workers<Decoder>,
    place: &Place,
    columns: &mut [Column<'_>],
    first_row: u64,
    n_rows: u64,
) -> Result<Option<()>, RecordingError> {
    let mut unread = Vec::new();
    for column in columns.iter_mut() {
        let pages = column.pages;
        let n_neurons = pages.shape.n_neurons;
        let n_values = usize::try_from(n_rows * n_neurons).map_err(|_| no_memory(place, pages.stage))?;
        resize(column.values, n_values).ok_or_else(|| no_memory(place, pages.stage))?;
        let entries = pages.cut(first_row * n_neurons, (first_row + n_rows) * n_neurons);
        let n_bytes = entries.last().map_or(0, PageEntry::end) - entries.first().map_or(0, |entry| entry.start);
        let n_bytes = usize::try_from(n_bytes).map_err(|_| no_memory(place, pages.stage))?;
        resize(column.window, n_bytes).ok_or_else(|| no_memory(place, pages.stage))?;
        let mut window = column.window.as_mut_slice();
        for entry in entries {
            let (page, rest) = window.split_at_mut((entry.end() - entry.start) as usize);
            window = rest;
            unread.push((entry.start, page));
        }
    }
    let complete =
        unread.into_par_iter().with_max_len(1).all(|(offset, page)| file.read_exact_at(page, offset).is_ok());
    if !complete {
        // A file that was cut meanwhile: the general reader reports it.
        return Ok(None);
    }
    let mut checks = Vec::new();
    let mut pieces = Vec::new();
    for column in columns.iter_mut() {
        let (pages, window) = (column.pages, column.window.as_slice());
        let n_neurons = pages.shape.n_neurons;
        let (first, end) = (first_row * n_neurons, (first_row + n_rows) * n_neurons);
        let entries = pages.cut(first, end);
        let start = entries.first().map_or(0, |entry| entry.start);
        let hashed = column.check.is_some();
        checks.extend(column.check.as_deref_mut().map(|check| (check, start, window)));
        let mut values = column.values.as_mut_slice();
        for entry in entries {
            let skip = first.saturating_sub(entry.first_value);
            let n = entry.end_value().min(end) - entry.first_value - skip;
            let (part, rest) = values.split_at_mut(n as usize);
            values = rest;
            let body = &window[(entry.offset - start) as usize..(entry.end() - start) as usize];
            pieces.push(Piece {
                header: PageHeader { crc: entry.header.crc.filter(|_| !hashed), ..entry.header },
                offset: entry.offset,
                first_value: entry.first_value,
                shape: pages.shape,
                stage: pages.stage,
                skip: skip as usize,
                body,
                values: part,
            });
        }
    }
    let hash = || {
        checks.into_par_iter().with_max_len(1).for_each(|(check, start, window)| check.update(start, window));
    };
    let decode = || -> Vec<(Stage, u64, PageError)> {
        let pieces = pieces.into_par_iter().with_max_len(1);
        let failed = pieces.filter_map(|Piece { header, offset, first_value, shape, stage, skip, body, values }| {
            let decode = |decoder: &mut Decoder| decoder.decode(&header, shape, body, first_value, skip, values);
            Some((stage, offset, decoders.with(decode).err()?))
        });
        failed.collect()
    };
    let ((), results) = rayon::join(hash, decode);
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

/// Makes `buffer` hold `n` values; `None` without memory for them.
fn resize<T: Copy + Default>(buffer: &mut Vec<T>, n: usize) -> Option<()> {
    buffer.truncate(n);
    buffer.try_reserve_exact(n - buffer.len()).ok()?;
    buffer.resize(n, T::default());
    Some(())
}

fn no_memory(place: &Place, stage: Stage) -> RecordingError {
    RecordingError::Damaged {
        place: place.clone().column(stage.as_str()),
        reason: "rows too large for memory".to_owned(),
    }
}

/// Walks the page headers of a column chunk that the general reader is about to decode.
///
/// # Errors
/// [`RecordingError::Damaged`] where pages leave the chunk or hold other numbers of values than the footer says;
/// [`RecordingError::TooLarge`] for a page of more than `allowed` bytes after decompression. The parquet crate would
/// believe both and take the memory.
pub(super) fn check_pages(
    file: &PositionedFile,
    place: &Place,
    chunk: &ColumnChunkMetaData,
    (mut at, length): (u64, u64),
    allowed: u64,
) -> Result<(), RecordingError> {
    let damaged = |reason: String| RecordingError::Damaged { place: place.clone(), reason };
    let Some(end) = at.checked_add(length).filter(|end| *end <= file.len()) else {
        return Err(damaged(format!("its {length} bytes from byte {at} on are more than the file has")));
    };
    let mut n_values = 0;
    while at < end {
        let page = read_header(file, at, end).and_then(|(header, bytes)| {
            let next = at.checked_add(bytes)?.checked_add(u64::try_from(header.compressed_size).ok()?)?;
            (next <= end).then_some((header, next))
        });
        let Some((header, next)) = page else {
            return Err(damaged(format!("no page of its column chunk begins at byte {at}")));
        };
        let needed = u64::try_from(header.uncompressed_size).unwrap_or(u64::MAX);
        if needed > allowed {
            let what = format!("the page at byte {at}");
            return Err(RecordingError::TooLarge { place: place.clone(), what, needed, allowed });
        }
        if header.page_type == DATA_PAGE || header.page_type == DATA_PAGE_V2 {
            n_values += i64::from(header.n_values);
        }
        at = next;
    }
    match n_values == chunk.num_values() {
        true => Ok(()),
        false => Err(damaged(format!("expected {} values, its pages have {n_values}", chunk.num_values()))),
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

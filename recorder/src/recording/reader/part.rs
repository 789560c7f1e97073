//! Reads the rows of one unit in one row group, chunk by chunk.

use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::super::error::Place;
use super::super::page::Workers;
use super::super::page::decode::Decoder;
use super::super::schema;
use super::super::{RecordingError, Stage};
use super::check::ColumnCheck;
use super::fast::{self, Pages};
use super::keys::{integers, unit_key};
use super::source::Source;
use super::{Unit, guarded, rows};

/// Bytes of values per chunk at most: they stay in the last-level cache between decoding and use.
const CHUNK_BYTES: usize = 8 << 20;

/// Bytes that a row or a page may take however little is allowed: less would refuse what is usual.
const ALWAYS_ALLOWED: usize = 64 << 20;

/// One chunk of rows, reused from chunk to chunk.
#[derive(Default)]
pub(super) struct Buffers {
    pub samples: Vec<i64>,
    /// Labels of all rows, or none if one has none.
    pub labels: Option<Vec<i32>>,
    pub pre: Vec<f32>,
    pub post: Vec<f32>,
    decoders: Workers<Decoder>,
    /// The compressed pages of both stages.
    windows: [Vec<u8>; 2],
    /// Rows of the unit before this chunk and in it.
    pub rows_seen: i64,
}

impl Buffers {
    pub(super) fn stage(&mut self, stage: Stage) -> &mut Vec<f32> {
        match stage {
            Stage::Pre => &mut self.pre,
            Stage::Post => &mut self.post,
        }
    }
}

/// A reader of one unit's rows in one row group.
pub(super) struct PartReader<'a> {
    source: &'a Source,
    unit: &'a Unit,
    stages: &'a [Stage],
    /// The stage whose lists give the rows' lengths: one that is read, if any is.
    sizing: Stage,
    place: Place,
    row_group: usize,
    whole: bool,
    n_rows: u64,
    next_row: u64,
    chunk_rows: usize,
    /// The columns of one value per row, and everything in a general reader; `None` if there is nothing to read.
    batches: Option<ParquetRecordBatchReader>,
    /// The value columns, on the fast path.
    pages: Option<Vec<Pages>>,
    /// The digests of the value columns, per stage, while the fast path hashes them.
    checks: [Option<ColumnCheck>; 2],
    /// Whether digests are compared.
    checked: bool,
    /// Bytes that a page may take.
    allowed: u64,
}

impl<'a> PartReader<'a> {
    pub(super) fn open(
        source: &'a Source,
        unit: &'a Unit,
        (row_group, whole): (usize, bool),
        stages: &'a [Stage],
        memory_bytes: usize,
        checked: bool,
    ) -> Result<Self, RecordingError> {
        let place = source.place(row_group);
        let n_rows = u64::try_from(source.row_group(row_group).num_rows()).unwrap_or(0);
        let sizing = stages.first().copied().unwrap_or_else(|| source.smaller_stage(source.row_group(row_group)));
        let row_bytes = unit.n_neurons.saturating_mul(stages.len() * size_of::<f32>()).max(16);
        let allowed = memory_bytes.max(ALWAYS_ALLOWED);
        // The row and its page.
        if row_bytes > allowed / 2 {
            let (what, needed) = (format!("a row of {} values", unit.n_neurons), (row_bytes as u64).saturating_mul(2));
            return Err(RecordingError::TooLarge { place, what, needed, allowed: allowed as u64 });
        }
        // Half of the memory for the chunk, the other half for pages and what the decoders keep.
        let mut chunk_rows = ((memory_bytes / 2).min(CHUNK_BYTES) / row_bytes).max(1);
        let pages = if whole { find_pages(source, unit, row_group, stages, n_rows) } else { None };
        match &pages {
            Some(pages) => {
                let page = pages.first().and_then(Pages::rows_per_page).map_or(1, |rows| rows as usize);
                if chunk_rows > page {
                    chunk_rows = chunk_rows / page * page;
                }
            }
            // Arrow arrays of the batch and our copy of them.
            None => {
                chunk_rows = (chunk_rows / 4).clamp(1, source.batch_rows(row_group, sizing, memory_bytes as u64 / 8))
            }
        }
        let mut checks = [None, None];
        if checked && pages.is_some() {
            for stage in stages {
                checks[*stage as usize] = source.column_check(row_group, stage.as_str())?;
            }
        }
        let mut reader = Self {
            source,
            unit,
            stages,
            sizing,
            place,
            row_group,
            whole,
            n_rows,
            next_row: 0,
            chunk_rows,
            batches: None,
            pages,
            checks,
            checked,
            allowed: allowed as u64,
        };
        reader.open_batches()?;
        Ok(reader)
    }

    /// Whether the rows are decoded on the fast path.
    pub(super) fn is_fast(&self) -> bool {
        self.pages.is_some()
    }

    fn open_batches(&mut self) -> Result<(), RecordingError> {
        let columns = &self.source.columns;
        let mut roots: Vec<usize> = [&columns.sample, &columns.label].into_iter().flatten().map(|c| c.root).collect();
        if self.pages.is_none() {
            roots.extend(self.stages.iter().filter_map(|stage| columns.stage(*stage)).map(|values| values.root));
            if !self.whole {
                roots.extend(self.source.key_roots());
                roots.extend(columns.stage(self.sizing).map(|values| values.root));
            }
        }
        self.batches = None;
        if !roots.is_empty() {
            let (source, place) = (self.source, &self.place);
            if self.checked {
                source.check_columns(self.row_group, &roots)?;
            }
            source.check_pages(self.row_group, &roots, self.allowed)?;
            let reader = guarded(place, || {
                rows::open(&source.file, &source.metadata, place, self.row_group, &roots, self.chunk_rows)
            })?;
            self.batches = Some(reader);
        }
        Ok(())
    }

    /// Fills `buffers` with the next rows; false at the end of the row group.
    pub(super) fn next(&mut self, buffers: &mut Buffers) -> Result<bool, RecordingError> {
        loop {
            if self.next_row >= self.n_rows {
                self.checks.iter().flatten().try_for_each(ColumnCheck::finish)?;
                return Ok(false);
            }
            let n_rows = self.n_rows - self.next_row;
            let n_rows = n_rows.min(self.chunk_rows as u64);
            let selected = self.fill(buffers, n_rows)?;
            self.next_row += n_rows;
            if selected > 0 {
                return Ok(true);
            }
        }
    }

    fn fill(&mut self, buffers: &mut Buffers, n_rows: u64) -> Result<usize, RecordingError> {
        let (source, place) = (self.source, &self.place);
        let batch = match &mut self.batches {
            Some(reader) => guarded(place, || rows::next(reader, place))?,
            None => None,
        };
        let found = batch.as_ref().map_or(n_rows, |batch| batch.num_rows() as u64);
        if found != n_rows || (batch.is_none() && self.batches.is_some()) {
            let reason = format!(
                "expected {} rows, found {}",
                self.n_rows,
                self.next_row + if batch.is_some() { found } else { 0 }
            );
            return Err(RecordingError::Damaged { place: place.clone(), reason });
        }
        let selected = match &batch {
            Some(batch) if !self.whole => Some(guarded(place, || self.select(batch))?),
            _ => None,
        };
        let n_selected = selected.as_ref().map_or(n_rows as usize, Vec::len);
        if n_selected == 0 {
            return Ok(0);
        }
        let integer = |column: &Option<super::columns::Column>, name: &str| {
            let (Some(column), Some(batch)) = (column, &batch) else { return Ok(None) };
            let all = integers(place, name, &source.array(place, batch, column.root)?)?;
            Ok::<_, RecordingError>(Some(match &selected {
                Some(rows) => rows.iter().map(|row| all[*row]).collect(),
                None => all,
            }))
        };
        let samples = integer(&source.columns.sample, schema::SAMPLE)?;
        let first = buffers.rows_seen;
        buffers.samples.clear();
        match samples {
            // A row without a sample number gets its own number, as if the column were missing.
            Some(samples) => {
                buffers.samples.extend((first..).zip(samples).map(|(row, sample)| sample.unwrap_or(row)));
            }
            None => buffers.samples.extend((first..).take(n_selected)),
        }
        let labels = integer(&source.columns.label, schema::LABEL)?;
        buffers.labels = labels.and_then(|labels: Vec<Option<i64>>| {
            labels.into_iter().map(|label| label.and_then(|label| i32::try_from(label).ok())).collect()
        });
        match &self.pages {
            Some(pages) => {
                let Buffers { pre, post, decoders, windows, .. } = &mut *buffers;
                let mut columns: Vec<fast::Column<'_>> = Stage::ALL
                    .into_iter()
                    .zip([pre, post])
                    .zip(windows)
                    .zip(&mut self.checks)
                    .filter_map(|(((stage, values), window), check)| {
                        let pages = pages.iter().find(|pages| pages.stage == stage)?;
                        Some(fast::Column { pages, check: check.as_mut(), window, values })
                    })
                    .collect();
                if fast::read(&source.file, decoders, place, &mut columns, self.next_row, n_rows)?.is_none() {
                    return Err(self.diagnose());
                }
            }
            None => {
                let Some(batch) = &batch else { return Ok(0) };
                for stage in self.stages {
                    let (values, place) = (buffers.stage(*stage), place.clone().column(stage.as_str()));
                    values.clear();
                    guarded(&place, || self.copy(batch, *stage, &place, selected.as_deref(), values))?;
                }
            }
        }
        buffers.rows_seen += n_selected as i64;
        Ok(n_selected)
    }

    /// The rows of a mixed batch that belong to the unit.
    fn select(&self, batch: &arrow_array::RecordBatch) -> Result<Vec<usize>, RecordingError> {
        let keys = self.source.key_batch(&self.place, batch)?;
        // Without a size column the list's length is the size.
        let stage = self.sizing;
        let Some(column) = self.source.columns.stage(stage) else { return Ok(Vec::new()) };
        let lists = self.source.array(&self.place, batch, column.root)?;
        let lengths = rows::lengths(&self.place.clone().column(stage.as_str()), &lists, self.next_row)?;
        let rows = lengths.into_iter().enumerate();
        Ok(rows
            .filter(|(row, length)| unit_key(&keys.row(*row), *length) == self.unit.key)
            .map(|(row, _)| row)
            .collect())
    }

    /// Appends the values of the selected rows (all without a selection) of one stage.
    fn copy(
        &self,
        batch: &arrow_array::RecordBatch,
        stage: Stage,
        place: &Place,
        selected: Option<&[usize]>,
        out: &mut Vec<f32>,
    ) -> Result<(), RecordingError> {
        let Some(column) = self.source.columns.stage(stage) else { return Ok(()) };
        let lists = self.source.array(place, batch, column.root)?;
        let lengths = rows::lengths(place, &lists, self.next_row)?;
        let values = rows::values(place, &lists, self.next_row)?;
        let expected = self.unit.n_neurons;
        let check = |found: usize| match found == expected {
            true => Ok(()),
            false => Err(RecordingError::UnequalLists {
                place: place.clone(),
                key: Box::new(self.unit.key.clone()),
                expected,
                found,
            }),
        };
        match selected {
            None => {
                lengths.into_iter().try_for_each(check)?;
                out.extend_from_slice(&values);
            }
            Some(selected) => {
                let mut selected = selected.iter().copied().peekable();
                let mut at = 0;
                for (row, length) in lengths.into_iter().enumerate() {
                    if selected.next_if_eq(&row).is_some() {
                        check(length)?;
                        out.extend_from_slice(&values[at..at + length]);
                    }
                    at += length;
                }
            }
        }
        Ok(())
    }

    /// What is wrong with rows that the fast path refused, found by reading them again with the general reader.
    fn diagnose(&self) -> RecordingError {
        let again = || {
            let mut reader = Self {
                place: self.place.clone(),
                pages: None,
                batches: None,
                next_row: 0,
                chunk_rows: (self.chunk_rows / 4).max(1),
                checks: [None, None],
                ..*self
            };
            reader.open_batches()?;
            let mut buffers = Buffers::default();
            while reader.next(&mut buffers)? {}
            Ok(())
        };
        let fallback = || RecordingError::Damaged { place: self.place.clone(), reason: "irregular pages".to_owned() };
        again().err().unwrap_or_else(fallback)
    }
}

fn find_pages(source: &Source, unit: &Unit, row_group: usize, stages: &[Stage], n_rows: u64) -> Option<Vec<Pages>> {
    let find = |stage: &Stage| {
        let chunk = source.row_group(row_group).columns().get(source.columns.stage(*stage)?.leaf)?;
        Pages::find(&source.file, chunk, *stage, n_rows, unit.n_neurons as u64)
    };
    stages.iter().map(find).collect()
}

//! One file of a recording: its footer, its columns, its row groups' units.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::Length;

use super::super::error::Place;
use super::super::{Manifest, RecordingError, Stage, Unit, UnitKey, schema};
use super::columns::Columns;
use super::file::PositionedFile;
use super::folder::PartitionedFile;
use super::keys::{self, KeyBatch, KeyValues};
use super::rows;

/// Bytes of values decoded at a time while list lengths or keys are collected.
const SCAN_BYTES: u64 = 16 << 20;

/// A file, opened; its footer is in memory, its rows are not.
#[derive(Debug)]
pub(in crate::recording) struct Source {
    pub(in crate::recording) path: PathBuf,
    pub(in crate::recording) file: PositionedFile,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) columns: Columns,
    /// Key values given by the file's folders.
    pub(super) given: KeyValues,
}

/// The rows of one unit in one row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub n_neurons: usize,
    pub n_rows: u64,
    /// Whether every row of the row group belongs to the unit.
    pub whole: bool,
}

impl Source {
    /// Reads the footer.
    pub(super) fn open(found: &PartitionedFile) -> Result<Self, RecordingError> {
        let path = &found.path;
        let place = Place::file(path);
        let file = PositionedFile::open(path)?;
        let metadata = super::guarded(&place, || footer(path, &file))?;
        check_version(path, &metadata)?;
        super::guarded(&place, || {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options)
                .map_err(|error| RecordingError::reading(place.clone(), error))?;
            let columns = Columns::resolve(path, metadata.metadata(), metadata.schema())?;
            let given = keys::from_partition(&place, &found.partition)?;
            Ok(Self { path: path.clone(), file, metadata, columns, given })
        })
    }

    pub(in crate::recording) fn n_row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The value of a footer entry.
    pub(in crate::recording) fn footer_value(&self, key: &str) -> Option<&str> {
        footer_value(self.metadata.metadata(), key)
    }

    /// Offset and length of the bytes of a row group, from the footer.
    pub(in crate::recording) fn row_group_range(&self, row_group: usize) -> (u64, u64) {
        let chunks = self.row_group(row_group).columns().iter().map(|chunk| {
            let start = chunk.dictionary_page_offset().unwrap_or(i64::MAX).min(chunk.data_page_offset());
            (start, start.saturating_add(chunk.compressed_size()))
        });
        let (start, end) = chunks.fold((i64::MAX, 0), |(start, end), (s, e)| (start.min(s), end.max(e)));
        (u64::try_from(start).unwrap_or(0), u64::try_from(end.saturating_sub(start)).unwrap_or(0))
    }

    pub(super) fn row_group(&self, row_group: usize) -> &RowGroupMetaData {
        self.metadata.metadata().row_group(row_group)
    }

    pub(in crate::recording) fn place(&self, row_group: usize) -> Place {
        Place::row_group(&self.path, row_group)
    }

    /// The manifest in the footer.
    pub(in crate::recording) fn manifest(&self) -> Result<Option<Manifest>, RecordingError> {
        let text = footer_value(self.metadata.metadata(), schema::MANIFEST_KEY);
        text.map(|text| Manifest::parse(&self.path, text)).transpose()
    }

    /// The units with rows in `row_group`.
    ///
    /// Statistics answer where they prove one key for all rows and the footer's counts give the lists' length; both are
    /// checked again when the rows are read. Otherwise the key columns and one value column are decoded.
    pub(super) fn shares(&self, row_group: usize) -> Result<BTreeMap<UnitKey, Share>, RecordingError> {
        let place = self.place(row_group);
        let group = self.row_group(row_group);
        let n_rows = u64::try_from(group.num_rows()).map_err(|_| self.damaged(&place, "a negative number of rows"))?;
        if n_rows == 0 {
            return Ok(BTreeMap::new());
        }
        let stage = self.smaller_stage(group);
        if let Some(values) = keys::from_statistics(&place, group, &self.columns, &self.given)?
            && let Some(n_neurons) = self.common_length(group, stage, n_rows, values[SIZE_KEY].is_some())
        {
            let key = keys::unit_key(&values, n_neurons);
            return Ok(BTreeMap::from([(key, Share { n_neurons, n_rows, whole: true })]));
        }
        self.scan(row_group, stage, n_rows)
    }

    /// The length that all lists have if they have one length, from the footer; `None` where it must be looked up.
    fn common_length(&self, group: &RowGroupMetaData, stage: Stage, n_rows: u64, has_size: bool) -> Option<usize> {
        let column = self.columns.stage(stage)?;
        if column.fixed_length.is_none() && !has_size {
            // The length is part of the key, so that an average is not enough.
            return None;
        }
        let n_values = u64::try_from(group.columns().get(column.leaf)?.num_values()).ok()?;
        let length = n_values.checked_div(n_rows).filter(|length| length.checked_mul(n_rows) == Some(n_values))?;
        usize::try_from(length).ok()
    }

    fn scan(&self, row_group: usize, stage: Stage, n_rows: u64) -> Result<BTreeMap<UnitKey, Share>, RecordingError> {
        let place = self.place(row_group).column(stage.as_str());
        let Some(column) = self.columns.stage(stage) else { return Ok(BTreeMap::new()) };
        let mut roots = self.key_roots();
        roots.push(column.root);
        let batch_rows = self.batch_rows(row_group, stage, SCAN_BYTES);
        let mut shares: BTreeMap<UnitKey, Share> = BTreeMap::new();
        super::guarded(&place, || {
            let mut reader = rows::open(&self.file, &self.metadata, &place, row_group, &roots, batch_rows)?;
            let mut first_row = 0;
            while let Some(batch) = rows::next(&mut reader, &place)? {
                let keys = self.key_batch(&place, &batch)?;
                let lists = self.array(&place, &batch, column.root)?;
                for (row, n_neurons) in rows::lengths(&place, &lists, first_row)?.into_iter().enumerate() {
                    let key = keys::unit_key(&keys.row(row), n_neurons);
                    match shares.get_mut(&key) {
                        Some(share) if share.n_neurons == n_neurons => share.n_rows += 1,
                        Some(share) => {
                            let (place, expected) = (place.clone(), share.n_neurons);
                            let key = Box::new(key);
                            return Err(RecordingError::UnequalLists { place, key, expected, found: n_neurons });
                        }
                        None => {
                            shares.insert(key, Share { n_neurons, n_rows: 1, whole: false });
                        }
                    }
                }
                first_row += batch.num_rows() as u64;
            }
            if first_row != n_rows {
                return Err(self.damaged(&place, &format!("expected {n_rows} rows, found {first_row}")));
            }
            Ok(())
        })?;
        if shares.len() == 1 {
            shares.values_mut().for_each(|share| share.whole = true);
        }
        Ok(shares)
    }

    /// Decodes every column except the values, and checks that all keys are those of `only`, if the row group was taken
    /// for that unit's alone.
    pub(super) fn check_keys(&self, row_group: usize, only: Option<&Unit>) -> Result<(), RecordingError> {
        let place = self.place(row_group);
        let values = Stage::ALL.map(|stage| self.columns.stage(stage).map(|values| values.root));
        let n_columns = self.metadata.schema().fields().len();
        let roots: Vec<usize> = (0..n_columns).filter(|root| !values.contains(&Some(*root))).collect();
        if roots.is_empty() {
            return Ok(());
        }
        super::guarded(&place, || {
            let mut reader = rows::open(&self.file, &self.metadata, &place, row_group, &roots, 1 << 12)?;
            while let Some(batch) = rows::next(&mut reader, &place)? {
                let Some(unit) = only else { continue };
                let keys = self.key_batch(&place, &batch)?;
                for row in 0..batch.num_rows() {
                    let found = keys::unit_key(&keys.row(row), unit.n_neurons);
                    if found != unit.key {
                        let reason = format!("its statistics say {}, its rows {found}", unit.key);
                        return Err(self.damaged(&place, &reason));
                    }
                }
            }
            Ok(())
        })
    }

    /// The key columns of a batch.
    pub(super) fn key_batch(
        &self,
        place: &Place,
        batch: &arrow_array::RecordBatch,
    ) -> Result<KeyBatch, RecordingError> {
        KeyBatch::decode(place, &self.columns, &self.given, |column| self.array(place, batch, column.root).ok())
    }

    /// Top-level numbers of the key columns that the rows of a mixed row group need.
    pub(super) fn key_roots(&self) -> Vec<usize> {
        let needed = self.columns.keys.iter().zip(&self.given).filter(|(_, given)| given.is_none());
        needed.filter_map(|(column, _)| column.as_ref()).map(|column| column.root).collect()
    }

    /// The array of top-level column `root` in a batch that holds a part of the columns.
    pub(super) fn array(
        &self,
        place: &Place,
        batch: &arrow_array::RecordBatch,
        root: usize,
    ) -> Result<arrow_array::ArrayRef, RecordingError> {
        let name = self.metadata.schema().field(root).name();
        batch.column_by_name(name).cloned().ok_or_else(|| self.damaged(place, &format!("column {name} is missing")))
    }

    /// Rows that decode into about `bytes`.
    pub(super) fn batch_rows(&self, row_group: usize, stage: Stage, bytes: u64) -> usize {
        let group = self.row_group(row_group);
        let n_rows = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
        let chunk = self.columns.stage(stage).and_then(|column| group.columns().get(column.leaf));
        // Eight bytes hold any value and its share of the lists' offsets.
        let n_values = chunk.map_or(0, |chunk| u64::try_from(chunk.num_values()).unwrap_or(0));
        let row_bytes = (n_values / n_rows).saturating_mul(8).max(64);
        (bytes / row_bytes).clamp(1, 1 << 16) as usize
    }

    /// The stage whose column takes fewer bytes in the file.
    pub(super) fn smaller_stage(&self, group: &RowGroupMetaData) -> Stage {
        let bytes = |stage: Stage| {
            let column = self.columns.stage(stage)?;
            group.columns().get(column.leaf).map(|chunk| chunk.compressed_size())
        };
        match (bytes(Stage::Pre), bytes(Stage::Post)) {
            (Some(pre), Some(post)) if pre < post => Stage::Pre,
            (Some(_), None) => Stage::Pre,
            _ => Stage::Post,
        }
    }

    fn damaged(&self, place: &Place, reason: &str) -> RecordingError {
        RecordingError::Damaged { place: place.clone(), reason: reason.to_owned() }
    }
}

/// Number of `size` in [`schema::KEYS`].
const SIZE_KEY: usize = 3;

fn footer(path: &Path, file: &PositionedFile) -> Result<ParquetMetaData, RecordingError> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let not_parquet = |reason: &str| RecordingError::NotParquet { path: path.to_path_buf(), reason: reason.to_owned() };
    let length = file.len();
    if length < 12 {
        return Err(not_parquet(&format!("{length} bytes")));
    }
    let mut magic = [0; 4];
    let mut read = |offset| {
        file.read_exact_at(&mut magic, offset).map_err(|source| RecordingError::io(path, "read", source))?;
        Ok::<_, RecordingError>(magic)
    };
    if read(0)? != *MAGIC {
        return Err(not_parquet("it does not begin with PAR1"));
    }
    if read(length - 4)? != *MAGIC {
        return Err(not_parquet("it does not end with PAR1: truncated?"));
    }
    ParquetMetaDataReader::new()
        .parse_and_finish(file)
        .map_err(|error| RecordingError::reading(Place::file(path), error))
}

fn check_version(path: &Path, metadata: &ParquetMetaData) -> Result<(), RecordingError> {
    match footer_value(metadata, schema::VERSION_KEY) {
        Some(found) if found.trim() != schema::FORMAT_VERSION.to_string() => {
            Err(RecordingError::Version { path: path.to_path_buf(), found: super::super::error::one_line(found) })
        }
        _ => Ok(()),
    }
}

pub(super) fn footer_value<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    entries.iter().find(|entry| entry.key == key)?.value.as_deref()
}

//! One file of a recording: its footer, its columns, its row groups' units.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::super::digest::{self, RowGroupDigest};
use super::super::error::Place;
use super::super::{Manifest, RecordingError, Stage, Unit, UnitKey, schema};
use super::check::{Checks, ColumnCheck};
use super::columns::Columns;
use super::fast;
use super::file::PositionedFile;
use super::folder::PartitionedFile;
use super::footer::{self, Footer, footer_value};
use super::keys::{self, KeyBatch, KeyValues};
use super::rows;

/// Bytes of values decoded at a time while list lengths or keys are collected.
const SCAN_BYTES: u64 = 16 << 20;

/// Bytes of a page while list lengths or keys are collected, when nobody has said what may be used.
const MAX_PAGE_BYTES: u64 = 1 << 30;

/// A file, opened; its footer is in memory, its rows are not.
#[derive(Debug)]
pub(in crate::recording) struct Source {
    pub(in crate::recording) path: PathBuf,
    pub(in crate::recording) file: PositionedFile,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) columns: Columns,
    /// Key values given by the file's folders.
    pub(super) given: KeyValues,
    /// The digests of the row groups, where they are compared while reading.
    digests: Vec<RowGroupDigest>,
    /// First byte of the footer.
    footer_start: u64,
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
    pub(super) fn open(found: &PartitionedFile, checks: Checks) -> Result<Self, RecordingError> {
        let path = &found.path;
        let place = Place::file(path);
        let file = PositionedFile::open(path)?;
        let footer = super::guarded(&place, || footer::read(path, &file, checks))?;
        let digests = match checks {
            Checks::Digests => footer::digests(path, &footer)?,
            Checks::None => Vec::new(),
        };
        let Footer { metadata, start: footer_start, .. } = footer;
        super::guarded(&place, || {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options)
                .map_err(|error| RecordingError::reading(place.clone(), error))?;
            let columns = Columns::resolve(path, metadata.metadata(), metadata.schema())?;
            let given = keys::from_partition(&place, &found.partition)?;
            Ok(Self { path: path.clone(), file, metadata, columns, given, digests, footer_start })
        })
    }

    pub(in crate::recording) fn n_row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The value of a footer entry.
    pub(in crate::recording) fn footer_value(&self, key: &str) -> Option<&str> {
        footer_value(self.metadata.metadata(), key)
    }

    /// First byte of the footer.
    pub(in crate::recording) fn footer_start(&self) -> u64 {
        self.footer_start
    }

    /// Offset and length of the bytes of a row group, from the footer.
    pub(in crate::recording) fn row_group_range(&self, row_group: usize) -> (u64, u64) {
        let chunks = self.row_group(row_group).columns().iter().map(range);
        let (start, end) = chunks.fold((u64::MAX, 0), |(start, end), (offset, bytes)| {
            (start.min(offset), end.max(offset.saturating_add(bytes)))
        });
        (start, end.saturating_sub(start))
    }

    /// A check of a column chunk while it is read; `None` where the recording has no digest of it.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] where the column chunk does not stand where its digest was taken.
    pub(super) fn column_check(&self, row_group: usize, column: &str) -> Result<Option<ColumnCheck>, RecordingError> {
        let Some((offset, digest)) = self.digests.get(row_group).and_then(|digests| digests.column(column)) else {
            return Ok(None);
        };
        let place = self.place(row_group).column(column);
        let mut chunks = self.row_group(row_group).columns().iter();
        let here = chunks.find(|chunk| chunk.column_path().parts()[0] == column).map(range);
        if here != Some((offset, digest.bytes)) {
            return Err(self.damaged(&place, "it does not stand where the manifest says"));
        }
        Ok(Some(ColumnCheck::new(place, offset, digest)))
    }

    /// Compares the column chunks of the top-level columns `roots` with their digests, where there are any.
    pub(super) fn check_columns(&self, row_group: usize, roots: &[usize]) -> Result<(), RecordingError> {
        for root in roots {
            let Some(mut check) = self.column_check(row_group, self.metadata.schema().field(*root).name())? else {
                continue;
            };
            check.read_rest(&self.file).map_err(|source| RecordingError::io(&self.path, "read", source))?;
            check.finish()?;
        }
        Ok(())
    }

    /// Checks what the pages of the top-level columns `roots` claim, before the parquet crate believes it.
    ///
    /// # Errors
    /// Those of [`fast::check_pages`].
    pub(super) fn check_pages(&self, row_group: usize, roots: &[usize], allowed: u64) -> Result<(), RecordingError> {
        let schema = self.metadata.parquet_schema();
        for (leaf, chunk) in self.row_group(row_group).columns().iter().enumerate() {
            let root = schema.get_column_root_idx(leaf);
            if roots.contains(&root) {
                let place = self.place(row_group).column(self.metadata.schema().field(root).name());
                fast::check_pages(&self.file, &place, chunk, range(chunk), allowed)?;
            }
        }
        Ok(())
    }

    /// Compares the file at `path` with its digest, if it is one of this recording's companion files.
    pub(super) fn check_companion(&self, path: &Path) -> Result<(), RecordingError> {
        let Some(manifest) = self.manifest()? else { return Ok(()) };
        let Some(expected) = manifest.files.iter().find(|file| self.path.with_file_name(&file.name) == path) else {
            return Ok(());
        };
        let found = digest::of_file(path)?;
        if found.blake3 == expected.blake3 {
            return Ok(());
        }
        let expected = super::super::error::one_line(&expected.blake3);
        Err(RecordingError::Digest { place: Place::file(path), expected, found: found.blake3 })
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
        self.check_columns(row_group, &roots)?;
        self.check_pages(row_group, &roots, MAX_PAGE_BYTES)?;
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

/// Offset and length of a column chunk's bytes.
fn range(chunk: &ColumnChunkMetaData) -> (u64, u64) {
    let start = chunk.dictionary_page_offset().unwrap_or(i64::MAX).min(chunk.data_page_offset());
    (u64::try_from(start).unwrap_or(0), u64::try_from(chunk.compressed_size()).unwrap_or(0))
}

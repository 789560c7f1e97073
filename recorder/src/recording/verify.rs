//! Checks a recording: every digest, every page, every key.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use parquet::file::reader::Length;

use super::digest::{self, RowGroupDigest};
use super::error::Place;
use super::reader::Source;
use super::{Companions, Manifest, Recording, RecordingError, Stage, schema};

/// What [`Recording::verify`] found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Row groups whose digest was compared.
    pub n_digests: usize,
    /// Row groups whose pages were decoded.
    pub n_row_groups: usize,
    /// What is wrong; empty for a sound recording.
    pub findings: Vec<RecordingError>,
    /// What could not be checked, one line each.
    pub notes: Vec<String>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn check(&mut self, result: Result<(), RecordingError>) {
        self.findings.extend(result.err());
    }
}

impl Recording {
    /// Checks every file of the recording and lists all that is wrong.
    ///
    /// - The footer's seal, when the recording is opened; the manifest in it against its own digest; every column chunk and
    ///   every row group against their digests there, and that they leave no byte between them; with `out.manifest.json`
    ///   beside the file its seal and what it says of the file; the companion files. Foreign recordings have no digests,
    ///   which is a note and no finding.
    /// - Every page of every column: checksum where there is one, decompression, decoding; lists of one length, no nulls.
    ///   A row group whose digest is wrong is not decoded: nothing more would come of it.
    /// - Keys: the values against the statistics by which row groups are chosen.
    ///
    /// `memory_bytes` bounds the buffers as in [`Recording::read`].
    pub fn verify(&self, memory_bytes: usize) -> Verification {
        let mut found = Verification::default();
        if self.is_array() {
            found.notes.push(format!("{}: no digests (a file of arrays): its values were read", self.path().display()));
            for unit in self.units() {
                found.check(self.read(unit, &[Stage::Post], memory_bytes, |_| Ok(())));
            }
        }
        for (index, source) in self.sources().iter().enumerate() {
            let mut wrong = BTreeSet::new();
            match source.manifest() {
                Ok(Some(manifest)) => {
                    wrong = check_digests(source, &manifest, &mut found);
                    check_companions(source, &manifest, &mut found);
                    check_beside(source, &manifest, &mut found);
                }
                Ok(None) => {
                    found.notes.push(format!("{}: no digests (not written by layerscope)", source.path.display()))
                }
                Err(error) => found.findings.push(error),
            }
            for row_group in (0..source.n_row_groups()).filter(|row_group| !wrong.contains(row_group)) {
                found.n_row_groups += 1;
                let result = self.check_row_group(index, row_group, memory_bytes);
                found.check(result);
            }
        }
        found
    }
}

/// The manifest's digest and those of the row groups; returns the row groups whose bytes are not those written.
fn check_digests(source: &Source, manifest: &Manifest, found: &mut Verification) -> BTreeSet<usize> {
    let mut wrong = BTreeSet::new();
    let place = Place::file(&source.path);
    if let (Some(text), Some(expected)) =
        (source.footer_value(schema::MANIFEST_KEY), source.footer_value(schema::MANIFEST_DIGEST_KEY))
    {
        let place = place.clone().column(schema::MANIFEST_KEY);
        found.check(compare(place, expected, blake3::hash(text.as_bytes()).to_hex().as_str()));
    } else {
        found.check(damaged(place.clone(), "the manifest has no digest"));
    }
    if manifest.row_groups.len() != source.n_row_groups() {
        let reason = format!("expected {} row groups, found {}", manifest.row_groups.len(), source.n_row_groups());
        found.check(damaged(place, &reason));
        return wrong;
    }
    let mut end = 4;
    for (row_group, expected) in manifest.row_groups.iter().enumerate() {
        found.n_digests += 1;
        let place = source.place(row_group);
        let columns: u64 = expected.columns.iter().fold(0, |sum, column| sum.saturating_add(column.bytes));
        let tiled = expected.columns.is_empty() || columns == expected.bytes;
        if !tiled || expected.offset != end || source.row_group_range(row_group) != (expected.offset, expected.bytes) {
            found.check(damaged(place.clone(), "it does not stand where the manifest says"));
        }
        end = expected.offset.saturating_add(expected.bytes);
        let n_findings = found.findings.len();
        check_row_group(source, place, expected, found);
        if found.findings.len() > n_findings {
            wrong.insert(row_group);
        }
    }
    if end != source.footer_start() {
        found.check(damaged(place, "bytes between the last row group and the footer"));
    }
    wrong
}

/// Reads a row group once and compares its column chunks, or the whole where those have no digests.
fn check_row_group(source: &Source, place: Place, expected: &RowGroupDigest, found: &mut Verification) {
    if expected.offset.checked_add(expected.bytes).is_none_or(|end| end > source.file.len()) {
        return found.check(damaged(place, "the file ends before it"));
    }
    let failed = |source: io::Error, path: &Path| RecordingError::io(path, "read", source);
    let mut file = match File::open(&source.path) {
        Ok(file) => file,
        Err(error) => return found.check(Err(failed(error, &source.path))),
    };
    let mut whole = blake3::Hasher::new();
    let n_findings = found.findings.len();
    let mut offset = expected.offset;
    for column in &expected.columns {
        let mut own = blake3::Hasher::new();
        let read = digest::read_range(&mut file, offset, column.bytes, |bytes| {
            rayon::join(|| own.update(bytes), || whole.update(bytes));
        });
        offset += column.bytes;
        let place = place.clone().column(&column.name);
        found.check(
            read.map_err(|error| failed(error, &source.path))
                .and_then(|()| compare(place, &column.blake3, own.finalize().to_hex().as_str())),
        );
    }
    if expected.columns.is_empty() {
        let read = digest::read_range(&mut file, offset, expected.bytes, |bytes| {
            whole.update(bytes);
        });
        found.check(read.map_err(|error| failed(error, &source.path)));
    }
    if found.findings.len() == n_findings {
        found.check(compare(place, &expected.blake3, whole.finalize().to_hex().as_str()));
    }
}

/// The files that were complete before the recording.
fn check_companions(source: &Source, manifest: &Manifest, found: &mut Verification) {
    for file in &manifest.files {
        let path = source.path.with_file_name(&file.name);
        if !path.exists() {
            found.notes.push(format!("{}: not there, not checked", path.display()));
            continue;
        }
        let result = digest::of_file(&path).and_then(|now| compare(Place::file(&path), &file.blake3, &now.blake3));
        found.check(result);
    }
}

/// `out.manifest.json`: whether it is what was written, beside this recording.
fn check_beside(source: &Source, inside: &Manifest, found: &mut Verification) {
    let path = Companions::of(&source.path).manifest;
    let beside = match Manifest::read(&path) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => {
            let unsealed = source.footer_value(schema::FOOTER_SEAL_KEY).is_none();
            let lost = if unsealed { ", the footer's bytes were not checked" } else { "" };
            return found.notes.push(format!("{}: not there{lost}", path.display()));
        }
        Err(error) => return found.findings.push(error),
    };
    if beside.manifest_blake3.is_none() && inside.row_groups.iter().any(|digests| !digests.columns.is_empty()) {
        found.check(damaged(Place::file(&path), "manifest_blake3 is missing"));
    }
    let place = Place::file(&source.path);
    if let Some(expected) = beside.bytes
        && expected != source.file.len()
    {
        let reason = format!("{} expects {expected} bytes, found {}", path.display(), source.file.len());
        found.check(damaged(place.clone(), &reason));
    }
    if let Some(footer) = &beside.footer {
        let range = (footer.offset, source.file.len().saturating_sub(footer.offset));
        let result = digest_of(&source.path, range).and_then(|now| {
            let place = place.column(&format!("footer (as {} has it)", path.display()));
            compare(place, &footer.blake3, &now)
        });
        found.check(result);
    }
}

fn digest_of(path: &Path, (offset, bytes): (u64, u64)) -> Result<String, RecordingError> {
    let mut file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    digest::of_range(&mut file, offset, bytes).map_err(|source| RecordingError::io(path, "read", source))
}

fn compare(place: Place, expected: &str, found: &str) -> Result<(), RecordingError> {
    if expected == found {
        return Ok(());
    }
    let expected = super::error::one_line(expected);
    Err(RecordingError::Digest { place, expected, found: found.to_owned() })
}

fn damaged(place: Place, reason: &str) -> Result<(), RecordingError> {
    Err(RecordingError::Damaged { place, reason: reason.to_owned() })
}

//! Checks a recording: every digest, every page, every key.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::Length;

use super::digest::{self, RangeDigest};
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
    /// - The bytes of every row group against its digest in the manifest; the manifest in the footer against its own
    ///   digest; with `out.manifest.json` beside the file also the footer's bytes, the file's length and the companion
    ///   files. Foreign recordings have no digests, which is a note and no finding.
    /// - Every page of every column: checksum where there is one, decompression, decoding; lists of one length, no nulls.
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
            match source.manifest() {
                Ok(Some(manifest)) => check_digests(source, &manifest, &mut found),
                Ok(None) => {
                    found.notes.push(format!("{}: no digests (not written by layerscope)", source.path.display()))
                }
                Err(error) => found.findings.push(error),
            }
            check_beside(source, &mut found);
            for row_group in 0..source.n_row_groups() {
                found.n_row_groups += 1;
                let result = self.check_row_group(index, row_group, memory_bytes);
                found.check(result);
            }
        }
        found
    }
}

/// The manifest's digest and those of the row groups.
fn check_digests(source: &Source, manifest: &Manifest, found: &mut Verification) {
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
        return;
    }
    let mut end = 4;
    for (row_group, range) in manifest.row_groups.iter().enumerate() {
        found.n_digests += 1;
        let place = source.place(row_group);
        if range.offset != end || source.row_group_range(row_group) != (range.offset, range.bytes) {
            found.check(damaged(place.clone(), "it does not stand where the manifest says"));
        }
        end = range.offset.saturating_add(range.bytes);
        found.check(check_range(source, place, range));
    }
}

/// What `out.manifest.json` says about the footer, the length and the companion files.
fn check_beside(source: &Source, found: &mut Verification) {
    let companions = Companions::of(&source.path);
    let manifest = match Manifest::read(&companions.manifest) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => {
            if source.footer_value(schema::MANIFEST_KEY).is_some() {
                let path = companions.manifest.display();
                found.notes.push(format!("{path}: not there, the footer's bytes were not checked"));
            }
            return;
        }
        Err(error) => return found.findings.push(error),
    };
    let place = Place::file(&source.path);
    if let Some(expected) = manifest.bytes
        && expected != source.file.len()
    {
        found.check(damaged(place.clone(), &format!("expected {expected} bytes, found {}", source.file.len())));
    }
    if let Some(footer) = &manifest.footer {
        found.check(check_range(source, place.column("footer"), footer));
    }
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

fn check_range(source: &Source, place: Place, range: &RangeDigest) -> Result<(), RecordingError> {
    if range.offset.checked_add(range.bytes).is_none_or(|end| end > source.file.len()) {
        return damaged(place, "the file ends before it");
    }
    compare(place, &range.blake3, &digest_of(&source.path, range)?)
}

fn digest_of(path: &Path, range: &RangeDigest) -> Result<String, RecordingError> {
    let mut file = File::open(path).map_err(|source| RecordingError::io(path, "open", source))?;
    digest::of_range(&mut file, range.offset, range.bytes).map_err(|source| RecordingError::io(path, "read", source))
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

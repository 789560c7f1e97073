//! The manifest: where a recording comes from and what its bytes should be.
//!
//! It stands in the recording's footer (`layerscope.manifest`) and, with the footer's own digest, beside it in
//! `out.manifest.json`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::digest::{FileDigest, RangeDigest};
use super::output::OutputFile;
use super::{RecordingError, schema};

/// Provenance and digests of one recording. The writer fills the last fields; the caller fills those of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Program that recorded: `layerscope`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The command line, one entry per argument.
    pub command: Vec<String>,
    /// Seed of the run.
    pub seed: Option<u64>,
    /// `cpu` or `cuda:N`, with the device's name where there is one.
    pub backend: Option<String>,
    /// The data trained on.
    pub datasets: Vec<DatasetEntry>,
    /// Whatever else the recorder wants to keep: model, learning rate, captured epochs, ...
    pub settings: Map<String, Value>,
    /// Companion files that were complete before the recording: weights and history.
    pub files: Vec<FileDigest>,
    /// Format version of the recording. Filled by the writer.
    pub format_version: u32,
    /// Rows of the recording. Filled by the writer.
    pub n_rows: u64,
    /// One digest per row group, in file order. Filled by the writer.
    pub row_groups: Vec<RangeDigest>,
    /// Bytes of the whole recording; only in `out.manifest.json`. Filled by the writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The footer: from the end of the last row group to the end of the file; only in `out.manifest.json`, since the
    /// footer cannot hold its own digest. Filled by the writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<RangeDigest>,
}

/// One dataset and the files it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetEntry {
    /// Dataset name.
    pub name: String,
    /// Its files.
    pub files: Vec<DatasetFile>,
}

/// One data file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetFile {
    /// File name without folder.
    pub name: String,
    /// SHA-256 of the uncompressed bytes, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest in the file `out.manifest.json`; `None` where there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, RecordingError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RecordingError::io(path, "read", source)),
        };
        Self::parse(path, &text).map(Some)
    }

    /// The manifest in `text`, found at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, RecordingError> {
        serde_json::from_str(text)
            .map_err(|error| RecordingError::Manifest { path: path.to_path_buf(), reason: error.to_string() })
    }

    /// The JSON text for the footer (one line).
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Writes `out.manifest.json`, complete or not at all.
    pub(super) fn write(&self, path: &Path, sync: bool) -> Result<(), RecordingError> {
        let mut file = OutputFile::create(path, true)?;
        self.write_to(&mut file)?;
        file.commit(true, sync)
    }

    /// Writes the text of `out.manifest.json`.
    pub(super) fn write_to(&self, file: &mut OutputFile) -> Result<(), RecordingError> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let written = text.and_then(|text| file.write_all(text.as_bytes())).and_then(|()| file.write_all(b"\n"));
        written.map_err(|source| RecordingError::io(file.target(), "write", source))
    }

    /// A manifest with the program's name and version, and the format's.
    pub fn new() -> Self {
        Self {
            program: "layerscope".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format_version: schema::FORMAT_VERSION,
            ..Self::default()
        }
    }
}

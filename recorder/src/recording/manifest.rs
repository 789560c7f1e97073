//! The manifest: where a recording comes from and what its bytes should be.
//!
//! It stands in the recording's footer (`layerscope.manifest`) and, with the footer's own digest, beside it in
//! `out.manifest.json`.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::digest::{FileDigest, RangeDigest, RowGroupDigest};
use super::error::Place;
use super::output::OutputFile;
use super::{RecordingError, schema, seal};

/// What stands before the digits of the seal of `out.manifest.json`.
const SEAL_MARKER: &[u8] = b"\"manifest_blake3\": \"";

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
    /// The digests of each row group, in file order. Filled by the writer.
    pub row_groups: Vec<RowGroupDigest>,
    /// Bytes of the whole recording; only in `out.manifest.json`. Filled by the writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The footer: from the end of the last row group to the end of the file; only in `out.manifest.json`. Filled by the
    /// writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<RangeDigest>,
    /// The seal of `out.manifest.json`: BLAKE3 of its bytes with these digits taken as zeros; only there, and last.
    /// Filled by the writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest_blake3: Option<String>,
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
    ///
    /// # Errors
    /// [`RecordingError::Digest`] where its seal is broken, [`RecordingError::Manifest`] where it is not a manifest.
    pub fn read(path: &Path) -> Result<Option<Self>, RecordingError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RecordingError::io(path, "read", source)),
        };
        seal::check(&bytes, SEAL_MARKER).map_err(|broken| broken.at(Place::file(path)))?;
        let invalid = |error: std::str::Utf8Error| RecordingError::Manifest {
            path: path.to_path_buf(),
            reason: error.to_string(),
        };
        Self::parse(path, std::str::from_utf8(&bytes).map_err(invalid)?).map(Some)
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

    /// Seals and writes `out.manifest.json`, complete or not at all.
    pub(super) fn write(&mut self, path: &Path, sync: bool) -> Result<(), RecordingError> {
        let failed = |source| RecordingError::io(path, "write", source);
        self.manifest_blake3 = Some(seal::BLANK.to_owned());
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        self.manifest_blake3 = seal::seal(&mut text, SEAL_MARKER);
        let mut file = OutputFile::create(path, true)?;
        file.write_all(&text).map_err(failed)?;
        file.commit(true, sync)
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

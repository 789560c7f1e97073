//! The files beside a recording.

use std::path::{Path, PathBuf};

/// Paths of the files that belong to one recording, derived from its path.
///
/// `out.parquet` has `out.weights.safetensors`, `out.history.parquet` and `out.manifest.json` in the same folder. A
/// recording whose name does not end in `.parquet` keeps its whole name as the stem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companions {
    /// The recording itself.
    pub recording: PathBuf,
    /// Final weights of every member, safetensors.
    pub weights: PathBuf,
    /// Loss and accuracy per epoch, Parquet.
    pub history: PathBuf,
    /// Command, seed, digests and sizes, JSON.
    pub manifest: PathBuf,
}

/// What the name of a history file ends with; such a file in a folder of recordings is not a recording.
pub(super) const HISTORY_SUFFIX: &str = ".history.parquet";

/// What the name of a table of neurons ends with, made by `analyze neurons`; it is no recording either.
pub const NEURONS_SUFFIX: &str = ".neurons.parquet";

impl Companions {
    /// The companions of the recording at `path`. Touches no file.
    ///
    /// ```
    /// use layerscope_recorder::recording::Companions;
    /// let files = Companions::of("runs/out.parquet".as_ref());
    /// assert_eq!(files.history, std::path::Path::new("runs/out.history.parquet"));
    /// ```
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".parquet").unwrap_or(&name).to_owned();
        let beside = |suffix: &str| path.with_file_name(format!("{stem}{suffix}"));
        Self {
            recording: path.to_path_buf(),
            weights: beside(".weights.safetensors"),
            history: beside(HISTORY_SUFFIX),
            manifest: beside(".manifest.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_stem() {
        let files = Companions::of(Path::new("a.b/c.d.parquet"));
        assert_eq!(files.weights, Path::new("a.b/c.d.weights.safetensors"));
        assert_eq!(files.manifest, Path::new("a.b/c.d.manifest.json"));
        assert_eq!(Companions::of(Path::new("plain")).history, Path::new("plain.history.parquet"));
    }
}

//! What can go wrong with a recording, with the facts that a one-line message needs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

use super::UnitKey;

/// Where in a file something is: path, row group and column as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Row group, counted from 0.
    pub row_group: Option<usize>,
    /// Column name.
    pub column: Option<String>,
}

impl Place {
    /// The whole file.
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_path_buf(), row_group: None, column: None }
    }

    /// One row group of the file.
    pub fn row_group(path: &Path, row_group: usize) -> Self {
        Self { path: path.to_path_buf(), row_group: Some(row_group), column: None }
    }

    /// The same place, narrowed to one column.
    pub fn column(self, column: &str) -> Self {
        Self { column: Some(column.to_owned()), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(row_group) = self.row_group {
            write!(f, ", row group {row_group}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

/// An error of the recording format, its writer or its reader. Every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The operating system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: "open", "write", ...
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The disk is full.
    #[error("{}: no space left on the disk", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// The output exists and overwriting was not asked for.
    #[error("{}: exists already (pass --overwrite to replace it)", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The output's folder does not exist.
    #[error("{}: the folder {} does not exist", path.display(), folder.display())]
    NoFolder {
        /// The output.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// Another process writes the same output at this moment.
    #[error("{}: another process is writing it", path.display())]
    Busy {
        /// The output.
        path: PathBuf,
    },
    /// A chunk handed to the writer contradicts itself or the writer's options.
    #[error("cannot record {key}: {what}: expected {expected}, found {found}")]
    Shape {
        /// The chunk's unit.
        key: Box<UnitKey>,
        /// Which property is wrong.
        what: &'static str,
        /// The right value.
        expected: usize,
        /// The value found.
        found: usize,
    },
    /// The file is not Parquet at all.
    #[error("{}: not a Parquet file ({reason})", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Parquet that cannot be decoded: truncated, damaged, or a feature outside the readers' reach.
    #[error("{place}: {reason}")]
    Damaged {
        /// Where.
        place: Place,
        /// What the decoder found, in one line.
        reason: String,
    },
    /// Neither `pre` nor `post` is among the columns.
    #[error("{}: no column pre or post (columns found: {found})", path.display())]
    NoStage {
        /// The file.
        path: PathBuf,
        /// The columns that are there.
        found: String,
    },
    /// A column has a type that cannot hold its values.
    #[error("{place}: expected {expected}, found {found}")]
    ColumnType {
        /// Where.
        place: Place,
        /// Types that would do.
        expected: &'static str,
        /// The type found.
        found: String,
    },
    /// A list whose length differs from the others of its unit.
    #[error("{place}: lists of unequal length in one unit ({key}): expected {expected} values, found {found}")]
    UnequalLists {
        /// Where.
        place: Place,
        /// The unit.
        key: Box<UnitKey>,
        /// Neurons of the unit.
        expected: usize,
        /// Length of the list.
        found: usize,
    },
    /// A null where every row needs a value.
    #[error("{place}: row {row} is null or holds a null")]
    Null {
        /// Where.
        place: Place,
        /// Row in the row group, counted from 0.
        row: u64,
    },
    /// An integer that does not fit the column's type in the format.
    #[error("{place}: {value} is out of range")]
    OutOfRange {
        /// Where.
        place: Place,
        /// The value.
        value: String,
    },
    /// A recording of a format version that this program does not know.
    #[error("{}: recording format version {found}, this program reads version {}", path.display(), super::schema::FORMAT_VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// A folder without a single Parquet file.
    #[error("{}: no Parquet file in this folder", path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// A file of arrays that is damaged or has no matrix of floats.
    #[error("{}{}: {reason}", path.display(), array.as_ref().map(|name| format!(", array {name}")).unwrap_or_default())]
    Array {
        /// The file.
        path: PathBuf,
        /// The array in it, where there are several.
        array: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// The unit has no values of the stage asked for.
    #[error("{}: no column {stage} for {key}", path.display())]
    StageMissing {
        /// The recording.
        path: PathBuf,
        /// `pre` or `post`.
        stage: &'static str,
        /// The unit.
        key: Box<UnitKey>,
    },
    /// Something that has to be in memory at once does not fit.
    #[error("{place}: {what} needs {needed} bytes, allowed are {allowed} (raise --memory)")]
    TooLarge {
        /// Where.
        place: Place,
        /// What it is.
        what: String,
        /// Bytes it needs.
        needed: u64,
        /// Bytes it may take.
        allowed: u64,
    },
    /// A row group's bytes differ from those that were written.
    #[error("{place}: the bytes differ from those written (BLAKE3 expected {expected}, found {found})")]
    Digest {
        /// Where.
        place: Place,
        /// The digest in the manifest.
        expected: String,
        /// The digest of the bytes.
        found: String,
    },
    /// A manifest that is not the JSON it should be.
    #[error("{}: not a manifest ({reason})", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The JSON parser's message.
        reason: String,
    },
    /// A weights file that is damaged or lacks a tensor.
    #[error("{}: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the tensor's name.
        reason: String,
    },
}

impl RecordingError {
    /// An I/O error with its path; a full disk gets its own variant.
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_path_buf() },
            _ => Self::Io { path: path.to_path_buf(), action, source },
        }
    }

    /// An error of the parquet crate while reading.
    pub(super) fn reading(place: Place, error: ParquetError) -> Self {
        match into_io(error) {
            Ok(source) => Self::io(&place.path, "read", source),
            Err(error) => Self::Damaged { place, reason: one_line(&error.to_string()) },
        }
    }

    /// An error of the parquet crate while writing.
    pub(super) fn writing(path: &Path, error: ParquetError) -> Self {
        let source = into_io(error).unwrap_or_else(io::Error::other);
        Self::io(path, "write", source)
    }
}

/// The I/O error inside `error`, if that is what it is. End of file while decoding is damage, not an I/O error.
fn into_io(error: ParquetError) -> Result<io::Error, ParquetError> {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(source) if source.kind() != io::ErrorKind::UnexpectedEof => Ok(*source),
            Ok(source) => Err(ParquetError::External(source)),
            Err(inner) => Err(ParquetError::External(inner)),
        },
        other => Err(other),
    }
}

/// Joins the lines of a message from elsewhere and shortens it.
pub(super) fn one_line(message: &str) -> String {
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(300) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_even_behind_the_parquet_crate() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let error = RecordingError::writing(Path::new("a/out.parquet"), ParquetError::External(Box::new(full())));
        assert_eq!(error.to_string(), "a/out.parquet: no space left on the disk");
        let error = RecordingError::io(Path::new("x"), "write", io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.to_string(), "x: cannot write");
    }

    #[test]
    fn places_name_what_is_known() {
        let place = Place::row_group(Path::new("r.parquet"), 3).column("post");
        assert_eq!(place.to_string(), "r.parquet, row group 3, column post");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }
}

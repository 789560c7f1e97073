//! What can be wrong with a data set.

use std::{io, path::PathBuf};

/// Why a data set could not be had. Every message names the file and, where two numbers disagree, both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// No such name in the catalogue.
    #[error("unknown data set {name:?}: expected one of {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The catalogue's names, separated by commas.
        known: String,
    },
    /// The folder the user named does not exist.
    #[error("{}: no such folder", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The file system or the gzip stream failed.
    #[error("{file}: cannot read")]
    Read {
        /// The file's path, or its name when it is embedded.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The first four bytes are not those of the kind of file expected here.
    #[error("{file}: expected magic {expected}, found {found}{hint}")]
    Magic {
        /// The file.
        file: String,
        /// 2051 for images, 2049 for labels.
        expected: u32,
        /// What stands there.
        found: u32,
        /// A guess at what the file is, in brackets, or empty.
        hint: &'static str,
    },
    /// The header's sizes are not those of the data set.
    #[error("{file}: expected {expected} items, found {found}")]
    Shape {
        /// The file.
        file: String,
        /// Sizes the catalogue gives, as `60000x28x28`.
        expected: String,
        /// Sizes the header gives.
        found: String,
    },
    /// The file ends before its header says.
    #[error("{file}: truncated: expected {expected} bytes, found {found}")]
    Truncated {
        /// The file.
        file: String,
        /// Uncompressed length that the header promises.
        expected: u64,
        /// Uncompressed length there is.
        found: u64,
    },
    /// The file goes on after its header's end.
    #[error("{file}: expected {expected} bytes, found more")]
    Surplus {
        /// The file.
        file: String,
        /// Uncompressed length that the header promises.
        expected: u64,
    },
    /// The content is not the published one.
    #[error("{file}: expected SHA-256 {expected} of the uncompressed file, found {found}{hint}")]
    Checksum {
        /// The file.
        file: String,
        /// The published digest.
        expected: String,
        /// The digest of what was read.
        found: String,
        /// Which known file has that digest, in brackets, or empty.
        hint: String,
    },
    /// The numbers of pixels and labels do not belong together.
    #[error("{n_pixels} pixels do not make {n_labels} images of {n_inputs} pixels")]
    Lengths {
        /// Number of bytes given as pixels.
        n_pixels: usize,
        /// Number of labels.
        n_labels: usize,
        /// Pixels of an image.
        n_inputs: usize,
    },
    /// A label names no class.
    #[error("{file}: label {label} of sample {sample} is not below the number of classes, {n_classes}")]
    Label {
        /// The label file.
        file: String,
        /// 0-based index of the sample.
        sample: usize,
        /// Its label.
        label: u8,
        /// The data set's number of classes.
        n_classes: usize,
    },
    /// Neither on disk nor to be fetched.
    #[error("{dataset}: {file} is not in {searched}; not fetched: {attempts}")]
    Missing {
        /// The data set.
        dataset: &'static str,
        /// The file that is missing.
        file: &'static str,
        /// The folders looked in, separated by commas.
        searched: String,
        /// What happened at each mirror.
        attempts: String,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
}

impl DatasetError {
    /// Whether the data set merely is not there: nothing is damaged, nothing was misspelt, so another set may stand in.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

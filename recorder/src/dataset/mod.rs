//! Labelled images as they come: bytes, labels, and the constants that turn a byte into an input.
//!
//! What is here: the data sets the program knows ([`catalogue`]), where their files are looked for ([`Search`]), their
//! verified download ([`fetch`]), the two subsets compiled into the program ([`embedded`]), and the reader of their file
//! format ([`idx`]). What is not: batches and their order, which belong to training. Start with [`Search::load`].
//!
//! Pixels stay bytes until a kernel reads them: a quarter of the memory, and the zeros of the background stay visible.

pub mod catalogue;
pub mod embedded;
mod error;
pub mod fetch;
pub mod idx;
mod search;

use std::{fmt, path::PathBuf};

pub use error::DatasetError;
pub use search::{DATA_VARIABLE, MIRRORS_VARIABLE, Mirrors, Search, cache_dir};

/// A data set in memory: both splits, how to normalise them, and the files they came from.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name in the catalogue, as it stands in a recording's `dataset` column.
    pub name: String,
    /// Samples to train on, in original order.
    pub train: Split,
    /// Held-out samples, in original order.
    pub test: Split,
    /// Number of classes; every label is below it.
    pub n_classes: usize,
    /// What is done to a pixel before it enters a network.
    pub normalization: Normalization,
    /// The files the samples were read from, with their digests.
    pub files: Vec<SourceFile>,
}

impl Dataset {
    /// The split of that name.
    pub fn split(&self, name: SplitName) -> &Split {
        match name {
            SplitName::Train => &self.train,
            SplitName::Test => &self.test,
        }
    }
}

/// Maps a pixel `p` in 0..=255 to the input `x = (p / 255 - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalization {
    /// Subtracted from `p / 255`.
    pub mean: f32,
    /// Divides the difference.
    pub std: f32,
}

impl Normalization {
    /// MNIST's training pixels, to the four digits everybody uses.
    pub const MNIST: Self = Self { mean: 0.1307, std: 0.3081 };
    /// Fashion-MNIST's training pixels.
    pub const FASHION_MNIST: Self = Self { mean: 0.2860, std: 0.3530 };
}

/// Which half of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SplitName {
    /// The samples trained on.
    Train,
    /// The held-out samples.
    Test,
}

impl SplitName {
    /// `"train"` or `"test"`, as in a recording's `split` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A data set's file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Name without folder and without `.gz`.
    pub name: String,
    /// SHA-256 of the uncompressed content, lower-case hexadecimal.
    pub sha256: String,
    /// Where it was.
    pub origin: Origin,
}

/// Where a file came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled into the program.
    Embedded,
    /// Read from this path.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Samples of one split: pixels and a label each, in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    n_inputs: usize,
    pixels: Vec<u8>, // [N, I] row-major
    labels: Vec<u8>, // [N]
}

impl Split {
    /// A split of `labels.len()` samples with `n_inputs` pixels each.
    ///
    /// # Errors
    /// [`DatasetError::Lengths`] unless `pixels` (shape [N, I], row-major) holds exactly `labels.len() * n_inputs` bytes.
    pub fn new(n_inputs: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, DatasetError> {
        let expected = labels.len().checked_mul(n_inputs);
        if n_inputs == 0 || expected != Some(pixels.len()) {
            return Err(DatasetError::Lengths { n_pixels: pixels.len(), n_labels: labels.len(), n_inputs });
        }
        Ok(Self { n_inputs, pixels, labels })
    }

    /// Number of samples, N.
    pub fn n_samples(&self) -> usize {
        self.labels.len()
    }

    /// Number of pixels of a sample, I.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// All pixels, `[N, I]` row-major.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels, `[N]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_needs_a_whole_image_per_label() {
        let split = Split::new(3, vec![1, 2, 3, 4, 5, 6], vec![7, 8]).unwrap();
        assert_eq!((split.n_samples(), split.n_inputs()), (2, 3));
        assert_eq!((split.pixels()[5], split.labels()[1]), (6, 8));
        for (n_inputs, n_pixels, n_labels) in [(3, 5, 2), (3, 6, 1), (0, 0, 2), (usize::MAX, 6, 2)] {
            let error = Split::new(n_inputs, vec![0; n_pixels], vec![0; n_labels]).unwrap_err();
            assert!(matches!(error, DatasetError::Lengths { .. }), "{n_inputs} {n_pixels} {n_labels}");
        }
    }
}

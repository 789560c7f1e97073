//! What a ledger says.

use serde::{Deserialize, Serialize};

use super::super::digest::{FileDigest, RangeDigest};
use super::super::kept::KeptGroup;
use super::super::{Manifest, schema};

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first: what is recorded, and how.
    Begun(Box<Begun>),
    /// A member is measured after an epoch.
    Epoch(EpochEntry),
    /// A row group is in the file.
    RowGroup(KeptGroup),
    /// A pack's state between two epochs is on the disk, and so are the rows before it.
    Checkpoint(Checkpoint),
    /// A pack is trained: its rows are in the file, and so are its weights.
    Trained(Trained),
    /// The run was taken up again.
    Resumed(Resumed),
    /// All files are complete and on the disk; what is left is to give them their names.
    Complete {
        /// Weights, history, manifest.
        files: Vec<FileDigest>,
    },
}

/// What is recorded, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// What the manifest will say about the run.
    pub manifest: Manifest,
    /// How the work and the file are cut. It depends on the machine and on `--memory`.
    pub layout: Layout,
    /// Whether existing files may be replaced.
    pub overwrite: bool,
}

/// How the work and the file are cut. No value depends on it, but the places of rows do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Sizes that train side by side.
    pub packs: Vec<Vec<usize>>,
    /// Raw bytes of values per row group at most.
    pub row_group_bytes: usize,
    /// Raw bytes of `pre` and `post` together, per chunk of captured activations.
    pub chunk_bytes: usize,
}

/// The measures of a member after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochEntry {
    /// The member's pack, counted over all replicates.
    pub pack: usize,
    /// Swept width.
    pub size: usize,
    /// Replicate, counted from 0.
    pub replicate: usize,
    /// Epochs completed.
    pub epoch: usize,
    /// Optimizer steps completed.
    pub step: u64,
    /// Names and values, as decimals that read back to the same bits (JSON has no NaN).
    pub measures: Vec<(String, String)>,
}

impl EpochEntry {
    /// The measure of that name; NaN where there is none.
    pub fn measure(&self, name: &str) -> f64 {
        let value = self.measures.iter().find(|(found, _)| found == name);
        value.and_then(|(_, value)| value.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// Where a run can be taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// The pack to train, counted over all replicates; those before it are trained.
    pub pack: usize,
    /// Epochs it has completed and been measured after; at 0 it begins.
    pub epoch: usize,
    /// Rows recorded before this point.
    pub rows: u64,
}

/// A pack's state on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Where it belongs.
    #[serde(flatten)]
    pub point: Point,
    /// The file with weights and moments.
    pub file: FileDigest,
}

/// A trained pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Where the next one begins.
    #[serde(flatten)]
    pub next: Point,
    /// Its tensors in the weights file.
    pub tensors: Vec<WrittenTensor>,
}

/// A tensor in the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenTensor {
    /// Its name.
    pub name: String,
    /// Its bytes and their digest.
    #[serde(flatten)]
    pub range: RangeDigest,
}

/// Where a run was taken up, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The place.
    #[serde(flatten)]
    pub point: Point,
    /// Rows of the recording that were kept, those after the place included.
    pub kept_rows: u64,
}

impl Begun {
    /// Whether this program can go on with it at all; the reason where it cannot.
    pub fn check_version(&self) -> Option<String> {
        let (was, now) = (&self.manifest.version, env!("CARGO_PKG_VERSION"));
        if was != now {
            return Some(format!("version: was {was}, now {now}"));
        }
        let (was, now) = (self.manifest.format_version, schema::FORMAT_VERSION);
        (was != now).then(|| format!("format version: was {was}, now {now}"))
    }
}

//! What a finished run says on stderr.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf};

use layerscope_recorder::recording::{Companions, unfinished::EpochEntry};

use super::plan::bytes;

/// Files, rows, time, and the accuracies of each size after the last epoch.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Rows of the recording.
    pub n_rows: u64,
    /// Wall-clock seconds of the run.
    pub elapsed_s: f64,
    /// Of these, seconds of training steps.
    pub training_s: f64,
    /// Of these, seconds of computing, writing and completing the recording.
    pub recording_s: f64,
    n_epochs: usize,
    files: [PathBuf; 4],
    sizes: BTreeMap<usize, Accuracies>,
}

/// Sums over the replicates of a size.
#[derive(Clone, Copy, Debug, Default)]
struct Accuracies {
    n_replicates: usize,
    train: f64,
    test: f64,
}

impl Summary {
    /// A summary of a run that has just begun.
    pub fn new(n_epochs: usize, files: &Companions) -> Self {
        let files = [&files.recording, &files.weights, &files.history, &files.manifest].map(Clone::clone);
        let sizes = BTreeMap::new();
        Self { n_rows: 0, elapsed_s: 0.0, training_s: 0.0, recording_s: 0.0, n_epochs, files, sizes }
    }

    /// Takes the measures of a network after an epoch; those of the last epoch count.
    pub fn measured(&mut self, measures: &EpochEntry) {
        if measures.epoch == self.n_epochs {
            let size = self.sizes.entry(measures.size).or_default();
            size.n_replicates += 1;
            size.train += measures.measure("train_accuracy");
            size.test += measures.measure("test_accuracy");
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_replicates = self.sizes.values().map(|size| size.n_replicates).max().unwrap_or(0);
        if n_replicates > 0 {
            writeln!(f, "{:>8}  train accuracy  test accuracy", "size")?;
        }
        for (size, sums) in &self.sizes {
            let n = sums.n_replicates as f64;
            writeln!(f, "{size:>8}  {:>14.4}  {:>13.4}", sums.train / n, sums.test / n)?;
        }
        if n_replicates > 0 {
            let mean = if n_replicates > 1 { format!("means of {n_replicates} replicates ") } else { String::new() };
            writeln!(f, "{mean}after epoch {}, correct / n over the whole split", self.n_epochs)?;
        }
        for (index, path) in self.files.iter().enumerate() {
            let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
            let rows = if index == 0 { format!(", {} rows", self.n_rows) } else { String::new() };
            writeln!(f, "{} ({}{rows})", path.display(), bytes(size))?;
        }
        let Self { elapsed_s, training_s, recording_s, .. } = *self;
        write!(f, "{elapsed_s:.1} s, training {training_s:.1} s, recording {recording_s:.1} s")?;
        // A run that was resumed behind the last epoch did not train.
        if training_s > 0.0 {
            write!(f, " ({:.0} % of training)", 100.0 * recording_s / training_s)?;
        }
        writeln!(f)
    }
}

//! Small recordings whose numbers can be worked out by hand, and the program run on them.

use assert_cmd::Command;
use layerscope_recorder::recording::history::{HistoryRow, HistoryWriter};
use layerscope_recorder::recording::{Chunk, Companions, Manifest, Stage, UnitKey, Writer, WriterOptions};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with one recording in it.
pub struct Setup {
    pub folder: TempDir,
    pub recording: PathBuf,
}

/// What a run left behind.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// A failure: exit 2, nothing on stdout, one line on stderr that contains all of `words`.
    pub fn assert_fails(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        assert!(words.iter().all(|word| self.stderr.contains(word)), "{words:?} in {}", self.stderr);
    }
}

impl Setup {
    pub fn new(stages: &[Stage], units: &[(UnitKey, usize, Vec<f32>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("out.parquet");
        let options = WriterOptions { stages: stages.to_vec(), sync: false, ..WriterOptions::default() };
        let mut writer = Writer::create(&recording, options).unwrap();
        for (key, n_neurons, values) in units {
            let stage = |stage: Stage| stages.contains(&stage).then_some(values.as_slice());
            let (pre, post) = (stage(Stage::Pre), stage(Stage::Post));
            let chunk = Chunk { key, first_sample: 0, labels: None, n_neurons: *n_neurons, pre, post };
            writer.append(&chunk).unwrap();
        }
        writer.finish(Manifest { seed: Some(7), ..Manifest::new() }).unwrap();
        Self { folder, recording }
    }

    /// Runs `analyze STATISTIC out.parquet ..` inside the folder.
    pub fn analyze(&self, line: &str) -> Answer {
        let mut words = line.split_whitespace();
        let mut command = Command::cargo_bin("analyze").unwrap();
        command.current_dir(self.folder.path()).arg(words.next().unwrap()).arg("out.parquet").args(words);
        let output = command.output().unwrap();
        Answer {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The key of a unit of the hidden layer.
pub fn key(size: i32, replicate: i32, epoch: i32) -> UnitKey {
    let text = str::to_owned;
    let (model, dataset, split, layer) = (text("mnist_h1"), text("mnist-5k"), text("train"), text("hidden"));
    UnitKey { model, dataset, split, size, replicate, epoch, layer }
}

/// [N = 4, U]: neuron j takes a_j · (0, 0, 2, 2), so that its mean is a_j and its population std is a_j.
pub fn two_level(amplitudes: &[f32]) -> Vec<f32> {
    [0.0, 0.0, 2.0, 2.0].iter().flat_map(|level| amplitudes.iter().map(move |a| a * level)).collect()
}

/// Sizes 4 and 6, two replicates each, epochs 0 and 3; one dead neuron in each network of size 6.
pub fn sweep() -> Setup {
    let mut units = Vec::new();
    for epoch in [0, 3] {
        for replicate in 0..2 {
            let shift = replicate as f32 + 10.0 * (epoch == 0) as i32 as f32;
            units.push((key(4, replicate, epoch), 4, two_level(&[1.0 + shift, 2.0, 4.0, 5.0])));
            units.push((key(6, replicate, epoch), 6, two_level(&[1.0, 2.0, 0.0, 3.0 + shift, 4.0, 8.0])));
        }
    }
    Setup::new(&Stage::ALL, &units)
}

/// Passes only if both are finite and equal to 1e-12 relative: sums of a few exact numbers.
#[track_caller]
pub fn assert_near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= 1e-12 * expected.abs(), "found {found}, expected {expected}");
}

/// A history of three epochs beside the recording of [`sweep`].
pub fn add_history(recording: &Path) {
    let mut writer = HistoryWriter::create(&Companions::of(recording).history, false).unwrap();
    for (size, replicate) in [(4, 0), (4, 1), (6, 0), (6, 1)] {
        for epoch in 1..=3 {
            let base = f64::from(epoch) * 0.25 - f64::from(replicate) / 16.0;
            for (measure, value) in
                [("train_accuracy", base + 0.125), ("test_accuracy", base), ("train_loss", 2.0), ("test_loss", 2.5)]
            {
                let UnitKey { model, dataset, .. } = key(size, replicate, epoch);
                let (step, measure) = (i64::from(epoch) * 10, measure.to_owned());
                writer.append(HistoryRow { model, dataset, size, replicate, epoch, step, measure, value }).unwrap();
            }
        }
    }
    writer.finish().unwrap();
}

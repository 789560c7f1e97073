//! Running `record`, and what a recording comes to.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::Hasher,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use layerscope_recorder::recording::{Companions, Manifest, Recording, history, unfinished};

/// The four files of `out.parquet`, sorted.
pub const FILES: [&str; 4] = ["out.history.parquet", "out.manifest.json", "out.parquet", "out.weights.safetensors"];

/// `record` in that folder, blind to the data sets and folders of the machine it runs on.
pub fn record(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("record"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command.env("LAYERSCOPE_MIRRORS", "none").env("XDG_CACHE_HOME", folder.join("cache")).env_remove("LAYERSCOPE_DATA");
    command
}

pub fn output(folder: &Path, arguments: &[&str]) -> Output {
    record(folder, arguments).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs to the end or fails the test.
pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = output(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn files(folder: &Path) -> Companions {
    Companions::of(&folder.join("out.parquet"))
}

/// The folder of what is left of an interrupted run.
pub fn left(folder: &Path) -> PathBuf {
    unfinished::folder(&files(folder))
}

/// All that must be the same after an interruption as without one.
#[derive(Debug, PartialEq)]
pub struct Content {
    row_groups: Vec<(u64, u64, String)>,
    n_rows: u64,
    /// Of the file's bytes.
    weights: u64,
    /// (size, replicate, epoch, measure) and the bits of the value, in file order; `seconds` without the value.
    history: Vec<(i32, i32, i32, String, Option<u64>)>,
}

impl Content {
    /// The content of the recording in that folder; fails the test unless all of it is whole.
    pub fn of(folder: &Path) -> Self {
        let files = files(folder);
        let recording = Recording::open(&files.recording).unwrap();
        let verification = recording.verify(64 << 20);
        assert!(verification.is_sound(), "{:?}", verification.findings);
        assert_eq!(verification.notes, [] as [String; 0]);
        let manifest = Manifest::read(&files.manifest).unwrap().unwrap();
        let of_row = |row: history::HistoryRow| {
            let value = (row.measure != "seconds").then(|| row.value.to_bits());
            (row.size, row.replicate, row.epoch, row.measure, value)
        };
        Self {
            row_groups: manifest
                .row_groups
                .into_iter()
                .map(|group| (group.offset, group.bytes, group.blake3))
                .collect(),
            n_rows: manifest.n_rows,
            weights: hash(&fs::read(&files.weights).unwrap()),
            history: history::read(&files.history).unwrap().into_iter().map(of_row).collect(),
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

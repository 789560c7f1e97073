//! `analyze` stays below `--memory` on recordings larger than it: measured on the real process.
//!
//! `LAYERSCOPE_MEMORY_TEST=DATA,LIMIT` in MiB sets the size of the recording's values and the limit (CI: 96,64; a thorough
//! run: 1024,256). The peaks are printed with `--nocapture`.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use layerscope_recorder::recording::history::{HistoryRow, HistoryWriter};
use layerscope_recorder::recording::weights::{WeightsWriter, member_tensors, tensor_name};
use layerscope_recorder::recording::{Chunk, Companions, Manifest, Stage, UnitKey, Writer, WriterOptions};

const ANALYZE: &str = env!("CARGO_BIN_EXE_analyze");
const MIB: usize = 1 << 20;

/// MiB of values, MiB of the limit.
fn sizes() -> (usize, usize) {
    let text = std::env::var("LAYERSCOPE_MEMORY_TEST").unwrap_or_else(|_| "96,64".to_owned());
    let parsed = text.split_once(',').and_then(|(data, limit)| Some((data.parse().ok()?, limit.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("LAYERSCOPE_MEMORY_TEST={text}: expected DATA,LIMIT in MiB"))
}

fn key(size: usize, replicate: i32) -> UnitKey {
    let [model, dataset, split, layer] = ["mnist_h1", "mnist-5k", "train", "hidden"].map(str::to_owned);
    UnitKey { model, dataset, split, size: size as i32, replicate, epoch: 1, layer }
}

/// A recording of `data` MiB of values, two widths, two replicates each, with history and weights.
fn write(path: &Path, widths: [usize; 2], data: usize) {
    let files = Companions::of(path);
    let mut history = HistoryWriter::create(&files.history, false).unwrap();
    let tensors: Vec<_> = widths
        .iter()
        .flat_map(|&size| (0..2).flat_map(move |replicate| member_tensors(size, replicate, 3, 10)))
        .collect();
    let mut weights = WeightsWriter::create(&files.weights, &tensors, false).unwrap();
    for tensor in &tensors {
        let values: Vec<f32> = (0..tensor.shape.iter().product()).map(|i: usize| (i % 17) as f32 - 8.0).collect();
        weights.write(&tensor.name, &values).unwrap();
    }
    assert_eq!(tensors[0].name, tensor_name(widths[0], 0, "hidden.weight"));
    let options = WriterOptions { sync: false, row_group_bytes: 16 * MIB, ..WriterOptions::default() };
    let mut writer = Writer::create(path, options).unwrap();
    // Both stages, two replicates.
    let n_rows = data * MIB / (4 * 2 * 2 * (widths[0] + widths[1]));
    let mut state = 1_u64;
    for size in widths {
        for replicate in 0..2 {
            let (key, rows) = (key(size, replicate), 1024);
            for first in (0..n_rows).step_by(rows) {
                let n = rows.min(n_rows - first);
                let next = |i: usize| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Neurons of different spread, all bits of the fraction in use.
                    ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * (1.0 + (i % size) as f32 / 50.0)
                };
                let pre: Vec<f32> = (0..n * size).map(next).collect();
                let post: Vec<f32> = pre.iter().map(|value| value.max(0.0)).collect();
                let labels: Vec<i32> = (0..n as i32).map(|row| row % 10).collect();
                let (first_sample, labels) = (first as i64, Some(labels.as_slice()));
                let (pre, post) = (Some(pre.as_slice()), Some(post.as_slice()));
                writer.append(&Chunk { key: &key, first_sample, labels, n_neurons: size, pre, post }).unwrap();
            }
            for (measure, value) in
                [("train_accuracy", 0.9), ("test_accuracy", 0.8), ("train_loss", 0.3), ("test_loss", 0.4)]
            {
                let UnitKey { model, dataset, size, replicate, epoch, .. } = key.clone();
                let measure = measure.to_owned();
                history.append(HistoryRow { model, dataset, size, replicate, epoch, step: 1, measure, value }).unwrap();
            }
        }
    }
    let files = vec![weights.finish().unwrap(), history.finish().unwrap()];
    writer.finish(Manifest { files, ..Manifest::new() }).unwrap();
}

/// Runs the program; returns its exit code, stderr and peak of resident memory in bytes.
fn run(folder: &Path, line: &str) -> (Option<i32>, String, usize) {
    let mut child = Command::new(ANALYZE)
        .args(line.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let code = loop {
        // The kernel keeps the maximum, so that only what happens after the last look can be missed.
        peak = peak.max(high_water(&child));
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None => thread::sleep(Duration::from_millis(1)),
        }
    };
    (code, fs::read_to_string(folder.join("stderr")).unwrap(), peak)
}

fn high_water(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn every_subcommand_stays_below_the_limit() {
    let (data, limit) = sizes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    write(&path, [128, 181], data);
    let bytes = fs::metadata(&path).unwrap().len() as usize;
    println!("{data} MiB of values, a file of {} MiB, --memory {limit}MiB", bytes / MIB);
    assert!(bytes > limit * MIB, "the recording must be larger than the limit");
    for line in [
        "summary",
        "variance",
        "variance --per-neuron",
        "dead --pool",
        "normality",
        "normality --target activations",
        "mixture --bootstrap 5",
        "pca",
        "accuracy",
        "relationships",
        "verify",
        "report",
    ] {
        let (command, more) = line.split_once(' ').unwrap_or((line, ""));
        let line = format!("{command} out.parquet --memory {limit}MiB --threads 2 {more}");
        let (code, stderr, peak) = run(folder.path(), line.trim_end());
        println!("{:5.1} MiB  {line}", peak as f64 / MIB as f64);
        assert_eq!(code, Some(0), "{line}: {stderr}");
        assert!(peak > MIB && peak < limit * MIB, "{line}: {peak} bytes");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let mut writer =
        Writer::create(&path, WriterOptions { stages: vec![Stage::Pre], ..WriterOptions::default() }).unwrap();
    // Wide: a covariance matrix of 3000 neurons has 72 MB. Long: a column of 400,000 samples is 1.6 MB.
    for (size, n_rows) in [(3000, 3), (1, 400_000)] {
        let values: Vec<f32> = (0..size * n_rows).map(|i| (i * i % 1013) as f32).collect();
        let (key, pre) = (key(size, 0), Some(values.as_slice()));
        writer.append(&Chunk { key: &key, first_sample: 0, labels: None, n_neurons: size, pre, post: None }).unwrap();
    }
    writer.finish(Manifest::new()).unwrap();
    for (line, words) in [
        ("pca out.parquet --size 3000 --memory 96MiB", ["3000 neurons", "MiB for its covariance", "leaves 32 MiB"]),
        (
            "normality out.parquet --target activations --stage pre --size 1 --threads 1 --memory 4MiB",
            ["400000 samples of a neuron", "need 5 MiB", "leaves 1 MiB"],
        ),
    ] {
        let (code, stderr, peak) = run(folder.path(), line);
        assert_eq!(code, Some(2), "{line}: {stderr}");
        assert!(stderr.lines().count() == 1 && words.iter().all(|word| stderr.contains(word)), "{line}: {stderr}");
        assert!(peak < 96 * MIB, "{line}: {peak} bytes");
    }
}

//! A real process's peak memory beside what it records.

use std::{fs, process::Stdio, time::Duration};

use layerscope_recorder::recording::Manifest;

use super::setup::{done, files, output, record, stderr};

/// Samples of the embedded training split, twice (pre and post), four bytes each.
const BYTES_A_NEURON: u64 = 5000 * 2 * 4;

/// `LAYERSCOPE_RECORD_MEMORY_TEST` is VALUES,LIMIT in MiB: how much is recorded at least, and under which `--memory`.
#[cfg(target_os = "linux")]
#[test]
fn more_is_recorded_than_memory_is_taken() {
    let text = std::env::var("LAYERSCOPE_RECORD_MEMORY_TEST").unwrap_or_else(|_| "170,112".to_owned());
    let (values, limit) = text.split_once(',').unwrap();
    let [values, limit]: [u64; 2] = [values, limit].map(|number| number.parse().unwrap());
    let (sizes, n_neurons) = if values < 500 { ("512,1024", 1536) } else { ("64..2896", 9833) };
    let replicates = (values << 20).div_ceil(n_neurons * BYTES_A_NEURON).to_string();
    let memory = format!("{limit}MiB");
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--model",
        "mnist_h1",
        "--sizes",
        sizes,
        "--replicates",
        &replicates,
        "--dataset",
        "mnist-5k",
        "--epochs",
        "1",
        "--checkpoint-every",
        "1",
        "--memory",
        &memory,
        "--quiet",
    ];
    let mut child = record(folder.path(), &arguments).stderr(Stdio::inherit()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        peak = peak.max(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    let manifest = Manifest::read(&files(folder.path()).manifest).unwrap().unwrap();
    let recorded =
        manifest.n_rows / 5000 * 5000 / 5000 * n_neurons / if values < 500 { 2 } else { 12 } * BYTES_A_NEURON;
    println!("{} MiB of values, peak {} MiB, limit {limit} MiB", recorded >> 20, peak >> 20);
    assert!(recorded >= values << 20 && recorded > limit << 20, "{recorded}");
    assert!(peak > 0 && peak <= limit << 20, "peak {} MiB, limit {limit} MiB", peak >> 20);
}

#[test]
fn memory_that_cannot_do_is_refused_with_the_least_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let run = |memory: &str, more: &[&str]| {
        let fixed = ["--model", "mnist_h1", "--sizes", "600,900", "--dataset", "mnist-5k", "--epochs", "0"];
        let fixed = [&fixed[..], &["--samples", "50", "--memory", memory], more].concat();
        output(folder.path(), &fixed)
    };
    let refused = run("32MiB", &[]);
    let message = stderr(&refused);
    assert_eq!(refused.status.code(), Some(2), "{message}");
    let line = message.lines().last().unwrap();
    assert!(line.starts_with("record: --memory: size 900 on mnist-5k needs at least "), "{message}");
    assert!(line.ends_with("for weights and moments; 33.6 MB are allowed"), "{message}");
    let least = line.split(" needs at least ").nth(1).unwrap().split(" MB").next().unwrap();
    // Three digits are printed: one more in the last of them is enough.
    let enough = format!("{}MB", least.parse::<f64>().unwrap() + 1.0);
    let planned = run(&enough, &["--dry-run"]);
    assert!(planned.status.success(), "{}", stderr(&planned));
    let small =
        ["--model", "mnist_h1", "--sizes", "600,900", "--dataset", "mnist-5k", "--epochs", "0", "--samples", "50"];
    done(folder.path(), &[&small[..], &["--memory", &enough]].concat());
    for (text, expected) in [("0", "expected a size such as"), ("many", "expected a size such as")] {
        let message = stderr(&run(text, &[]));
        assert!(message.contains(expected), "{message}");
    }
}

//! Tables, files, pictures, pipes.

use crate::setup::{add_history, sweep};
use serde_json::Value;
use std::fs;

#[test]
fn the_table_is_for_people() {
    let answer = sweep().analyze("variance --size 6");
    let expected = "\
variance of out.parquet · model mnist_h1 · dataset mnist-5k · split train · layer hidden · stage post · epoch 3 · 4 samples

size  replicate  n_neurons  n_dead  sum_variance  mean_variance  sum_std  mean_std  std_5%  std_25%  std_50%  std_75%  std_95%
   6          0          6       1         94.00          15.67    18.00     3.000  0.2500    1.250    2.500    3.750    7.000
   6          1          6       1         101.0          16.83    19.00     3.167  0.2500    1.250    3.000    4.000    7.000

by_size:
  size          sum_variance               sum_std              mean_std
     6  97.50 [53.03, 142.0]  18.50 [12.15, 24.85]  3.083 [2.024, 4.142]
Variance and std of a neuron over the samples, divided by their number; sums, means and
quantiles over the neurons, dead ones (constant over all samples) included.
";
    assert_eq!(answer.stdout, expected);
}

#[test]
fn files_take_the_format_of_their_name_and_appear_whole() {
    let setup = sweep();
    for name in ["a.json", "a.csv", "a.parquet", "a.txt"] {
        let answer = setup.analyze(&format!("variance --out {name}"));
        assert_eq!((answer.code, answer.stdout.as_str()), (0, ""), "{}", answer.stderr);
    }
    let read = |name: &str| fs::read(setup.folder.path().join(name)).unwrap();
    let report: Value = serde_json::from_slice(&read("a.json")).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 4);
    let csv = String::from_utf8(read("a.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.starts_with("model,dataset,split,layer,stage,epoch,size,replicate,n_neurons,n_samples,n_dead,"));
    assert_eq!(&read("a.parquet")[..4], b"PAR1");
    assert!(read("a.txt").starts_with(b"variance of out.parquet"));
    let files = setup.files();
    assert_eq!(files, ["a.csv", "a.json", "a.parquet", "a.txt", "out.manifest.json", "out.parquet"]);
}

#[test]
fn every_picture_can_be_drawn() {
    let setup = sweep();
    add_history(&setup.recording);
    let runs = [
        ("variance --pool", "density.svg", "Distribution of the neurons"),
        ("variance --figure histogram --bandwidth silverman", "histogram.svg", "Histogram of the neurons"),
        ("variance --figure sum", "sum.svg", "Sum of the standard deviations"),
        ("normality", "w.svg", "most normal: "),
        ("dead", "dead.svg", "Dead neurons against size"),
        ("accuracy", "accuracy.svg", "Accuracy against size"),
        ("relationships", "comparison.svg", "Comparison of the measures"),
        ("relationships --figure accuracy", "both.svg", "Normality and accuracy"),
        ("relationships --figure sum-std", "growth.svg", "logarithm"),
        ("summary", "zeros.svg", "Zero activations against size"),
    ];
    for (line, file, words) in runs {
        let answer = setup.analyze(&format!("{line} --plot {file}"));
        assert_eq!(answer.code, 0, "{line}: {}", answer.stderr);
        let svg = fs::read_to_string(setup.folder.path().join(file)).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains(words), "{line}: {svg}");
        assert!(!svg.contains("NaN"), "{line}: {svg}");
    }
    let answer = setup.analyze("dead --plot dead.png");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(&fs::read(setup.folder.path().join("dead.png")).unwrap()[..4], b"\x89PNG");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let setup = sweep();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("analyze"))
        .args(["variance", "--per-neuron", "--format", "json"])
        .arg(&setup.recording)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

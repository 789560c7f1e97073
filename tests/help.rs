//! `--help` names every flag of the published command line, and a flag that does not exist is an error, exit 2.

use std::process::{Command, Output};

const RECORD: &str = env!("CARGO_BIN_EXE_record");
const ANALYZE: &str = env!("CARGO_BIN_EXE_analyze");

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// What `--help` prints; it must go to stdout and exit 0.
fn help(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether the text has the word by itself: `--out` is not found in `--output`.
fn names(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).any(|found| found == word)
}

fn assert_names(program: &str, arguments: &[&str], words: &[&str]) {
    let text = help(program, arguments);
    let missing: Vec<_> = words.iter().filter(|word| !names(&text, word)).collect();
    assert!(missing.is_empty(), "{program} {arguments:?} does not name {missing:?}:\n{text}");
}

#[test]
fn record_names_every_flag() {
    let flags = [
        "--model",
        "--sizes",
        "--dataset",
        "--data-dir",
        "--normalization",
        "--replicates",
        "--epochs",
        "--batch-size",
        "--lr",
        "--seed",
        "--backend",
        "--precision",
        "--threads",
        "--split",
        "--samples",
        "--stages",
        "--capture-epochs",
        "--out",
        "--overwrite",
        "--resume",
        "--checkpoint-every",
        "--memory",
        "--dry-run",
        "--quiet",
        "--verbose",
        "--help",
        "--version",
    ];
    assert_names(RECORD, &["--help"], &flags);
    assert_names(RECORD, &["--help"], &["fetch", "datasets", "completions", "man", "mnist_h1", "RUST_LOG"]);
}

#[test]
fn record_fetch_and_datasets_have_their_own_help() {
    assert_names(RECORD, &["fetch", "--help"], &["NAME", "--data-dir"]);
    assert_names(RECORD, &["datasets", "--help"], &["record", "datasets"]);
    for program in [RECORD, ANALYZE] {
        assert_names(program, &["completions", "--help"], &["bash", "zsh", "fish", "SHELL"]);
        assert_names(program, &["man", "--help"], &["--out", "DIR"]);
    }
}

#[test]
fn record_datasets_lists_what_can_be_recorded() {
    let text = help(RECORD, &["datasets"]);
    for name in ["mnist", "mnist-5k", "fashion-mnist"] {
        assert!(names(&text, name), "`record datasets` does not list {name}:\n{text}");
    }
}

const STATISTICS: [&str; 9] =
    ["summary", "neurons", "variance", "normality", "mixture", "dead", "pca", "accuracy", "relationships"];

#[test]
fn analyze_names_every_statistic() {
    assert_names(ANALYZE, &["--help"], &STATISTICS);
    assert_names(ANALYZE, &["--help"], &["verify", "report", "completions", "man", "--verbose"]);
    let flags =
        ["--out", "--stage", "--layer", "--size", "--replicate", "--epoch", "--threads", "--memory", "--no-verify"];
    assert_names(ANALYZE, &["report", "--help"], &flags);
}

#[test]
fn every_statistic_names_every_flag() {
    let flags = [
        "--stage",
        "--layer",
        "--size",
        "--replicate",
        "--epoch",
        "--pool",
        "--format",
        "--out",
        "--plot",
        "--threads",
        "--memory",
        "--no-verify",
        "--help",
        "RECORDING",
        "pre",
        "post",
        "last",
        "table",
        "json",
        "csv",
        "parquet",
        "2GiB",
    ];
    for statistic in STATISTICS {
        assert_names(ANALYZE, &[statistic, "--help"], &flags);
    }
    assert_names(
        ANALYZE,
        &["variance", "--help"],
        &["--per-neuron", "--figure", "--bandwidth", "histogram", "silverman"],
    );
    let normality = [
        "--target",
        "std",
        "activations",
        "--adjust",
        "bh",
        "holm",
        "by",
        "none",
        "--subsample",
        "--draws",
        "--seed",
        "--figure",
    ];
    assert_names(ANALYZE, &["normality", "--help"], &normality);
    let of_mixture = ["--families", "--method", "--bootstrap", "--seed", "--level", "--figure", "em", "journal"];
    assert_names(ANALYZE, &["mixture", "--help"], &of_mixture);
    let of_pca = ["--top", "--method", "--figure", "standard", "journal", "spectrum", "distance", "accuracy"];
    assert_names(ANALYZE, &["pca", "--help"], &of_pca);
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    for (program, arguments) in
        [(RECORD, &["--sizs", "64"][..]), (ANALYZE, &["dead", "out.parquet", "--sizs", "64"][..])]
    {
        let output = run(program, arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{program} {arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "stdout carries data only");
        assert!(names(&message, "--sizs"), "the message does not name the flag: {message}");
    }
}

#[test]
fn versions_agree() {
    for (program, name) in [(RECORD, "record"), (ANALYZE, "analyze")] {
        assert_eq!(help(program, &["--version"]).trim(), format!("{name} {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_flag_is_found_as_a_word_only() {
    assert!(names("  --out <FILE>  Write here", "--out") && names("[--out=FILE]", "--out"));
    assert!(!names("--output", "--out") && !names("--no-out", "--out") && !names("", "--out"));
}

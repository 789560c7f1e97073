//! `-v`, `-vv` and `RUST_LOG`: on stderr, only when asked for, with the facts.

use std::path::Path;
use std::process::Command;

/// What a program says on stderr; its stdout has to be `stdout` lines long.
fn stderr(program: &str, line: &str, rust_log: Option<&str>, folder: &Path) -> String {
    let mut command = Command::new(program);
    command.args(line.split_whitespace()).current_dir(folder).env_remove("RUST_LOG").env("LAYERSCOPE_MIRRORS", "none");
    if let Some(directives) = rust_log {
        command.env("RUST_LOG", directives);
    }
    let output = command.output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {messages}");
    let data = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!data.contains("info:") && !data.contains("debug:"), "stdout is data: {data}");
    messages
}

#[test]
fn programs_say_what_they_do_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let record = |line: &str, rust_log| stderr(env!("CARGO_BIN_EXE_record"), line, rust_log, folder.path());
    let analyze = |line: &str, rust_log| stderr(env!("CARGO_BIN_EXE_analyze"), line, rust_log, folder.path());
    let job = "--model mnist_h1 --sizes 3,5 --dataset mnist-5k --epochs 1 --samples 10 --overwrite --quiet --threads 1";

    assert_eq!(record(job, None), "", "silence by default");
    let told = record(&format!("{job} -v"), None);
    for expected in [
        "record: info: data set mnist-5k: compiled into this program",
        "record: info: pack 0: sizes [3, 5]",
        "record: info: replicate 0, sizes [3, 5], epoch 1: ",
        "record: info: wrote out.parquet",
        "record: info: wrote out.manifest.json",
    ] {
        assert!(told.contains(expected), "no `{expected}` in:\n{told}");
    }
    assert!(!told.contains("debug:"), "{told}");
    let told = record(&format!("{job} -vv"), None);
    assert!(told.contains("record: debug: size 5, replicate 0, epoch 1: training loss "), "{told}");
    let told = record(job, Some("layerscope_recorder=info"));
    assert!(told.contains("pack 0") && !told.contains("wrote"), "one crate only:\n{told}");

    assert_eq!(analyze("dead out.parquet --out a.json", None), "");
    let told = analyze("-v dead out.parquet --out a.json", None);
    assert!(told.contains("analyze: info: out.parquet: 1 files, 2 units"), "{told}");
    assert!(told.contains("analyze: info: wrote a.json"), "{told}");
    let told = analyze("dead out.parquet -vv --size 5 --out a.json", None);
    assert!(told.contains("row group 1") && told.contains("straight from its pages"), "{told}");
}

#[test]
fn a_strange_rust_log_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    stderr(env!("CARGO_BIN_EXE_record"), "datasets", Some("layerscope=loud,,=,"), folder.path());
}

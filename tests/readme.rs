//! The README is true: every command in it runs, every Python snippet runs, every link leads somewhere.
//!
//! Commands are taken from the README's `sh` blocks. `analyze` commands run as they stand, in a folder that holds a tiny
//! recording under the names the README uses. `record` commands get `--dry-run` and the embedded data set, because a test
//! neither trains for minutes nor downloads. A command that no rule below covers fails the test: nothing is skipped.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const README: &str = include_str!("../README.md");
const RECORD: &str = env!("CARGO_BIN_EXE_record");
const ANALYZE: &str = env!("CARGO_BIN_EXE_analyze");

/// The contents of the fenced code blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    text.split(opening.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap_or(rest)).collect()
}

fn commands() -> Vec<&'static str> {
    blocks(README, "sh").into_iter().flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect()
}

/// The words after `cargo run --release --bin PROGRAM --`; the README quotes nothing, so words are split at spaces.
fn arguments(command: &'static str, program: &str) -> Option<Vec<&'static str>> {
    let rest = command.strip_prefix(&format!("cargo run --release --bin {program} -- "))?;
    assert!(!rest.contains(['"', '\'', '\\', '$', '|', '>']), "this test splits words at spaces only: {command}");
    Some(rest.split_whitespace().collect())
}

/// What follows a flag.
fn value<'a>(arguments: &[&'a str], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|word| *word == flag)?;
    arguments.get(at + 1).copied()
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LAYERSCOPE_DATA", folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {}\n{messages}", arguments.join(" "), output.status);
    output
}

/// A folder with a recording of two small networks under every name the README's `record` commands write.
fn recordings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let job = "--model mnist_h1 --sizes 64,2896 --dataset mnist-5k --samples 200 --epochs 1 --quiet --out";
    // Size 2896 because a command of the README selects it; 200 samples keep its lists small.
    let mut words: Vec<_> = job.split(' ').collect();
    words.push("out.parquet");
    run(folder.path(), RECORD, &words);
    let written: BTreeSet<_> =
        commands().iter().filter_map(|command| value(&arguments(command, "record")?, "--out")).collect();
    for name in written.into_iter().filter(|name| *name != "out.parquet") {
        let stem = name.strip_suffix(".parquet").expect("recordings are named *.parquet");
        for extension in ["parquet", "history.parquet", "weights.safetensors", "manifest.json"] {
            let [from, to] = ["out", stem].map(|stem| folder.path().join(format!("{stem}.{extension}")));
            std::fs::copy(&from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
    }
    folder
}

#[test]
fn the_two_commands_come_first() {
    let first = "cargo run --release --bin record -- --model mnist_h1 --sizes 64..2896";
    assert_eq!(commands()[..2], [first, "cargo test --workspace"]);
}

#[test]
fn every_command_runs() {
    let folder = recordings();
    for command in commands() {
        if let Some(words) = arguments(command, "analyze") {
            let output = run(folder.path(), ANALYZE, &words);
            let files: Vec<_> = ["--out", "--plot"].iter().filter_map(|flag| value(&words, flag)).collect();
            for name in &files {
                let size = std::fs::metadata(folder.path().join(name)).map_or(0, |metadata| metadata.len());
                assert!(size > 0, "{command}: {name} was not written");
            }
            assert!(!output.stdout.is_empty() || value(&words, "--out").is_some(), "{command}: printed nothing");
        } else if let Some(words) = arguments(command, "record") {
            record(folder.path(), command, &words);
        } else {
            assert_eq!(command, "cargo test --workspace", "no rule of this test covers this command of the README");
        }
    }
}

/// Runs one `record` command as far as a test may.
fn record(folder: &Path, command: &str, words: &[&str]) {
    if words[0] == "fetch" {
        // A test does not download: the data set must exist, and its flags must parse as far as --help.
        let known = run(folder, RECORD, &["datasets"]).stdout;
        let known = String::from_utf8(known).unwrap();
        assert!(known.split_whitespace().any(|word| word == words[1]), "{command}: not among\n{known}");
        run(folder, RECORD, &[words, &["--help"]].concat());
        return;
    }
    let mut words: Vec<&str> = words.iter().copied().filter(|word| *word != "--dry-run").collect();
    match words.iter().position(|word| *word == "--dataset") {
        Some(at) => words[at + 1] = "mnist-5k",
        None => words.extend(["--dataset", "mnist-5k"]),
    }
    // The recording of the tests is in the way; a dry run writes nothing.
    words.extend(["--dry-run", "--overwrite"]);
    let before = std::fs::metadata(folder.join("out.parquet")).unwrap().modified().unwrap();
    run(folder, RECORD, &words);
    let after = std::fs::metadata(folder.join("out.parquet")).unwrap().modified().unwrap();
    assert_eq!(before, after, "{command}: --dry-run wrote a recording");
}

/// The interpreter to run snippets with: `$LAYERSCOPE_PYTHON` (then its absence of packages is a failure), else a
/// `python3` that happens to have the packages.
fn python() -> Option<PathBuf> {
    let needed = "import datasets, duckdb, numpy, pandas, polars, pyarrow";
    let works =
        |python: &Path| Command::new(python).args(["-c", needed]).output().is_ok_and(|output| output.status.success());
    match std::env::var_os("LAYERSCOPE_PYTHON").map(PathBuf::from) {
        Some(python) => {
            assert!(works(&python), "LAYERSCOPE_PYTHON={} cannot `{needed}`", python.display());
            Some(python)
        }
        None => Some(PathBuf::from("python3")).filter(|python| works(python)),
    }
}

#[test]
fn every_python_snippet_runs() {
    assert!(blocks(README, "python").len() >= 3, "pandas, polars and DuckDB at least");
    let Some(python) = python() else {
        // Not through println!, which the test harness keeps to itself while a test passes.
        let _ = std::io::stderr().write_all(
            b"SKIPPED: the README's Python snippets: no python3 with the packages of tests/interop/requirements.txt.\n\
              SKIPPED: .ci/run makes one; or name one in LAYERSCOPE_PYTHON.\n",
        );
        return;
    };
    let folder = recordings();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(root.join("tests/interop/check.py"))
        .args(["--snippets-only", "--recording"])
        .arg(folder.path().join("out.parquet"))
        .arg("--readme")
        .arg(root.join("README.md"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md", "benches/README.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
        let folder = root.join(document).parent().unwrap().to_path_buf();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://");
            assert!(elsewhere || folder.join(path).exists(), "{document} links to {target}, which is not there");
        }
    }
}

#[test]
fn blocks_are_cut_at_their_fences() {
    let text = "a\n```sh\none\ntwo\n```\nb\n```python\nx\n```\n```sh\nthree\n```\n";
    assert_eq!(blocks(text, "sh"), ["one\ntwo", "three"]);
    assert_eq!(blocks(text, "python"), ["x"]);
}

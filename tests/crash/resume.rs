//! What `--resume` refuses, what it continues, what is said.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::setup::{Content, FILES, done, left, names, output, record, stderr};

const RUN: [&str; 14] = [
    "--model",
    "mnist_h1",
    "--sizes",
    "20,33",
    "--dataset",
    "mnist-5k",
    "--epochs",
    "60",
    "--capture-epochs",
    "1,30,60",
    "--samples",
    "400",
    "--checkpoint-every",
    "2",
];

/// The run without a flag and its value.
fn without<'a>(flag: &str) -> Vec<&'a str> {
    let at = RUN.iter().position(|argument| *argument == flag).unwrap();
    [&RUN[..at], &RUN[at + 2..]].concat()
}

/// Starts the run and ends it with that signal as soon as a checkpoint is there; its message.
fn interrupt(folder: &Path, signal: &str, more: &[&str]) -> String {
    let child =
        record(folder, &[&RUN[..], more].concat()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let is_kept = |name: &String| name.starts_with("checkpoint-0-") && name != "checkpoint-0-2.safetensors";
    while !left(folder).exists() || !names(&left(folder)).iter().any(is_kept) {
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    stderr(&output)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_and_only_the_same_one_does() {
    let (whole, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    done(whole.path(), &RUN);
    let truth = Content::of(whole.path());
    let message = interrupt(folder, "-INT", &[]);
    let expected = "record: interrupted; kept in out.parquet.unfinished, --resume continues it\n";
    assert!(message.ends_with(expected), "{message}");
    assert_eq!(names(folder), ["out.parquet.unfinished"]);

    let refused = |arguments: &[&str], expected: &str| {
        let before = names(&left(folder));
        let output = output(folder, arguments);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(
            message.lines().last().unwrap().contains(expected),
            "{arguments:?}\nexpected {expected}\nfound    {message}"
        );
        assert_eq!(names(&left(folder)), before, "{arguments:?}");
    };
    let kept = "out.parquet: interrupted earlier, kept in out.parquet.unfinished (--resume continues it, --overwrite starts anew)";
    refused(&RUN, kept);
    for (flag, value, expected) in [
        ("--epochs", "61", "--resume: out.parquet: --epochs: was 60, now 61 (--overwrite starts anew)"),
        ("--sizes", "20", "--sizes: was [20,33], now [20]"),
        ("--dataset", "fashion-mnist-5k", "--dataset: was mnist-5k, now fashion-mnist-5k"),
        ("--samples", "401", "--samples: was 400, now 401"),
        ("--capture-epochs", "1,60", "--capture-epochs: was [1,30,60], now [1,60]"),
    ] {
        refused(&[&without(flag)[..], &["--resume", flag, value]].concat(), expected);
    }
    for (more, expected) in [
        (["--seed", "1"], "--seed: was 0, now 1"),
        (["--lr", "0.002"], "--lr: was 0.001, now 0.002"),
        (["--stages", "post"], "--stages: was [\"pre\",\"post\"], now [\"post\"]"),
        (["--memory", "100MiB"], "--memory: the interrupted run was laid out for "),
    ] {
        refused(&[&RUN[..], &["--resume"], &more].concat(), expected);
    }
    // Another number of threads and another pace of checkpoints change nothing.
    let message = done(folder, &[&without("--checkpoint-every")[..], &["--resume", "--threads", "1"]].concat());
    assert!(message.contains("record: out.parquet: going on after 0 of 1 packs and "), "{message}");
    assert_eq!(Content::of(folder), truth);
    assert_eq!(names(folder), FILES);

    let message = done(folder, &[&RUN[..], &["--resume"]].concat());
    assert!(message.ends_with("record: out.parquet: is complete, nothing is left to do\n"), "{message}");
    let output = output(folder, &[&RUN[..], &["--resume", "--seed", "3"]].concat());
    let expected = "out.parquet is complete, but of another command: --seed: was 0, now 3 (--overwrite replaces it)\n";
    assert!(!output.status.success() && stderr(&output).ends_with(expected), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_killed_run_is_begun_anew_only_when_asked_and_damage_is_not_built_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let message = done(folder, &[&RUN[..], &["--resume"]].concat());
    assert!(message.contains("record: out.parquet: nothing to resume, starting anew\n"), "{message}");
    let truth = Content::of(folder);
    let earlier: Vec<_> = FILES.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect();

    interrupt(folder, "-KILL", &["--overwrite"]);
    assert!(FILES.iter().zip(&earlier).all(|(name, bytes)| fs::read(folder.join(name)).unwrap() == *bytes));
    // One bit of what was kept, in each file; a torn line at the ledger's end.
    for name in names(&left(folder)) {
        let path = left(folder).join(&name);
        let mut bytes = fs::read(&path).unwrap();
        if name == "ledger.jsonl" {
            bytes.extend_from_slice(b"{\"blake3\":\"0123");
        } else {
            // Early in the file, so that nothing after it counts either.
            let at = bytes.len() / 8;
            bytes[at] ^= 16;
        }
        fs::write(&path, bytes).unwrap();
    }
    let message = done(folder, &[&RUN[..], &["--resume", "--overwrite"]].concat());
    assert!(message.contains("going on after 0 of 1 packs and 0 epochs, 0 rows are kept"), "{message}");
    assert_eq!(Content::of(folder), truth);
    assert_eq!(names(folder), FILES);

    interrupt(folder, "-KILL", &["--overwrite"]);
    done(folder, &[&RUN[..], &["--overwrite", "--seed", "8"]].concat());
    assert_ne!(Content::of(folder), truth);
    assert_eq!(names(folder), FILES);
}

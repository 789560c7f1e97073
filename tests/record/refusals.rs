//! What is refused, and what a run that ends early leaves behind.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{FILES, SMALL, names, output, record, refused, rows, small, stderr};

#[test]
fn without_mnist_auto_takes_the_embedded_subset_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--model", "mnist_h1", "--sizes", "2", "--epochs", "1", "--samples", "10", "--stages", "post"];
    let started = Instant::now();
    let output = output(folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(stderr(&output).contains("record: warning: training on mnist-5k"), "{}", stderr(&output));
    assert_eq!(rows(&folder.path().join("out.parquet"))[0].0.matches("mnist-5k").count(), 1);
    fs::remove_file(folder.path().join("out.parquet")).unwrap();
    for path in ["out.weights.safetensors", "out.history.parquet", "out.manifest.json"] {
        fs::remove_file(folder.path().join(path)).unwrap();
    }
    // Asked for by name, MNIST is MNIST or an error.
    refused(
        folder.path(),
        &[&arguments[..], &["--dataset", "mnist"]].concat(),
        "mnist: train-images-idx3-ubyte is not in ",
    );
}

#[test]
fn damaged_data_is_an_error_even_for_auto() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("data/mnist/train-images-idx3-ubyte");
    fs::create_dir_all(images.parent().unwrap()).unwrap();
    let header = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    for (content, expected) in [
        (header(&[2049, 60_000]), "expected magic 2051, found 2049 (is this the label file?)"),
        (header(&[2051, 60_000, 28, 28]), "truncated: expected 47040016 bytes, found 16"),
        (header(&[2051, 60_000, 28, 29]), "expected 60000x28x28 items, found 60000x28x29"),
        (vec![], "truncated: expected 16 bytes, found 0"),
        ([header(&[2051, 60_000, 28, 28]), vec![0; 47_040_000]].concat(), "expected SHA-256 ba891046"),
    ] {
        fs::write(&images, content).unwrap();
        for dataset in ["auto", "mnist"] {
            let more = ["--model", "mnist_h1", "--sizes", "2", "--dataset", dataset, "--data-dir", "data"];
            refused(folder.path(), &more, expected);
        }
    }
    let more = ["--model", "mnist_h1", "--sizes", "2", "--data-dir", "nowhere"];
    refused(folder.path(), &more, "--data-dir: nowhere: no such folder");
}

#[test]
fn wrong_arguments_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = |text| ["--model", "mnist_h1", "--dataset", "mnist-5k", "--sizes", text];
    for (text, expected) in [
        ("", "--sizes: \"\" has an empty item"),
        ("128..64", "--sizes: \"128..64\" is reversed: 128 is larger than 64"),
        ("0", "--sizes: \"0\": a size must be at least 1"),
        ("-5", "--sizes: \"-5\" is not a whole number"),
        ("many", "--sizes: \"many\" is not a whole number"),
        ("3..3", "--sizes: \"3..3\" holds no size of the ladder"),
        ("99999999999999999999", "--sizes: 99999999999999999999 is too large"),
        ("2000000000", "--sizes: training needs about 19.1 TB of memory"),
        ("1..2000000000:+1", "--sizes: \"1..2000000000:+1\" names more than 4096 sizes"),
    ] {
        refused(folder.path(), &sizes(text), expected);
    }
    for (flag, value, expected) in [
        ("--model", "mnist_h9", "unknown model \"mnist_h9\": expected one of mnist_h1"),
        ("--dataset", "minst", "unknown data set \"minst\": expected one of mnist, fashion-mnist, mnist-5k"),
        ("--samples", "5001", "--samples: 5001 is more than the 5000 samples of mnist-5k's train split"),
        ("--capture-epochs", "2", "--capture-epochs: 2 is more than the 1 epochs of the training"),
        ("--stages", "middle", "--stages: expected pre, post or both, found \"middle\""),
        ("--backend", "cuda:9999", "--backend cuda:9999: "),
        ("--lr", "-1", "invalid value '-1' for '--lr <RATE>': expected a positive number (try --help)"),
        ("--lr", "nan", "expected a positive number"),
        ("--batch-size", "0", "invalid value '0' for '--batch-size <N>': 0 is not in 1..=65536"),
        ("--split", "validation", "invalid value 'validation' for '--split <SPLIT>' [possible values: train, test]"),
        ("--out", "nowhere/out.parquet", "nowhere/out.parquet: the folder nowhere does not exist"),
        ("--colour", "red", "unexpected argument '--colour' found"),
    ] {
        let mut arguments: Vec<&str> = SMALL.to_vec();
        match arguments.iter().position(|&argument| argument == flag) {
            Some(index) => arguments[index + 1] = value,
            None => arguments.extend([flag, value]),
        }
        refused(folder.path(), &arguments, expected);
    }
    refused(folder.path(), &[], "the following required arguments were not provided: --model <MODEL> --sizes <SIZES>");
    refused(folder.path(), &["fetch", "minst"], "unknown data set \"minst\"");
    refused(folder.path(), &["fetch", "mnist-5k"], "mnist-5k is compiled into this program");
    refused(folder.path(), &["fetch", "mnist"], "there is no address to fetch from");
}

#[test]
fn a_recording_is_replaced_only_when_asked_and_then_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    // Any one of the four files protects the name.
    for name in FILES {
        fs::write(folder.path().join(name), "precious").unwrap();
        let message = format!("{name}: exists already (pass --overwrite to replace it)");
        refused(folder.path(), &SMALL, &message);
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    for name in FILES {
        fs::write(folder.path().join(name), "old").unwrap();
    }
    let output = small(folder.path(), &["--overwrite"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(folder.path()), FILES);
    assert!(FILES.iter().all(|name| fs::read(folder.path().join(name)).unwrap() != b"old"));
    assert_eq!(rows(&folder.path().join("out.parquet")).len(), 80);

    fs::create_dir(folder.path().join("taken.parquet")).unwrap();
    refused(
        folder.path(),
        &[&SMALL[..], &["--out", "taken.parquet", "--overwrite"]].concat(),
        "taken.parquet: is a folder",
    );
}

/// Waits until `condition` holds, for at most a minute.
#[cfg(unix)]
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
#[test]
fn an_early_ctrl_c_leaves_nothing_and_an_earlier_recording_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for earlier in [false, true] {
        if earlier {
            assert!(small(folder.path(), &[]).status.success());
        }
        let before: Vec<_> = names(folder.path());
        let contents =
            |names: &[String]| names.iter().map(|name| fs::read(folder.path().join(name)).unwrap()).collect::<Vec<_>>();
        let old = contents(&before);
        let long = ["--epochs", "100000", "--overwrite"];
        let arguments: Vec<_> =
            SMALL.iter().filter(|argument| !["--epochs", "1"].contains(argument)).copied().collect();
        let child = record(folder.path(), &[&arguments[..], &long].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("temporary files", || folder.path().join("out.parquet.unfinished/ledger.jsonl").exists());
        std::thread::sleep(Duration::from_millis(200));
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(stderr(&output).ends_with("record: interrupted; nothing was kept\n"), "{}", stderr(&output));
        assert_eq!(names(folder.path()), before);
        assert!(contents(&before) == old);
    }
}

//! What is said without training: the plan, the data sets, the flags.

use tempfile::TempDir;

use crate::{names, output, stderr};

#[test]
fn a_dry_run_plans_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--model", "mnist_h1", "--sizes", "64..2896", "--dataset", "mnist-5k", "--replicates", "3", "--dry-run"];
    let output = output(folder.path(), &arguments);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(names(folder.path()), [] as [&str; 0]);
    // How many networks train side by side, and so what memory and checkpoints take, depends on the machine's caches.
    let text = String::from_utf8(output.stdout).unwrap();
    let of_machine = |line: &&str| line.contains(" at most ") || line.starts_with("backend ");
    let (machine, stable): (Vec<_>, Vec<_>) = text.lines().partition(of_machine);
    assert!(machine.len() == 3 && machine[0].starts_with("backend    cpu ("), "{text}");
    assert!(
        machine[1].starts_with("checkpoint at most ") && machine[1].ends_with(" of disk more while it runs"),
        "{text}"
    );
    assert!(machine[2].starts_with("memory     at most "), "{text}");
    insta::assert_snapshot!(stable.join("\n"), @r"
    model      mnist_h1
    dataset    mnist-5k, 5000 training and 1000 test samples
    sizes      64 90 128 181 256 362 512 724 1024 1448 2048 2896
    members    36 networks (12 sizes x 3 replicates), 23213565 parameters
    training   15 epochs, batch 128, Adam at 0.001, seed 0
    FLOPs      1.117e13 floating-point operations, as dense products, evaluation included
    recording  pre and post of the first 5000 train samples after epochs 15: 180000 rows, 1.2 GB of values
    disk       about 911 MB for all files
    writes     out.parquet
               out.weights.safetensors
               out.history.parquet
               out.manifest.json
    ");
}

#[test]
fn a_dry_run_fetches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = output(folder.path(), &["--model", "mnist_h1", "--sizes", "2", "--dry-run"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("mnist (not on disk: would be fetched, or else mnist-5k would stand in), 60000 training"),
        "{text}"
    );
    assert_eq!(names(folder.path()), [] as [&str; 0]);
}

#[test]
fn datasets_are_listed_with_their_places() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let output = output(folder.path(), &["datasets"]);
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r"
    mnist             handwritten digits, 60,000 training and 10,000 test images of 28x28 (CC BY-SA 3.0)
                      not on disk: record fetch mnist
    fashion-mnist     pieces of clothing, 60,000 training and 10,000 test images of 28x28 (MIT)
                      not on disk: record fetch fashion-mnist
    mnist-5k          the first 5,000 training and 1,000 test images of MNIST, compiled in (CC BY-SA 3.0)
                      embedded
    fashion-mnist-5k  the first 5,000 training and 1,000 test images of Fashion-MNIST, compiled in (MIT)
                      embedded
    ");
}

#[test]
fn help_names_every_flag_with_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let output = output(folder.path(), &["--help"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let text = String::from_utf8(output.stdout).unwrap();
    for (flag, default) in [
        ("--model", ""),
        ("--sizes", ""),
        ("--dataset", "[default: auto]"),
        ("--data-dir", "[default: $LAYERSCOPE_DATA, the user's cache folder, ./data/MNIST/raw]"),
        ("--normalization", "[default: own]"),
        ("--replicates", "[default: 1]"),
        ("--epochs", "[default: 15]"),
        ("--batch-size", "[default: 128]"),
        ("--lr", "[default: 0.001]"),
        ("--seed", "[default: 0]"),
        ("--backend", "[default: auto]"),
        ("--precision", "[default: tf32]"),
        ("--threads", "[default: all cores]"),
        ("--split", "[default: train]"),
        ("--samples", "[default: all]"),
        ("--stages", "[default: pre,post]"),
        ("--capture-epochs", "[default: final]"),
        ("--out", "[default: out.parquet]"),
        ("--overwrite", ""),
        ("--resume", ""),
        ("--checkpoint-every", "[default: auto]"),
        ("--memory", "[default: 2GiB]"),
        ("--dry-run", ""),
        ("--quiet", ""),
    ] {
        let start = text.find(&format!("      {flag}")).unwrap_or_else(|| panic!("{flag} is not in\n{text}"));
        let block = text[start..].split("\n\n      --").next().unwrap_or_default();
        let words = block.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(default), "{flag} without {default}: {words}");
    }
}

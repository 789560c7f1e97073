//! The program `record` as its users see it: flags, messages, exit codes, files. Every test has a folder of its own, and
//! none of them touches the network.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use layerscope_recorder::recording::{
    Companions, Manifest, Recording, RecordingError, Stage, history, weights::Weights,
};
use tempfile::TempDir;

/// `record` in that folder, blind to the data sets and folders of the machine it runs on.
fn record(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("record"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command.env("LAYERSCOPE_MIRRORS", "none").env("XDG_CACHE_HOME", folder.join("cache")).env_remove("LAYERSCOPE_DATA");
    command
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    record(folder, arguments).output().unwrap()
}

const SMALL: [&str; 10] =
    ["--model", "mnist_h1", "--sizes", "2,3", "--dataset", "mnist-5k", "--epochs", "1", "--samples", "40"];

/// A small run with more arguments, later ones after the small ones.
fn small(folder: &Path, more: &[&str]) -> Output {
    output(folder, &[&SMALL[..], more].concat())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const FILES: [&str; 4] = ["out.history.parquet", "out.manifest.json", "out.parquet", "out.weights.safetensors"];

/// Exit code 2, one line on stderr that contains `expected`, nothing on stdout, no new file.
fn refused(folder: &Path, arguments: &[&str], expected: &str) {
    let before = names(folder);
    let output = output(folder, arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(message.contains(expected), "{arguments:?}\nexpected {expected}\nfound    {message}");
    let errors: Vec<_> = message.lines().filter(|line| !line.starts_with("record: backend")).collect();
    assert!(errors.len() == 1 && errors[0].starts_with("record: "), "{arguments:?}: not one line: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(names(folder), before, "{arguments:?}");
}

/// All rows of all units: key, sample, label, bits of the values.
fn rows(path: &Path) -> Vec<(String, i64, i32, Vec<u32>)> {
    let recording = Recording::open(path).unwrap();
    assert_eq!(recording.warnings(), [] as [String; 0]);
    let mut rows = Vec::new();
    for unit in recording.units() {
        let stages: Vec<_> = Stage::ALL
            .into_iter()
            .filter(|stage| match stage {
                Stage::Pre => unit.has_pre,
                Stage::Post => unit.has_post,
            })
            .collect();
        let read = recording.read(unit, &stages, 1 << 24, |chunk| {
            for (index, &sample) in chunk.samples.iter().enumerate() {
                let values = [chunk.pre, chunk.post];
                let values = values.iter().flatten().flat_map(|matrix| matrix.row(index).to_vec());
                let label = chunk.labels.unwrap()[index];
                rows.push((unit.key.to_string(), sample, label, values.map(f32::to_bits).collect()));
            }
            Ok::<_, RecordingError>(())
        });
        read.unwrap();
    }
    rows
}

#[test]
fn a_small_sweep_is_recorded_with_its_companions() {
    let folder = tempfile::tempdir().unwrap();
    let output = small(folder.path(), &["--replicates", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    assert_eq!(names(folder.path()), FILES);
    let files = Companions::of(&folder.path().join("out.parquet"));

    let recording = Recording::open(&files.recording).unwrap();
    let keys: Vec<_> =
        recording.units().iter().map(|unit| (unit.key.size, unit.key.replicate, unit.key.epoch)).collect();
    assert_eq!(keys, [(2, 0, 1), (2, 1, 1), (3, 0, 1), (3, 1, 1)]);
    for unit in recording.units() {
        let key = &unit.key;
        assert_eq!((key.model.as_str(), key.dataset.as_str()), ("mnist_h1", "mnist-5k"));
        assert_eq!((key.split.as_str(), key.layer.as_str()), ("train", "hidden"));
        assert_eq!((unit.n_neurons, unit.n_samples), (key.size as usize, 40));
    }
    let rows = rows(&files.recording);
    assert_eq!(rows.len(), 4 * 40);
    // The first labels of MNIST's training split, in its original order.
    assert_eq!(
        rows[..6].iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(),
        [(0, 5), (1, 0), (2, 4), (3, 1), (4, 9), (5, 2)]
    );
    for (key, sample, _, values) in &rows {
        let (pre, post) = values.split_at(values.len() / 2);
        for (pre, post) in pre.iter().zip(post) {
            let (pre, post) = (f32::from_bits(*pre), f32::from_bits(*post));
            assert!(pre.is_finite() && post == pre.max(0.0), "{key} sample {sample}: {pre} {post}");
        }
    }

    let weights = Weights::open(&files.weights).unwrap();
    assert_eq!(weights.names().len(), 16);
    assert_eq!(weights.tensor("size=3/replicate=1/hidden.weight").unwrap().shape, [3, 784]);
    assert_eq!(weights.tensor("size=3/replicate=1/output.weight").unwrap().shape, [10, 3]);

    let history = history::read(&files.history).unwrap();
    assert_eq!(history.len(), 4 * 5);
    for measure in ["train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"] {
        let rows: Vec<_> = history.iter().filter(|row| row.measure == measure).collect();
        assert_eq!(rows.len(), 4, "{measure}");
        // 5,000 samples in batches of 128 are 40 steps.
        assert!(
            rows.iter().all(|row| row.value >= 0.0 && row.value < 10.0 && row.step == 40 && row.epoch == 1),
            "{measure}"
        );
    }

    let manifest = Manifest::read(&files.manifest).unwrap().unwrap();
    assert_eq!((manifest.seed, manifest.n_rows, manifest.row_groups.len()), (Some(0), 160, 4));
    assert_eq!(manifest.command[1..3], ["--model", "mnist_h1"]);
    assert_eq!(manifest.datasets[0].files.len(), 4);
    assert_eq!(manifest.settings["sizes"], serde_json::json!([2, 3]));
    assert_eq!(manifest.settings["learning_rate"], serde_json::json!(0.001));
    assert_eq!(manifest.files.len(), 2);

    let text = stderr(&output);
    assert!(text.contains("record: backend cpu ("), "{text}");
    assert!(text.contains("size  train accuracy  test accuracy") && text.contains("160 rows"), "{text}");
}

/// The pre-activations of the last row follow from its weights: x = (p / 255 - 0.1307) / 0.3081, z = W x + b.
#[test]
fn weights_and_activations_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    assert!(small(folder.path(), &[]).status.success());
    let files = Companions::of(&folder.path().join("out.parquet"));
    let search = layerscope_recorder::dataset::Search::from_environment(None).unwrap();
    let pixels = search.load("mnist-5k", &mut ()).unwrap().train;
    let (_, sample, _, values) = rows(&files.recording).pop().unwrap();
    assert_eq!((sample, values.len()), (39, 6));
    let weights = Weights::open(&files.weights).unwrap();
    let weight = weights.tensor("size=3/replicate=0/hidden.weight").unwrap().values;
    let bias = weights.tensor("size=3/replicate=0/hidden.bias").unwrap().values;
    for neuron in 0..3 {
        let image = &pixels.pixels()[39 * 784..40 * 784];
        let products = image.iter().zip(&weight[neuron * 784..]).map(|(&pixel, &weight)| {
            (f64::from(pixel) / 255.0 - f64::from(0.1307_f32)) / f64::from(0.3081_f32) * f64::from(weight)
        });
        let expected = products.sum::<f64>() + f64::from(bias[neuron]);
        let found = f64::from(f32::from_bits(values[neuron]));
        // 784 products of size up to about 0.1 summed in f32: 1e-4 is a hundred times their rounding.
        assert!((found - expected).abs() <= 1e-4, "neuron {neuron}: {found} {expected}");
    }
}

#[test]
fn the_same_seed_gives_the_same_values_and_another_seed_others() {
    let folder = tempfile::tempdir().unwrap();
    for (out, more) in [
        ("a.parquet", ["--threads", "1", "--seed", "7"]),
        ("b.parquet", ["--threads", "2", "--seed", "7"]),
        ("c.parquet", ["--threads", "2", "--seed", "8"]),
    ] {
        let output = small(folder.path(), &[&["--out", out][..], &more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let [a, b, c] = ["a", "b", "c"].map(|name| rows(&folder.path().join(format!("{name}.parquet"))));
    assert_eq!(a, b);
    assert_ne!(a, c);
    let weights = |name: &str| fs::read(folder.path().join(format!("{name}.weights.safetensors"))).unwrap();
    assert_eq!(weights("a"), weights("b"));
    assert_ne!(weights("a"), weights("c"));
}

#[test]
fn splits_stages_and_epochs_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let more =
        ["--split", "test", "--stages", "post", "--capture-epochs", "0,final", "--out", "some.parquet", "--quiet"];
    let output = small(folder.path(), &more);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let recording = Recording::open(&folder.path().join("some.parquet")).unwrap();
    let keys: Vec<_> = recording.units().iter().map(|unit| (unit.key.size, unit.key.epoch, unit.has_pre)).collect();
    assert_eq!(keys, [(2, 0, false), (2, 1, false), (3, 0, false), (3, 1, false)]);
    let rows = rows(&folder.path().join("some.parquet"));
    // The first labels of MNIST's test split.
    assert_eq!(rows[..4].iter().map(|row| row.2).collect::<Vec<_>>(), [7, 2, 1, 0]);
}

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
    let (machine, stable): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains(" at most "));
    assert!(machine.len() == 2 && machine[1].starts_with("memory     at most "), "{text}");
    assert!(
        machine[0].starts_with("checkpoint at most ") && machine[0].ends_with(" of disk more while it runs"),
        "{text}"
    );
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

//! The program `record` as its users see it: flags, messages, exit codes, files. Every test has a folder of its own, and
//! none of them touches the network.

mod outlook;
mod refusals;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use layerscope_recorder::recording::{
    Companions, Manifest, Recording, RecordingError, Stage, history, weights::Weights,
};

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
    let last = text.lines().last().unwrap();
    assert!(
        last.contains(" s, training ") && last.contains(" s, recording ") && last.ends_with(" % of training)"),
        "{text}"
    );
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

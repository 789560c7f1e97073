//! Every statistic against values worked out by hand or printed in a paper.

use crate::setup::{Setup, add_history, assert_near, key, sweep, two_level};
use layerscope_recorder::recording::{Stage, UnitKey};
use serde_json::Value;
use std::fs;

#[test]
fn variance_gives_one_row_per_size_and_replicate_at_the_last_epoch() {
    let answer = sweep().analyze("variance --format json");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let report = answer.json();
    assert_eq!(report["schema"], "layerscope.variance.v1");
    assert_eq!(report["recording"]["path"], "out.parquet");
    assert_eq!(report["recording"]["format_version"], 1);
    assert_eq!(report["recording"]["seed"], 7);
    assert_eq!(report["recording"]["model"], "mnist_h1");
    assert_eq!(report["recording"]["n_units"], 8);
    assert_eq!((&report["options"]["epoch"], &report["options"]["pool"]), (&"last".into(), &false.into()));
    let rows = report["rows"].as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| (row["size"].as_i64(), row["replicate"].as_i64())).collect();
    assert_eq!(ids, [(Some(4), Some(0)), (Some(4), Some(1)), (Some(6), Some(0)), (Some(6), Some(1))]);
    let names: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "model dataset split layer stage epoch size replicate n_neurons n_samples n_dead sum_variance \
                    mean_variance sum_std mean_std std_quantiles n_excluded";
    assert_eq!(names.join(" "), expected);
    let row = &rows[2];
    assert_eq!((&row["n_neurons"], &row["n_samples"], &row["n_dead"]), (&6.into(), &4.into(), &1.into()));
    assert_eq!((&row["stage"], &row["epoch"]), (&"post".into(), &3.into()));
    assert_near(&row["sum_std"], 1.0 + 2.0 + 3.0 + 4.0 + 8.0);
    assert_near(&row["mean_std"], 3.0);
    assert_near(&row["sum_variance"], 1.0 + 4.0 + 9.0 + 16.0 + 64.0);
    assert_near(&row["mean_variance"], 94.0 / 6.0);
    // Sorted 0 1 2 3 4 8: the median is halfway, the quartiles 1/4 of the way along a step (type 7).
    assert_near(&row["std_quantiles"]["0.5"], 2.5);
    assert_near(&row["std_quantiles"]["0.25"], 1.25);
    assert_near(&row["std_quantiles"]["0.95"], 7.0);
}

#[test]
fn choices_narrow_the_rows() {
    let setup = sweep();
    let rows = |line: &str| setup.analyze(&format!("variance --format json {line}")).json()["rows"].clone();
    let of_size = rows("--size 6 --replicate 1 --stage pre");
    assert_eq!((of_size.as_array().unwrap().len(), &of_size[0]["stage"]), (1, &"pre".into()));
    assert_near(&of_size[0]["sum_std"], 19.0);
    let at_start = rows("--size 4 --replicate 0 --epoch 0 --layer hidden");
    assert_eq!(at_start[0]["epoch"], 0);
    assert_near(&at_start[0]["sum_std"], 22.0);
}

#[test]
fn pooling_concatenates_the_replicates() {
    let report = sweep().analyze("variance --format json --pool").json();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["replicate"].is_null()));
    assert_eq!((&rows[1]["n_neurons"], &rows[1]["n_dead"], &rows[1]["n_samples"]), (&12.into(), &2.into(), &4.into()));
    assert_near(&rows[1]["sum_std"], 18.0 + 19.0);
}

#[test]
fn per_neuron_rows_have_every_moment() {
    let report = sweep().analyze("variance --per-neuron --size 6 --replicate 0 --format json").json();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    let neuron = &rows[1];
    assert_eq!((&neuron["neuron"], &neuron["n_nonfinite"]), (&1.into(), &0.into()));
    // Half 0, half 4: symmetric, and as flat as a distribution gets.
    for (name, expected) in [("mean", 2.0), ("variance", 4.0), ("std", 2.0), ("max", 4.0), ("active_fraction", 0.5)] {
        assert_near(&neuron[name], expected);
    }
    assert_eq!((neuron["min"].as_f64(), neuron["skewness"].as_f64()), (Some(0.0), Some(0.0)));
    assert_near(&neuron["excess_kurtosis"], -2.0);
    let dead = &rows[2];
    assert_eq!(dead["variance"].as_f64(), Some(0.0));
    assert!(dead["skewness"].is_null() && dead["reason"].as_str().unwrap().contains("equal"));
}

#[test]
fn summary_takes_all_values_together() {
    let report = sweep().analyze("summary --size 6 --replicate 0 --format json").json();
    let row = &report["rows"][0];
    assert_eq!((&row["bytes"], &row["n_nonfinite"]), (&96.into(), &0.into()));
    assert_near(&row["mean"], 3.0);
    // Σ x² / n: half the values are 0, half 2a: 4 (1+4+9+16+64) / 12; less the mean squared.
    assert_near(&row["std"], (4.0 * 94.0 / 12.0 - 9.0_f64).sqrt());
    assert_eq!((row["min"].as_f64(), row["max"].as_f64()), (Some(0.0), Some(16.0)));
    assert_near(&row["zero_fraction"], 14.0 / 24.0);
}

#[test]
fn dead_counts_by_each_definition() {
    // Neurons: always 0; always 3; mostly 0; large.
    let values = vec![0.0, 3.0, 0.2, 18.0, 0.0, 3.0, 0.1, 9.0, 0.0, 3.0, 0.0, 9.0];
    let setup = Setup::new(&Stage::ALL, &[(key(4, 0, 1), 4, values)]);
    let report = setup.analyze("dead --format json").json();
    let row = &report["rows"][0];
    assert_eq!((&row["n_dead"], &row["n_never_active"]), (&2.into(), &1.into()));
    // Mean |x|: 0, 3, 0.1, 12; the layer's is 3.775, so 0.1 of it is 0.3775 and 0.025 of it 0.094.
    assert_eq!(row["dormant"], serde_json::json!({"0": 1, "0.025": 1, "0.1": 2}));
    assert_near(&row["firing_rate_upper"], 1.0 - 0.05_f64.powf(1.0 / 3.0));
    assert_near(&row["dead_fraction"], 0.5);
    let interval = row["dead_fraction_interval"].as_array().unwrap();
    // Clopper-Pearson of 2 in 4 at 95 %, as R's binom.test prints it.
    for (end, expected) in interval.iter().zip([0.06758599, 0.93241401]) {
        assert!((end.as_f64().unwrap() - expected).abs() < 5e-9, "{end} is not {expected} to its printed digits");
    }
}

#[test]
fn normality_tests_the_neurons_that_are_not_dead() {
    // Royston's worked example (1992) as standard deviations, and two dead neurons beside it.
    let example = [48.4, 49.0, 59.5, 59.6, 60.7, 88.8, 98.2, 109.4, 169.1, 227.1];
    let with_dead: Vec<f32> = example.iter().copied().chain([0.0, 0.0]).collect();
    let near_normal = [1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0];
    let units = [
        (key(7, 0, 1), 7, two_level(&near_normal)),
        (key(12, 0, 1), 12, two_level(&with_dead)),
        (key(12, 1, 1), 12, two_level(&with_dead)),
    ];
    let report = Setup::new(&[Stage::Post], &units).analyze("normality --format json").json();
    let row = &report["rows"][1];
    assert_eq!((&row["n"], &row["n_dead"], &row["p_method"]), (&10.into(), &2.into(), &"royston".into()));
    // W = 0.8078, p = 0.018, printed with four and three digits in the paper.
    assert!((row["w"].as_f64().unwrap() - 0.8078).abs() < 5e-5, "{row}");
    assert!((row["p"].as_f64().unwrap() - 0.018).abs() < 5e-4, "{row}");
    assert!(row["w_with_dead"].as_f64().unwrap() != row["w"].as_f64().unwrap());
    assert_eq!(report["most_normal"]["size"], 7);
    assert_eq!(report["most_normal"]["w"], report["rows"][0]["w"]);
}

#[test]
fn accuracy_reads_the_history_beside_the_recording() {
    let setup = sweep();
    setup.analyze("accuracy").assert_fails(&["no history", "out.history.parquet"]);
    add_history(&setup.recording);
    let rows = |line: &str| setup.analyze(&format!("accuracy --format json {line}")).json()["rows"].clone();
    let last = rows("");
    assert_eq!((last.as_array().unwrap().len(), &last[1]["epoch"]), (4, &3.into()));
    assert_near(&last[1]["test_accuracy"], 0.75 - 0.0625);
    assert_near(&last[1]["train_accuracy"], 0.75 - 0.0625 + 0.125);
    assert_near(&last[0]["test_loss"], 2.5);
    // Epoch 2 was trained but not captured: the history has it all the same.
    let second = rows("--epoch 2 --pool");
    assert_eq!((second.as_array().unwrap().len(), &second[0]["epoch"]), (2, &2.into()));
    assert_near(&second[0]["test_accuracy"], 0.5 - 0.03125);
    assert!(second[0]["replicate"].is_null());
    setup.analyze("accuracy --epoch 4").assert_fails(&["no epoch 4", "1 to 3"]);
}

#[test]
fn numbers_do_not_depend_on_threads_or_memory() {
    let values: Vec<f32> = (0..64 * 1000).map(|at| ((at * 7919) % 1013) as f32 * 0.37 - 80.0).collect();
    let setup = Setup::new(&[Stage::Post], &[(key(64, 0, 1), 64, values)]);
    let reference = setup.analyze("variance --per-neuron --format json --threads 1");
    assert_eq!(reference.code, 0, "{}", reference.stderr);
    for options in ["--threads 2", "--threads 3 --memory 64KiB", "--threads 1 --memory 1MiB"] {
        let answer = setup.analyze(&format!("variance --per-neuron --format json {options}"));
        assert!(answer.stdout == reference.stdout, "{options} changed a number: {}", answer.stderr);
    }
}

#[test]
fn a_foreign_file_with_post_alone_is_enough() {
    use arrow_array::builder::{Float64Builder, ListBuilder};
    use arrow_array::{ArrayRef, RecordBatch};
    use std::sync::Arc;
    let setup = sweep();
    let mut lists = ListBuilder::new(Float64Builder::new());
    for level in [0.0, 0.0, 2.0, 2.0] {
        lists.values().append_slice(&[level, 3.0 * level, 5.0 * level]);
        lists.append(true);
    }
    let batch = RecordBatch::try_from_iter([("post", Arc::new(lists.finish()) as ArrayRef)]).unwrap();
    let file = fs::File::create(&setup.recording).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let answer = setup.analyze("variance --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    let row = &report["rows"][0];
    let id = [&row["size"], &row["replicate"], &row["epoch"], &row["n_neurons"], &row["n_samples"]];
    assert_eq!(id, [&Value::from(3), &0.into(), &0.into(), &3.into(), &4.into()]);
    assert_eq!((&row["layer"], &row["model"]), (&"hidden".into(), &"".into()));
    assert_near(&row["sum_std"], 9.0);
    assert!(report["recording"]["seed"].is_null());
    setup.analyze("variance --stage pre").assert_fails(&["no stage pre", "it has post"]);
}

#[test]
fn layers_are_separate_rows_and_none_is_the_most_normal_of_all() {
    let layer = |layer: &str, amplitudes: &[f32]| {
        (UnitKey { layer: layer.to_owned(), ..key(4, 0, 1) }, amplitudes.len(), two_level(amplitudes))
    };
    let units = [layer("hidden.0", &[1.0, 2.0, 3.0, 5.0]), layer("hidden.1", &[1.0, 4.0, 5.0, 6.0])];
    let setup = Setup::new(&[Stage::Post], &units);
    let both = setup.analyze("normality --format json");
    let report = both.json();
    let layers: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| row["layer"].as_str().unwrap()).collect();
    assert_eq!((both.code, layers.as_slice()), (0, ["hidden.0", "hidden.1"].as_slice()));
    assert!(report["most_normal"].is_null() && both.stderr.contains("--layer"), "{}", both.stderr);
    let one = setup.analyze("normality --format json --layer hidden.1").json();
    assert_eq!(one["most_normal"]["w"], report["rows"][1]["w"]);
}

#[test]
fn pooled_dormancy_is_judged_within_each_network() {
    // The second network is a thousand times livelier: against its mean the whole first one would be dormant.
    let units = [(key(3, 0, 1), 3, two_level(&[1.0, 2.0, 0.0])), (key(3, 1, 1), 3, two_level(&[1000.0, 2000.0, 1.0]))];
    let report = Setup::new(&[Stage::Post], &units).analyze("dead --pool --format json").json();
    let row = &report["rows"][0];
    assert_eq!(row["dormant"], serde_json::json!({"0": 1, "0.025": 2, "0.1": 2}));
    assert_eq!((&row["n_neurons"], &row["n_dead"]), (&6.into(), &1.into()));
    assert_near(&row["dead_fraction"], 1.0 / 6.0);
}

#[test]
fn the_table_of_neurons_is_a_file_by_default() {
    let setup = sweep();
    let answer = setup.analyze("neurons --size 6 --replicate 0");
    assert_eq!((answer.code, answer.stdout.trim(), answer.stderr.as_str()), (0, "out.neurons.parquet", ""));
    assert!(setup.files().contains(&"out.neurons.parquet".to_owned()));
    let report = setup.analyze("neurons --size 6 --replicate 0 --format json").json();
    assert_eq!(report["schema"], "layerscope.neurons.v1");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    // Neuron 5: half 0, half 16.
    for (name, expected) in [
        ("mean", 8.0),
        ("std", 8.0),
        ("mean_abs", 8.0),
        ("zero_fraction", 0.5),
        ("active_fraction", 0.5),
        ("max", 16.0),
    ] {
        assert_near(&rows[5][name], expected);
    }
    assert_eq!((&rows[5]["dead"], &rows[5]["never_active"]), (&false.into(), &false.into()));
    assert_eq!((&rows[2]["dead"], &rows[2]["never_active"]), (&true.into(), &true.into()));
    // The same numbers as the table of `variance`.
    let variance = setup.analyze("variance --per-neuron --size 6 --replicate 0 --format json").json();
    for (row, other) in rows.iter().zip(variance["rows"].as_array().unwrap()) {
        for (name, value) in other.as_object().unwrap() {
            assert_eq!(&row[name], value, "{name}");
        }
    }
    // The table lies beside the recording and is not taken for one.
    setup.analyze("neurons --format csv --out a.csv --plot a.svg");
    let mut program = assert_cmd::Command::cargo_bin("analyze").unwrap();
    let output = program.current_dir(setup.folder.path()).args(["summary", "."]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_matrix_of_numpy_is_a_recording() {
    let setup = sweep();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }";
    let values = two_level(&[1.0, 0.0, 3.0]);
    let mut file = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    fs::write(&setup.recording, file).unwrap();
    let report = setup.analyze("variance --format json").json();
    let row = &report["rows"][0];
    assert_eq!((&row["size"], &row["n_samples"], &row["layer"]), (&3.into(), &4.into(), &"hidden".into()));
    assert_near(&row["sum_variance"], 10.0);
    let answer = setup.analyze("pca --format json");
    assert!(answer.stderr.contains("has no pre values"), "{}", answer.stderr);
    assert_eq!(answer.json()["rows"][0]["numerical_rank"], 1);
    setup.analyze("dead --stage pre").assert_fails(&["no stage pre", "leave --stage out"]);
    let page = setup.analyze("report");
    assert_eq!((page.code, page.stdout.trim()), (0, "out.report.html"), "{}", page.stderr);
}

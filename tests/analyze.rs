//! `analyze` as its users see it: numbers, formats, messages, exit codes, files.
//!
//! Every test records a small sweep of its own, so that each expected number can be worked out by hand.

use assert_cmd::Command;
use layerscope_recorder::recording::history::{HistoryRow, HistoryWriter};
use layerscope_recorder::recording::{Chunk, Companions, Manifest, Stage, UnitKey, Writer, WriterOptions};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with one recording in it.
struct Setup {
    folder: TempDir,
    recording: PathBuf,
}

/// What a run left behind.
struct Answer {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// A failure: exit 2, nothing on stdout, one line on stderr that contains all of `words`.
    fn assert_fails(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        assert!(words.iter().all(|word| self.stderr.contains(word)), "{words:?} in {}", self.stderr);
    }
}

impl Setup {
    fn new(stages: &[Stage], units: &[(UnitKey, usize, Vec<f32>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("out.parquet");
        let options = WriterOptions { stages: stages.to_vec(), sync: false, ..WriterOptions::default() };
        let mut writer = Writer::create(&recording, options).unwrap();
        for (key, n_neurons, values) in units {
            let stage = |stage: Stage| stages.contains(&stage).then_some(values.as_slice());
            let (pre, post) = (stage(Stage::Pre), stage(Stage::Post));
            let chunk = Chunk { key, first_sample: 0, labels: None, n_neurons: *n_neurons, pre, post };
            writer.append(&chunk).unwrap();
        }
        writer.finish(Manifest { seed: Some(7), ..Manifest::new() }).unwrap();
        Self { folder, recording }
    }

    /// Runs `analyze STATISTIC out.parquet ..` inside the folder.
    fn analyze(&self, line: &str) -> Answer {
        let mut words = line.split_whitespace();
        let mut command = Command::cargo_bin("analyze").unwrap();
        command.current_dir(self.folder.path()).arg(words.next().unwrap()).arg("out.parquet").args(words);
        let output = command.output().unwrap();
        Answer {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn key(size: i32, replicate: i32, epoch: i32) -> UnitKey {
    let text = str::to_owned;
    let (model, dataset, split, layer) = (text("mnist_h1"), text("mnist-5k"), text("train"), text("hidden"));
    UnitKey { model, dataset, split, size, replicate, epoch, layer }
}

/// [N = 4, U]: neuron j takes a_j · (0, 0, 2, 2), so that its mean is a_j and its population std is a_j.
fn two_level(amplitudes: &[f32]) -> Vec<f32> {
    [0.0, 0.0, 2.0, 2.0].iter().flat_map(|level| amplitudes.iter().map(move |a| a * level)).collect()
}

/// Sizes 4 and 6, two replicates each, epochs 0 and 3; one dead neuron in each network of size 6.
fn sweep() -> Setup {
    let mut units = Vec::new();
    for epoch in [0, 3] {
        for replicate in 0..2 {
            let shift = replicate as f32 + 10.0 * (epoch == 0) as i32 as f32;
            units.push((key(4, replicate, epoch), 4, two_level(&[1.0 + shift, 2.0, 4.0, 5.0])));
            units.push((key(6, replicate, epoch), 6, two_level(&[1.0, 2.0, 0.0, 3.0 + shift, 4.0, 8.0])));
        }
    }
    Setup::new(&Stage::ALL, &units)
}

/// Passes only if both are finite and equal to 1e-12 relative: sums of a few exact numbers.
#[track_caller]
fn assert_near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= 1e-12 * expected.abs(), "found {found}, expected {expected}");
}

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
fn a_unit_without_a_value_is_a_row_with_a_reason_and_exit_1() {
    let units = [(key(2, 0, 1), 2, two_level(&[1.0, 2.0])), (key(4, 0, 1), 4, two_level(&[1.0, 2.0, 3.0, 5.0]))];
    let answer = Setup::new(&[Stage::Post], &units).analyze("normality --format json");
    let report = answer.json();
    assert_eq!(answer.code, 1);
    let row = &report["rows"][0];
    assert!(row["w"].is_null() && row["p"].is_null());
    assert!(row["reason"].as_str().unwrap().contains("2 values, at least 3 are needed"), "{row}");
    assert!(answer.stderr.contains("size 2, replicate 0"), "{}", answer.stderr);
    assert_eq!(report["most_normal"]["size"], 4);
}

#[test]
fn a_neuron_with_nan_is_reported_and_the_others_are_analysed() {
    let mut values = two_level(&[1.0, 2.0, 3.0, 4.0]);
    values[1] = f32::NAN;
    values[9] = f32::NEG_INFINITY;
    let setup = Setup::new(&[Stage::Post], &[(key(4, 0, 1), 4, values)]);
    let answer = setup.analyze("variance --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    assert_near(&report["rows"][0]["sum_std"], 8.0);
    assert_eq!(report["rows"][0]["n_excluded"], 1);
    assert!(answer.stderr.contains("1 of 4 neurons") && answer.stderr.contains("left out: 1"), "{}", answer.stderr);
    let neurons = setup.analyze("variance --per-neuron --format json").json();
    let bad = &neurons["rows"][1];
    assert_eq!(bad["n_nonfinite"], 2);
    assert!(bad["mean"].is_null() && bad["std"].is_null() && bad["reason"].as_str().unwrap().contains("NaN"));
    assert_near(&neurons["rows"][0]["std"], 1.0);
    let summary = setup.analyze("summary --format json").json();
    assert_eq!(summary["rows"][0]["n_nonfinite"], 2);
    // The 14 finite values: Σ = 2 (1+1+2+2+3+3+4+4) - 4 = 36, the 4 that became -inf gone.
    assert_near(&summary["rows"][0]["mean"], 36.0 / 14.0);
}

#[test]
fn a_unit_of_nan_alone_has_a_reason_for_the_whole_unit() {
    let units = [(key(2, 0, 1), 2, vec![f32::NAN; 8]), (key(3, 0, 1), 3, two_level(&[1.0, 2.0, 3.0]))];
    let setup = Setup::new(&[Stage::Post], &units);
    for statistic in ["summary", "variance", "dead", "normality"] {
        let answer = setup.analyze(&format!("{statistic} --format json"));
        assert_eq!(answer.code, 1, "{statistic}: {}", answer.stderr);
        let report = answer.json();
        assert!(report["rows"][0]["reason"].is_string(), "{report}");
        assert!(report["rows"][1].get("reason").is_none(), "{report}");
        assert_eq!(report["rows"][0]["n_nonfinite"].as_u64().unwrap_or(8), 8);
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
fn the_table_is_for_people() {
    let answer = sweep().analyze("variance --size 6");
    let expected = "\
variance of out.parquet · model mnist_h1 · dataset mnist-5k · split train · layer hidden · stage post · epoch 3 · 4 samples

size  replicate  n_neurons  n_dead  sum_variance  mean_variance  sum_std  mean_std  std_5%  std_25%  std_50%  std_75%  std_95%
   6          0          6       1         94.00          15.67    18.00     3.000  0.2500    1.250    2.500    3.750    7.000
   6          1          6       1         101.0          16.83    19.00     3.167  0.2500    1.250    3.000    4.000    7.000

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
        ("variance --figure sum", "sum.svg", "Sum of the standard deviations"),
        ("normality", "w.svg", "most normal: "),
        ("dead", "dead.svg", "Dead neurons against size"),
        ("accuracy", "accuracy.svg", "Accuracy against size"),
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
fn bad_requests_fail_in_one_line_before_any_work() {
    let setup = sweep();
    setup.analyze("variance --size 5").assert_fails(&["no size 5", "it has 4, 6"]);
    setup.analyze("variance --replicate 9").assert_fails(&["no replicate 9", "it has 0, 1"]);
    setup.analyze("variance --layer conv").assert_fails(&["no layer conv", "it has hidden"]);
    setup.analyze("variance --epoch 9").assert_fails(&["no epoch 9", "it has 0, 3"]);
    setup.analyze("variance --epoch soon").assert_fails(&["--epoch", "soon"]);
    setup.analyze("variance --stage mid").assert_fails(&["--stage", "mid"]);
    setup.analyze("variance --memory much").assert_fails(&["--memory", "2GiB"]);
    setup.analyze("variance --threads 0").assert_fails(&["--threads"]);
    setup.analyze("variance --plot a.pdf").assert_fails(&["a.pdf", ".svg or .png"]);
    setup.analyze("variance --plot no/such/a.svg").assert_fails(&["no/such"]);
    setup.analyze("variance --out no/such/a.json").assert_fails(&["no/such"]);
    setup.analyze("variance --out a.xyz").assert_fails(&["a.xyz", "--format"]);
    setup.analyze("variance --out out.parquet").assert_fails(&["out.parquet", "recording itself"]);
    setup.analyze("entropy").assert_fails(&["entropy"]);
    assert_eq!(setup.files(), ["out.manifest.json", "out.parquet"]);
}

#[test]
fn files_that_are_no_recordings_fail_in_one_line() {
    let setup = sweep();
    let whole = fs::read(&setup.recording).unwrap();
    fs::write(&setup.recording, &whole[..whole.len() / 2]).unwrap();
    setup.analyze("summary").assert_fails(&["out.parquet"]);
    fs::write(&setup.recording, b"model,size\n").unwrap();
    setup.analyze("summary").assert_fails(&["out.parquet"]);
    fs::remove_file(&setup.recording).unwrap();
    setup.analyze("summary --out a.json").assert_fails(&["out.parquet"]);
    assert_eq!(setup.files(), ["out.manifest.json"]);
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

fn add_history(recording: &Path) {
    let mut writer = HistoryWriter::create(&Companions::of(recording).history, false).unwrap();
    for (size, replicate) in [(4, 0), (4, 1), (6, 0), (6, 1)] {
        for epoch in 1..=3 {
            let base = f64::from(epoch) * 0.25 - f64::from(replicate) / 16.0;
            for (measure, value) in
                [("train_accuracy", base + 0.125), ("test_accuracy", base), ("train_loss", 2.0), ("test_loss", 2.5)]
            {
                let UnitKey { model, dataset, .. } = key(size, replicate, epoch);
                let (step, measure) = (i64::from(epoch) * 10, measure.to_owned());
                writer.append(HistoryRow { model, dataset, size, replicate, epoch, step, measure, value }).unwrap();
            }
        }
    }
    writer.finish().unwrap();
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
fn verify_is_silent_about_a_sound_recording_and_names_what_is_damaged() {
    let setup = sweep();
    let sound = setup.analyze("verify --format json");
    assert_eq!((sound.code, sound.stderr.as_str()), (0, ""));
    let report = sound.json();
    assert_eq!((&report["schema"], &report["sound"]), (&"layerscope.verify.v1".into(), &true.into()));
    assert_eq!((&report["n_row_groups"], report["rows"].as_array().unwrap().len()), (&8.into(), 0));
    let mut bytes = fs::read(&setup.recording).unwrap();
    bytes[60] ^= 0x10;
    fs::write(&setup.recording, bytes).unwrap();
    let damaged = setup.analyze("verify --format json");
    assert_eq!(damaged.code, 2);
    assert!(damaged.stderr.contains("out.parquet, row group 0"), "{}", damaged.stderr);
    assert_eq!(damaged.json()["sound"], false);
}

#[test]
fn units_that_lack_the_epoch_are_skipped_and_listed() {
    let units = [(key(3, 0, 1), 3, two_level(&[1.0, 2.0, 3.0])), (key(4, 0, 2), 4, two_level(&[1.0, 2.0, 3.0, 4.0]))];
    let answer = Setup::new(&[Stage::Post], &units).analyze("variance --epoch 2 --format json");
    assert_eq!(answer.code, 1);
    assert_eq!(answer.json()["rows"].as_array().unwrap().len(), 1);
    assert!(answer.stderr.contains("skipped") && answer.stderr.contains("size 3"), "{}", answer.stderr);
}

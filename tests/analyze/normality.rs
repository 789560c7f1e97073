//! `normality`: both targets, the companions, adjusted p-values, subsamples, pictures, and what does not meet.

use crate::setup::{Setup, assert_near, key, two_level};
use layerscope_recorder::recording::Stage;
use serde_json::Value;
use std::fs;

/// Standard deviations of a network: a skewed sample of `n`, the more so the larger `power`.
fn spread(n: usize, power: i32) -> Vec<f32> {
    let value = |i: usize| 1.0 + ((i * 7 + 3) % n) as f32 / n as f32 + ((i * i) % n) as f32 / n as f32;
    (0..n).map(|i| value(i).powi(power)).collect()
}

/// Sizes 12 and 40, two replicates each.
fn replicated() -> Setup {
    let mut units = Vec::new();
    for size in [12, 40] {
        for replicate in 0..2 {
            let stds = spread(size, replicate + 1);
            units.push((key(size as i32, replicate, 1), size, two_level(&stds)));
        }
    }
    Setup::new(&[Stage::Post], &units)
}

/// [N, 5]: a ramp, a cubed ramp, a constant, a neuron with one NaN, zeros but for one sample in four.
fn five_neurons(n_samples: usize) -> Vec<f32> {
    let row = |i: usize| {
        let x = ((i * 37 + 11) % n_samples) as f32 / n_samples as f32 - 0.5;
        [x, x * x * x, 0.25, if i == 3 { f32::NAN } else { x }, if i.is_multiple_of(4) { 1.0 + x } else { 0.0 }]
    };
    (0..n_samples).flat_map(row).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn companions_stand_beside_w() {
    // Royston's worked example (1992) as standard deviations.
    let example = [48.4, 49.0, 59.5, 59.6, 60.7, 88.8, 98.2, 109.4, 169.1, 227.1];
    let units = [(key(10, 0, 1), 10, two_level(&example)), (key(6, 0, 1), 6, two_level(&example[..6]))];
    let answer = Setup::new(&[Stage::Post], &units).analyze("normality --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    let row = &report["rows"][1];
    // SciPy 1.17.1 and statsmodels 0.15.0 on these ten float32 values.
    for (name, expected) in [
        ("anderson_darling", 0.8047574021),
        ("anderson_darling_p", 0.0238946517),
        ("jarque_bera", 2.7460233861),
        ("jarque_bera_p", 0.2533428187),
        ("dagostino", 6.2248239717),
        ("dagostino_p", 0.0444935081),
    ] {
        let found = number(&row[name]);
        assert!((found - expected).abs() < 1e-8 * expected, "{name}: {found}");
    }
    let six = &report["rows"][0];
    assert!(six["anderson_darling"].is_number() && six["anderson_darling_p"].is_null() && six["dagostino"].is_null());
    assert!(report.get("by_size").is_none(), "one replicate has no mean over replicates");
    assert_eq!((&report["options"]["target"], &report["options"]["subsample"]), (&"std".into(), &Value::Null));
}

#[test]
fn replicates_have_a_mean_with_an_interval() {
    let report = replicated().analyze("normality --format json").json();
    let w: Vec<f64> = report["rows"].as_array().unwrap().iter().map(|row| number(&row["w"])).collect();
    let by_size = report["by_size"].as_array().unwrap();
    assert_eq!((by_size.len(), &by_size[0]["size"], &by_size[1]["size"]), (2, &12.into(), &40.into()));
    for (at, found) in by_size.iter().enumerate() {
        let [a, b] = [w[2 * at], w[2 * at + 1]];
        assert!(a != b, "replicates that are equal show nothing");
        assert_near(&found["w"]["mean"], (a + b) / 2.0);
        assert_eq!(found["w"]["n_replicates"], 2);
        // Two values: mean ± 12.706 |a - b| / 2.
        let low = number(&found["w"]["interval"][0]);
        let expected = ((a + b) / 2.0 - 12.706_204_736 * (a - b).abs() / 2.0).max(0.0);
        assert!((low - expected).abs() < 1e-6, "{low} is not {expected}");
    }
    let best = by_size.iter().max_by(|a, b| number(&a["w"]["mean"]).total_cmp(&number(&b["w"]["mean"]))).unwrap();
    assert_eq!((&report["most_normal"]["size"], &report["most_normal"]["w"]), (&best["size"], &best["w"]["mean"]));
}

#[test]
fn subsamples_make_sizes_comparable() {
    let setup = replicated();
    let answer = setup.analyze("normality --subsample 12 --draws 50 --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    let rows = report["rows"].as_array().unwrap();
    // Twelve of twelve: the sample itself.
    assert_eq!((&rows[0]["w_subsample"], &rows[0]["w_subsample_std"]), (&rows[0]["w"], &0.0.into()));
    let large = number(&rows[2]["w_subsample"]);
    assert!(large > 0.0 && large < 1.0 && rows[2]["w_subsample"] != rows[2]["w"]);
    let best = report["by_size"].as_array().unwrap().iter().map(|found| number(&found["w_subsample"]["mean"]));
    assert_near(&report["most_normal"]["w"], best.fold(0.0, f64::max));
    let options = &report["options"];
    assert_eq!((&options["subsample"], &options["draws"], &options["seed"]), (&12.into(), &50.into(), &0.into()));
    let again = setup.analyze("normality --subsample 12 --draws 50 --format json --threads 1");
    assert!(again.stdout == answer.stdout, "the number of threads changed a subsample");
    let other = setup.analyze("normality --subsample 12 --draws 50 --seed 1 --format json").json();
    assert_ne!(other["rows"][2]["w_subsample"], rows[2]["w_subsample"]);

    let answer = setup.analyze("normality --subsample 20 --format json");
    assert_eq!(answer.code, 0);
    assert!(
        answer.stderr.contains("size 12, replicate 0") && answer.stderr.contains("no w_subsample"),
        "{}",
        answer.stderr
    );
    let report = answer.json();
    let small = &report["rows"][0];
    assert!(small["w"].is_number() && small["w_subsample"].is_null());
    assert!(small["reason"].as_str().unwrap().contains("12 values, at least 20 are needed"), "{small}");
    assert_eq!(report["most_normal"]["size"], 40);
}

#[test]
fn every_neuron_is_tested_over_its_own_samples() {
    let units = [(key(5, 0, 1), 5, five_neurons(200)), (key(5, 1, 1), 5, five_neurons(200))];
    let setup = Setup::new(&[Stage::Post], &units);
    let answer = setup.analyze("normality --target activations --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    let names: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "model dataset split layer stage epoch size replicate n_neurons n_samples neuron n w p p_method q \
                    anderson_darling anderson_darling_p jarque_bera jarque_bera_p dagostino dagostino_p";
    assert_eq!(names.join(" "), expected);
    let ids: Vec<_> = rows.iter().map(|row| (row["replicate"].as_i64(), row["neuron"].as_i64())).collect();
    assert_eq!((ids[0], ids[4], ids[5]), ((Some(0), Some(0)), (Some(0), Some(4)), (Some(1), Some(0))));
    // SciPy 1.17.1 on the evenly spaced sample.
    assert!((number(&rows[0]["w"]) - 0.954_611_616_1).abs() < 1e-9, "{}", rows[0]);
    assert_eq!((&rows[0]["n"], &rows[0]["p_method"]), (&200.into(), &"royston".into()));
    assert!(rows[2]["w"].is_null() && rows[2]["reason"].as_str().unwrap().contains("all 200 values are equal"));
    assert!(rows[3]["w"].is_null() && rows[3]["reason"].as_str().unwrap().contains("1 of 200 values are NaN"));
    // Three hypotheses: the constant neuron and the one with a NaN are none.
    let p: Vec<f64> = [0, 1, 4].map(|neuron| number(&rows[neuron]["p"])).to_vec();
    let q: Vec<f64> = [0, 1, 4].map(|neuron| number(&rows[neuron]["q"])).to_vec();
    let (mut sorted, mut expected) = (p.clone(), p.clone());
    sorted.sort_by(f64::total_cmp);
    for value in &mut expected {
        let rank = sorted.iter().position(|other| other == value).unwrap();
        *value = (rank..3).map(|k| 3.0 * sorted[k] / (k + 1) as f64).fold(1.0, f64::min);
    }
    for (found, expected) in q.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-12 * expected && *found > 0.0, "{q:?} is not {expected:?}");
    }
    let networks = &report["networks"];
    assert_eq!((&networks[1]["replicate"], &networks[1]["n_tested"]), (&1.into(), &3.into()));
    let n_rejected = q.iter().filter(|q| **q <= 0.05).count();
    assert_eq!(networks[0]["n_rejected"], n_rejected);
    let mean_w = [0, 1, 4].map(|neuron| number(&rows[neuron]["w"])).iter().sum::<f64>() / 3.0;
    assert_near(&networks[0]["mean_w"], mean_w);
    assert_eq!(report["most_normal"]["size"], 5);
    assert_near(&report["by_size"][0]["w"]["mean"], mean_w);
    assert_eq!((&report["options"]["target"], &report["options"]["adjust"]), (&"activations".into(), &"bh".into()));
}

#[test]
fn p_values_are_adjusted_as_asked() {
    let setup = Setup::new(&[Stage::Post], &[(key(5, 0, 1), 5, five_neurons(50)), (key(5, 1, 1), 5, five_neurons(60))]);
    let rows = |line: &str| {
        let answer = setup.analyze(&format!("normality --target activations --format json {line}"));
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.json()["rows"].as_array().unwrap().clone()
    };
    let tested = |rows: &[Value]| -> Vec<(f64, f64)> {
        let all = rows.iter().filter(|row| row["p"].is_number());
        all.map(|row| (number(&row["p"]), number(&row["q"]))).collect()
    };
    assert!(tested(&rows("--adjust none")).iter().all(|(p, q)| p == q));
    let smallest = |rows: &[Value]| tested(rows).into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let of_one = rows("--adjust holm --replicate 0");
    let (p, q) = smallest(&of_one);
    assert!((q - (3.0 * p).min(1.0)).abs() < 1e-12 * q, "three hypotheses: {p} became {q}");
    let (p, q) = smallest(&rows("--adjust by --replicate 0"));
    assert!(q >= p * 3.0 * (1.0 + 0.5 + 1.0 / 3.0) / 3.0 * (1.0 - 1e-12) && q > p, "{p} became {q}");
    // Pooled replicates are one family of six, each tested over its own samples.
    let pooled = rows("--adjust holm --pool");
    assert_eq!((pooled.len(), &pooled[0]["replicate"], &pooled[5]["neuron"]), (10, &Value::Null, &0.into()));
    assert_eq!((&pooled[0]["n"], &pooled[5]["n"], &pooled[0]["n_samples"]), (&50.into(), &60.into(), &Value::Null));
    let (p, q) = smallest(&pooled);
    assert!((q - (6.0 * p).min(1.0)).abs() < 1e-12 * q, "six hypotheses: {p} became {q}");
}

#[test]
fn activations_do_not_depend_on_threads_or_memory() {
    let n_neurons = 37;
    let values: Vec<f32> =
        (0..n_neurons * 6000).map(|at| (((at * 7919) % 1013) as f32 * 0.37 - 80.0).max(0.0)).collect();
    let setup = Setup::new(&[Stage::Post], &[(key(n_neurons as i32, 0, 1), n_neurons, values)]);
    let line = "normality --target activations --format json";
    let reference = setup.analyze(&format!("{line} --threads 1"));
    assert_eq!(reference.code, 0, "{}", reference.stderr);
    assert_eq!(reference.json()["rows"][0]["p_method"], "simulated");
    // From all columns at once to one by one.
    for options in ["--threads 2", "--threads 3 --memory 300KiB", "--threads 1 --memory 64KiB"] {
        let answer = setup.analyze(&format!("{line} {options}"));
        assert!(answer.stdout == reference.stdout, "{options} changed a number: {}", answer.stderr);
    }
}

#[test]
fn a_layer_of_constants_has_no_test_and_exit_code_one() {
    let setup = Setup::new(&[Stage::Post], &[(key(3, 0, 1), 3, vec![0.5; 30])]);
    let answer = setup.analyze("normality --target activations --format json");
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("no neuron can be tested"), "{}", answer.stderr);
    let report = answer.json();
    assert!(report["most_normal"].is_null() && report["networks"][0]["mean_w"].is_null());
    assert_eq!(report["rows"].as_array().unwrap().len(), 3);
}

#[test]
fn choices_that_do_not_meet_are_refused() {
    let setup = replicated();
    setup.analyze("normality --adjust holm").assert_fails(&["--adjust", "--target activations"]);
    setup.analyze("normality --target activations --subsample 5").assert_fails(&["--subsample", "--target std"]);
    setup.analyze("normality --subsample 2").assert_fails(&["--subsample"]);
    setup.analyze("normality --seed 3").assert_fails(&["--subsample"]);
    setup.analyze("normality --target activations --figure qq --plot a.svg").assert_fails(&["--figure qq"]);
    setup.analyze("normality --figure qq").assert_fails(&["--plot"]);
}

#[test]
fn every_picture_of_normality_can_be_drawn() {
    let setup = replicated();
    let runs = [
        ("normality --figure qq", "qq.svg", "against a normal distribution"),
        ("normality --subsample 10", "subsample.svg", "W of subsamples"),
        ("normality --target activations", "activations.svg", "W of a neuron"),
    ];
    for (line, file, words) in runs {
        let answer = setup.analyze(&format!("{line} --plot {file}"));
        assert_eq!(answer.code, 0, "{line}: {}", answer.stderr);
        let svg = fs::read_to_string(setup.folder.path().join(file)).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains(words) && !svg.contains("NaN"), "{line}: {svg}");
    }
}

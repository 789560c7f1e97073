//! `analyze mixture`: fields, families, the bootstrap, replicates and pooling, pictures, trouble.

use crate::setup::{Setup, assert_near, key, two_level};
use layerscope_recorder::recording::Stage;
use serde_json::Value;
use std::fs;

/// Standard deviations of two populations: a share of 0.3 near 0.05, the others near 2; the last neuron is dead.
fn two_populations(n: u32, seed: u32) -> Vec<f32> {
    // Evenly spread ranks through the quantiles of the exponential distribution and of a bell: 1/2 ln of the odds.
    let rank = |at: u32, of: u32| (f64::from((at * 11 + seed) % of) + 0.5) / f64::from(of);
    let n_near = 3 * n / 10;
    let near = (0..n_near).map(|at| -0.05 * (1.0 - rank(at, n_near)).ln());
    let far = (n_near..n - 1).map(|at| {
        let p = rank(at - n_near, n - 1 - n_near);
        2.0 + 0.25 * (p / (1.0 - p)).ln()
    });
    near.chain(far).chain([0.0]).map(|std| std as f32).collect()
}

fn setup() -> Setup {
    let unit = |size: i32, replicate: i32, n: u32, seed| {
        (key(size, replicate, 1), n as usize, two_level(&two_populations(n, seed)))
    };
    Setup::new(
        &[Stage::Post],
        &[unit(101, 0, 101, 0), unit(101, 1, 101, 3), unit(151, 0, 151, 1), unit(151, 1, 151, 5)],
    )
}

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().unwrap()
}

#[test]
fn one_row_per_unit_and_family_with_the_fields_of_the_contract() {
    let answer = setup().analyze("mixture --size 101 --replicate 0 --bootstrap 39 --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(report["schema"], "layerscope.mixture.v1");
    assert_eq!((&report["options"]["bootstrap"], &report["options"]["method"]), (&39.into(), &"em".into()));
    let families: Vec<&str> = rows(&report).iter().map(|row| row["family"].as_str().unwrap()).collect();
    assert_eq!(families, ["exp_normal", "two_gamma", "exponential", "normal", "gamma", "lognormal"]);
    let row = &rows(&report)[0];
    assert_eq!((&row["n"], &row["n_zero"], &row["n_neurons"]), (&100.into(), &1.into(), &101.into()));
    assert_eq!((&row["status"], &row["converged"]), (&"ok".into(), &true.into()));
    // 30 of 100 neurons, told apart with hardly a doubt.
    assert!((row["weight"].as_f64().unwrap() - 0.3).abs() < 0.02, "{row}");
    let interval: Vec<f64> = row["weight_interval"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    // √(0.3 · 0.7 / 100) = 0.046, times 1.96: the interval that counting would have, a little more for what overlaps.
    assert!(interval[0] < 0.3 && 0.3 < interval[1] && (0.1..0.3).contains(&(interval[1] - interval[0])), "{row}");
    let names =
        |object: &str| row[object].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ");
    for object in ["parameters", "std_errors", "intervals"] {
        assert_eq!(names(object), "exp_mean mu sigma");
    }
    let number = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"));
    assert_near(&row["aic"], -2.0 * number("log_likelihood") + 2.0 * 4.0);
    assert_near(&row["bic"], -2.0 * number("log_likelihood") + 4.0 * 100.0_f64.ln());
    let one = rows(&report)[2..].iter().map(|row| row["bic"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    assert_near(&row["delta_bic"], number("bic") - one);
    assert!(number("delta_bic") < -50.0 && number("lrt_p") == 0.025 && number("lrt") > 50.0, "{row}");
    for (distance, p) in [("ks", "ks_p"), ("anderson_darling", "anderson_darling_p")] {
        assert!(number(distance) > 0.0 && number(distance) < 1.0 && number(p) > 0.05, "{row}");
    }
    let normal = &rows(&report)[3];
    assert_eq!((normal["ks_p"].as_f64(), normal.get("weight"), normal.get("lrt")), (Some(0.025), None, None));
    let two_gamma = rows(&report)[1]["parameters"].as_object().unwrap();
    assert_eq!(two_gamma.keys().map(String::as_str).collect::<Vec<_>>(), ["shape1", "scale1", "shape2", "scale2"]);
    let of = |name: &str| two_gamma[name].as_f64().unwrap();
    assert!(of("shape1") * of("scale1") < of("shape2") * of("scale2"), "component 1 has the smaller mean");
}

#[test]
fn the_families_and_the_bootstrap_are_chosen() {
    let setup = setup();
    let line = "mixture --size 101 --families normal,exp_normal --bootstrap 0 --format json";
    let report = setup.analyze(line).json();
    let families: Vec<&str> = rows(&report).iter().map(|row| row["family"].as_str().unwrap()).collect();
    assert_eq!(families, ["exp_normal", "normal", "exp_normal", "normal"]);
    let row = &rows(&report)[0];
    for absent in ["ks_p", "anderson_darling_p", "lrt", "lrt_p", "weight_interval", "std_errors", "n_bootstrap"] {
        assert!(row.get(absent).is_none(), "{absent} in {row}");
    }
    assert!(row["ks"].is_number() && row["delta_bic"].is_number());
    // The best family of one component, whether asked for or not.
    let all = setup.analyze("mixture --size 101 --bootstrap 0 --format json").json();
    assert_eq!(row["delta_bic"], rows(&all)[0]["delta_bic"]);
    setup.analyze("mixture --families weibull").assert_fails(&["no family `weibull`", "two_gamma"]);
    setup.analyze("mixture --level 95").assert_fails(&["--level", "0.95"]);
}

#[test]
fn a_seed_fixes_every_number_on_any_number_of_threads() {
    let setup = setup();
    let run = |options: &str| {
        let line = format!("mixture --size 101 --families two_gamma --bootstrap 39 --format json {options}");
        rows(&setup.analyze(&line).json()).clone()
    };
    let one = run("--threads 1");
    assert_eq!(run("--threads 3"), one);
    // A row does not depend on which others are asked for.
    assert_eq!(run("--replicate 1"), one[1..]);
    let other = run("--seed 1");
    assert_eq!(other[0]["weight"], one[0]["weight"]);
    assert_ne!(other[0]["weight_interval"], one[0]["weight_interval"]);
}

#[test]
fn replicates_have_a_mean_and_pooled_ones_a_row() {
    let setup = setup();
    let report = setup.analyze("mixture --bootstrap 0 --format json").json();
    let by_size = report["by_size"].as_array().unwrap();
    let keys: Vec<_> = by_size.iter().map(|found| (found["family"].as_str().unwrap(), &found["size"])).collect();
    assert_eq!(keys.len(), 4, "two mixtures at two sizes: {keys:?}");
    let found = by_size.iter().find(|found| found["family"] == "exp_normal" && found["size"] == 101).unwrap();
    let weights: Vec<f64> = rows(&report)
        .iter()
        .filter(|row| row["family"] == "exp_normal" && row["size"] == 101)
        .map(|row| row["weight"].as_f64().unwrap())
        .collect();
    assert_near(&found["weight"]["mean"], (weights[0] + weights[1]) / 2.0);
    let interval = found["weight"]["interval"].as_array().unwrap();
    let (low, high) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
    let mean = found["weight"]["mean"].as_f64().unwrap();
    assert!(0.0 <= low && low <= mean && mean <= high && high <= 1.0, "{found} from {weights:?}");
    let pooled = setup.analyze("mixture --bootstrap 0 --pool --format json").json();
    assert_eq!(rows(&pooled).len(), 12);
    let row = &rows(&pooled)[0];
    assert!(row["replicate"].is_null() && pooled.get("by_size").is_none());
    assert_eq!((&row["n"], &row["n_zero"]), (&200.into(), &2.into()));
}

#[test]
fn the_journals_method_gives_its_own_fits() {
    let report = setup().analyze("mixture --method journal --size 101 --bootstrap 0 --format json").json();
    let em = setup().analyze("mixture --size 101 --bootstrap 0 --format json").json();
    let (journal, em) = (&rows(&report)[1], &rows(&em)[1]);
    // Its values are moved by 1e-5, which shows where some are that small.
    assert_eq!(journal["family"], "two_gamma");
    let (a, b) = (journal["weight"].as_f64().unwrap(), em["weight"].as_f64().unwrap());
    assert!((a - b).abs() < 0.05 && a != b, "{a} {b}");
}

#[test]
fn layers_without_a_fit_are_rows_with_a_reason_and_exit_1() {
    let units = [(key(4, 0, 1), 4, two_level(&[0.0; 4])), (key(9, 0, 1), 9, two_level(&[1.0; 9]))];
    let answer = Setup::new(&[Stage::Post], &units).analyze("mixture --bootstrap 39 --format json");
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("size 4, replicate 0, layer hidden: two_gamma: 0 values"), "{}", answer.stderr);
    let report = answer.json();
    let row = &rows(&report)[0];
    assert_eq!((&row["n"], &row["n_zero"]), (&0.into(), &4.into()));
    assert!(row["weight"].is_null() && row.get("weight").is_some() && row["status"].is_null(), "{row}");
    assert!(row["reason"].as_str().unwrap().contains("at least 1 are needed"), "{row}");
    // Equal values have a density that grows without bound: the fit rests on a floor, and says so.
    let row = &rows(&report)[6];
    assert_eq!((&row["size"], &row["status"]), (&9.into(), &"degenerate".into()), "{row}");
    assert!(row["floors"].as_str().is_some_and(|floors| !floors.is_empty()), "{row}");
    // The exponential distribution has its estimate for equal values too.
    assert_eq!(rows(&report)[8]["parameters"]["mean"].as_f64(), Some(1.0));
    assert!(!answer.stdout.contains("NaN") && !answer.stdout.contains("inf"));
}

#[test]
fn doubtful_fits_are_named_in_a_warning() {
    // One bell: the second component describes nothing that is there.
    let bell: Vec<f32> = (0..60).map(|at| 3.0 + 0.4 * ((f64::from(at) + 0.5) / 59.5_f64 - 0.5) as f32).collect();
    let answer = Setup::new(&[Stage::Post], &[(key(60, 0, 1), 60, two_level(&bell))])
        .analyze("mixture --bootstrap 0 --families exp_normal,two_gamma --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let statuses: Vec<String> = rows(&answer.json()).iter().map(|row| row["status"].to_string()).collect();
    assert!(statuses.iter().all(|status| status != "\"ok\""), "{statuses:?}");
    assert!(answer.stderr.contains("size 60, replicate 0, layer hidden: "), "{}", answer.stderr);
}

#[test]
fn both_pictures_can_be_drawn() {
    let setup = setup();
    let read = |file: &str| fs::read_to_string(setup.folder.path().join(file)).unwrap();
    let answer = setup.analyze("mixture --bootstrap 39 --families exp_normal,two_gamma --plot weights.svg");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(read("weights.svg").contains("Share of the neurons near zero against size"));
    let line = "mixture --bootstrap 0 --size 151 --pool --figure fit --plot fit.svg";
    assert_eq!(setup.analyze(line).code, 0);
    let svg = read("fit.svg");
    assert!(svg.contains("300 neurons (2 dead)") && svg.contains("lognormal") && !svg.contains("NaN"), "{svg}");
    setup
        .analyze("mixture --figure fit --plot fit.svg")
        .assert_fails(&["--figure fit shows one unit, 4 are chosen", "--pool"]);
}

#[test]
fn the_table_shows_what_people_compare() {
    let text = setup().analyze("mixture --size 101 --replicate 0 --bootstrap 39").stdout;
    let header = text.lines().nth(2).unwrap();
    let words: Vec<&str> = header.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "size replicate n_neurons family n n_zero weight weight_interval exp_mean mu sigma shape1 scale1 shape2 scale2 mean \
         shape scale status delta_bic ks ks_p A2 A2_p lrt lrt_p"
    );
    assert!(text.contains("negative speaks for two") && text.contains("39 replicates each"), "{text}");
}

//! `relationships` and the means over replicates, against values worked out by hand.

use crate::setup::{add_history, assert_near, sweep};
use serde_json::Value;

fn find<'a>(list: &'a Value, fields: &[(&str, &str)]) -> &'a Value {
    let items = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().find(|item| fields.iter().all(|(name, text)| item[name] == *text)).unwrap()
}

#[test]
fn every_network_has_its_measures_and_rescaled_accuracies() {
    let setup = sweep();
    add_history(&setup.recording);
    let answer = setup.analyze("relationships --format json");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let report = answer.json();
    assert_eq!(report["schema"], "layerscope.relationships.v1");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[2]["n_dead"], &rows[2]["size"]), (&1.into(), &6.into()));
    assert_near(&rows[2]["sum_std"], 18.0);
    assert_near(&rows[2]["sum_variance"], 94.0);
    // Epoch 3 of add_history: 0.75 for replicate 0 and a sixteenth less for replicate 1, the same for both sizes.
    assert_near(&rows[0]["test_accuracy"], 0.75);
    assert!(rows[0]["rescaled_test_accuracy"].is_null(), "equal means of all sizes cannot be rescaled");
}

#[test]
fn sums_have_a_constant_a_line_and_a_logarithm() {
    // Sums of std: 12 and 13 at size 4, 18 and 19 at size 6.
    let report = sweep().analyze("relationships --format json").json();
    let shape = |name| find(&report["growth"], &[("measure", "sum_std"), ("shape", name)]);
    let line = shape("line");
    assert_near(&line["slope"], 3.0);
    assert_near(&line["intercept"], 0.5);
    assert_near(&line["r_squared"], 1.0 - 1.0 / 37.0);
    assert_near(&line["aic"], 4.0 * 0.25_f64.ln() + 6.0);
    assert!(line["lack_of_fit_p"].is_null(), "two sizes cannot reject a line");
    assert_near(&shape("logarithm")["slope"], 6.0 / 1.5_f64.log2());
    let constant = shape("constant");
    assert_near(&constant["intercept"], 15.5);
    assert_near(&constant["r_squared"], 0.0);
    // F = (37 - 1) / (1 / 2) = 72 with 1 and 2 degrees of freedom: Student's t with 2, whose tails are 1 - t / √(2 + t²).
    let p = constant["lack_of_fit_p"].as_f64().unwrap();
    assert!((p - (1.0 - (72.0_f64 / 74.0).sqrt())).abs() < 1e-12, "{p}");
    assert_eq!(constant["best"], false);
}

#[test]
fn peaks_name_the_size_and_what_single_replicates_say() {
    let report = sweep().analyze("relationships --format json").json();
    let peak = find(&report["peaks"], &[("measure", "w")]);
    assert_eq!(peak["replicate_sizes"].as_array().unwrap().len(), 2);
    let accuracy = find(&report["peaks"], &[("measure", "test_accuracy")]);
    assert!(accuracy["size"].is_null(), "there is no history");
    assert!(report["warnings"][0].as_str().unwrap().starts_with("no accuracies: no history"));
    assert_eq!(find(&report["correlations"], &[("with", "train_accuracy")])["n_sizes"], 0);
}

#[test]
fn means_over_replicates_carry_intervals_within_the_possible() {
    let report = sweep().analyze("variance --format json").json();
    let size_4 = &report["by_size"][0];
    assert_eq!(size_4["size"], 4);
    assert_near(&size_4["sum_std"]["mean"], 12.5);
    // 12.5 ± t s / √2, s = √(1/2), t(1 degree of freedom, 97.5 %) = tan(0.475 π).
    let low = size_4["sum_std"]["interval"][0].as_f64().unwrap();
    let expected = 12.5 - 0.5 * (0.475 * std::f64::consts::PI).tan();
    assert!((low - expected).abs() < 1e-8, "{low} is not {expected}: the quantile has eight digits");
    let dead = sweep().analyze("dead --format json").json();
    assert_eq!(dead["by_size"][1]["n_dead"]["interval"], serde_json::json!([1.0, 1.0]));
    let single = sweep().analyze("dead --replicate 0 --format json").json();
    assert!(single.get("by_size").is_none(), "one replicate has no interval");
}

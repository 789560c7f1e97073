//! Units without a value, NaN, damaged files, requests that cannot be met.

use crate::setup::{Setup, assert_near, key, sweep, two_level};
use layerscope_recorder::recording::Stage;
use std::fs;

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
fn units_that_lack_the_epoch_are_skipped_and_listed() {
    let units = [(key(3, 0, 1), 3, two_level(&[1.0, 2.0, 3.0])), (key(4, 0, 2), 4, two_level(&[1.0, 2.0, 3.0, 4.0]))];
    let answer = Setup::new(&[Stage::Post], &units).analyze("variance --epoch 2 --format json");
    assert_eq!(answer.code, 1);
    assert_eq!(answer.json()["rows"].as_array().unwrap().len(), 1);
    assert!(answer.stderr.contains("skipped") && answer.stderr.contains("size 3"), "{}", answer.stderr);
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

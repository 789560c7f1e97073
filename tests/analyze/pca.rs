//! `analyze pca`: a layer of four samples and two uncorrelated neurons, whose every number can be worked out by hand.

use crate::setup::{Setup, assert_near, key, sweep};
use layerscope_recorder::recording::weights::{WeightsWriter, member_tensors};
use layerscope_recorder::recording::{Chunk, Companions, Manifest, Stage, UnitKey, Writer, WriterOptions};
use serde_json::{Value, json};

/// (2, 1), (2, -1), (-2, 1), (-2, -1): variances 16/3 and 4/3, no covariance.
const VALUES: [f32; 8] = [2.0, 1.0, 2.0, -1.0, -2.0, 1.0, -2.0, -1.0];
const LABELS: [i32; 4] = [1, 0, 1, 0];

/// Two replicates of [`VALUES`], the second twice as large, labelled, after `epoch` epochs of 3, with weights beside it.
fn labelled(epoch: i32) -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("out.parquet");
    let files = Companions::of(&recording);
    let tensors: Vec<_> = (0..2).flat_map(|replicate| member_tensors(2, replicate, 1, 2)).collect();
    let mut weights = WeightsWriter::create(&files.weights, &tensors, false).unwrap();
    for replicate in 0..2 {
        // logits (r_0 + 0.1, 3 r_1): class 1 where the second neuron fires.
        let values: [&[f32]; 4] = [&[0.0; 2], &[0.0; 2], &[1.0, 0.0, 0.0, 3.0], &[0.1, 0.0]];
        for (tensor, values) in member_tensors(2, replicate, 1, 2).iter().zip(values) {
            weights.write(&tensor.name, values).unwrap();
        }
    }
    weights.finish().unwrap();
    let options = WriterOptions { stages: Stage::ALL.to_vec(), sync: false, ..WriterOptions::default() };
    let mut writer = Writer::create(&recording, options).unwrap();
    for replicate in 0..2 {
        let pre = VALUES.map(|x| x * (replicate + 1) as f32);
        let post = pre.map(|x| x.max(0.0));
        let key = UnitKey { size: 2, ..key(2, replicate, epoch) };
        let (pre, post, labels) = (Some(&pre[..]), Some(&post[..]), Some(&LABELS[..]));
        writer.append(&Chunk { key: &key, first_sample: 0, labels, n_neurons: 2, pre, post }).unwrap();
    }
    let settings = [("epochs".to_owned(), json!(3))].into_iter().collect();
    writer.finish(Manifest { settings, ..Manifest::new() }).unwrap();
    Setup { folder, recording }
}

#[track_caller]
fn assert_list(found: &Value, expected: &[f64]) {
    assert_eq!(found.as_array().map(Vec::len), Some(expected.len()), "{found}");
    found.as_array().unwrap().iter().zip(expected).for_each(|(found, expected)| assert_near(found, *expected));
}

#[test]
fn every_number_of_a_layer_of_two_directions() {
    let answer = labelled(3).analyze("pca --replicate 0 --format json");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let json = answer.json();
    assert_eq!(json["schema"], "layerscope.pca.v1");
    assert_eq!((&json["options"]["method"], &json["options"]["top"]), (&json!("standard"), &Value::Null));
    let row = &json["rows"][0];
    assert_eq!((&row["stage"], &row["n_neurons"], &row["n_samples"]), (&json!("pre"), &json!(2), &json!(4)));
    assert_list(&row["eigenvalues"], &[16.0 / 3.0, 4.0 / 3.0]);
    assert_list(&row["explained_variance_ratio"], &[0.8, 0.2]);
    assert_near(&row["total_variance"], 20.0 / 3.0);
    assert_eq!(row["numerical_rank"], 2);
    assert_near(&row["effective_rank"], (-(0.8 * 0.8_f64.ln() + 0.2 * 0.2_f64.ln())).exp());
    assert_near(&row["participation_ratio"], 400.0 / 272.0);
    // a = 272/9, b = 400/9, q = 4 · 25 / 3; (2a + 5b - 4q) / (6a + b - 4q).
    assert_near(&row["participation_ratio_corrected"], 1344.0 / 832.0);
    assert_near(&row["stable_rank"], 1.25);
    assert_eq!(row["components_for"], json!({"0.9": 2, "0.95": 2, "0.99": 2}));
    assert_near(&row["saturation"], 1.0);
    assert_near(&row["saturation_delve"], 0.5);
    assert_list(&row["reconstruction_distance"], &[5.0, 1.0, 0.0]);
    assert_eq!(row["reconstruction_accuracy"], json!([[0, 0.5], [1, 0.5], [2, 1.0]]));
    assert!(row["mp_edge"].is_f64() && row["n_above_mp_edge"].is_u64());
    assert!(row.get("reason").is_none() && row["n_excluded"] == 0 && row["n_constant"] == 0);
}

#[test]
fn replicates_have_rows_of_their_own_and_means_over_them() {
    let json = labelled(3).analyze("pca --format json").json();
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    let size = &json["by_size"][0];
    assert_near(&size["total_variance"]["mean"], (20.0 + 80.0) / 6.0);
    assert_near(&size["participation_ratio"]["mean"], 400.0 / 272.0);
    assert_eq!(size["total_variance"]["n_replicates"], 2);
}

#[test]
fn after_the_activation_function_values_go_to_the_output_as_they_are() {
    let row = labelled(3).analyze("pca --replicate 0 --stage post --format json").json()["rows"][0].clone();
    // Variances 4/3 and 1/3 around the means 1 and 1/2: nothing known gives logits (1.1, 1.5), class 1 for all.
    assert_list(&row["eigenvalues"], &[4.0 / 3.0, 1.0 / 3.0]);
    // With the first component (2, 1/2) or (0, 1/2): logits (2.1, 1.5) and (0.1, 1.5).
    assert_eq!(row["reconstruction_accuracy"], json!([[0, 0.5], [1, 0.5], [2, 1.0]]));
}

#[test]
fn without_weights_there_is_no_accuracy_and_a_warning() {
    let answer = sweep().analyze("pca --size 4 --format json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("no weights beside the recording"), "{}", answer.stderr);
    let row = &answer.json()["rows"][0];
    assert!(row.get("reconstruction_accuracy").is_none());
    // One direction: the neurons differ by a factor only.
    assert_eq!((&row["numerical_rank"], &row["components_for"]["0.99"]), (&json!(1), &json!(1)));
    assert_near(&row["eigenvalues"][0], (1.0 + 4.0 + 16.0 + 25.0) * 4.0 / 3.0);
}

#[test]
fn weights_of_another_epoch_are_not_used() {
    let answer = labelled(1).analyze("pca --format json");
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("weights are those after epoch 3, the values those after 1"), "{}", answer.stderr);
    assert!(answer.json()["rows"][0].get("reconstruction_accuracy").is_none());
}

#[test]
fn the_journals_method_projects_on_columns() {
    let json = labelled(3).analyze("pca --replicate 0 --method journal --format json").json();
    assert_eq!(json["options"]["method"], "journal");
    // The components are the axes, so the columns of their matrix are too: here both methods agree.
    assert_list(&json["rows"][0]["reconstruction_distance"], &[5.0, 1.0, 0.0]);
    assert_eq!(json["rows"][0]["reconstruction_accuracy"][2], json!([2, 1.0]));
}

#[test]
fn a_truncated_spectrum_says_what_it_lacks() {
    let answer = labelled(3).analyze("pca --replicate 0 --top 1 --format json");
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("the full one was used"), "two dimensions are too few: {}", answer.stderr);
    let json = answer.json();
    let row = &json["rows"][0];
    assert_eq!(json["options"]["top"], 1);
    assert_list(&row["eigenvalues"], &[16.0 / 3.0]);
    assert_list(&row["explained_variance_ratio"], &[0.8]);
    assert_list(&row["reconstruction_distance"], &[5.0, 1.0]);
    assert!(row["numerical_rank"].is_null() && row["effective_rank"].is_null() && row["mp_edge"].is_null());
    assert!(row["reason"].as_str().unwrap().contains("--top"));
    assert_eq!(row["reconstruction_accuracy"], json!([[0, 0.5], [1, 0.5]]));
}

#[test]
fn requests_that_make_no_sense_or_do_not_fit_are_refused() {
    let setup = labelled(3);
    setup.analyze("pca --pool").assert_fails(&["--pool", "different networks", "by_size"]);
    setup.analyze("pca --memory 100B").assert_fails(&["size 2, replicate 0", "bytes", "--memory", "2 neurons"]);
    setup.analyze("pca --top 0").assert_fails(&["--top"]);
}

#[test]
fn a_layer_of_constants_and_one_of_nan_have_reasons() {
    let mut damaged = VALUES.to_vec();
    damaged[2] = f32::NAN;
    let setup = Setup::new(
        &Stage::ALL,
        &[(key(2, 0, 0), 2, vec![1.5; 8]), (key(2, 1, 0), 2, vec![f32::NAN; 8]), (key(2, 2, 0), 2, damaged)],
    );
    let answer = setup.analyze("pca --format json");
    assert_eq!(answer.code, 1);
    let rows = &answer.json()["rows"];
    assert_eq!(rows[0]["reason"], "all 2 neurons are constant");
    assert_eq!(rows[1]["reason"], "8 of 8 values are NaN or infinite");
    assert!(rows[0]["eigenvalues"].is_null() && rows[1]["stable_rank"].is_null());
    // The neuron with a NaN is left out: the other has variance 4/3.
    assert_list(&rows[2]["eigenvalues"], &[4.0 / 3.0]);
    assert_eq!(rows[2]["n_excluded"], 1);
    assert!(answer.stderr.contains("1 of 2 neurons hold NaN or infinite values and are left out: 0"));
}

#[test]
fn the_table_shows_numbers_and_every_format_has_the_lists() {
    let setup = labelled(3);
    let table = setup.analyze("pca").stdout;
    assert!(table.contains("eff_rank") && table.contains("for_99%"), "{table}");
    assert!(
        !table.contains("explained_variance_ratio") && !table.contains("reconstruction_distance"),
        "lists belong to programs: {table}"
    );
    let csv = setup.analyze("pca --format csv").stdout;
    assert!(csv.contains("reconstruction_accuracy") && csv.contains("\"[[0,0.5],[1,0.5],[2,1.0]]\""), "{csv}");
    assert_eq!(setup.analyze("pca --out rows.parquet").code, 0);
    for figure in ["spectrum", "distance", "accuracy"] {
        let answer = setup.analyze(&format!("pca --figure {figure} --plot {figure}.svg"));
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(setup.files().contains(&format!("{figure}.svg")));
    }
}

//! What the manifest says about a run: enough to do it again and to know what it was done with.

use std::env;

use layerscope_recorder::{
    dataset::Dataset,
    recording::{
        Manifest,
        manifest::{DatasetEntry, DatasetFile},
    },
};
use serde_json::{Map, Value, json};

use super::{backend::Backend, plan::RecordPlan};

/// The manifest of a run of this process, without what is known only at its end.
pub fn of(plan: &RecordPlan, dataset: &Dataset, backend: &Backend) -> Manifest {
    let (request, capture) = (&plan.request, &plan.training.capture);
    let files = dataset.files.iter().map(|file| DatasetFile { name: file.name.clone(), sha256: file.sha256.clone() });
    let stages: Vec<_> = request.stages.iter().map(|stage| stage.as_str()).collect();
    let settings: Map<String, Value> = [
        ("model", json!(request.model.name())),
        ("sizes", json!(request.sizes)),
        ("replicates", json!(request.n_replicates)),
        ("epochs", json!(request.args.epochs)),
        ("batch_size", json!(request.args.batch_size)),
        ("learning_rate", json!(short(request.args.lr))),
        (
            "normalization",
            json!({ "mean": short(dataset.normalization.mean), "std": short(dataset.normalization.std) }),
        ),
        ("split", json!(request.split.as_str())),
        ("samples", json!(capture.n_samples)),
        ("stages", json!(stages)),
        ("capture_epochs", json!(capture.epochs)),
        ("threads", json!(request.n_threads)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Manifest {
        command: env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        seed: Some(request.args.seed),
        backend: Some(backend.name()),
        datasets: vec![DatasetEntry { name: dataset.name.clone(), files: files.collect() }],
        settings,
        ..Manifest::new()
    }
}

/// The shortest decimal that reads back as this f32: 0.001 as it was typed, not 0.0010000000474974513.
fn short(value: f32) -> Option<f64> {
    value.to_string().parse().ok()
}

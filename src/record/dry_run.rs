//! `--dry-run`: what would be trained and written, in words.

use layerscope_recorder::dataset::Dataset;

use super::{
    backend::BackendChoice,
    plan::{RecordPlan, bytes},
};

/// The plan as a table of two columns; `note` follows the data set's name, `backend` is what would train here, or why not.
pub fn describe(plan: &RecordPlan, dataset: &Dataset, note: Option<&str>, backend: &str) -> String {
    let RecordPlan { request, training, needs, .. } = plan;
    let args = &request.args;
    let (capture, split) = (&training.capture, request.split);
    let (n_train, n_test) = (dataset.train.n_samples(), dataset.test.n_samples());
    let mut text = String::new();
    let mut line = |name: &str, value: String| text += &format!("{name:<10} {value}\n");
    line("model", request.model.name().to_owned());
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    line("dataset", format!("{}{note}, {n_train} training and {n_test} test samples", dataset.name));
    line("sizes", join(&request.sizes));
    line(
        "members",
        format!(
            "{} ({} x {}), {} parameters",
            count(needs.n_members as usize, "network"),
            count(request.sizes.len(), "size"),
            count(request.n_replicates, "replicate"),
            needs.n_parameters
        ),
    );
    let (epochs, batch, rate, seed) = (args.epochs, args.batch_size, args.lr, args.seed);
    line("training", format!("{epochs} epochs, batch {batch}, Adam at {rate}, seed {seed}"));
    line("backend", backend.to_owned());
    if let BackendChoice::Cuda(_) = request.backend {
        let all = bytes(training.device_bytes(dataset));
        line("device", format!("{all} of its memory for all networks side by side; in parts where that is too much"));
    }
    line("FLOPs", format!("{:.3e} floating-point operations, as dense products, evaluation included", needs.flops));
    let stages: Vec<_> = request.stages.iter().map(|stage| stage.as_str()).collect();
    line(
        "recording",
        format!(
            "{} of the first {} {split} samples after epochs {}: {} rows, {} of values",
            stages.join(" and "),
            capture.n_samples,
            join(&capture.epochs),
            needs.n_rows,
            bytes(needs.raw_bytes)
        ),
    );
    line("disk", format!("about {} for all files", bytes(needs.disk_bytes)));
    line("checkpoint", format!("at most {} of disk more while it runs", bytes(needs.checkpoint_bytes)));
    line("memory", format!("at most {}", bytes(needs.memory_bytes)));
    let files = &request.files;
    for (name, path) in
        [("writes", &files.recording), ("", &files.weights), ("", &files.history), ("", &files.manifest)]
    {
        line(name, path.display().to_string());
    }
    text
}

fn join(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// `1 network`, `2 networks`.
fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

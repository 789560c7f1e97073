//! What every report says about itself: which recording, which choices.

use super::args::{EpochChoice, Statistic, VarianceFigure};
use super::mixture::MixtureArgs;
use super::unit::{Group, Selection};
use layerscope_recorder::recording::{Recording, RecordingError, Stage};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The `recording` object: where the values come from, as far as the recording says so.
///
/// # Errors
/// When the recording carries a manifest that cannot be read.
pub fn recording(
    path: &Path,
    recording: &Recording,
    selection: &Selection,
) -> Result<Map<String, Value>, RecordingError> {
    let manifest = recording.manifest()?;
    let manifest = manifest.as_ref();
    let mut object = Map::new();
    object.insert("path".into(), path.display().to_string().into());
    object.insert("format_version".into(), manifest.map_or(Value::Null, |m| m.format_version.into()));
    object.insert("model".into(), common(selection, |group| &group.key.model));
    object.insert("dataset".into(), common(selection, |group| &group.key.dataset));
    object.insert("seed".into(), manifest.and_then(|m| m.seed).map_or(Value::Null, Value::from));
    object.insert("version".into(), manifest.map_or(Value::Null, |m| m.version.clone().into()));
    object.insert("n_units".into(), recording.units().len().into());
    Ok(object)
}

/// The value that all rows share; null when they differ or the recording does not say.
fn common(selection: &Selection, of: impl Fn(&Group) -> &str) -> Value {
    let values: BTreeSet<&str> = selection.groups.iter().map(of).collect();
    match values.first() {
        Some(value) if values.len() == 1 && !value.is_empty() => (*value).into(),
        _ => Value::Null,
    }
}

/// The `options` object: everything that the numbers depend on. Null is "no choice: all".
///
/// Threads and memory are not in it, since no number depends on them.
pub fn options(statistic: &Statistic, selection: &Selection) -> Map<String, Value> {
    let choices = statistic.choices();
    let list = |values: &[i32]| if values.is_empty() { Value::Null } else { json!(values) };
    let mut object = Map::new();
    object.insert("statistic".into(), statistic.name().into());
    object.insert("stage".into(), selection.stage.as_str().into());
    object.insert("layer".into(), choices.layer.clone().map_or(Value::Null, Value::from));
    object.insert("size".into(), list(&choices.size));
    object.insert("replicate".into(), list(&choices.replicate));
    let epoch = match choices.epoch {
        EpochChoice::Last => "last".into(),
        EpochChoice::At(epoch) => epoch.into(),
    };
    object.insert("epoch".into(), epoch);
    object.insert("pool".into(), choices.pool.into());
    if let Statistic::Variance(args) = statistic {
        object.insert("per_neuron".into(), args.per_neuron.into());
        if args.choices.plot.is_some() {
            object.insert("figure".into(), args.figure.as_str().into());
            if args.figure != VarianceFigure::Sum {
                object.insert("bandwidth".into(), args.bandwidth.as_str().into());
            }
        }
    }
    if let Statistic::Normality(args) = statistic {
        object.extend(args.options());
    }
    if let Statistic::Mixture(args) = statistic {
        mixture_options(args, &mut object);
    }
    if let Statistic::Pca(args) = statistic {
        object.insert("top".into(), args.top.map_or(Value::Null, |top| top.get().into()));
        object.insert("method".into(), args.method.as_str().into());
        if args.choices.plot.is_some() {
            object.insert("figure".into(), args.figure.as_str().into());
        }
    }
    object
}

fn mixture_options(args: &MixtureArgs, object: &mut Map<String, Value>) {
    let families: Vec<&str> = args.families.0.iter().map(|family| family.as_str()).collect();
    object.insert("families".into(), json!(families));
    object.insert("method".into(), args.method.as_str().into());
    object.insert("bootstrap".into(), args.bootstrap.into());
    object.insert("seed".into(), args.seed.into());
    object.insert("level".into(), args.level.into());
    if args.choices.plot.is_some() {
        object.insert("figure".into(), args.figure.as_str().into());
    }
}

/// The line below the title of a figure of activations: stage, layer, epoch, model, data, replicates, as far as shared.
pub fn subtitle(selection: &Selection) -> String {
    let mut parts = vec![format!("{}-activation", selection.stage)];
    parts.extend(shared(selection, |group| &group.key.layer).map(|layer| format!("layer {layer}")));
    let dataset = shared(selection, |group| &group.key.dataset);
    let split = shared(selection, |group| &group.key.split);
    let on = dataset.map(|dataset| split.map_or(dataset.clone(), |split| format!("{dataset} ({split})")));
    finish(selection, parts, shared_epoch(selection), on)
}

/// The line below the title of a figure of one unit: its size and replicate in place of the number of replicates.
pub fn unit_subtitle(stage: Stage, group: &Group) -> String {
    let one = Selection { stage, groups: vec![group.clone()], skipped: Vec::new(), warnings: Vec::new() };
    let replicate = group.replicate.map_or(String::new(), |at| format!(", replicate {at}"));
    format!("size {}{replicate} · {}", group.key.size, subtitle(&one))
}

/// The line below the title of a figure of the networks' performance: epoch, model, data, replicates.
pub fn network_subtitle(selection: &Selection, choice: EpochChoice) -> String {
    let epoch = match choice {
        EpochChoice::At(epoch) => Some(epoch),
        EpochChoice::Last => shared_epoch(selection),
    };
    finish(selection, Vec::new(), epoch, shared(selection, |group| &group.key.dataset))
}

fn finish(selection: &Selection, mut parts: Vec<String>, epoch: Option<i32>, on: Option<String>) -> String {
    parts.extend(epoch.map(|epoch| format!("epoch {epoch}")));
    match (shared(selection, |group| &group.key.model), on) {
        (Some(model), Some(on)) => parts.push(format!("{model} on {on}")),
        (one, other) => parts.extend(one.or(other)),
    }
    let most = most_replicates(selection);
    if most > 1 {
        let pooled = if selection.groups.iter().all(|group| group.replicate.is_none()) { " pooled" } else { "" };
        parts.push(format!("{most} replicates{pooled}"));
    }
    parts.join(" · ")
}

fn shared(selection: &Selection, of: impl Fn(&Group) -> &str) -> Option<String> {
    common(selection, of).as_str().map(str::to_string)
}

fn shared_epoch(selection: &Selection) -> Option<i32> {
    let epochs: BTreeSet<Option<i32>> = selection.groups.iter().map(|group| group.epoch).collect();
    if epochs.len() == 1 { epochs.into_iter().next().flatten() } else { None }
}

/// Replicates of the size that has most of them.
fn most_replicates(selection: &Selection) -> usize {
    let pooled = selection.groups.iter().map(|group| group.members.len()).max().unwrap_or(0);
    let replicates: BTreeSet<Option<i32>> = selection.groups.iter().map(|group| group.replicate).collect();
    pooled.max(replicates.len())
}

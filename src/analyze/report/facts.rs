//! Title, provenance and what holds for the whole page.

use super::args::ReportArgs;
use super::evidence::Evidence;
use super::terms::GLOSSARY;
use super::verdict::curve::counted;
use crate::analyze::provenance;
use crate::analyze::unit::{Group, Selection};
use crate::report::html::{Page, Section};
use anyhow::Result;
use layerscope_recorder::recording::{Manifest, Recording};
use serde_json::Value;
use std::collections::BTreeSet;

/// The page of the sections.
///
/// # Errors
/// When the recording carries a manifest that cannot be read.
pub fn page(args: &ReportArgs, recording: &Recording, evidence: &Evidence<'_>, sections: Vec<Section>) -> Result<Page> {
    let selection = evidence.selection;
    let known = provenance::recording(&args.recording, recording, selection)?;
    let manifest = recording.manifest()?;
    let text = |name: &str| known.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_string);
    let file =
        args.recording.file_name().map_or_else(|| "recording".into(), |name| name.to_string_lossy().into_owned());
    let mut facts = vec![("Recording".to_string(), file.clone())];
    let mut add = |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_string(), value)));
    add("Model", text("model"));
    add("Data set", text("dataset").map(|dataset| join(dataset, shared(selection, |group| group.key.split.clone()))));
    add("Layer", shared(selection, |group| group.key.layer.clone()));
    add("Sizes", Some(span(selection)));
    add("Networks", Some(networks(selection)));
    add("Epochs of training", shared(selection, |group| group.epoch.map_or(String::new(), |epoch| epoch.to_string())));
    add("Samples recorded", shared(selection, |group| group.n_samples.map_or(String::new(), |n| n.to_string())));
    add(
        "Values",
        Some(format!(
            "{} the activation function (PCA: before)",
            if selection.stage.as_str() == "pre" { "before" } else { "after" }
        )),
    );
    add("Seed", known.get("seed").and_then(Value::as_u64).map(|seed| seed.to_string()));
    add("Recorded by", manifest.as_ref().map(recorder));
    add("Page made by", Some(format!("layerscope {}", env!("CARGO_PKG_VERSION"))));
    let mut warnings: Vec<String> = recording.warnings().to_vec();
    warnings.extend(selection.warnings.iter().cloned());
    warnings.extend(selection.skipped.iter().map(|skipped| format!("skipped: {skipped}")));
    let most = replicates(selection).1;
    if most == 1 {
        warnings.push(
            "one network per size: no interval over replicates, so a difference between sizes may be the seed's".into(),
        );
    }
    Ok(Page {
        title: format!("What the neurons of {} do", text("model").unwrap_or(file)),
        introduction: introduction(manifest.is_some(), selection).into(),
        facts,
        warnings,
        sections,
        glossary: GLOSSARY.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect(),
    })
}

/// What the page is about. Of a recording made elsewhere nothing is known of networks and training.
fn introduction(ours: bool, selection: &Selection) -> &'static str {
    let several = selection.groups.iter().any(|group| group.key.size != selection.groups[0].key.size);
    match (ours, several) {
        (true, true) => {
            "Networks of one hidden layer were trained at several widths, and every neuron's activation was recorded on every \
             sample. This page says what these numbers tell about the right width of the layer."
        }
        (true, false) => {
            "Networks of one hidden layer were trained at one width, and every neuron's activation was recorded on every \
             sample. This page says what the neurons do; which width is right takes a recording of several."
        }
        (false, true) => {
            "The activations of a layer at several sizes were recorded elsewhere. This page says what these numbers tell \
             about the right size of the layer."
        }
        (false, false) => {
            "The activations of one layer were recorded elsewhere. This page says what its neurons do; which size is right \
             takes a recording of several."
        }
    }
}

fn join(dataset: String, split: Option<String>) -> String {
    split.map_or(dataset.clone(), |split| format!("{dataset} ({split})"))
}

fn recorder(manifest: &Manifest) -> String {
    let Manifest { program, version, backend, .. } = manifest;
    let backend = backend.as_ref().map_or(String::new(), |backend| format!(" on {backend}"));
    format!("{program} {version}{backend}")
}

/// What all groups share; None when they differ or it is empty.
fn shared(selection: &Selection, of: impl Fn(&Group) -> String) -> Option<String> {
    let values: BTreeSet<String> = selection.groups.iter().map(of).collect();
    values.first().filter(|value| values.len() == 1 && !value.is_empty()).cloned()
}

fn span(selection: &Selection) -> String {
    let sizes: BTreeSet<i32> = selection.groups.iter().map(|group| group.key.size).collect();
    let texts: Vec<String> = sizes.iter().map(i32::to_string).collect();
    texts.join(", ")
}

/// Fewest and most networks of a size.
fn replicates(selection: &Selection) -> (usize, usize) {
    let sizes: BTreeSet<i32> = selection.groups.iter().map(|group| group.key.size).collect();
    let of = |size: &i32| selection.groups.iter().filter(|group| group.key.size == *size).count();
    (sizes.iter().map(of).min().unwrap_or(0), sizes.iter().map(of).max().unwrap_or(0))
}

fn networks(selection: &Selection) -> String {
    let (fewest, most) = replicates(selection);
    let per_size = if fewest == most { counted(most, "replicate") } else { format!("{fewest} to {most} replicates") };
    format!("{} ({per_size} per size)", selection.groups.len())
}

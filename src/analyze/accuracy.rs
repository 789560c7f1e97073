//! `accuracy`: how well the recorded networks do their task, from the history file beside the recording.

use super::args::EpochChoice;
use super::by_size::{Measure, by_size, is_replicated};
use super::row::{Answer, key_cells};
use super::unit::{Available, Group, Selection};
use crate::figure::{Chart, Observation, accuracy as accuracy_figure};
use crate::report::{Cell, Column};
use anyhow::{Context, Result, bail};
use layerscope_recorder::recording::history::{self, HistoryRow};
use layerscope_recorder::recording::{Companions, Recording, Stage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Measures of the history file, which are also the columns, in the order of the contract.
const MEASURES: [&str; 4] = ["train_accuracy", "test_accuracy", "train_loss", "test_loss"];

/// What is averaged over replicates.
const AVERAGED: [Measure; 4] = [
    Measure::share("train_accuracy"),
    Measure::share("test_accuracy"),
    Measure::not_negative("train_loss"),
    Measure::not_negative("test_loss"),
];

/// The values of one history: (size, replicate, epoch, measure) to value, per model and dataset.
#[derive(Debug, Default)]
pub struct History {
    values: BTreeMap<(String, String, i32, i32, i32, String), f64>,
}

impl History {
    /// Reads the history of a recording: `out.history.parquet` beside `out.parquet`, or those in a folder of recordings.
    ///
    /// # Errors
    /// When there is none, when it cannot be read, or when it differs from its digest in the recording.
    pub fn of(recording: &Recording) -> Result<Self> {
        let mut history = Self::default();
        for path in files_of(recording.path())? {
            recording.check_companion(&path)?;
            let rows = history::read(&path).with_context(|| "cannot read the history")?;
            history.extend(rows);
        }
        Ok(history)
    }

    fn extend(&mut self, rows: Vec<HistoryRow>) {
        for row in rows {
            let key = (row.model, row.dataset, row.size, row.replicate, row.epoch, row.measure);
            self.values.insert(key, row.value);
        }
    }

    fn value(&self, unit: &Available, epoch: i32, measure: &str) -> Option<f64> {
        let key = &unit.key;
        let id = (key.model.clone(), key.dataset.clone(), key.size, key.replicate, epoch, measure.to_string());
        self.values.get(&id).copied()
    }

    /// The mean of a measure over the members of a group, each at its captured epoch; None when no member has a value.
    pub fn mean(&self, available: &[Available], group: &Group, measure: &str) -> Option<f64> {
        mean(available, group, None, measure, self)
    }

    /// Fails when no unit has the chosen epoch, naming the ones there are.
    ///
    /// # Errors
    /// When the epoch does not occur.
    pub fn check_epoch(&self, choice: EpochChoice) -> Result<()> {
        let EpochChoice::At(epoch) = choice else { return Ok(()) };
        let mut epochs: Vec<i32> = self.values.keys().map(|key| key.4).collect();
        epochs.sort_unstable();
        epochs.dedup();
        if !epochs.contains(&epoch) {
            let (first, last) = (epochs.first(), epochs.last());
            let has = first.zip(last).map_or("none".into(), |(first, last)| format!("{first} to {last}"));
            bail!("no epoch {epoch} in the history: it has {has}");
        }
        Ok(())
    }
}

fn files_of(recording: &Path) -> Result<Vec<PathBuf>> {
    let files = if recording.is_dir() {
        let entries = std::fs::read_dir(recording).with_context(|| format!("cannot list {}", recording.display()))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list {}", recording.display()))?.path();
            if path.to_string_lossy().ends_with(".history.parquet") {
                files.push(path);
            }
        }
        files.sort();
        files
    } else {
        Some(Companions::of(recording).history).filter(|path| path.is_file()).into_iter().collect()
    };
    if files.is_empty() {
        let expected = if recording.is_dir() { recording.join("*") } else { recording.to_path_buf() };
        bail!("no history beside the recording: expected {}", Companions::of(&expected).history.display());
    }
    Ok(files)
}

/// One row per (size, replicate), or per size when pooled: then the mean over the replicates that have a value.
///
/// Accuracy is correct / n over the whole split after the epoch; loss is the mean cross-entropy.
pub fn report(
    stage: Stage,
    available: &[Available],
    selection: &Selection,
    epoch: EpochChoice,
    history: &History,
) -> Answer {
    let mut answer = Answer::new("accuracy", MEASURES.map(Column::real));
    for row in networks(selection) {
        let (group, several_layers) = row;
        let epoch = match epoch {
            EpochChoice::At(epoch) => Some(epoch),
            EpochChoice::Last => group.epoch,
        };
        let means = MEASURES.map(|measure| mean(available, group, epoch, measure, history));
        let mut cells = key_cells(group, stage);
        for (name, cell) in &mut cells {
            match *name {
                "epoch" => *cell = epoch.into(),
                "layer" | "n_neurons" if several_layers => *cell = Cell::Null,
                _ => {}
            }
        }
        cells.extend(MEASURES.into_iter().zip(means.map(Cell::from)));
        if means.iter().any(Option::is_none) {
            let at = epoch.map_or("the captured epochs".into(), |epoch| format!("epoch {epoch}"));
            let reason = format!("the history lacks a value of this network at {at}");
            if means.iter().all(Option::is_none) {
                answer.unanswered.push(format!("{group}: {reason}"));
            }
            cells.push(("reason", reason.into()));
        }
        answer.report.push(cells);
    }
    if is_replicated(&answer.report, MEASURES[1]) {
        answer.report.findings.insert("by_size".into(), by_size(&answer.report, &AVERAGED));
    }
    let note = "Accuracy: correct / n over the whole split after the epoch; loss: mean cross-entropy over it.";
    answer.report.notes.push(note.into());
    answer
}

/// One group per network, and whether it stands for several layers.
fn networks(selection: &Selection) -> Vec<(&Group, bool)> {
    let mut networks: Vec<(&Group, bool)> = Vec::new();
    let same = |a: &Group, b: &Group| {
        let id = |g: &Group| (g.key.model.clone(), g.key.dataset.clone(), g.key.split.clone(), g.key.size, g.replicate);
        id(a) == id(b)
    };
    for group in &selection.groups {
        match networks.iter_mut().find(|(known, _)| same(known, group)) {
            Some((_, several)) => *several = true,
            None => networks.push((group, false)),
        }
    }
    networks
}

/// Mean over the members that have a value; each member at its own captured epoch when `epoch` is `None`.
fn mean(available: &[Available], group: &Group, epoch: Option<i32>, measure: &str, history: &History) -> Option<f64> {
    let values: Vec<f64> = group
        .members
        .iter()
        .map(|&at| &available[at])
        .filter_map(|unit| history.value(unit, epoch.unwrap_or(unit.key.epoch), measure))
        .filter(|value| value.is_finite())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Training and test accuracy against size.
pub fn chart(subtitle: &str, answer: &Answer) -> Chart {
    let report = &answer.report;
    let mut observations = Vec::new();
    for (measure, series) in [("train_accuracy", "training"), ("test_accuracy", "test")] {
        let Some((size_at, at)) = report.position("size").zip(report.position(measure)) else { continue };
        for row in &report.rows {
            if let (Cell::Integer(size), Cell::Real(value)) = (&row[size_at], &row[at]) {
                let size = i32::try_from(*size).unwrap_or(i32::MAX);
                observations.push(Observation { series: series.into(), size, value: *value });
            }
        }
    }
    accuracy_figure(subtitle, &observations)
}

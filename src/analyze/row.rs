//! The fields that every row has, whatever the statistic.

use super::unit::{Available, Group};
use crate::report::{Cell, Column, Report};
use layerscope_analysis::{NeuronMoments, Reason};
use layerscope_recorder::recording::Stage;
use std::ops::Range;

/// One row to come: its units and the moments of their neurons, in the order of the members.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// The units behind the row.
    pub group: &'a Group,
    /// Neurons of all members, one after the other.
    pub neurons: Vec<NeuronMoments>,
    /// Which of the neurons belong to which member.
    pub members: Vec<Range<usize>>,
}

/// The columns that come first in every report.
pub fn key_columns() -> Vec<Column> {
    vec![
        Column::text("model"),
        Column::text("dataset"),
        Column::text("split"),
        Column::text("layer"),
        Column::text("stage"),
        Column::integer("epoch"),
        Column::integer("size"),
        Column::integer("replicate"),
        Column::integer("n_neurons"),
        Column::integer("n_samples"),
    ]
}

/// The key columns, those of a statistic, and the reason.
pub fn columns(own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    key_columns().into_iter().chain(own).chain([Column::text("reason")]).collect()
}

/// The cells of the key columns.
pub fn key_cells(group: &Group, stage: Stage) -> Vec<(&'static str, Cell)> {
    vec![
        ("model", group.key.model.as_str().into()),
        ("dataset", group.key.dataset.as_str().into()),
        ("split", group.key.split.as_str().into()),
        ("layer", group.key.layer.as_str().into()),
        ("stage", stage.as_str().into()),
        ("epoch", group.epoch.into()),
        ("size", group.key.size.into()),
        ("replicate", group.replicate.into()),
        ("n_neurons", group.n_neurons.into()),
        ("n_samples", group.n_samples.into()),
    ]
}

/// A warning that names the neurons left out because they hold NaN or infinity; none when all are finite.
pub fn excluded_warning(measured: &Measured<'_>) -> Option<String> {
    const MOST: usize = 8;
    let excluded: Vec<usize> =
        measured.neurons.iter().enumerate().filter(|(_, neuron)| neuron.n_nonfinite > 0).map(|(at, _)| at).collect();
    if excluded.is_empty() {
        return None;
    }
    let named: Vec<String> = excluded.iter().take(MOST).map(usize::to_string).collect();
    let more = if excluded.len() > MOST { ", .." } else { "" };
    let (n, of) = (excluded.len(), measured.neurons.len());
    Some(format!(
        "{}: {n} of {of} neurons hold NaN or infinite values and are left out: {}{more}",
        measured.group,
        named.join(", ")
    ))
}

/// What tells the rows of a report apart beside size and replicate, such as the layer; empty when nothing does.
pub fn series_name(groups: &[&Group], group: &Group) -> String {
    let differs = |of: fn(&Group) -> &str| groups.iter().any(|other| of(other) != of(group));
    let parts: [fn(&Group) -> &str; 4] = [|g| &g.key.model, |g| &g.key.dataset, |g| &g.key.split, |g| &g.key.layer];
    let named: Vec<&str> = parts.into_iter().filter(|of| differs(*of)).map(|of| of(group)).collect();
    named.join(" · ")
}

/// A report under construction: the rows, and the units that got no value at all.
#[derive(Debug)]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// Units without a value or skipped, each with its reason: they make the exit code 1.
    pub unanswered: Vec<String>,
}

impl Answer {
    /// An empty answer for `statistic` with its own columns between the keys and the reason.
    pub fn new(statistic: &'static str, own: impl IntoIterator<Item = Column>) -> Self {
        Self { report: Report::new(statistic, columns(own)), unanswered: Vec::new() }
    }

    /// A row whose unit has no value: null and the reason, but for the own cells that are `known` all the same.
    pub fn push_without_value(&mut self, group: &Group, stage: Stage, known: &[(&'static str, Cell)], reason: &Reason) {
        let n_columns = self.report.columns.len();
        let own: Vec<&'static str> =
            self.report.columns[key_columns().len()..n_columns - 1].iter().map(|column| column.name).collect();
        let cells = key_cells(group, stage)
            .into_iter()
            .chain(own.into_iter().map(|name| (name, Cell::Null)))
            .chain(known.iter().cloned())
            .chain([("reason", reason.to_string().into())]);
        self.report.push(cells);
        self.unanswered.push(format!("{group}: {reason}"));
    }
}

/// Samples and neurons of a unit as the number of bytes of its f32 values.
pub fn value_bytes(unit: &Available) -> u64 {
    unit.n_neurons as u64 * unit.n_samples as u64 * size_of::<f32>() as u64
}

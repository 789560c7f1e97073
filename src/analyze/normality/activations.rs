//! The target `activations`: one test per neuron, over its own samples, adjusted for the number of neurons tested.

use super::super::by_size::Measure;
use super::super::columns::map_columns;
use super::super::progress::Progress;
use super::super::row::{Answer, key_cells, key_columns, value_bytes};
use super::super::unit::{Available, Group, Selection};
use super::{battery_cells, companion_columns, findings, most_normal, observations};
use crate::figure::{Chart, normality as w_figure};
use crate::report::{Cell, Column, Report};
use layerscope_analysis::multiplicity::{Adjustment, adjust};
use layerscope_analysis::normality::Battery;
use layerscope_analysis::{Reason, Weights};
use layerscope_recorder::recording::{Recording, Stage};
use serde_json::{Value, json};

/// Level at which adjusted p-values are counted as rejections.
const ALPHA: f64 = 0.05;

/// The tests of the neurons behind one row of the selection.
#[derive(Debug)]
pub struct Neurons<'a> {
    /// The units.
    pub group: &'a Group,
    /// For each member its number of samples and its neurons' tests.
    pub members: Vec<(usize, Vec<Result<Battery, Reason>>)>,
}

impl Neurons<'_> {
    fn all(&self) -> impl Iterator<Item = &Result<Battery, Reason>> {
        self.members.iter().flat_map(|(_, neurons)| neurons)
    }
}

/// Tests every neuron of every selected unit. Reads whole columns: as many neurons at a time as `memory` allows.
///
/// # Errors
/// A single column that does not fit into `memory`, or what cannot be read.
pub fn measure<'a>(
    recording: &Recording,
    available: &[Available],
    selection: &'a Selection,
    memory: usize,
) -> anyhow::Result<Vec<Neurons<'a>>> {
    let members = selection.groups.iter().flat_map(|group| &group.members);
    let progress = Progress::new(members.map(|&at| value_bytes(&available[at])).sum());
    let mut rows = Vec::with_capacity(selection.groups.len());
    for group in &selection.groups {
        let mut row = Neurons { group, members: Vec::with_capacity(group.members.len()) };
        for &at in &group.members {
            let n_samples = available[at].n_samples;
            let weights = Weights::new(n_samples);
            let test =
                |column: &mut [f32]| Battery::of_activations(column, weights.as_ref().map_err(|reason| *reason)?);
            // The column once more, as f64.
            let memory = (memory, n_samples.saturating_mul(size_of::<f64>()));
            row.members.push((n_samples, map_columns(recording, at, selection.stage, memory, &progress, test)?));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn columns() -> Vec<Column> {
    let first = [Column::integer("neuron"), Column::integer("n"), Column::real("w"), Column::real("p")];
    let then = [Column::text("p_method"), Column::real("q")];
    first.into_iter().chain(then).chain(companion_columns()).collect()
}

/// One row per neuron, and one line per unit for the findings.
#[derive(Debug)]
pub struct Tested {
    /// The rows of the neurons.
    pub answer: Answer,
    /// One row per unit: `n_tested`, `n_rejected`, `rejected_fraction`, and `w`, the mean over the neurons tested.
    pub networks: Report,
}

/// One row per neuron: tests of normality over its own samples.
///
/// `q` is p adjusted over the neurons of the row's unit (all replicates' when they are pooled) that have a p: neurons
/// that are constant or hold NaN or infinity were not tested, have a reason instead, and do not count as hypotheses.
/// Neurons are numbered within their own network; pooled rows stay in the order of the replicates.
pub fn report(stage: Stage, measured: &[Neurons<'_>], method: Adjustment) -> Tested {
    let mut answer = Answer::new("normality", columns());
    let mut networks = Report::new("normality", network_columns());
    let mut lines = Vec::with_capacity(measured.len());
    for unit in measured {
        let p: Vec<f64> = unit.all().filter_map(|tests| tests.as_ref().ok()?.shapiro_wilk.p).collect();
        let adjusted = adjust(&p, method);
        let mut q = adjusted.iter().copied();
        for (n_samples, neurons) in &unit.members {
            for (neuron, tests) in neurons.iter().enumerate() {
                let tested = tests.as_ref().ok();
                let p = tested.and_then(|tests| tests.shapiro_wilk.p);
                let mut own: Vec<(&str, Cell)> =
                    vec![("neuron", neuron.into()), ("n", (*n_samples).into()), ("q", p.and_then(|_| q.next()).into())];
                own.extend(battery_cells(tested));
                let no_p = tested.and_then(|tests| tests.shapiro_wilk.p_reason).map(|reason| format!("no p: {reason}"));
                let reason = tests.as_ref().err().map(Reason::to_string).or(no_p);
                own.extend(reason.map(|reason| ("reason", reason.into())));
                answer.report.push(key_cells(unit.group, stage).into_iter().chain(own));
            }
        }
        let network = Network::new(unit, &adjusted);
        lines.push(network.line(unit.group));
        networks.push(key_cells(unit.group, stage).into_iter().chain(network.cells()));
        if unit.all().all(Result::is_err) {
            let reason = unit.all().find_map(|tests| tests.as_ref().err()).map_or(String::new(), Reason::to_string);
            answer.unanswered.push(format!("{}: no neuron can be tested, such as the first: {reason}", unit.group));
        }
    }
    let (found, warning) = findings(&networks, "w", &[Measure::share("w"), Measure::share("rejected_fraction")]);
    answer.report.findings.insert("networks".into(), Value::Array(lines));
    answer.report.findings.extend(found);
    answer.report.warnings.extend(warning);
    answer.report.notes.extend([
        "One test per neuron over its own samples; w close to 1 is normal.".into(),
        "q: p adjusted over the unit's neurons that have a p.".into(),
        format!("networks: neurons tested, neurons with q <= {ALPHA}, mean W over the neurons tested."),
    ]);
    Tested { answer, networks }
}

fn network_columns() -> Vec<Column> {
    let own = [
        Column::integer("n_tested"),
        Column::integer("n_rejected"),
        Column::real("rejected_fraction"),
        Column::real("w"),
    ];
    key_columns().into_iter().chain(own).collect()
}

/// What the tests of a unit's neurons come to.
struct Network {
    n_tested: usize,
    n_rejected: usize,
    rejected_fraction: Option<f64>,
    mean_w: Option<f64>,
}

impl Network {
    /// `q` are the adjusted p-values of those neurons that have one.
    fn new(unit: &Neurons<'_>, q: &[f64]) -> Self {
        let ws: Vec<f64> = unit.all().filter_map(|tests| Some(tests.as_ref().ok()?.shapiro_wilk.w)).collect();
        let n_rejected = q.iter().filter(|q| **q <= ALPHA).count();
        Self {
            n_tested: ws.len(),
            n_rejected,
            rejected_fraction: (!q.is_empty()).then(|| n_rejected as f64 / q.len() as f64),
            mean_w: (!ws.is_empty()).then(|| ws.iter().sum::<f64>() / ws.len() as f64),
        }
    }

    fn cells(&self) -> [(&'static str, Cell); 4] {
        [
            ("n_tested", self.n_tested.into()),
            ("n_rejected", self.n_rejected.into()),
            ("rejected_fraction", self.rejected_fraction.into()),
            ("w", self.mean_w.into()),
        ]
    }

    fn line(&self, group: &Group) -> Value {
        json!({
            "size": group.key.size,
            "replicate": group.replicate,
            "layer": group.key.layer,
            "n_tested": self.n_tested,
            "n_rejected": self.n_rejected,
            "mean_w": self.mean_w,
        })
    }
}

/// Mean W over the neurons of a network against size.
pub fn chart(subtitle: &str, tested: &Tested) -> Chart {
    let best = most_normal(&tested.networks, "w");
    w_figure(subtitle, "mean Shapiro–Wilk W of a neuron's activations", &observations(&tested.networks, "w"), best)
}

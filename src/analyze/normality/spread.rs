//! The target `std`: one test per network, over the standard deviations of its neurons.

use super::super::row::{Answer, Measured, excluded_warning, has_several_series, key_cells, series_name};
use super::by_size::{NetworkW, by_size, most_normal, several_series_warning};
use super::{battery_cells, companion_columns};
use crate::figure::{Chart, Observation, Quantiles, normality as w_figure, qq};
use crate::report::{Cell, Column};
use layerscope_analysis::normality::Battery;
use layerscope_analysis::{Reason, SubsampleW, Weights, shapiro_wilk, standard_deviations, subsample_w};
use layerscope_recorder::recording::Stage;
use std::collections::BTreeMap;

/// W at one sample size, so that networks of different widths compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subsample {
    /// Standard deviations in a subsample, 3 or more.
    pub size: usize,
    /// Number of subsamples, 1 or more.
    pub draws: u64,
    /// Seed of the draws.
    pub seed: u64,
}

/// The tests of one row.
struct Tested {
    n: usize,
    n_dead: usize,
    n_excluded: usize,
    tests: Result<Battery, Reason>,
    w_with_dead: Option<f64>,
    subsample: Option<Result<SubsampleW, Reason>>,
}

impl Tested {
    fn new(measured: &Measured<'_>, subsample: Option<Subsample>) -> Self {
        let alive = standard_deviations(&measured.neurons, false);
        let all = standard_deviations(&measured.neurons, true);
        let mut sorted = alive.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let tests = Weights::new(alive.len()).and_then(|weights| Battery::of_sorted(&sorted, &weights));
        Self {
            n: alive.len(),
            n_dead: all.len() - alive.len(),
            n_excluded: measured.neurons.len() - all.len(),
            w_with_dead: shapiro_wilk(&all).ok().map(|test| test.w),
            subsample: subsample.map(|s| subsample_w(&alive, s.size, s.draws, s.seed)),
            tests,
        }
    }

    fn network(&self, measured: &Measured<'_>, series: String) -> NetworkW {
        NetworkW {
            series,
            size: measured.group.key.size,
            w: self.tests.as_ref().ok().map(|tests| tests.shapiro_wilk.w),
            w_subsample: self.subsample.and_then(|found| found.ok()).map(|found| found.mean),
        }
    }

    /// Why something in the row is null.
    fn reason(&self) -> Option<String> {
        match &self.tests {
            Err(reason) => Some(format!("standard deviations of the neurons that are not dead: {reason}")),
            Ok(tests) => {
                let p = tests.shapiro_wilk.p_reason.map(|reason| format!("no p: {reason}"));
                let subsample = self.subsample.and_then(Result::err).map(|reason| format!("no w_subsample: {reason}"));
                let reasons: Vec<String> = p.into_iter().chain(subsample).collect();
                (!reasons.is_empty()).then(|| reasons.join("; "))
            }
        }
    }
}

fn columns(with_subsample: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::integer("n"),
        Column::integer("n_dead"),
        Column::real("w"),
        Column::real("p"),
        Column::text("p_method"),
        Column::real("w_with_dead"),
    ];
    if with_subsample {
        columns.extend([Column::real("w_subsample"), Column::real("w_subsample_std")]);
    }
    columns.extend(companion_columns());
    columns.push(Column::integer("n_excluded").if_not_zero());
    columns
}

/// One row per unit: tests of normality over the standard deviations of the neurons that are not dead.
///
/// `w_with_dead` is W with the dead neurons' zeros included, as in the journal's stand-alone curve. `p` is null with a
/// reason beyond the sample size for which it is calibrated. With `subsample`, `w_subsample` is the mean of W over random
/// subsamples of one size. At the top level `by_size` has the mean over replicates with its interval and `most_normal`
/// the size with the largest mean, of `w_subsample` where that was asked for.
pub fn report(stage: Stage, measured: &[Measured<'_>], subsample: Option<Subsample>) -> Answer {
    let mut answer = Answer::new("normality", columns(subsample.is_some()));
    let mut networks = Vec::with_capacity(measured.len());
    for (unit, series) in measured.iter().zip(all_series(measured)) {
        let tested = Tested::new(unit, subsample);
        let mut own: Vec<(&str, Cell)> = vec![
            ("n", tested.n.into()),
            ("n_dead", tested.n_dead.into()),
            ("w_with_dead", tested.w_with_dead.into()),
            ("n_excluded", tested.n_excluded.into()),
        ];
        own.extend(battery_cells(tested.tests.as_ref().ok()));
        if let Some(found) = tested.subsample {
            let found = found.ok();
            own.push(("w_subsample", found.map(|found| found.mean).into()));
            own.push(("w_subsample_std", found.map(|found| found.std).into()));
        }
        if let Some(reason) = tested.reason() {
            if tested.tests.is_err() {
                answer.unanswered.push(format!("{}: {reason}", unit.group));
            } else if tested.subsample.is_some_and(|found| found.is_err()) {
                answer.report.warnings.push(format!("{}: {reason}", unit.group));
            }
            own.push(("reason", reason.into()));
        }
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own));
        answer.report.warnings.extend(excluded_warning(unit));
        networks.push(tested.network(unit, series));
    }
    answer.report.findings.insert("most_normal".into(), most_normal(&networks));
    answer.report.findings.insert("by_size".into(), by_size(&networks));
    answer.report.warnings.extend(several_series_warning(measured.iter().map(|unit| unit.group)));
    answer.report.notes.extend(notes(subsample));
    answer
}

fn notes(subsample: Option<Subsample>) -> Vec<String> {
    let mut notes = vec![
        "W of Shapiro-Wilk over the standard deviations of the neurons that are not dead (n of them); close to 1 is normal."
            .into(),
    ];
    notes.push(match subsample {
        Some(Subsample { size, draws, .. }) => format!(
            "w_subsample: mean of W over {draws} random subsamples of {size} of them; most_normal is the size with the largest."
        ),
        None => "most_normal: the size with the largest mean W over replicates. W at different n does not compare strictly: \
                 see --subsample."
            .into(),
    });
    notes.push("by_size: mean over replicates with Student's 95 % interval.".into());
    notes
}

/// The series of each row; empty names in a simple sweep.
fn all_series(measured: &[Measured<'_>]) -> Vec<String> {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    groups.iter().map(|group| series_name(&groups, group)).collect()
}

/// W (on subsamples where that was asked for) against size, the most normal size marked.
pub fn w_chart(subtitle: &str, measured: &[Measured<'_>], subsample: Option<Subsample>) -> Chart {
    let network = |(unit, series)| Tested::new(unit, subsample).network(unit, series);
    let networks: Vec<NetworkW> = measured.iter().zip(all_series(measured)).map(network).collect();
    w_figure(subtitle, &observations(&networks), None)
}

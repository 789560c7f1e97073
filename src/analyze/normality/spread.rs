//! The target `std`: one test per network, over the standard deviations of its neurons.

use super::super::by_size::Measure;
use super::super::row::{Answer, Measured, excluded_warning, key_cells, series_name};
use super::{battery_cells, companion_columns, findings, most_normal, observations};
use crate::figure::{Chart, Spread, normality as w_figure, qq};
use crate::report::{Cell, Column, Report};
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
        Self {
            n: alive.len(),
            n_dead: all.len() - alive.len(),
            n_excluded: measured.neurons.len() - all.len(),
            tests: Weights::new(alive.len()).and_then(|weights| Battery::of_sorted(&sorted, &weights)),
            w_with_dead: shapiro_wilk(&all).ok().map(|test| test.w),
            subsample: subsample.map(|s| subsample_w(&alive, s.size, s.draws, s.seed)),
        }
    }

    /// Why something in the row is null.
    fn reason(&self) -> Option<String> {
        let tests = match &self.tests {
            Ok(tests) => tests,
            Err(reason) => return Some(format!("standard deviations of the neurons that are not dead: {reason}")),
        };
        let p = tests.shapiro_wilk.p_reason.map(|reason| format!("no p: {reason}"));
        let subsample = self.subsample.and_then(Result::err).map(|reason| format!("no w_subsample: {reason}"));
        let reasons: Vec<String> = p.into_iter().chain(subsample).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn cells(&self) -> Vec<(&'static str, Cell)> {
        let mut cells: Vec<(&str, Cell)> = vec![
            ("n", self.n.into()),
            ("n_dead", self.n_dead.into()),
            ("w_with_dead", self.w_with_dead.into()),
            ("n_excluded", self.n_excluded.into()),
        ];
        cells.extend(battery_cells(self.tests.as_ref().ok()));
        if let Some(found) = self.subsample {
            let found = found.ok();
            cells.push(("w_subsample", found.map(|found| found.mean).into()));
            cells.push(("w_subsample_std", found.map(|found| found.std).into()));
        }
        cells
    }
}

fn columns(with_subsample: bool) -> Vec<Column> {
    let first = ["n", "n_dead"].map(Column::integer);
    let w = [Column::real("w"), Column::real("p"), Column::text("p_method"), Column::real("w_with_dead")];
    let subsample = ["w_subsample", "w_subsample_std"].map(Column::real);
    let last = [Column::integer("n_excluded").if_not_zero()];
    let subsample = subsample.into_iter().filter(|_| with_subsample);
    first.into_iter().chain(w).chain(subsample).chain(companion_columns()).chain(last).collect()
}

/// The column that sizes are compared by: W of subsamples of one size where there are any.
fn compared(report: &Report) -> &'static str {
    if report.position("w_subsample").is_some() { "w_subsample" } else { "w" }
}

/// One row per unit: tests of normality over the standard deviations of the neurons that are not dead.
///
/// `w_with_dead` is W with the dead neurons' zeros included, as in the journal's stand-alone curve. `p` is null with a
/// reason beyond the sample size for which it is calibrated. With `subsample`, `w_subsample` is the mean of W over
/// random subsamples of one size. At the top level `by_size` has means over replicates with their intervals, and
/// `most_normal` the size with the largest mean W, of `w_subsample` where that was asked for.
pub fn report(stage: Stage, measured: &[Measured<'_>], subsample: Option<Subsample>) -> Answer {
    let mut answer = Answer::new("normality", columns(subsample.is_some()));
    for unit in measured {
        let tested = Tested::new(unit, subsample);
        let mut own = tested.cells();
        if let Some(reason) = tested.reason() {
            let line = format!("{}: {reason}", unit.group);
            match tested.tests {
                Err(_) => answer.unanswered.push(line),
                Ok(_) if tested.subsample.is_some_and(|found| found.is_err()) => answer.report.warnings.push(line),
                Ok(_) => {}
            }
            own.push(("reason", reason.into()));
        }
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own));
        answer.report.warnings.extend(excluded_warning(unit));
    }
    let mut averaged = vec![Measure::share("w"), Measure::share("w_with_dead")];
    averaged.extend(subsample.map(|_| Measure::share("w_subsample")));
    let (found, warning) = findings(&answer.report, compared(&answer.report), &averaged);
    answer.report.findings.extend(found);
    answer.report.warnings.extend(warning);
    answer.report.notes.extend(notes(subsample));
    answer
}

fn notes(subsample: Option<Subsample>) -> [String; 2] {
    let first = "W of Shapiro-Wilk over the standard deviations of the neurons that are not dead (n of them); close to 1 is normal.";
    let second = match subsample {
        Some(Subsample { size, draws, .. }) => format!(
            "w_subsample: mean of W over {draws} random subsamples of {size} of them; most_normal: the size with the largest mean of it."
        ),
        None => {
            "most_normal: the size with the largest W, the mean over replicates. W at different n does not compare \
                 strictly (--subsample)."
                .into()
        }
    };
    [first.into(), second]
}

/// W (of subsamples where that was asked for) of the report's rows against size, the most normal size marked.
pub fn w_chart(subtitle: &str, report: &Report) -> Chart {
    let column = compared(report);
    let label = match column {
        "w" => "Shapiro–Wilk W of the neurons' standard deviations",
        _ => "mean Shapiro–Wilk W of subsamples",
    };
    w_figure(subtitle, label, &observations(report, column), most_normal(report, column))
}

/// The standardised standard deviations against normal quantiles, one series of points per size with its replicates
/// together, dead neurons left out.
pub fn qq_chart(subtitle: &str, measured: &[Measured<'_>]) -> Chart {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let mut by_size: BTreeMap<(i32, String), Vec<f64>> = BTreeMap::new();
    for unit in measured {
        let key = (unit.group.key.size, series_name(&groups, unit.group));
        by_size.entry(key).or_default().extend(standard_deviations(&unit.neurons, false));
    }
    let spreads: Vec<Spread> =
        by_size.into_iter().map(|((size, series), stds)| Spread { series, size, stds }).collect();
    qq(subtitle, &spreads)
}

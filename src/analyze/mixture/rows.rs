//! The rows: one per unit and family.

use super::args::MixtureArgs;
use super::fits::{Fitted, UnitFits};
use crate::analyze::by_size::{Measure, by_size, is_replicated};
use crate::analyze::row::{Answer, key_cells};
use crate::report::{Cell, Column};
use layerscope_analysis::Reason;
use layerscope_analysis::inference::{Estimates, Inference};
use layerscope_analysis::mixture::{Family, Fit, Status};
use layerscope_recorder::recording::Stage;
use serde_json::Value;

/// A parameter and its columns: value, standard error, interval. The weight has columns of its own.
struct ParameterColumns {
    name: &'static str,
    value: &'static str,
    std_error: &'static str,
    interval: &'static str,
}

/// The columns of one parameter, whose name is spelled once.
macro_rules! parameter {
    ($name:literal) => {
        ParameterColumns {
            name: $name,
            value: concat!("parameters.", $name),
            std_error: concat!("std_errors.", $name),
            interval: concat!("intervals.", $name),
        }
    };
}

const PARAMETERS: [ParameterColumns; 10] = [
    parameter!("exp_mean"),
    parameter!("mu"),
    parameter!("sigma"),
    parameter!("shape1"),
    parameter!("scale1"),
    parameter!("shape2"),
    parameter!("scale2"),
    parameter!("mean"),
    parameter!("shape"),
    parameter!("scale"),
];

/// What is averaged over replicates.
const AVERAGED: [Measure; 2] =
    [Measure::share("weight"), Measure { column: "delta_bic", low: f64::NEG_INFINITY, high: f64::INFINITY }];

fn columns() -> Vec<Column> {
    let first = [
        Column::text("family"),
        Column::integer("n"),
        Column::integer("n_zero"),
        Column::real("weight"),
        Column::reals("weight_interval"),
        Column::real("weight_std_error").as_detail(),
    ];
    let values = PARAMETERS.iter().map(|columns| Column::real(columns.value).headed(columns.name));
    let std_errors = PARAMETERS.iter().map(|columns| Column::real(columns.std_error).as_detail());
    let intervals = PARAMETERS.iter().map(|columns| Column::reals(columns.interval).as_detail());
    let last = [
        Column::real("log_likelihood").as_detail(),
        Column::integer("iterations").as_detail(),
        Column::boolean("converged").as_detail(),
        Column::text("status"),
        Column::text("floors"),
        Column::real("aic").as_detail(),
        Column::real("bic").as_detail(),
        Column::real("icl").as_detail(),
        Column::real("delta_bic"),
        Column::real("ks"),
        Column::real("ks_p"),
        Column::real("anderson_darling").headed("A2"),
        Column::real("anderson_darling_p").headed("A2_p"),
        Column::real("lrt"),
        Column::real("lrt_p"),
        Column::integer("n_bootstrap").as_detail(),
        Column::integer("n_bootstrap_failed").if_not_zero(),
        Column::integer("n_excluded").if_not_zero(),
    ];
    first.into_iter().chain(values).chain(std_errors).chain(intervals).chain(last).collect()
}

/// One row per unit and family: the fit, how it compares with one component, how well it fits, how far it is known.
///
/// Over replicates, when they are not pooled, the finding `by_size` has the mean weight of each family and size with
/// Student's interval.
pub fn report(stage: Stage, units: &[UnitFits<'_>], args: &MixtureArgs) -> Answer {
    let mut answer = Answer::new("mixture", columns());
    for unit in units {
        unit.families.iter().for_each(|fitted| push(&mut answer, stage, unit, fitted));
        answer.report.warnings.extend(unit.excluded.clone());
        answer.report.warnings.extend(troubles(unit));
    }
    if is_replicated(&answer.report, "weight") {
        // Families of one component have no weight, and nothing to average.
        let weighted = |found: &Value| found["weight"]["n_replicates"] != 0;
        let found = by_size(&answer.report, &AVERAGED);
        let found: Vec<Value> =
            found.as_array().into_iter().flatten().filter(|found| weighted(found)).cloned().collect();
        answer.report.findings.insert("by_size".into(), found.into());
    }
    answer.report.notes.extend(notes(args));
    answer
}

fn push(answer: &mut Answer, stage: Stage, unit: &UnitFits<'_>, fitted: &Fitted) {
    let known: [(&str, Cell); 3] = [
        ("family", fitted.family.as_str().into()),
        ("n_zero", unit.n_zero.into()),
        ("n_excluded", unit.n_excluded.into()),
    ];
    let found = match &fitted.found {
        Ok(found) => found,
        Err(reason) => {
            let own = known.into_iter().chain([("n", unit.sample.len().into())]).chain(without_fit(fitted.family));
            let cells = key_cells(unit.group, stage).into_iter().chain(own);
            answer.report.push(cells.chain([("reason", reason.to_string().into())]));
            answer.unanswered.push(format!("{}: {}: {reason}", unit.group, fitted.family.as_str()));
            return;
        }
    };
    let delta_bic = unit.one_component_bic.map(|one| found.fit.bic - one);
    let reason = reasons(&found.inference);
    let cells = key_cells(unit.group, stage).into_iter().chain(known).chain(fit_cells(&found.fit));
    let cells = cells.chain([("delta_bic", delta_bic.into())]).chain(worth_cells(&found.inference));
    answer.report.push(cells.chain((!reason.is_empty()).then(|| ("reason", reason.into()))));
}

/// The fields that every fit has, without their values.
fn without_fit(family: Family) -> Vec<(&'static str, Cell)> {
    let weight = family.is_mixture().then_some("weight");
    let rest = ["log_likelihood", "iterations", "converged", "status", "aic", "bic", "icl", "delta_bic", "ks"];
    weight.into_iter().chain(rest).map(|name| (name, Cell::Null)).collect()
}

fn fit_cells(fit: &Fit) -> Vec<(&'static str, Cell)> {
    let mut cells = vec![
        ("n", fit.n.into()),
        ("log_likelihood", fit.log_likelihood.into()),
        ("iterations", fit.iterations.into()),
        ("converged", fit.converged.into()),
        ("status", fit.status.as_str().into()),
        ("aic", fit.aic.into()),
        ("bic", fit.bic.into()),
        ("icl", fit.icl.into()),
        ("floors", floors(fit)),
    ];
    for (name, value) in fit.parameters.named() {
        cells.push((column_of(name, |columns| columns.value, "weight"), value.into()));
    }
    cells
}

/// The floors that the fit rests on, by name; absent when it rests on none.
fn floors(fit: &Fit) -> Cell {
    let names: Vec<&str> = fit.floors.iter().map(|floor| floor.as_str()).collect();
    if names.is_empty() { Cell::Absent } else { names.join(", ").into() }
}

fn worth_cells(inference: &Inference) -> Vec<(&'static str, Cell)> {
    let distances = inference.distances.as_ref().ok();
    let mut cells = vec![
        ("ks", distances.map(|found| found.kolmogorov_smirnov).into()),
        ("anderson_darling", distances.map(|found| found.anderson_darling).into()),
    ];
    if let Some(test) = &inference.goodness_of_fit {
        let test = test.as_ref().ok();
        cells.push(("ks_p", test.map(|found| found.kolmogorov_smirnov_p).into()));
        cells.push(("anderson_darling_p", test.map(|found| found.anderson_darling_p).into()));
    }
    if let Some(test) = &inference.components {
        let test = test.as_ref().ok();
        cells.push(("lrt", test.map(|found| found.statistic).into()));
        cells.push(("lrt_p", test.map(|found| found.p).into()));
    }
    if let Some(estimates) = &inference.estimates {
        cells.extend(estimate_cells(estimates));
    }
    cells
}

fn estimate_cells(estimates: &Estimates) -> Vec<(&'static str, Cell)> {
    let mut cells =
        vec![("n_bootstrap", estimates.n_replicates.into()), ("n_bootstrap_failed", estimates.n_failed.into())];
    for estimate in &estimates.parameters {
        let interval = estimate.interval.ok().map(|found| vec![found.low, found.high]);
        let std_error = column_of(estimate.name, |columns| columns.std_error, "weight_std_error");
        cells.push((std_error, estimate.std_error.ok().into()));
        cells.push((column_of(estimate.name, |columns| columns.interval, "weight_interval"), interval.into()));
    }
    cells
}

/// The column of a parameter, that of the weight given apart.
fn column_of(name: &str, of: impl Fn(&ParameterColumns) -> &'static str, weight: &'static str) -> &'static str {
    PARAMETERS.iter().find(|columns| columns.name == name).map_or(weight, of)
}

/// Why numbers of a row are null although there is a fit; empty when none is.
fn reasons(inference: &Inference) -> String {
    let mut reasons = Vec::new();
    let mut add =
        |what: &str, failure: Option<Reason>| reasons.extend(failure.map(|reason| format!("no {what}: {reason}")));
    add("distances", inference.distances.err());
    if inference.distances.is_ok() {
        add("p of the distances", inference.goodness_of_fit.and_then(Result::err));
    }
    add("test of components", inference.components.and_then(Result::err));
    let estimates = inference.estimates.iter().flat_map(|estimates| &estimates.parameters);
    add("intervals", estimates.filter_map(|estimate| estimate.interval.err()).next());
    reasons.join("; ")
}

/// What to know before trusting the fits of a unit: one line for each kind of trouble.
fn troubles(unit: &UnitFits<'_>) -> Vec<String> {
    let of = |words: &str, has: &dyn Fn(&Fit) -> bool| {
        let found = unit.families.iter().filter(|fitted| fitted.found.as_ref().is_ok_and(|found| has(&found.fit)));
        let names: Vec<&str> = found.map(|fitted| fitted.family.as_str()).collect();
        (!names.is_empty()).then(|| format!("{}: {words}: {}", unit.group, names.join(", ")))
    };
    let kinds = [
        of("two components are not told apart (not_identified)", &|fit| fit.status == Status::NotIdentified),
        of("the fit rests on a floor or on fewer than three neurons (degenerate)", &|fit| {
            fit.status == Status::Degenerate
        }),
        of("stopped at the limit of rounds, not converged", &|fit| !fit.converged),
    ];
    kinds.into_iter().flatten().collect()
}

fn notes(args: &MixtureArgs) -> Vec<String> {
    let mut notes = vec![
        "weight: share of component 1, the one with the smaller mean, among the n neurons that are not dead (n_zero are).".into(),
        "delta_bic: BIC less the smallest BIC of a family of one component; negative speaks for two.".into(),
    ];
    if args.bootstrap > 0 {
        let (n, level) = (args.bootstrap, 100.0 * args.level);
        notes.extend([
            format!("weight_interval: {level} % bootstrap interval. ks_p, A2_p: small values reject the family. lrt_p: small"),
            format!("values speak for two components against one. {n} replicates each. More fields in the other formats."),
        ]);
    }
    notes
}

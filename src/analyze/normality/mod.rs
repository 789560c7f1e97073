//! `normality`: whether the neurons' standard deviations, or each neuron's activations, are normally distributed, and
//! at which size most.
//!
//! `args.rs` is what was typed; [`spread`](mod@spread) tests the standard deviations of a network's neurons,
//! [`activations`](mod@activations) every neuron's own samples.

pub mod activations;
mod args;
pub mod spread;

pub use args::{Adjust, NormalityArgs, NormalityFigure, Target};
pub use spread::{Subsample, qq_chart, report, w_chart};

use super::by_size::{Measure, by_size, is_replicated, replicates};
use crate::figure::Observation;
use crate::report::{Cell, Column, Report};
use layerscope_analysis::most_normal as largest_w;
use layerscope_analysis::normality::Battery;
use serde_json::{Value, json};

/// The columns of the tests beside Shapiro-Wilk.
fn companion_columns() -> [Column; 6] {
    [
        Column::real("anderson_darling"),
        Column::real("anderson_darling_p"),
        Column::real("jarque_bera"),
        Column::real("jarque_bera_p"),
        Column::real("dagostino"),
        Column::real("dagostino_p"),
    ]
}

/// W, its p, and the companions; null where there is none.
fn battery_cells(tests: Option<&Battery>) -> [(&'static str, Cell); 9] {
    let w = tests.map(|tests| tests.shapiro_wilk);
    let anderson_darling = tests.map(|tests| tests.anderson_darling);
    let jarque_bera = tests.map(|tests| tests.jarque_bera);
    let dagostino = tests.and_then(|tests| tests.dagostino);
    [
        ("w", w.map(|w| w.w).into()),
        ("p", w.and_then(|w| w.p).into()),
        ("p_method", w.and_then(|w| w.p.map(|_| w.p_method.as_str())).into()),
        ("anderson_darling", anderson_darling.map(|test| test.statistic).into()),
        ("anderson_darling_p", anderson_darling.and_then(|test| test.p).into()),
        ("jarque_bera", jarque_bera.map(|test| test.statistic).into()),
        ("jarque_bera_p", jarque_bera.map(|test| test.p).into()),
        ("dagostino", dagostino.map(|test| test.statistic).into()),
        ("dagostino_p", dagostino.map(|test| test.p).into()),
    ]
}

/// The size with the largest mean of `column` over the rows that have a value, and that mean.
///
/// None when the rows are of several layers: a mean over different layers would be a number without a meaning.
fn most_normal(report: &Report, column: &str) -> Option<(i32, f64)> {
    let found = replicates(report, column);
    if has_several_series(report, column) {
        return None;
    }
    largest_w(found.iter().filter_map(|found| Some((found.size, found.mean()?))))
}

fn has_several_series(report: &Report, column: &str) -> bool {
    replicates(report, column).windows(2).any(|pair| pair[0].series != pair[1].series)
}

/// The findings `most_normal` and, over replicates, `by_size` from the rows of `networks`, and what is to be warned of.
///
/// `compared` is the column of the W that sizes are compared by.
fn findings(networks: &Report, compared: &str, averaged: &[Measure]) -> (Vec<(String, Value)>, Option<String>) {
    let best = most_normal(networks, compared).map_or(Value::Null, |(size, w)| json!({"size": size, "w": w}));
    let mut found = vec![("most_normal".to_string(), best)];
    if is_replicated(networks, "w") {
        found.push(("by_size".to_string(), by_size(networks, averaged)));
    }
    let warning = has_several_series(networks, compared).then(|| {
        "most_normal is null: it compares sizes within one model, dataset, split and layer (choose --layer)".into()
    });
    (found, warning)
}

/// `column` of the rows of `networks` as points of a figure.
fn observations(networks: &Report, column: &str) -> Vec<Observation> {
    let found = replicates(networks, column);
    let differs = |which: usize| found.iter().any(|other| other.series[which] != found[0].series[which]);
    let differing: Vec<usize> = (0..4).filter(|which| differs(*which)).collect();
    let points = found.iter().flat_map(|found| {
        let names: Vec<&str> = differing.iter().map(|which| found.series[*which].as_str()).collect();
        let series = names.join(" · ");
        found.values.iter().map(move |value| Observation { series: series.clone(), size: found.size, value: *value })
    });
    points.collect()
}

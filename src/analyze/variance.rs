//! `variance`: how much the neurons vary over the samples, per unit or per neuron.

use super::by_size::{Measure, by_size, is_replicated};
use super::row::{Answer, Measured, excluded_warning, key_cells, series_name};
use crate::figure::{Chart, Observation, Spread, density, histogram, sum_std};
use crate::report::{Cell, Column};
use layerscope_analysis::{Bandwidth, NeuronMoments, layer_spread, standard_deviations};
use layerscope_recorder::recording::Stage;
use std::collections::BTreeMap;

/// Columns of the quantiles and their headings, in the order of `layerscope_analysis::STD_QUANTILES`.
const QUANTILES: [(&str, &str); 5] = [
    ("std_quantiles.0.05", "std_5%"),
    ("std_quantiles.0.25", "std_25%"),
    ("std_quantiles.0.5", "std_50%"),
    ("std_quantiles.0.75", "std_75%"),
    ("std_quantiles.0.95", "std_95%"),
];

/// What is averaged over replicates.
const AVERAGED: [Measure; 3] =
    [Measure::not_negative("sum_variance"), Measure::not_negative("sum_std"), Measure::not_negative("mean_std")];

fn columns() -> Vec<Column> {
    let own = [
        Column::integer("n_dead"),
        Column::real("sum_variance"),
        Column::real("mean_variance"),
        Column::real("sum_std"),
        Column::real("mean_std"),
    ];
    let quantiles = QUANTILES.map(|(name, heading)| Column::real(name).headed(heading));
    own.into_iter().chain(quantiles).chain([Column::integer("n_excluded").if_not_zero()]).collect()
}

/// One row per unit: the neurons' variances and standard deviations summed, averaged and as quantiles.
///
/// Variance and standard deviation of a neuron divide by the number of samples; means and quantiles are over the
/// neurons, dead ones included, those with NaN or infinity (`n_excluded`) left out.
pub fn report(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("variance", columns());
    for unit in measured {
        let spread = match layer_spread(&unit.neurons) {
            Ok(spread) => spread,
            Err(reason) => {
                let known = [("n_excluded", unit.neurons.len().into())];
                answer.push_without_value(unit.group, stage, &known, &reason);
                continue;
            }
        };
        let quantiles = QUANTILES.into_iter().zip(spread.std_quantiles).map(|((name, _), (_, std))| (name, std.into()));
        let own: [(&str, Cell); 6] = [
            ("n_dead", spread.n_dead.into()),
            ("sum_variance", spread.sum_variance.into()),
            ("mean_variance", spread.mean_variance.into()),
            ("sum_std", spread.sum_std.into()),
            ("mean_std", spread.mean_std.into()),
            ("n_excluded", spread.n_excluded.into()),
        ];
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own).chain(quantiles));
        answer.report.warnings.extend(excluded_warning(unit));
    }
    if is_replicated(&answer.report, "sum_std") {
        let over_replicates = by_size(&answer.report, &AVERAGED);
        answer.report.findings.insert("by_size".into(), over_replicates);
    }
    answer
        .report
        .notes
        .push("Variance and std of a neuron over the samples, divided by their number; sums, means and".into());
    answer.report.notes.push("quantiles over the neurons, dead ones (constant over all samples) included.".into());
    answer
}

/// One row per neuron. A neuron with NaN or infinity has `n_nonfinite` and a reason in place of numbers.
pub fn report_per_neuron(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("variance", per_neuron_columns());
    for unit in measured {
        // Neurons are numbered within their own network; pooled rows stay in the order of the replicates.
        for member in &unit.members {
            for (neuron, moments) in unit.neurons[member.clone()].iter().enumerate() {
                let keys = key_cells(unit.group, stage).into_iter().chain([("neuron", neuron.into())]);
                answer.report.push(keys.chain(neuron_cells(moments)));
            }
        }
        answer.report.warnings.extend(excluded_warning(unit));
        if unit.neurons.iter().all(|neuron| neuron.reason().is_some()) {
            answer.unanswered.push(format!("{}: no neuron has finite values only", unit.group));
        }
    }
    answer
        .report
        .notes
        .push("Over the samples of each neuron; variance and std divide by their number, skewness and".into());
    answer
        .report
        .notes
        .push("excess kurtosis are moments without correction; active_fraction: share of values > 0.".into());
    answer
}

pub(super) fn per_neuron_columns() -> [Column; 10] {
    [
        Column::integer("neuron"),
        Column::real("mean"),
        Column::real("variance"),
        Column::real("std"),
        Column::real("skewness"),
        Column::real("excess_kurtosis"),
        Column::real("min"),
        Column::real("max"),
        Column::real("active_fraction"),
        Column::integer("n_nonfinite"),
    ]
}

pub(super) fn neuron_cells(moments: &NeuronMoments) -> Vec<(&'static str, Cell)> {
    let reason = moments.reason();
    let number = |value: f64| if reason.is_some() { Cell::Null } else { Cell::from(value) };
    let shape = |value: Option<f64>| if reason.is_some() { Cell::Null } else { Cell::from(value) };
    let mut cells = vec![
        ("mean", number(moments.mean)),
        ("variance", number(moments.variance)),
        ("std", number(moments.std)),
        ("skewness", shape(moments.skewness)),
        ("excess_kurtosis", shape(moments.excess_kurtosis)),
        ("min", number(moments.min.into())),
        ("max", number(moments.max.into())),
        ("active_fraction", number(moments.active_fraction)),
        ("n_nonfinite", moments.n_nonfinite.into()),
    ];
    if let Some(reason) = reason {
        cells.push(("reason", reason.to_string().into()));
    } else if moments.skewness.is_none() {
        cells.push(("reason", format!("all {} values are equal: no skewness or kurtosis", moments.n).into()));
    }
    cells
}

/// The density of the standard deviations, one curve per size with its replicates together.
pub fn density_chart(subtitle: &str, measured: &[Measured<'_>], bandwidth: Bandwidth) -> Chart {
    density(subtitle, &spreads(measured), bandwidth)
}

/// Histogram and density of the standard deviations of a few sizes, each with its replicates together.
pub fn histogram_chart(subtitle: &str, measured: &[Measured<'_>], bandwidth: Bandwidth) -> Chart {
    histogram(subtitle, &spreads(measured), bandwidth)
}

fn spreads(measured: &[Measured<'_>]) -> Vec<Spread> {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let mut by_size: BTreeMap<(i32, String), Vec<f64>> = BTreeMap::new();
    for unit in measured {
        let key = (unit.group.key.size, series_name(&groups, unit.group));
        by_size.entry(key).or_default().extend(standard_deviations(&unit.neurons, true));
    }
    by_size.into_iter().map(|((size, series), stds)| Spread { series, size, stds }).collect()
}

/// The sum of the standard deviations against size.
pub fn sum_chart(subtitle: &str, measured: &[Measured<'_>], pooled: bool) -> Chart {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let observations: Vec<Observation> = measured
        .iter()
        .filter_map(|unit| {
            let value = layer_spread(&unit.neurons).ok()?.sum_std;
            Some(Observation { series: series_name(&groups, unit.group), size: unit.group.key.size, value })
        })
        .collect();
    sum_std(subtitle, &observations, pooled)
}

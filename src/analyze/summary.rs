//! `summary`: all values of a unit taken together.

use super::row::{Answer, Measured, key_cells, series_name};
use crate::figure::{Chart, Observation, zeros};
use crate::report::{Cell, Column};
use layerscope_analysis::summary;
use layerscope_recorder::recording::Stage;

fn columns() -> [Column; 7] {
    [
        Column::integer("n_nonfinite"),
        Column::integer("bytes"),
        Column::real("mean"),
        Column::real("std"),
        Column::real("min"),
        Column::real("max"),
        Column::real("zero_fraction"),
    ]
}

/// One row per unit: mean, standard deviation (divisor: number of values), range and share of zeros of all its values.
///
/// NaN and infinity are counted in `n_nonfinite`; the other numbers are over the finite values. `bytes` is the size of
/// the values as f32.
pub fn report(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("summary", columns());
    for unit in measured {
        let n_values: u64 = unit.neurons.iter().map(|neuron| neuron.n + neuron.n_nonfinite).sum();
        let bytes = Cell::from(n_values * size_of::<f32>() as u64);
        let summary = match summary(&unit.neurons) {
            Ok(summary) => summary,
            Err(reason) => {
                let n_nonfinite: u64 = unit.neurons.iter().map(|neuron| neuron.n_nonfinite).sum();
                let known = [("n_nonfinite", n_nonfinite.into()), ("bytes", bytes)];
                answer.push_without_value(unit.group, stage, &known, &reason);
                continue;
            }
        };
        let own: [(&str, Cell); 7] = [
            ("n_nonfinite", summary.n_nonfinite.into()),
            ("bytes", bytes),
            ("mean", summary.mean.into()),
            ("std", summary.std.into()),
            ("min", summary.min.into()),
            ("max", summary.max.into()),
            ("zero_fraction", summary.zero_fraction.into()),
        ];
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own));
        if summary.n_nonfinite > 0 {
            let warning = format!("{}: {} of {n_values} values are NaN or infinite", unit.group, summary.n_nonfinite);
            answer.report.warnings.push(warning);
        }
    }
    answer.report.notes.push("Over all values of a unit (samples x neurons); std divides by their number.".into());
    answer
}

/// The share of zeros against size.
pub fn chart(subtitle: &str, measured: &[Measured<'_>]) -> Chart {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let observations: Vec<Observation> = measured
        .iter()
        .filter_map(|unit| {
            let value = summary(&unit.neurons).ok()?.zero_fraction;
            Some(Observation { series: series_name(&groups, unit.group), size: unit.group.key.size, value })
        })
        .collect();
    zeros(subtitle, &observations)
}

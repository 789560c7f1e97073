//! `normality`: whether the neurons' standard deviations are normally distributed, and at which size most.

use super::row::{Answer, Measured, excluded_warning, key_cells, series_name};
use crate::figure::{Chart, Observation, normality as normality_figure};
use crate::report::{Cell, Column};
use layerscope_analysis::{most_normal as largest_w, shapiro_wilk, standard_deviations};
use layerscope_recorder::recording::Stage;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn columns() -> [Column; 7] {
    [
        Column::integer("n"),
        Column::integer("n_dead"),
        Column::real("w"),
        Column::real("p"),
        Column::text("p_method"),
        Column::real("w_with_dead"),
        Column::integer("n_excluded").if_not_zero(),
    ]
}

/// One row per unit: Shapiro-Wilk over the standard deviations of the neurons that are not dead.
///
/// `w_with_dead` is W with the dead neurons' zeros included, as in the journal's stand-alone curve. `p` is null with a
/// reason beyond the sample size for which it is calibrated. The top-level `most_normal` is the size with the largest W,
/// of several replicates the largest mean W over the replicates that have one.
pub fn report(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("normality", columns());
    for unit in measured {
        let alive = standard_deviations(&unit.neurons, false);
        let all = standard_deviations(&unit.neurons, true);
        let test = shapiro_wilk(&alive);
        let with_dead = if alive.len() == all.len() { test } else { shapiro_wilk(&all) };
        let mut own: Vec<(&str, Cell)> = vec![
            ("n", alive.len().into()),
            ("n_dead", (all.len() - alive.len()).into()),
            ("w", test.as_ref().ok().map(|t| t.w).into()),
            ("p", test.as_ref().ok().and_then(|t| t.p).into()),
            ("p_method", test.as_ref().ok().and_then(|t| t.p.map(|_| t.p_method.as_str())).into()),
            ("w_with_dead", with_dead.ok().map(|t| t.w).into()),
            ("n_excluded", (unit.neurons.len() - all.len()).into()),
        ];
        match test {
            Err(reason) => {
                let reason = format!("standard deviations of the neurons that are not dead: {reason}");
                answer.unanswered.push(format!("{}: {reason}", unit.group));
                own.push(("reason", reason.into()));
            }
            Ok(test) => own.extend(test.p_reason.map(|reason| ("reason", format!("no p: {reason}").into()))),
        }
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own));
        answer.report.warnings.extend(excluded_warning(unit));
    }
    let best = most_normal(measured);
    let best = best.map_or(Value::Null, |(size, w)| json!({"size": size, "w": w}));
    answer.report.findings.insert("most_normal".into(), best);
    if has_several_series(measured) {
        let warning =
            "most_normal is null: it compares sizes within one model, dataset, split and layer (choose --layer)";
        answer.report.warnings.push(warning.into());
    }
    answer.report.notes.extend([
        "W of Shapiro-Wilk over the standard deviations of the neurons that are not dead (n of them); close to 1 is normal.".into(),
        "most_normal: the size with the largest W, the mean over replicates. W at different n does not compare strictly.".into(),
    ]);
    answer
}

fn has_several_series(measured: &[Measured<'_>]) -> bool {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    groups.first().is_some_and(|first| !series_name(&groups, first).is_empty())
}

/// The size with the largest mean W over its rows, and that W; rows without a W are left out.
///
/// None when the rows are of several layers: a mean over different layers would be a number without a meaning.
fn most_normal(measured: &[Measured<'_>]) -> Option<(i32, f64)> {
    if has_several_series(measured) {
        return None;
    }
    let mut by_size: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for unit in measured {
        if let Ok(test) = shapiro_wilk(&standard_deviations(&unit.neurons, false)) {
            by_size.entry(unit.group.key.size).or_default().push(test.w);
        }
    }
    largest_w(by_size.into_iter().map(|(size, ws)| (size, ws.iter().sum::<f64>() / ws.len() as f64)))
}

/// W against size, the most normal size marked.
pub fn chart(subtitle: &str, measured: &[Measured<'_>]) -> Chart {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let observations: Vec<Observation> = measured
        .iter()
        .filter_map(|unit| {
            let value = shapiro_wilk(&standard_deviations(&unit.neurons, false)).ok()?.w;
            Some(Observation { series: series_name(&groups, unit.group), size: unit.group.key.size, value })
        })
        .collect();
    normality_figure(subtitle, &observations, most_normal(measured))
}

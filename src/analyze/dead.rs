//! `dead`: neurons that never change, never fire, or hardly fire beside their layer.

use super::by_size::{Measure, by_size, is_replicated};
use super::row::{Answer, Measured, excluded_warning, key_cells, series_name};
use crate::figure::{Chart, Observation, dead as dead_figure};
use crate::report::{Cell, Column};
use layerscope_analysis::interval::clopper_pearson;
use layerscope_analysis::{Dead, LEVEL, Reason, dead};
use layerscope_recorder::recording::Stage;

/// Columns of the dormant counts, in the order of `layerscope_analysis::DORMANT_TAUS`.
const DORMANT: [&str; 3] = ["dormant.0", "dormant.0.025", "dormant.0.1"];

/// What is averaged over replicates.
const AVERAGED: [Measure; 3] =
    [Measure::not_negative("n_dead"), Measure::not_negative("n_never_active"), Measure::share("dead_fraction")];

fn columns() -> Vec<Column> {
    let first = [Column::integer("n_dead"), Column::integer("n_never_active")];
    let last = [
        Column::real("firing_rate_upper"),
        Column::real("dead_fraction"),
        Column::reals("dead_fraction_interval").headed("interval"),
        Column::integer("n_excluded").if_not_zero(),
    ];
    first.into_iter().chain(DORMANT.map(Column::integer)).chain(last).collect()
}

/// One row per unit: the counts by each definition, and how far the samples allow to know them.
///
/// Dormancy compares a neuron with the mean of its own layer, also when replicates are pooled: counts are then summed
/// over the replicates and the interval is that of the sum.
pub fn report(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("dead", columns());
    for unit in measured {
        let found = match of_group(unit) {
            Ok(found) => found,
            Err(reason) => {
                let known = [("n_excluded", unit.neurons.len().into())];
                answer.push_without_value(unit.group, stage, &known, &reason);
                continue;
            }
        };
        let interval = found.dead_fraction_interval;
        let own: [(&str, Cell); 6] = [
            ("n_dead", found.n_dead.into()),
            ("n_never_active", found.n_never_active.into()),
            ("firing_rate_upper", found.firing_rate_upper.into()),
            ("dead_fraction", found.dead_fraction.into()),
            ("dead_fraction_interval", vec![interval.low, interval.high].into()),
            ("n_excluded", found.n_excluded.into()),
        ];
        let dormant = DORMANT.into_iter().zip(found.dormant.map(|(_, count)| Cell::from(count)));
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(own).chain(dormant));
        answer.report.warnings.extend(excluded_warning(unit));
    }
    if is_replicated(&answer.report, "n_dead") {
        let over_replicates = by_size(&answer.report, &AVERAGED);
        answer.report.findings.insert("by_size".into(), over_replicates);
    }
    answer.report.notes.extend([
        "n_dead: constant over all samples. n_never_active: never > 0. dormant.T: mean |activation| at most T times the".into(),
        "layer's mean of it. firing_rate_upper: largest rate at which a never-active neuron could still fire (95 %).".into(),
        "interval: of dead_fraction, Clopper-Pearson, 95 %, neurons taken as independent.".into(),
    ]);
    answer
}

/// The counts of every member, summed. Members without a finite neuron count as excluded; all of them is a reason.
fn of_group(unit: &Measured<'_>) -> Result<Dead, Reason> {
    let mut total: Option<Dead> = None;
    let mut failure = None;
    let mut n_excluded = 0;
    for member in &unit.members {
        match dead(&unit.neurons[member.clone()]) {
            Ok(part) => total = Some(total.map_or(part.clone(), |sum| add(sum, &part))),
            Err(reason) => {
                n_excluded += member.len() as u64;
                failure = Some(reason);
            }
        }
    }
    match (total, failure) {
        (Some(sum), _) => Ok(Dead { n_excluded: sum.n_excluded + n_excluded, ..sum }),
        (None, Some(reason)) => Err(reason),
        (None, None) => Err(Reason::TooFew { n: 0, needed: 1 }),
    }
}

fn add(sum: Dead, part: &Dead) -> Dead {
    let n_neurons = sum.n_neurons + part.n_neurons;
    let n_dead = sum.n_dead + part.n_dead;
    let mut dormant = sum.dormant;
    dormant.iter_mut().zip(part.dormant).for_each(|(total, (_, count))| total.1 += count);
    Dead {
        n_neurons,
        n_excluded: sum.n_excluded + part.n_excluded,
        n_dead,
        n_never_active: sum.n_never_active + part.n_never_active,
        dormant,
        // The bound is for the neuron that was watched least.
        firing_rate_upper: sum.firing_rate_upper.max(part.firing_rate_upper),
        dead_fraction: n_dead as f64 / n_neurons as f64,
        dead_fraction_interval: clopper_pearson(n_dead, n_neurons, LEVEL),
    }
}

/// Dead neurons against size.
pub fn chart(subtitle: &str, measured: &[Measured<'_>], pooled: bool) -> Chart {
    let groups: Vec<_> = measured.iter().map(|unit| unit.group).collect();
    let observations: Vec<Observation> = measured
        .iter()
        .filter_map(|unit| {
            let value = of_group(unit).ok()?.n_dead as f64;
            Some(Observation { series: series_name(&groups, unit.group), size: unit.group.key.size, value })
        })
        .collect();
    dead_figure(subtitle, &observations, pooled)
}

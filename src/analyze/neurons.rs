//! `neurons`: the table of all neurons, one row each, as a file for other tools.

use super::args::Choices;
use super::row::{Answer, Measured, excluded_warning, key_cells};
use super::variance::{neuron_cells, per_neuron_columns};
use crate::report::{Cell, Column, named_after};
use layerscope_analysis::NeuronMoments;
use layerscope_recorder::recording::{NEURONS_SUFFIX, Stage};
use std::path::PathBuf;

fn columns() -> impl Iterator<Item = Column> {
    let own = [
        Column::real("mean_abs"),
        Column::real("zero_fraction"),
        Column::boolean("dead"),
        Column::boolean("never_active"),
    ];
    per_neuron_columns().into_iter().chain(own)
}

/// One row per neuron: what `variance --per-neuron` has, the mean of |a|, the share of zeros, and whether it is dead
/// (constant over all samples) or never active (no value > 0). A neuron with NaN or infinity has `n_nonfinite` and a
/// reason in place of numbers.
pub fn report(stage: Stage, measured: &[Measured<'_>]) -> Answer {
    let mut answer = Answer::new("neurons", columns());
    for unit in measured {
        // Neurons are numbered within their own network; pooled rows stay in the order of the replicates.
        for member in &unit.members {
            for (neuron, moments) in unit.neurons[member.clone()].iter().enumerate() {
                let keys = key_cells(unit.group, stage).into_iter().chain([("neuron", neuron.into())]);
                answer.report.push(keys.chain(neuron_cells(moments)).chain(own_cells(moments)));
            }
        }
        answer.report.warnings.extend(excluded_warning(unit));
        if unit.neurons.iter().all(|neuron| neuron.reason().is_some()) {
            answer.unanswered.push(format!("{}: no neuron has finite values only", unit.group));
        }
    }
    answer.report.notes.extend([
        "Over the samples of each neuron; variance and std divide by their number. dead: constant over all samples;"
            .into(),
        "never_active: no value > 0; active_fraction, zero_fraction: shares of values > 0 and of zeros.".into(),
    ]);
    answer
}

fn own_cells(moments: &NeuronMoments) -> [(&'static str, Cell); 4] {
    let known = moments.reason().is_none();
    let of = |cell: Cell| if known { cell } else { Cell::Null };
    [
        ("mean_abs", of(moments.mean_abs.into())),
        ("zero_fraction", of(moments.zero_fraction.into())),
        ("dead", of(moments.is_dead().into())),
        ("never_active", of(moments.never_active().into())),
    ]
}

/// Where the table goes: `--out`; stdout where a format was asked for; else Parquet, in the current folder, named after
/// the recording.
pub fn destination(choices: &Choices) -> Option<PathBuf> {
    let by_default = || choices.format.is_none().then(|| named_after(&choices.recording, NEURONS_SUFFIX));
    choices.out.clone().or_else(by_default)
}

//! The rows of `pca`.

use super::super::by_size::{Measure, by_size, is_replicated};
use super::super::row::{Answer, key_cells};
use super::args::{Method, PcaArgs};
use super::decompose::{Decomposed, Decomposition};
use crate::report::{Cell, Column};
use layerscope_analysis::{Dimensions, Solver};
use layerscope_recorder::recording::Stage;

/// Columns of the counts of components and their headings, in the order of `layerscope_analysis::SHARES`.
const COMPONENTS: [(&str, &str); 3] =
    [("components_for.0.9", "for_90%"), ("components_for.0.95", "for_95%"), ("components_for.0.99", "for_99%")];

/// What is averaged over replicates.
const AVERAGED: [Measure; 13] = [
    Measure::not_negative("total_variance"),
    Measure::not_negative("numerical_rank"),
    Measure::not_negative("effective_rank"),
    Measure::not_negative("participation_ratio"),
    Measure::not_negative("participation_ratio_corrected"),
    Measure::not_negative("stable_rank"),
    Measure::not_negative("components_for.0.9"),
    Measure::not_negative("components_for.0.95"),
    Measure::not_negative("components_for.0.99"),
    Measure::share("saturation"),
    Measure::share("saturation_delve"),
    Measure::not_negative("mp_edge"),
    Measure::not_negative("n_above_mp_edge"),
];

fn columns() -> Vec<Column> {
    let lists = [Column::reals("eigenvalues").as_detail(), Column::reals("explained_variance_ratio").as_detail()];
    let numbers = [
        Column::real("total_variance"),
        Column::integer("numerical_rank").headed("rank"),
        Column::real("effective_rank").headed("eff_rank"),
        Column::real("participation_ratio").headed("part_ratio"),
        Column::real("participation_ratio_corrected").headed("corrected"),
        Column::real("stable_rank"),
    ];
    let components = COMPONENTS.map(|(name, heading)| Column::integer(name).headed(heading));
    let more = [
        Column::real("saturation"),
        Column::real("saturation_delve").as_detail(),
        Column::real("mp_edge"),
        Column::integer("n_above_mp_edge").headed("above_edge"),
        Column::reals("reconstruction_distance").as_detail(),
        Column::pairs("reconstruction_accuracy").as_detail(),
        Column::integer("n_constant").as_detail(),
        Column::integer("n_excluded").if_not_zero(),
        Column::text("solver").as_detail(),
    ];
    lists.into_iter().chain(numbers).chain(components).chain(more).collect()
}

/// One row per unit: eigenvalues of the neurons' covariance (divisor n - 1), numbers of dimensions, and how far off and
/// how accurate the layer is when it is rebuilt from its first k components.
///
/// A number that needs more eigenvalues than `--top` asked for is null. Over replicates: `by_size`.
pub fn report(stage: Stage, units: &[Decomposed<'_>], args: &PcaArgs, warnings: Vec<String>) -> Answer {
    let mut answer = Answer::new("pca", columns());
    answer.report.warnings.extend(warnings);
    for unit in units {
        let found = match &unit.found {
            Ok(found) => found,
            Err(reason) => {
                answer.push_without_value(unit.group, stage, &[], reason);
                continue;
            }
        };
        answer.report.push(key_cells(unit.group, stage).into_iter().chain(cells(found, args)));
        if !found.excluded.is_empty() {
            let (n, of) = (found.excluded.len(), unit.group.n_neurons);
            let first: Vec<String> = found.excluded.iter().take(8).map(|(neuron, _)| neuron.to_string()).collect();
            let more = if n > first.len() { ", .." } else { "" };
            let named = first.join(", ");
            answer.report.warnings.push(format!(
                "{}: {n} of {of} neurons hold NaN or infinite values and are left out: {named}{more}",
                unit.group
            ));
        }
        if found.spectrum.solver() == Solver::FullAfterTruncated {
            let warning = "the truncated solver would need more than half of the dimensions: the full one was used";
            answer.report.warnings.push(format!("{}: {warning}", unit.group));
        }
    }
    if is_replicated(&answer.report, "participation_ratio") {
        answer.report.findings.insert("by_size".into(), by_size(&answer.report, &AVERAGED));
    }
    answer.report.notes.extend(notes(args));
    answer
}

fn cells(found: &Decomposition, args: &PcaArgs) -> Vec<(&'static str, Cell)> {
    let spectrum = &found.spectrum;
    let Dimensions {
        numerical_rank,
        effective_rank,
        participation_ratio,
        participation_ratio_corrected,
        stable_rank,
        components_for,
        saturation,
        saturation_delve,
        mp_edge,
        n_above_mp_edge,
    } = found.dimensions;
    let mut cells: Vec<(&'static str, Cell)> = vec![
        ("eigenvalues", spectrum.eigenvalues().to_vec().into()),
        ("explained_variance_ratio", spectrum.explained_variance_ratio().into()),
        ("total_variance", spectrum.total_variance().into()),
        ("numerical_rank", numerical_rank.into()),
        ("effective_rank", effective_rank.into()),
        ("participation_ratio", participation_ratio.into()),
        ("participation_ratio_corrected", participation_ratio_corrected.into()),
        ("stable_rank", stable_rank.into()),
        ("saturation", saturation.into()),
        ("saturation_delve", saturation_delve.into()),
        ("mp_edge", mp_edge.into()),
        ("n_above_mp_edge", n_above_mp_edge.into()),
        ("reconstruction_distance", found.distance.clone().into()),
        ("n_constant", spectrum.n_constant().into()),
        ("n_excluded", found.excluded.len().into()),
        ("solver", solver(spectrum.solver()).into()),
    ];
    cells.extend(COMPONENTS.into_iter().zip(components_for).map(|((name, _), count)| (name, count.into())));
    cells.extend(found.accuracy.as_ref().map(|pairs| ("reconstruction_accuracy", Cell::from(pairs.as_slice()))));
    let mut missing = Vec::new();
    if args.top.is_some() && !spectrum.is_full() {
        missing.push("numbers that need all eigenvalues (--top)");
    }
    if participation_ratio_corrected.is_none() {
        missing.push("the corrected participation ratio (it needs 4 samples, all values finite, and enough of both)");
    }
    if !missing.is_empty() {
        cells.push(("reason", format!("without {}", missing.join(" and ")).into()));
    }
    cells
}

fn solver(solver: Solver) -> &'static str {
    match solver {
        Solver::Full => "full",
        Solver::Truncated { .. } => "truncated",
        Solver::FullAfterTruncated => "full after truncated",
    }
}

fn notes(args: &PcaArgs) -> Vec<String> {
    let mut notes = vec![
        "Of the covariance of the neurons over the samples (divisor n - 1). rank: eigenvalues above 1.4e-14 of the largest, \
         the square of the precision of f32;"
            .into(),
        "before the activation function it is at most the number of varying inputs. for_90%: components that hold 90 % of \
         the variance; saturation: those for 99 %, per neuron."
            .into(),
    ];
    if args.method == Method::Journal {
        notes.push(
            "Reconstructions are the prototype's (--method journal): onto columns of the component matrix, which have nothing \
             to do with the data."
                .into(),
        );
    }
    notes
}

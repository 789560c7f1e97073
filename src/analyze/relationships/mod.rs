//! `relationships`: the journal's measures of a layer beside each other and beside the networks' accuracy.
//!
//! [`report`] has one row per network; its findings say how the sums grow (`growth.rs`) and where the
//! measures peak (`peak.rs`).

mod growth;
mod peak;

use super::accuracy::History;
use super::args::RelationshipsFigure;
use super::by_size::{Measure, Replicates, by_size, is_replicated, replicates};
use super::row::{Answer, Measured, excluded_warning, key_cells};
use super::unit::Available;
use crate::figure::{Chart, MeasureCurve, Observation, comparison, growth as growth_figure, normality_and_accuracy};
use crate::report::{Cell, Column, Report};
use layerscope_analysis::mixture::{Family, Params, Status};
use layerscope_analysis::{Reason, layer_spread, shapiro_wilk, standard_deviations, trends};
use layerscope_recorder::recording::Stage;

/// Columns whose growth with the size is described.
const SUMS: [&str; 2] = ["sum_variance", "sum_std"];

/// What is averaged over replicates.
const AVERAGED: [Measure; 9] = [
    Measure::not_negative("n_dead"),
    Measure::share("w"),
    Measure::share("w_with_dead"),
    Measure::share("weight_exp_normal"),
    Measure::share("weight_two_gamma"),
    Measure::not_negative("sum_variance"),
    Measure::not_negative("sum_std"),
    Measure::share("train_accuracy"),
    Measure::share("test_accuracy"),
];

/// Accuracies and their rescaled forms.
const ACCURACIES: [(&str, &str); 2] =
    [("train_accuracy", "rescaled_train_accuracy"), ("test_accuracy", "rescaled_test_accuracy")];

fn columns() -> Vec<Column> {
    let measures = [
        Column::integer("n_dead"),
        Column::real("w"),
        Column::real("w_with_dead"),
        Column::real("weight_exp_normal").headed("exp_normal"),
        Column::real("weight_two_gamma").headed("two_gamma"),
        Column::real("sum_variance"),
        Column::real("sum_std"),
    ];
    let accuracies = ACCURACIES.iter().map(|(name, _)| Column::real(name));
    let headings = ["rescaled_train", "rescaled_test"];
    let rescaled = ACCURACIES.iter().zip(headings).map(|((_, name), heading)| Column::real(name).headed(heading));
    measures
        .into_iter()
        .chain(accuracies)
        .chain(rescaled)
        .chain([Column::integer("n_excluded").if_not_zero()])
        .collect()
}

/// One row per network: dead neurons, normality, sums, accuracies; without a history the accuracies are null.
///
/// Over the rows: `by_size` (means with intervals over replicates), `growth` (constant, line and logarithm for the sums,
/// compared by AIC), `peaks` (the size of the largest W and of the best accuracy) and `correlations` (Spearman's rho of W
/// and accuracy over sizes).
pub fn report(stage: Stage, measured: &[Measured<'_>], available: &[Available], history: Option<&History>) -> Answer {
    let mut answer = Answer::new("relationships", columns());
    for unit in measured {
        match measures(unit) {
            Ok(own) => {
                let accuracies = ACCURACIES.map(|(name, _)| {
                    (name, history.and_then(|history| history.mean(available, unit.group, name)).into())
                });
                answer.report.push(key_cells(unit.group, stage).into_iter().chain(own).chain(accuracies));
                answer.report.warnings.extend(excluded_warning(unit));
            }
            Err(reason) => {
                let known = [("n_excluded", unit.neurons.len().into())];
                answer.push_without_value(unit.group, stage, &known, &reason);
            }
        }
    }
    for (name, rescaled) in ACCURACIES {
        rescale(&mut answer.report, name, rescaled);
    }
    describe(&mut answer.report);
    answer
}

fn measures(unit: &Measured<'_>) -> Result<[(&'static str, Cell); 8], Reason> {
    let spread = layer_spread(&unit.neurons)?;
    let alive = standard_deviations(&unit.neurons, false);
    let weight = |family| {
        let fit = Params::new(family).fit_sample(&alive).ok()?;
        // The weight of components that cannot be told apart, or of one that has collapsed, is no share of neurons.
        fit.parameters.weight().filter(|_| fit.status == Status::Ok)
    };
    let w = |with_dead| shapiro_wilk(&standard_deviations(&unit.neurons, with_dead)).ok().map(|test| test.w);
    Ok([
        ("n_dead", spread.n_dead.into()),
        ("w", w(false).into()),
        ("w_with_dead", w(true).into()),
        ("weight_exp_normal", weight(Family::ExpNormal).into()),
        ("weight_two_gamma", weight(Family::TwoGamma).into()),
        ("sum_variance", spread.sum_variance.into()),
        ("sum_std", spread.sum_std.into()),
        ("n_excluded", spread.n_excluded.into()),
    ])
}

/// (a - lowest) / (highest - lowest), the extremes those of the sizes' means over replicates within the series: 0 for the
/// worst size, 1 for the best. Null for all when the means are equal.
fn rescale(report: &mut Report, column: &str, rescaled: &str) {
    let means = replicates(report, column);
    let positions = ["size", column, rescaled].map(|name| report.position(name));
    let [Some(_), Some(from), Some(to)] = positions else { return };
    let extremes = means.iter().filter_map(|found| found.mean());
    let (low, high) = extremes.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), mean| (l.min(mean), h.max(mean)));
    for row in &mut report.rows {
        row[to] = row[from].number().map(|value| (value - low) / (high - low)).into();
    }
}

fn describe(report: &mut Report) {
    if is_replicated(report, "n_dead") {
        report.findings.insert("by_size".into(), by_size(report, &AVERAGED));
    }
    let several = replicates(report, "w").windows(2).any(|pair| pair[0].series != pair[1].series);
    if several {
        let warning = "growth, peaks and correlations are left out: they compare sizes within one model, dataset, split \
                       and layer (choose --layer)";
        report.warnings.push(warning.into());
        return;
    }
    report.findings.insert("growth".into(), growth::growth(report, &SUMS));
    report.findings.insert("peaks".into(), peak::peaks(report));
    report.findings.insert("correlations".into(), peak::correlations(report));
    report.notes.extend([
        "growth: least squares of all networks; best is the smallest AIC; lack_of_fit_p: small values reject the shape.".into(),
        "peaks: the size where the mean over replicates is largest, and the range over replicates. correlations: Spearman's".into(),
        "rho over the sizes' means. rescaled: (accuracy - worst size) / (best size - worst size).".into(),
    ]);
}

/// Curves of the comparison and their names.
const COMPARED: [(&str, &str); 5] = [
    ("weight_two_gamma", "weight, two gamma"),
    ("weight_exp_normal", "weight, exp + normal"),
    ("w", "W without dead"),
    ("rescaled_train_accuracy", "training accuracy, rescaled"),
    ("rescaled_test_accuracy", "test accuracy, rescaled"),
];

/// The picture that was asked for.
pub fn chart(figure: RelationshipsFigure, subtitle: &str, report: &Report) -> Chart {
    let of_sums = |column: &str, title: &str, label: &str| {
        let points = growth::points(report, column);
        growth_figure(title, label, subtitle, &points, &trends(&points).map_or_else(|_| Vec::new(), Vec::from))
    };
    let of = |column: &str| -> Vec<Observation> {
        let values = |found: &Replicates| found.values.iter().map(|value| (found.size, *value)).collect::<Vec<_>>();
        let all = replicates(report, column).iter().flat_map(values).collect::<Vec<_>>();
        all.into_iter().map(|(size, value)| Observation { series: String::new(), size, value }).collect()
    };
    match figure {
        RelationshipsFigure::Comparison => {
            let curves = COMPARED.map(|(column, name)| MeasureCurve { name: name.into(), observations: of(column) });
            comparison(subtitle, &curves, &of("n_dead"))
        }
        RelationshipsFigure::Accuracy => {
            normality_and_accuracy(subtitle, &of("w"), &of("train_accuracy"), &of("test_accuracy"))
        }
        RelationshipsFigure::SumVariance => {
            of_sums("sum_variance", "Sum of the variances against size", "sum of variances of a network")
        }
        RelationshipsFigure::SumStd => {
            of_sums("sum_std", "Sum of the standard deviations against size", "sum of standard deviations of a network")
        }
    }
}

//! Where a measure is largest over the sizes, how sure that is, and how W and accuracy go together.

use crate::analyze::by_size::{Replicates, replicates};
use crate::report::{Cell, Report};
use layerscope_analysis::rank_correlation;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Measures whose peak is reported.
const MEASURES: [&str; 4] = ["w", "w_with_dead", "train_accuracy", "test_accuracy"];

/// For each measure the size with the largest mean over replicates, that mean, and the sizes where single replicates peak.
///
/// `replicate_sizes` has one entry per replicate, ascending: if they lie far apart the peak is noise.
pub fn peaks(report: &Report) -> Value {
    let of = |measure: &str| {
        let means = replicates(report, measure);
        let best = means.iter().filter_map(|found| Some((found.size, found.mean()?))).reduce(larger);
        let (size, mean) = best.unzip();
        json!({"measure": measure, "size": size, "mean": mean, "replicate_sizes": replicate_peaks(report, measure)})
    };
    MEASURES.into_iter().map(of).collect()
}

/// The size where each replicate has its largest value, ascending.
fn replicate_peaks(report: &Report, measure: &str) -> Vec<i32> {
    let positions = ["replicate", "size", measure].map(|name| report.position(name));
    let [Some(replicate), Some(size), Some(at)] = positions else { return Vec::new() };
    let mut best: BTreeMap<i64, (i32, f64)> = BTreeMap::new();
    for row in &report.rows {
        let (Cell::Integer(replicate), Cell::Integer(size)) = (&row[replicate], &row[size]) else { continue };
        let Some(value) = row[at].number() else { continue };
        let candidate = (i32::try_from(*size).unwrap_or(i32::MAX), value);
        best.entry(*replicate).and_modify(|known| *known = larger(*known, candidate)).or_insert(candidate);
    }
    let mut sizes: Vec<i32> = best.into_values().map(|(size, _)| size).collect();
    sizes.sort_unstable();
    sizes
}

/// The first of equal ones.
fn larger(best: (i32, f64), next: (i32, f64)) -> (i32, f64) {
    if next.1 > best.1 { next } else { best }
}

/// Spearman's rho of W (without dead neurons) and each accuracy over the sizes' means; null below three sizes.
pub fn correlations(report: &Report) -> Value {
    let w = replicates(report, "w");
    let of = |accuracy: &str| {
        let accuracies = replicates(report, accuracy);
        let pair = |found: &Replicates| {
            let other = accuracies.iter().find(|other| other.size == found.size)?;
            found.mean().zip(other.mean())
        };
        let pairs: Vec<(f64, f64)> = w.iter().filter_map(pair).collect();
        let rho = rank_correlation(&pairs).ok();
        json!({"measure": "w", "with": accuracy, "rho": rho, "n_sizes": pairs.len()})
    };
    ["train_accuracy", "test_accuracy"].into_iter().map(of).collect()
}

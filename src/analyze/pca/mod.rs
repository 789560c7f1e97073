//! `pca`: how many directions a layer uses, and what is left of it in the first k of them.
//!
//! `decompose.rs` streams units through the covariance into spectra, and a second time through the output
//! layer (`output_layer.rs`); `rows.rs` turns them into rows.

mod args;
mod decompose;
mod output_layer;
mod rows;

pub use args::{Method, PcaArgs, PcaFigure};
pub use decompose::{Decomposed, Decomposition, decompose};
pub use rows::report;

use crate::figure::{Chart, ComponentCurve, reconstruction_accuracy, reconstruction_distance, spectrum};
use std::collections::BTreeMap;

use super::row::series_name;

/// The picture of the decomposed units: one curve per size, the mean over its replicates.
pub fn chart(subtitle: &str, units: &[Decomposed<'_>], figure: PcaFigure, method: Method) -> Chart {
    let journal = method == Method::Journal;
    match figure {
        PcaFigure::Spectrum => spectrum(subtitle, &curves(units, |found| numbered(1, found.spectrum.eigenvalues()))),
        PcaFigure::Distance => {
            reconstruction_distance(subtitle, &curves(units, |found| left(&found.distance)), journal)
        }
        PcaFigure::Accuracy => {
            let points = |found: &Decomposition| {
                let pairs = found.accuracy.iter().flatten();
                pairs.map(|&(k, accuracy)| (k as f64, accuracy)).collect()
            };
            reconstruction_accuracy(subtitle, &curves(units, points), journal)
        }
    }
}

fn numbered(first: usize, values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(at, &value)| ((first + at) as f64, value)).collect()
}

/// (k, E_k / E_0) from k = 1 on; nothing for a layer without variance.
fn left(distance: &[f64]) -> Points {
    match distance {
        [whole, rest @ ..] if *whole > 0.0 => numbered(1, &rest.iter().map(|left| left / whole).collect::<Vec<_>>()),
        _ => Vec::new(),
    }
}

/// Points of a curve.
type Points = Vec<(f64, f64)>;

/// Curves by series and size. Replicates have the same places on the axis, unless neurons were left out of one; then it
/// is averaged over those that reach so far.
fn curves(units: &[Decomposed<'_>], points: impl Fn(&Decomposition) -> Points) -> Vec<ComponentCurve> {
    let groups: Vec<_> = units.iter().map(|unit| unit.group).collect();
    let mut by_size: BTreeMap<(i32, String), Vec<Points>> = BTreeMap::new();
    for unit in units {
        let Ok(found) = &unit.found else { continue };
        let curve = points(found);
        if !curve.is_empty() {
            let key = (unit.group.key.size, series_name(&groups, unit.group));
            by_size.entry(key).or_default().push(curve);
        }
    }
    let curve = |((size, series), replicates): ((i32, String), Vec<Points>)| {
        let n_points = replicates.iter().map(Vec::len).max().unwrap_or(0);
        let mean = |at: usize| {
            let present: Vec<(f64, f64)> = replicates.iter().filter_map(|curve| curve.get(at).copied()).collect();
            (present[0].0, present.iter().map(|point| point.1).sum::<f64>() / present.len() as f64)
        };
        ComponentCurve { size, series, points: (0..n_points).map(mean).collect() }
    };
    by_size.into_iter().map(curve).collect()
}

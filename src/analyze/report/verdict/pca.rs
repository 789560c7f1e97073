//! How many dimensions does the layer fill?

use super::Said;
use super::curve::Curve;
use crate::analyze::by_size::Measure;
use crate::report::html::number;
use crate::report::{Cell, Report};
use std::collections::BTreeMap;

/// Share of its accuracy that a network keeps on a reconstruction that is good enough.
const KEPT: f64 = 0.99;

/// From the rows of `pca`.
pub fn verdict(pca: &Report) -> Said {
    let count = |column| Curve::of(pca, Measure::not_negative(column));
    let needed = count("components_for.0.95");
    let Some(last) = needed.points.last() else { return Said::nothing("No network has a spectrum.") };
    let directions = if last.mean() == 1.0 { "direction holds" } else { "directions hold" };
    let verdict = format!("At {} neurons {} {directions} 95 % of the variance.", last.size, last.words());
    let mut sentences = Vec::new();
    if let Some((first, last)) = needed.ends() {
        let times = last.mean() / first.mean();
        sentences.push(format!(
            "At {} it is {}: {} times as many neurons fill {} times as many directions.",
            first.size,
            first.words(),
            number(f64::from(last.size) / f64::from(first.size)),
            number(times)
        ));
    }
    let (effective, rank, edge) = (count("effective_rank"), count("numerical_rank"), count("n_above_mp_edge"));
    if let Some(effective) = effective.at(last.size) {
        sentences.push(format!("The effective rank there is {}.", effective.words()));
    }
    if let Some(rank) = rank.at(last.size) {
        let bound = if rank.mean() >= f64::from(last.size) {
            "as many as neurons"
        } else if first_layer(pca) {
            "fewer than neurons, because values before the activation function are an affine image of the inputs: their \
             spectrum ends where the inputs' does, which says nothing about the width"
        } else {
            "fewer than neurons: the others follow from them, or the samples are too few to tell"
        };
        sentences.push(format!("Its numerical rank is {}, {bound}.", rank.words()));
    }
    if let Some(edge) = edge.at(last.size) {
        sentences.push(format!("{} eigenvalues lie above the edge of pure noise (Marchenko-Pastur).", edge.words()));
    }
    sentences.push(reconstruction(pca).unwrap_or_else(|| {
        "How accurate the network is on a reconstruction is not known: that needs the weights file and the labels."
            .into()
    }));
    Said { verdict, sentences }
}

/// Whether all rows are of the layer behind the inputs, before its activation function: known of `mnist_h1` only.
fn first_layer(pca: &Report) -> bool {
    let all = |column: &str, expected: &str| {
        let is = |cell: &Cell| matches!(cell, Cell::Text(text) if **text == *expected);
        pca.position(column).is_some_and(|at| pca.rows.iter().all(|row| is(&row[at])))
    };
    all("model", "mnist_h1") && all("stage", "pre")
}

/// How many components the narrowest and the widest networks need for 99 % of their accuracy.
fn reconstruction(pca: &Report) -> Option<String> {
    let (size_at, at) = pca.position("size").zip(pca.position("reconstruction_accuracy"))?;
    let mut sizes: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in &pca.rows {
        let (Cell::Integer(size), Cell::Pairs(pairs)) = (&row[size_at], &row[at]) else { continue };
        let (_, full) = pairs.last()?;
        let enough = pairs.iter().find(|(_, accuracy)| *accuracy >= KEPT * full)?.0;
        sizes.entry(*size).or_default().push(enough);
    }
    let words = |(size, counts): (&i64, &Vec<i64>)| {
        let (low, high) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
        if low == high { format!("{low} at {size}") } else { format!("{low} to {high} at {size}") }
    };
    let first = words(sizes.first_key_value()?);
    let last = words(sizes.last_key_value()?);
    let both = if sizes.len() > 1 { format!("{first} neurons, {last}") } else { first };
    Some(format!(
        "Rebuilt from its first components and fed on, a network keeps 99 % of its accuracy with this many of them (of those tried): {both}."
    ))
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;
    use crate::report::Column;

    const COLUMNS: [&str; 4] = ["components_for.0.95", "effective_rank", "numerical_rank", "n_above_mp_edge"];

    #[test]
    fn directions_rank_and_edge_are_said() {
        let rows: [(i32, i32, &[f64]); 4] = [
            (16, 0, &[12.0, 11.0, 16.0, 16.0]),
            (16, 1, &[12.0, 11.0, 16.0, 16.0]),
            (2048, 0, &[60.0, 40.0, 717.0, 200.0]),
            (2048, 1, &[60.0, 40.5, 717.0, 202.0]),
        ];
        let said = verdict(&report("pca", &COLUMNS, &rows));
        assert!(said.verdict.starts_with("At 2048 neurons 60 [60, 60] directions"), "{}", said.verdict);
        assert!(said.sentences[0].contains("128 times as many neurons fill 5 times as many"), "{}", said.sentences[0]);
        assert!(said.sentences[2].contains("717 [717, 717], fewer than neurons"), "{}", said.sentences[2]);
        assert!(said.sentences[4].starts_with("How accurate the network is"), "{}", said.sentences[4]);
        assert!(verdict(&report("pca", &COLUMNS, &[])).verdict.starts_with("No network has a spectrum"));
    }

    #[test]
    fn only_the_first_layer_is_an_image_of_the_inputs() {
        let columns = ["model", "stage"].map(Column::text);
        let of = |model: &'static str, stage: &'static str| {
            let mut pca = Report::new("pca", columns.to_vec());
            pca.push([("model", model.into()), ("stage", stage.into())]);
            first_layer(&pca)
        };
        assert!(of("mnist_h1", "pre") && !of("mnist_h1", "post") && !of("cnn", "pre"));
        assert!(!first_layer(&Report::new("pca", Vec::new())));
        let one: [(i32, i32, &[f64]); 1] = [(8, 0, &[1.0, 1.0, 7.0, 1.0])];
        let said = verdict(&report("pca", &COLUMNS, &one));
        assert!(said.verdict.contains("1 direction holds"), "{}", said.verdict);
        assert!(said.sentences.iter().any(|text| text.contains("the samples are too few")), "{:?}", said.sentences);
    }

    #[test]
    fn components_for_the_accuracy_are_counted() {
        let columns = vec![Column::integer("size"), Column::pairs("reconstruction_accuracy")];
        let mut pca = Report::new("pca", columns);
        for (size, enough) in [(64, 8), (64, 16), (128, 32)] {
            let pairs = [(0, 0.1), (enough, 0.97), (64, 0.975)];
            pca.push([("size", Cell::from(size)), ("reconstruction_accuracy", Cell::from(&pairs[..]))]);
        }
        assert!(reconstruction(&pca).unwrap().ends_with("8 to 16 at 64 neurons, 32 at 128."));
    }
}

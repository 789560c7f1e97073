//! What does the distribution of the standard deviations look like by width?

use super::Said;
use super::curve::{Curve, Point};
use crate::analyze::by_size::Measure;
use crate::report::Report;
use crate::report::html::number;

/// From the rows of `variance`.
pub fn verdict(variance: &Report) -> Said {
    let quantile = |column| Curve::of(variance, Measure::not_negative(column));
    let median = quantile("std_quantiles.0.5");
    let Some((first, last)) = median.ends() else {
        return match median.points.first() {
            Some(only) => Said::nothing(format!(
                "Only one size, {}, was recorded: its median standard deviation is {}.",
                only.size,
                only.words()
            )),
            None => Said::nothing("No network has a neuron with finite values only."),
        };
    };
    let values = format!(
        "the median over neurons is {} at {} neurons and {} at {}",
        first.words(),
        first.size,
        last.words(),
        last.size
    );
    let verdict = match direction(first, last) {
        Some(true) => format!("The distribution moves away from 0 as the layer widens: {values}."),
        Some(false) => format!("The distribution moves towards 0 as the layer widens: {values}."),
        None => format!("No clear shift with the width: {values}."),
    };
    let mut sentences = Vec::new();
    if let Some(rho) = median.trend() {
        let steps = median.points.windows(2);
        let falls = steps.clone().filter(|pair| pair[1].mean() < pair[0].mean()).count();
        let n = steps.count();
        let rho = number(rho);
        sentences.push(format!(
            "From one size to the next the median falls in {falls} of {n} steps (Spearman's rank correlation with the size: {rho})."
        ));
    }
    let (low, high) = (quantile("std_quantiles.0.25"), quantile("std_quantiles.0.75"));
    let middle = |size| Some((low.at(size)?.mean(), high.at(size)?.mean()));
    if let Some((narrow, wide)) = middle(first.size).zip(middle(last.size)) {
        sentences.push(format!(
            "The middle half of the neurons lies between {} and {} at {}, between {} and {} at {}.",
            number(narrow.0),
            number(narrow.1),
            first.size,
            number(wide.0),
            number(wide.1),
            last.size
        ));
    }
    sentences.push(match median.points.iter().map(Point::n).max() {
        Some(1) | None => {
            "There is one network per size, so nothing says how much of this another seed would change.".into()
        }
        Some(_) => "Numbers in brackets are 95 % intervals over the networks of a size.".into(),
    });
    Said { verdict, sentences }
}

/// Whether the second is larger; None when their difference over replicates is not clear of 0. Two single networks are
/// compared as they are.
fn direction(first: &Point, last: &Point) -> Option<bool> {
    match last.difference(first) {
        Some(difference) if difference.low <= 0.0 && difference.high >= 0.0 => None,
        _ if last.mean() == first.mean() => None,
        _ => Some(last.mean() > first.mean()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;

    const COLUMNS: [&str; 3] = ["std_quantiles.0.25", "std_quantiles.0.5", "std_quantiles.0.75"];

    #[test]
    fn a_shift_is_named_when_the_replicates_agree() {
        let rows: [(i32, i32, &[f64]); 6] = [
            (64, 0, &[3.0, 4.0, 5.0]),
            (64, 1, &[3.0, 4.2, 5.0]),
            (128, 0, &[2.0, 3.0, 4.0]),
            (128, 1, &[2.0, 3.1, 4.0]),
            (256, 0, &[0.5, 1.0, 1.5]),
            (256, 1, &[0.5, 1.1, 1.5]),
        ];
        let said = verdict(&report("variance", &COLUMNS, &rows));
        assert!(said.verdict.starts_with("The distribution moves towards 0"), "{}", said.verdict);
        assert!(said.verdict.contains("4.100 [") && said.verdict.contains("1.050 ["), "{}", said.verdict);
        assert!(said.sentences[0].contains("falls in 2 of 2 steps") && said.sentences[0].contains("-1)"));
        assert!(said.sentences[1].contains("between 3 and 5 at 64, between 0.5000 and 1.500 at 256"));
    }

    #[test]
    fn noise_is_no_shift_and_one_network_has_no_interval() {
        let noisy: [(i32, i32, &[f64]); 4] = [
            (64, 0, &[3.0, 4.0, 5.0]),
            (64, 1, &[3.0, 2.0, 5.0]),
            (90, 0, &[3.0, 1.0, 5.0]),
            (90, 1, &[3.0, 4.0, 5.0]),
        ];
        assert!(verdict(&report("variance", &COLUMNS, &noisy)).verdict.starts_with("No clear shift"));
        let single: [(i32, i32, &[f64]); 2] = [(64, 0, &[1.0, 2.0, 3.0]), (90, 0, &[2.0, 3.0, 4.0])];
        let said = verdict(&report("variance", &COLUMNS, &single));
        assert!(said.verdict.contains("away from 0") && !said.verdict.contains('['), "{}", said.verdict);
        assert!(said.sentences.iter().any(|text| text.starts_with("There is one network per size")));
        assert!(verdict(&report("variance", &COLUMNS, &single[..1])).verdict.starts_with("Only one size, 64"));
        assert!(verdict(&report("variance", &COLUMNS, &[])).verdict.starts_with("No network"));
    }
}

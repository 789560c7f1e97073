//! How many neurons are dead?

use super::Said;
use super::curve::{Curve, Point};
use crate::analyze::by_size::Measure;
use crate::report::Report;
use crate::report::html::number;
use layerscope_analysis::{Shape, best_trend, trends};

/// From the rows of `dead`.
pub fn verdict(dead: &Report) -> Said {
    let counts = |column| Curve::of(dead, Measure::not_negative(column));
    let n_dead = counts("n_dead");
    let fraction = Curve::of(dead, Measure::share("dead_fraction"));
    let (Some(last), Some(share)) = (n_dead.points.last(), fraction.points.last()) else {
        return Said::nothing("No network has a neuron with finite values only.");
    };
    if n_dead.points.iter().all(|point| point.mean() == 0.0) {
        return Said { verdict: "No network has a dead neuron.".into(), sentences: other_definitions(dead, last.size) };
    }
    let verdict = format!(
        "At {} neurons {} are dead on average in a network, {} of the layer.",
        last.size,
        last.words(),
        share.percent()
    );
    let mut sentences = Vec::new();
    match n_dead.from(1.0) {
        Some(onset) if onset.size == n_dead.points[0].size => {
            sentences.push("Every recorded size has at least one dead neuron on average.".into());
        }
        Some(onset) => sentences.push(format!(
            "From {} neurons on there is at least one dead neuron per network on average ({}); below, fewer.",
            onset.size,
            onset.words()
        )),
        None => sentences.push("No range of sizes has one dead neuron or more per network throughout.".into()),
    }
    sentences.extend(growth(&n_dead));
    sentences.extend(other_definitions(dead, last.size));
    Said { verdict, sentences }
}

/// Whether the counts grow like a line once there are any.
fn growth(n_dead: &Curve) -> Option<String> {
    let onset = n_dead.from(1.0)?.size;
    let growing: Vec<&Point> = n_dead.points.iter().filter(|point| point.size >= onset).collect();
    if growing.len() < 4 {
        return None;
    }
    let points: Vec<(f64, f64)> = growing.iter().map(|point| (f64::from(point.size), point.mean())).collect();
    let found = trends(&points).ok()?;
    let best = best_trend(&found)?;
    let others = found.iter().filter(|trend| trend.shape != best.shape).filter_map(|trend| trend.aic);
    let ahead = others.reduce(f64::min)? - best.aic?;
    let per_neuron = |pair: [&Point; 2]| (pair[1].mean() - pair[0].mean()) / f64::from(pair[1].size - pair[0].size);
    let n = growing.len();
    let (early, late) = (per_neuron([growing[0], growing[1]]), per_neuron([growing[n - 2], growing[n - 1]]));
    let shape = match best.shape {
        Shape::Constant => "a constant",
        Shape::Line => "a straight line",
        Shape::Logarithm => "a logarithm",
    };
    Some(format!(
        "From {onset} on {shape} describes the means best (AIC ahead by {}); each added neuron brings {} dead ones at first and {} between the two widest sizes.",
        number(ahead),
        number(early),
        number(late)
    ))
}

/// The other two definitions, and what silent samples cannot exclude.
fn other_definitions(dead: &Report, size: i32) -> Vec<String> {
    let at = |column| Curve::of(dead, Measure::not_negative(column)).at(size).map(Point::words);
    let mut sentences = Vec::new();
    if let Some((never, dormant)) = at("n_never_active").zip(at("dormant.0.025")) {
        sentences.push(format!(
            "At {size}, {never} neurons are never active and {dormant} are dormant at 0.025 (their mean activation is at most 2.5 % of the layer's)."
        ));
    }
    if let Some(rate) = Curve::of(dead, Measure::share("firing_rate_upper")).at(size) {
        sentences.push(format!(
            "A neuron that was silent on all samples could still fire on up to {} of all inputs (95 % bound).",
            Point::percent(rate).split(" [").next().unwrap_or_default()
        ));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;

    const COLUMNS: [&str; 5] = ["n_dead", "dead_fraction", "n_never_active", "dormant.0.025", "firing_rate_upper"];

    #[test]
    fn count_share_onset_and_growth_are_said() {
        let row = |n: f64, size: f64| vec![n, n / size, n, n + 1.0, 0.0006];
        let data: Vec<(i32, i32, Vec<f64>)> =
            [(64, 0.0), (128, 2.0), (256, 12.0), (512, 36.0), (1024, 84.0), (2048, 180.0)]
                .iter()
                .flat_map(|&(size, n)| {
                    [(size, 0, row(n, f64::from(size))), (size, 1, row(n + f64::from(n > 0.0), f64::from(size)))]
                })
                .collect();
        let rows: Vec<(i32, i32, &[f64])> = data.iter().map(|(s, r, v)| (*s, *r, v.as_slice())).collect();
        let said = verdict(&report("dead", &COLUMNS, &rows));
        assert!(said.verdict.starts_with("At 2048 neurons 180.5 [174.1, 186.9] are dead"), "{}", said.verdict);
        assert!(said.sentences[0].starts_with("From 128 neurons on"), "{}", said.sentences[0]);
        assert!(said.sentences[1].contains("a straight line describes"), "{}", said.sentences[1]);
        assert!(said.sentences[3].contains("up to 0.06\u{a0}% of all inputs"), "{}", said.sentences[3]);
    }

    #[test]
    fn no_dead_neuron_is_a_plain_sentence() {
        let rows: [(i32, i32, &[f64]); 1] = [(64, 0, &[0.0, 0.0, 3.0, 1.0, 0.001])];
        let said = verdict(&report("dead", &COLUMNS, &rows));
        assert_eq!(said.verdict, "No network has a dead neuron.");
        assert!(said.sentences[0].contains("1 are dormant"), "{}", said.sentences[0]);
        assert!(verdict(&report("dead", &COLUMNS, &[])).verdict.starts_with("No network has a neuron"));
    }
}

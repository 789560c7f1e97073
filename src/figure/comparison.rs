//! Several measures of the layer against size in one picture, on two scales.

use super::{Axis, Chart, Level, Observation, Series, Side, Stroke, color};
use std::collections::BTreeMap;

/// A measure: its name in the legend and one number per network.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureCurve {
    /// Name in the legend.
    pub name: String,
    /// One number per network.
    pub observations: Vec<Observation>,
}

/// The share that the journal took for the sign of an oversized layer.
const THRESHOLD: f64 = 0.025;
/// Dead neurons at which the right axis ends, as in the journal's figure.
const MOST_DEAD: f64 = 20.0;

/// The journal's comparison: shares and rescaled accuracies on the left, dead neurons of a network on the right.
///
/// Lines are means over replicates, the level is the journal's 0.025. Dead neurons are drawn up to twenty, where the journal's picture ends too.
pub fn comparison(subtitle: &str, measures: &[MeasureCurve], dead: &[Observation]) -> Chart {
    let left = measures.iter().enumerate().map(|(index, measure)| Series {
        name: Some(measure.name.clone()),
        color: color::distinct(index),
        line: means(&measure.observations),
        ..Series::default()
    });
    let right = Series {
        name: Some("dead neurons (right)".into()),
        color: "#222222".into(),
        line: means(dead).into_iter().map(|(size, count)| (size, count.min(MOST_DEAD))).collect(),
        stroke: Stroke::Dashed,
        side: Side::Right,
        ..Series::default()
    };
    Chart {
        title: "Comparison of the measures".into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear("share, W, or rescaled accuracy").starting_at(0.0).ending_at(1.05),
        right: Some(Axis::linear("dead neurons in a network (up to 20)").starting_at(0.0).ending_at(MOST_DEAD)),
        series: left.chain([right]).collect(),
        levels: vec![Level { y: THRESHOLD, label: "0.025".into() }],
        ..Chart::default()
    }
}

/// W on the left, accuracy on training and test data on the right, against size.
pub fn normality_and_accuracy(
    subtitle: &str,
    w: &[Observation],
    training: &[Observation],
    test: &[Observation],
) -> Chart {
    let curve = |name: &str, index: usize, observations: &[Observation], side| Series {
        name: Some(name.into()),
        color: color::distinct(index),
        line: means(observations),
        dots: observations.iter().map(|o| (f64::from(o.size), o.value)).collect(),
        side,
        ..Series::default()
    };
    Chart {
        title: "Normality and accuracy against size".into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear("Shapiro–Wilk W of the neurons' standard deviations").ending_at(1.0),
        right: Some(Axis::linear("accuracy")),
        series: vec![
            curve("W", 0, w, Side::Left),
            curve("training (right)", 1, training, Side::Right),
            curve("test (right)", 2, test, Side::Right),
        ],
        ..Chart::default()
    }
}

/// The mean over the networks of each size, in order of size.
fn means(observations: &[Observation]) -> Vec<(f64, f64)> {
    let mut sizes: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for observation in observations.iter().filter(|o| o.value.is_finite() && o.size > 0) {
        sizes.entry(observation.size).or_default().push(observation.value);
    }
    sizes.iter().map(|(size, values)| (f64::from(*size), values.iter().sum::<f64>() / values.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(values: &[(i32, f64)]) -> Vec<Observation> {
        values.iter().map(|&(size, value)| Observation { series: String::new(), size, value }).collect()
    }

    #[test]
    fn lines_are_means_and_many_dead_neurons_end_at_the_top() {
        let w = MeasureCurve { name: "W".into(), observations: observations(&[(64, 0.5), (64, 1.0), (90, 0.25)]) };
        let chart = comparison("", &[w], &observations(&[(64, 3.0), (90, 400.0)]));
        assert_eq!(chart.series[0].line, [(64.0, 0.75), (90.0, 0.25)]);
        assert_eq!(chart.series[1].line, [(64.0, 3.0), (90.0, 20.0)]);
        assert_eq!(chart.series[1].side, Side::Right);
    }
}

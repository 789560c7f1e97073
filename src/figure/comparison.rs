//! The journal's "comparison of metrics": what each measure of a layer says about its width, beside accuracy.

use super::{Axis, Chart, Level, Series, Side, Stroke, color};

/// A measure of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Share of the component near zero in a mixture of two gammas.
    TwoGamma,
    /// The same in a mixture of an exponential and a normal.
    ExpNormal,
    /// W without dead neurons.
    W,
    /// Accuracy, rescaled to 0 at the worst size and 1 at the best.
    Accuracy,
    /// Dead neurons in a network.
    Dead,
}

impl Comparison {
    fn name(self) -> &'static str {
        match self {
            Self::TwoGamma => "share, two gammas",
            Self::ExpNormal => "share, exp. + normal",
            Self::W => "W without zeros",
            Self::Accuracy => "accuracy, rescaled",
            Self::Dead => "dead (right axis)",
        }
    }
}

/// The means over replicates of one measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What it is.
    pub what: Comparison,
    /// Size and mean, ascending.
    pub curve: Vec<(f64, f64)>,
}

/// The share that the journal took for the sign of an oversized layer.
const THRESHOLD: f64 = 0.025;
/// Where the journal's axis of dead neurons ends: it is about their onset.
const MOST_DEAD: f64 = 20.0;

/// All measures against size, shares and W on the left from 0 to 1.05, dead neurons on the right up to 20.
pub fn comparison(subtitle: &str, curves: &[Compared]) -> Chart {
    let drawn = curves.iter().enumerate().filter(|(_, compared)| !compared.curve.is_empty());
    let series = drawn.map(|(index, compared)| {
        let is_count = compared.what == Comparison::Dead;
        Series {
            name: Some(compared.what.name().into()),
            color: color::distinct(index),
            line: compared.curve.clone(),
            dots: compared.curve.iter().copied().filter(|point| !is_count || point.1 <= MOST_DEAD).collect(),
            stroke: if is_count { Stroke::Dashed } else { Stroke::Solid },
            side: if is_count { Side::Right } else { Side::Left },
            ..Series::default()
        }
    });
    Chart {
        title: "Comparison of the measures".into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear("share, W, rescaled accuracy").starting_at(0.0).ending_at(1.05),
        right: Some(Axis::linear("dead neurons in a network").starting_at(0.0).ending_at(MOST_DEAD)),
        series: series.collect(),
        levels: vec![Level { y: THRESHOLD, label: "0.025".into() }],
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_neurons_are_on_the_right_and_empty_curves_are_left_out() {
        let compared = |what, values: &[(f64, f64)]| Compared { what, curve: values.to_vec() };
        let curves = [
            compared(Comparison::W, &[(64.0, 0.9), (128.0, 0.95)]),
            compared(Comparison::Accuracy, &[]),
            compared(Comparison::Dead, &[(64.0, 1.0), (128.0, 50.0)]),
        ];
        let chart = comparison("", &curves);
        assert_eq!(chart.series.len(), 2);
        assert_eq!((chart.series[1].side, chart.series[1].dots.len(), chart.series[1].line.len()), (Side::Right, 1, 2));
    }
}

//! The journal's first figure: how the standard deviations of the neurons are distributed, one curve per size.

use super::{Axis, Chart, Series, color};
use layerscope_analysis::{Bandwidth, gaussian_kde_at};

/// Points of a curve: enough that the narrow spike of dead neurons is smooth at the size of a page.
const POINTS: usize = 640;

/// The standard deviations of the neurons of one size, all replicates together.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// What else tells curves apart, such as the layer; empty for a simple sweep.
    pub series: String,
    /// Swept width.
    pub size: i32,
    /// One standard deviation per neuron, dead ones included.
    pub stds: Vec<f64>,
}

impl Spread {
    /// Its name in a legend.
    pub(super) fn name(&self) -> String {
        if self.series.is_empty() { self.size.to_string() } else { format!("{} · {}", self.size, self.series) }
    }
}

/// Gaussian kernel density of the standard deviations, from narrow (dark) to wide (light).
///
/// Dead neurons are part of it: they are the spike at 0 that grows with the size. The curve's share below 0,
/// where no standard deviation can be, is not drawn. A size whose neurons all have
/// the same standard deviation has no density and no curve.
pub fn density(subtitle: &str, spreads: &[Spread], bandwidth: Bandwidth) -> Chart {
    let series = spreads
        .iter()
        .enumerate()
        .filter_map(|(index, spread)| {
            let line = curve(&spread.stds, bandwidth)?;
            Some(Series {
                name: Some(spread.name()),
                color: color::sequential(index, spreads.len()),
                line,
                ..Series::default()
            })
        })
        .collect();
    Chart {
        title: "Distribution of the neurons' standard deviations".into(),
        subtitle: subtitle.into(),
        x: Axis::linear("standard deviation of a neuron's activation").starting_at(0.0),
        y: Axis::linear("density").starting_at(0.0),
        legend_title: Some("size".into()),
        series,
        ..Chart::default()
    }
}

/// The density from 0 to three bandwidths past the largest value; `None` when it does not exist.
pub(super) fn curve(stds: &[f64], bandwidth: Bandwidth) -> Option<Vec<(f64, f64)>> {
    let width = bandwidth.width(stds).ok()?;
    let end = stds.iter().copied().fold(0.0, f64::max) + 3.0 * width;
    let x: Vec<f64> = (0..POINTS).map(|at| end * at as f64 / (POINTS - 1) as f64).collect();
    let density = gaussian_kde_at(stds, width, &x);
    Some(x.into_iter().zip(density).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_curve_per_size_that_has_a_density() {
        let spread = |size, stds: &[f64]| Spread { series: String::new(), size, stds: stds.to_vec() };
        let spreads = [spread(64, &[1.0, 2.0, 4.0]), spread(90, &[0.0, 0.0]), spread(128, &[0.0, 0.5, 3.0])];
        let chart = density("", &spreads, Bandwidth::Scott);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["64", "128"]);
        // Trapezoids over the whole curve of values far from 0: the density integrates to 1. 2e-3: the tails past three
        // bandwidths (1.35e-3 on each side, per value at most) and the step.
        let line = curve(&[10.0, 11.0, 12.5], Bandwidth::Scott).unwrap();
        let area: f64 = line.windows(2).map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0).sum();
        assert!((area - 1.0).abs() < 2e-3, "{area}");
        assert_eq!(line[0].0, 0.0);
    }
}

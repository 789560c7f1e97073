//! Quantiles of the neurons' standard deviations against those of a normal distribution.

use super::{Axis, Chart, Series, Spread, Stroke, color};
use layerscope_analysis::normality::normal_quantile;

/// Points of a size at most: a line of dots at the width of a page.
const POINTS: usize = 160;
/// Smallest and largest values that are always shown: the tails are what a QQ plot is for.
const EDGE: usize = 20;

/// A QQ plot, one series per size from narrow (dark) to wide (light), and the diagonal of a normal distribution.
///
/// Each size is standardised, z = (x - mean) / std with std divided by n - 1. The i-th smallest of n values stands
/// against Φ⁻¹((i - 3/8) / (n + 1/4)), the expected place of it in a normal sample; of more than 160 values a part is
/// shown, with all of the 20 at each end. Sizes with fewer than 3 values or a single one have no points.
pub fn qq(subtitle: &str, spreads: &[Spread]) -> Chart {
    let mut series: Vec<Series> = Vec::new();
    for (index, spread) in spreads.iter().enumerate() {
        let Some(dots) = points(&spread.stds) else { continue };
        let color = color::sequential(index, spreads.len());
        series.push(Series { name: Some(spread.name()), color, dots, ..Series::default() });
    }
    let ends = series.iter().flat_map(|series| &series.dots).map(|dot| dot.0);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    if low < high {
        let line = vec![(low, low), (high, high)];
        let diagonal = Series { name: Some("normal".into()), color: "#888888".into(), line, ..Series::default() };
        series.insert(0, Series { stroke: Stroke::Dashed, ..diagonal });
    }
    Chart {
        title: "Standard deviations of the neurons against a normal distribution".into(),
        subtitle: subtitle.into(),
        x: Axis::linear("quantile of a normal distribution"),
        y: Axis::linear("standardised standard deviation of a neuron"),
        legend_title: Some("size".into()),
        series,
        ..Chart::default()
    }
}

/// (expected, found) of the standardised values; None when they have no spread.
fn points(values: &[f64]) -> Option<Vec<(f64, f64)>> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    if n < 3 || sorted[0] == sorted[n - 1] {
        return None;
    }
    let count = n as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let std = (sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    let point = |rank: usize| {
        let expected = normal_quantile((rank as f64 + 0.625) / (count + 0.25));
        (expected, (sorted[rank] - mean) / std)
    };
    Some(ranks(n).into_iter().map(point).collect())
}

/// The ranks that are shown, counted from 0: all of a small sample; of a large one [`EDGE`] at each end and evenly
/// spaced ones between them.
fn ranks(n: usize) -> Vec<usize> {
    if n <= POINTS {
        return (0..n).collect();
    }
    let (first, last) = (EDGE, n - 1 - EDGE);
    let between = POINTS - 2 * EDGE;
    let even = (0..between).map(|at| first + at * (last - first) / (between - 1));
    (0..first).chain(even).chain(last + 1..n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(size: i32, stds: Vec<f64>) -> Spread {
        Spread { series: String::new(), size, stds }
    }

    #[test]
    fn a_normal_sample_lies_on_the_diagonal_and_extremes_are_shown() {
        let n = 1000;
        let normal: Vec<f64> = (0..n).map(|i| 5.0 + 2.0 * normal_quantile((f64::from(i) + 0.625) / 1000.25)).collect();
        let chart = qq("", &[spread(64, normal), spread(90, vec![1.0, 1.0, 1.0]), spread(128, vec![1.0, 2.0, 9.0])]);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["normal", "64", "128"]);
        let dots = &chart.series[1].dots;
        assert_eq!(dots.len(), POINTS);
        assert!(dots.is_sorted_by(|a, b| a.0 < b.0), "a rank twice");
        let third = normal_quantile(2.625 / 1000.25);
        assert!((dots[2].0 - third).abs() < 1e-12 && (dots[POINTS - 3].0 + third).abs() < 1e-12, "{dots:?}");
        // The standard deviation of expected quantiles is 0.998 of that of the distribution.
        assert!(dots.iter().all(|(x, y)| (x - y).abs() < 0.01), "{dots:?}");
        assert!((dots[0].0 + 3.227).abs() < 1e-3 && (dots[POINTS - 1].0 - 3.227).abs() < 1e-3, "{dots:?}");
        // (1, 2, 9): mean 4, std √19; Φ⁻¹(2.625 / 3.25) = 0.8694.
        let (x, y) = chart.series[2].dots[2];
        assert!((x - 0.8694).abs() < 1e-4 && (y - 5.0 / 19.0_f64.sqrt()).abs() < 1e-12);
        assert!(chart.series[2].dots[1].0.abs() < 1e-15);
    }

    #[test]
    fn nothing_to_show_is_an_empty_chart() {
        assert!(qq("", &[spread(64, vec![2.0, 2.0])]).series.is_empty());
    }
}

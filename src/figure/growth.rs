//! How a sum grows with the size: networks as dots, a constant, a line and a logarithm through them.

use super::{Axis, Chart, Series, color};
use layerscope_analysis::{Trend, best_trend};

/// Points of a fitted curve.
const POINTS: u32 = 200;

/// The sums of all networks and the fitted trends, the best one (smallest AIC) named as such.
pub fn growth(title: &str, label: &str, subtitle: &str, points: &[(f64, f64)], trends: &[Trend]) -> Chart {
    let networks =
        Series { name: Some("network".into()), color: color::distinct(0), dots: points.to_vec(), ..Series::default() };
    let best = best_trend(trends).map(|trend| trend.shape);
    let curves = trends.iter().enumerate().map(|(index, trend)| {
        let mark = if best == Some(trend.shape) { " (best AIC)" } else { "" };
        Series {
            name: Some(format!("{}{mark}", trend.shape.as_str())),
            color: color::distinct(index + 1),
            line: curve(trend, points),
            ..Series::default()
        }
    });
    Chart {
        title: title.into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear(label).starting_at(0.0),
        series: [networks].into_iter().chain(curves).collect(),
        ..Chart::default()
    }
}

/// The trend from the smallest to the largest size, evenly spaced on the axis of sizes, which is logarithmic.
fn curve(trend: &Trend, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let sizes = points.iter().map(|(size, _)| *size);
    let (low, high) = sizes.fold((f64::INFINITY, 0.0_f64), |(low, high), size| (low.min(size), high.max(size)));
    (0..=POINTS)
        .map(|at| low * (high / low).powf(f64::from(at) / f64::from(POINTS)))
        .map(|size| (size, trend.at(size)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerscope_analysis::trends;

    #[test]
    fn the_best_trend_is_named_and_curves_span_the_sizes() {
        let points = [(64.0, 6.1), (128.0, 7.0), (256.0, 7.9), (512.0, 9.0), (1024.0, 10.1)];
        let chart = growth("", "", "", &points, &trends(&points).unwrap());
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["network", "constant", "line", "logarithm (best AIC)"]);
        let line = &chart.series[3].line;
        let (first, last) = (line[0].0, line[line.len() - 1].0);
        assert!((first - 64.0).abs() < 1e-9 && (last - 1024.0).abs() < 1e-9, "{first} {last}");
    }
}

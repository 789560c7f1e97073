//! Histograms of the standard deviations with their kernel densities, of one size or a few.

use super::{Axis, Bar, Chart, Series, Spread, color, density};
use layerscope_analysis::{Bandwidth, quantile};

/// Most bars of a histogram.
const MOST_BARS: f64 = 120.0;
/// More histograms than this hide each other.
const MOST_SIZES: usize = 4;

/// Histograms and Gaussian kernel densities of the standard deviations, both with area 1, dead neurons included.
///
/// Of more than four sizes the narrowest, the widest and two between them are drawn, and the subtitle says so.
pub fn histogram(subtitle: &str, spreads: &[Spread], bandwidth: Bandwidth) -> Chart {
    let drawn = chosen(spreads.len());
    let pair = |(index, &at): (usize, &usize)| {
        let spread = &spreads[at];
        let color = color::distinct(index);
        let histogram = Series { color: color.clone(), bars: bars(&spread.stds), ..Series::default() };
        let line = density::curve(&spread.stds, bandwidth).unwrap_or_default();
        [histogram, Series { name: Some(spread.name()), color, line, ..Series::default() }]
    };
    let note = if drawn.len() < spreads.len() {
        format!(" · {} of {} sizes", drawn.len(), spreads.len())
    } else {
        String::new()
    };
    Chart {
        title: "Histogram of the neurons' standard deviations".into(),
        subtitle: format!("{subtitle}{note}"),
        x: Axis::linear("standard deviation of a neuron's activation").starting_at(0.0),
        y: Axis::linear("density").starting_at(0.0),
        legend_title: Some("size".into()),
        series: drawn.iter().enumerate().flat_map(pair).collect(),
        ..Chart::default()
    }
}

/// Positions of the sizes to draw: all of a few, else evenly spaced ones with both ends.
fn chosen(n: usize) -> Vec<usize> {
    if n <= MOST_SIZES {
        return (0..n).collect();
    }
    (0..MOST_SIZES).map(|at| at * (n - 1) / (MOST_SIZES - 1)).collect()
}

/// The bars of a histogram from 0 with area 1, of values that are not negative.
///
/// Their width is 2 IQR / n^(1/3), IQR the distance of the quartiles, but at least a 120th of the largest value.
///
/// # References
/// D. Freedman, P. Diaconis (1981), On the histogram as a density estimator. doi:10.1007/BF01025868
pub(super) fn bars(sample: &[f64]) -> Vec<Bar> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&last), n) = (sorted.last(), sorted.len() as f64) else { return Vec::new() };
    if last <= 0.0 {
        return Vec::new();
    }
    let range = quantile(&sorted, 0.75).zip(quantile(&sorted, 0.25)).map_or(0.0, |(high, low)| high - low);
    let width = (2.0 * range / n.cbrt()).max(last / MOST_BARS);
    let n_bars = (last / width).ceil().max(1.0) as usize;
    let mut counts = vec![0_usize; n_bars];
    sorted.iter().for_each(|x| counts[((x / width) as usize).min(n_bars - 1)] += 1);
    let bar = |(at, count): (usize, &usize)| Bar {
        from: at as f64 * width,
        to: (at + 1) as f64 * width,
        height: *count as f64 / (n * width),
    };
    counts.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_area_one_and_hold_every_value() {
        let sample: Vec<f64> = (0..1000).map(|at| f64::from(at % 97) / 10.0).collect();
        let found = bars(&sample);
        // Rounding of a thousand sums.
        let area: f64 = found.iter().map(|bar| (bar.to - bar.from) * bar.height).sum();
        assert!((area - 1.0).abs() < 1e-12, "{area}");
        assert!(found[0].from == 0.0 && found[found.len() - 1].to >= 9.6);
        assert!(bars(&[]).is_empty() && bars(&[0.0, 0.0]).is_empty(), "no width");
        assert!(bars(&[0.0, 1.0, 1.0, 1.0, 1.0]).len() <= 120, "equal quartiles");
    }

    #[test]
    fn of_many_sizes_four_are_drawn_and_named() {
        let spread = |size| Spread { series: String::new(), size, stds: vec![0.0, 1.0, 2.0, 4.0] };
        let spreads: Vec<Spread> = (1..=16).map(spread).collect();
        let chart = histogram("post", &spreads, Bandwidth::Silverman);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!((names, chart.subtitle.as_str()), (vec!["1", "6", "11", "16"], "post · 4 of 16 sizes"));
        assert_eq!(chosen(3), [0, 1, 2]);
    }
}

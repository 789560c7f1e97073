//! Mixtures of the neurons' standard deviations: the share of the component near zero against size, and fitted densities
//! over the histogram of one unit.

use super::{Axis, Chart, Series, color};
use layerscope_analysis::quantile;
use std::collections::BTreeMap;

/// The weight of one fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// What tells curves apart: the family, and the layer where there are several.
    pub series: String,
    /// Swept width.
    pub size: i32,
    /// Share of the component near zero among the neurons that are not dead.
    pub weight: f64,
    /// Ends of its interval.
    pub interval: Option<(f64, f64)>,
}

/// Factor by which neighbouring series are moved apart along the axis of sizes, so that their bars do not cover each other.
const ASIDE: f64 = 1.025;

/// Weights against size, the journal's curves of π: fits as dots, their means as lines, one colour per series.
///
/// A size with a single fit shows its interval as a bar; of several replicates the dots show the spread.
pub fn weights(subtitle: &str, fits: &[Weight]) -> Chart {
    let mut by_series: BTreeMap<&str, BTreeMap<i32, Vec<&Weight>>> = BTreeMap::new();
    for fit in fits.iter().filter(|fit| fit.weight.is_finite() && fit.size > 0) {
        by_series.entry(&fit.series).or_default().entry(fit.size).or_default().push(fit);
    }
    let mut series = Vec::new();
    for (index, (name, sizes)) in by_series.iter().enumerate() {
        let color = color::distinct(index);
        let aside = ASIDE.powf(index as f64 - (by_series.len() as f64 - 1.0) / 2.0);
        let place = |size: &i32| aside * f64::from(*size);
        let all = sizes.iter().flat_map(|(size, fits)| fits.iter().map(move |fit| (place(size), fit.weight)));
        series.push(Series { name: None, color: color.clone(), line: Vec::new(), dots: all.collect() });
        let single = sizes.iter().filter(|(_, fits)| fits.len() == 1);
        let bars = single.filter_map(|(size, fits)| Some((place(size), fits[0].interval?)));
        for (size, (low, high)) in bars {
            let line = vec![(size, low), (size, high)];
            series.push(Series { name: None, color: color.clone(), line, dots: Vec::new() });
        }
        let mean = |fits: &[&Weight]| fits.iter().map(|fit| fit.weight).sum::<f64>() / fits.len() as f64;
        let line = sizes.iter().map(|(size, fits)| (place(size), mean(fits))).collect();
        series.push(Series { name: Some(name.to_string()), color, line, dots: Vec::new() });
    }
    Chart {
        title: "Share of the neurons near zero against size".into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear("weight of the component with the smaller mean").starting_at(0.0).ending_at(1.05),
        legend_title: Some("mixture".into()),
        series,
        marks: Vec::new(),
    }
}

/// A fitted distribution to draw.
pub struct FittedCurve<'a> {
    /// Name in the legend.
    pub name: &'static str,
    /// Its density.
    pub density: Box<dyn Fn(f64) -> f64 + 'a>,
}

/// Points of a curve: enough that a spike near zero is smooth at the size of a page.
const POINTS: usize = 640;
/// Most bars of a histogram.
const MOST_BARS: f64 = 120.0;
/// How far a curve may rise above the highest bar: densities of shapes below 1 are infinite at 0.
const HEADROOM: f64 = 1.4;

/// Densities of fitted families over the histogram of the sample they were fitted to, both with area 1.
///
/// Dead neurons are not in it: the legend counts them. A curve is cut off where it leaves the picture.
pub fn fitted_density(subtitle: &str, sample: &[f64], n_zero: usize, curves: &[FittedCurve<'_>]) -> Chart {
    let outline = histogram(sample);
    let top = HEADROOM * outline.iter().map(|point| point.1).fold(0.0, f64::max);
    let end = outline.last().map_or(1.0, |point| point.0);
    let n = sample.len();
    let bars = format!("{n} neurons ({n_zero} dead)");
    let mut series = vec![Series { name: Some(bars), color: "#999999".into(), line: outline, dots: Vec::new() }];
    series.extend(curves.iter().enumerate().map(|(index, curve)| {
        // Not at 0 itself, where a density may be infinite.
        let x = (1..=POINTS).map(|at| end * at as f64 / POINTS as f64);
        let line = x.map(|x| (x, (curve.density)(x))).filter(|(_, y)| y.is_finite()).map(|(x, y)| (x, y.min(top)));
        Series { name: Some(curve.name.into()), color: color::distinct(index), line: line.collect(), dots: Vec::new() }
    }));
    Chart {
        title: "Fitted densities over the histogram".into(),
        subtitle: subtitle.into(),
        x: Axis::linear("standard deviation of a neuron's activation").starting_at(0.0),
        y: Axis::linear("density").starting_at(0.0).ending_at(top),
        legend_title: None,
        series,
        marks: Vec::new(),
    }
}

/// The outline of a histogram from 0 with area 1: the width of its bars is 2 IQR / n^(1/3) (Freedman and Diaconis 1981).
fn histogram(sample: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&last), n) = (sorted.last(), sorted.len() as f64) else { return Vec::new() };
    let range = quantile(&sorted, 0.75).zip(quantile(&sorted, 0.25)).map_or(0.0, |(high, low)| high - low);
    let width = (2.0 * range / n.cbrt()).max(last / MOST_BARS);
    let n_bars = (last / width).ceil().max(1.0) as usize;
    let mut counts = vec![0_usize; n_bars];
    sorted.iter().for_each(|x| counts[((x / width) as usize).min(n_bars - 1)] += 1);
    let height = |count: &usize| *count as f64 / (n * width);
    let mut outline = vec![(0.0, 0.0)];
    for (at, count) in counts.iter().enumerate() {
        outline.extend([(at as f64 * width, height(count)), ((at + 1) as f64 * width, height(count))]);
    }
    outline.push((n_bars as f64 * width, 0.0));
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicates_are_dots_and_a_single_fit_has_a_bar() {
        let fit = |series: &str, size, weight| Weight {
            series: series.into(),
            size,
            weight,
            interval: Some((weight - 0.125, weight + 0.125)),
        };
        let fits = [fit("two_gamma", 90, 0.5), fit("exp_normal", 64, 0.25), fit("exp_normal", 64, 0.75)];
        let chart = weights("", &fits);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["exp_normal", "two_gamma"]);
        let (left, right) = (64.0 / ASIDE.sqrt(), 90.0 * ASIDE.sqrt());
        let near = |points: &[(f64, f64)], expected: &[(f64, f64)]| {
            // The factor of a place is a power, good to some roundings.
            let close = |(a, b): (&(f64, f64), &(f64, f64))| (a.0 - b.0).abs() < 1e-12 * b.0 && a.1 == b.1;
            points.len() == expected.len() && points.iter().zip(expected).all(close)
        };
        assert!(near(&chart.series[0].dots, &[(left, 0.25), (left, 0.75)]), "{:?}", chart.series);
        assert!(near(&chart.series[1].line, &[(left, 0.5)]), "{:?}", chart.series);
        assert!(near(&chart.series[3].line, &[(right, 0.375), (right, 0.625)]), "{:?}", chart.series);
    }

    #[test]
    fn bars_have_area_one_and_curves_stay_in_the_picture() {
        let sample: Vec<f64> = (0..1000).map(|at| f64::from(at % 97) / 10.0 + 0.1).collect();
        let curves = [FittedCurve { name: "gamma", density: Box::new(|x: f64| 0.1 / x) }];
        let chart = fitted_density("", &sample, 7, &curves);
        // Rectangles of the outline: pairs of points at one height. Rounding of a thousand sums.
        let bars = &chart.series[0].line;
        let area: f64 = bars.windows(2).map(|pair| (pair[1].0 - pair[0].0) * pair[0].1.min(pair[1].1)).sum();
        assert!((area - 1.0).abs() < 1e-12, "{area}");
        assert_eq!(chart.series[0].name.as_deref(), Some("1000 neurons (7 dead)"));
        let top = chart.y.to.unwrap();
        assert!(chart.series[1].line.iter().all(|point| point.1 <= top) && chart.series[1].line[0].1 == top);
    }
}

//! Mixtures of the neurons' standard deviations: the share of the component near zero against size, and fitted densities
//! over the histogram of one unit.

use super::histogram::bars;
use super::{Axis, Chart, Range, Series, color};
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
    /// Whether the fit has two components to tell apart; a share of what cannot be told apart means little.
    pub is_identified: bool,
}

/// Factor by which neighbouring series are moved apart along the axis of sizes, so that their bars do not cover each other.
const ASIDE: f64 = 1.025;

/// Dots of fits whose components cannot be told apart.
const GRAY: &str = "#bbbbbb";

/// Weights against size, the journal's curves of π: fits as dots, their means as lines, one colour per series. Fits whose
/// components cannot be told apart are gray dots and in no mean.
///
/// A size with a single fit shows its interval as a bar; of several replicates the dots show the spread.
pub fn weights(subtitle: &str, fits: &[Weight]) -> Chart {
    let mut by_series: BTreeMap<&str, BTreeMap<i32, Vec<&Weight>>> = BTreeMap::new();
    for fit in fits.iter().filter(|fit| fit.weight.is_finite() && fit.size > 0) {
        by_series.entry(&fit.series).or_default().entry(fit.size).or_default().push(fit);
    }
    let n_series = by_series.len();
    let mut gray = Vec::new();
    let mut series = Vec::new();
    for (index, (name, sizes)) in by_series.iter_mut().enumerate() {
        let color = color::distinct(index);
        let aside = ASIDE.powf(index as f64 - (n_series as f64 - 1.0) / 2.0);
        let place = |size: &i32| aside * f64::from(*size);
        for (size, fits) in sizes.iter_mut() {
            gray.extend(fits.iter().filter(|fit| !fit.is_identified).map(|fit| (place(size), fit.weight)));
            fits.retain(|fit| fit.is_identified);
        }
        sizes.retain(|_, fits| !fits.is_empty());
        let all = sizes.iter().flat_map(|(size, fits)| fits.iter().map(move |fit| (place(size), fit.weight)));
        series.push(Series { color: color.clone(), dots: all.collect(), ..Series::default() });
        let single = sizes.iter().filter(|(_, fits)| fits.len() == 1);
        let range = |(size, fits): (&i32, &Vec<&Weight>)| {
            let (low, high) = fits[0].interval?;
            Some(Range { at: place(size), low, high })
        };
        series.push(Series { color: color.clone(), errors: single.filter_map(range).collect(), ..Series::default() });
        let mean = |fits: &[&Weight]| fits.iter().map(|fit| fit.weight).sum::<f64>() / fits.len() as f64;
        let line = sizes.iter().map(|(size, fits)| (place(size), mean(fits))).collect();
        series.push(Series { name: Some(name.to_string()), color, line, ..Series::default() });
    }
    if !gray.is_empty() {
        let name = Some("not told apart".into());
        series.insert(0, Series { name, color: GRAY.into(), dots: gray, ..Series::default() });
    }
    Chart {
        title: "Share of the neurons near zero against size".into(),
        subtitle: subtitle.into(),
        x: Axis::sizes(),
        y: Axis::linear("weight of the component with the smaller mean").starting_at(0.0).ending_at(1.05),
        legend_title: Some("mixture".into()),
        series,
        ..Chart::default()
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
/// How far a curve may rise above the highest bar: densities of shapes below 1 are infinite at 0.
const HEADROOM: f64 = 1.4;

/// Densities of fitted families over the histogram of the sample they were fitted to, both with area 1.
///
/// Dead neurons are not in it: the legend counts them. A curve is cut off where it leaves the picture.
pub fn fitted_density(subtitle: &str, sample: &[f64], n_zero: usize, curves: &[FittedCurve<'_>]) -> Chart {
    let bars = bars(sample);
    let top = HEADROOM * bars.iter().map(|bar| bar.height).fold(0.0, f64::max);
    let end = bars.last().map_or(1.0, |bar| bar.to);
    let n = sample.len();
    let name = format!("{n} neurons ({n_zero} dead)");
    let mut series = vec![Series { name: Some(name), color: "#999999".into(), bars, ..Series::default() }];
    series.extend(curves.iter().enumerate().map(|(index, curve)| {
        // Not at 0 itself, where a density may be infinite.
        let x = (1..=POINTS).map(|at| end * at as f64 / POINTS as f64);
        let line = x.map(|x| (x, (curve.density)(x))).filter(|(_, y)| *y <= top);
        Series {
            name: Some(curve.name.into()),
            color: color::distinct(index),
            line: line.collect(),
            ..Series::default()
        }
    }));
    Chart {
        title: "Fitted densities over the histogram".into(),
        subtitle: subtitle.into(),
        x: Axis::linear("standard deviation of a neuron's activation").starting_at(0.0),
        y: Axis::linear("density").starting_at(0.0).ending_at(top),
        series,
        ..Chart::default()
    }
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
            is_identified: true,
        };
        let fits = [fit("two_gamma", 90, 0.5), fit("exp_normal", 64, 0.25), fit("exp_normal", 64, 0.75)];
        let chart = weights("", &fits);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["exp_normal", "two_gamma"]);
        let (left, right) = (64.0 / ASIDE.sqrt(), 90.0 * ASIDE.sqrt());
        // A place is a power times the size, good to some roundings.
        let is_at = |found: f64, place: f64| (found - place).abs() < 1e-12 * place;
        let dots = &chart.series[0].dots;
        assert!(is_at(dots[0].0, left) && is_at(dots[1].0, left) && (dots[0].1, dots[1].1) == (0.25, 0.75), "{dots:?}");
        let means = chart.series.iter().find(|series| series.name.as_deref() == Some("exp_normal")).unwrap();
        assert!(is_at(means.line[0].0, left) && means.line[0].1 == 0.5 && means.line.len() == 1, "{:?}", means.line);
        let bar = &chart.series.iter().find(|series| !series.errors.is_empty()).unwrap().errors[0];
        assert!(is_at(bar.at, right) && (bar.low, bar.high) == (0.375, 0.625), "{bar:?}");
    }

    #[test]
    fn fits_without_two_components_are_gray_and_in_no_mean() {
        let fit = |weight, is_identified| Weight {
            series: "two_gamma".into(),
            size: 64,
            weight,
            interval: None,
            is_identified,
        };
        let chart = weights("", &[fit(0.25, true), fit(0.9, false), fit(0.75, true)]);
        assert_eq!((chart.series[0].color.as_str(), &chart.series[0].dots), (GRAY, &vec![(64.0, 0.9)]));
        let means = chart.series.iter().find(|series| series.name.as_deref() == Some("two_gamma")).unwrap();
        assert_eq!(means.line, [(64.0, 0.5)]);
    }

    #[test]
    fn the_dead_are_counted_and_curves_stay_in_the_picture() {
        let sample: Vec<f64> = (0..1000).map(|at| f64::from(at % 97) / 10.0 + 0.1).collect();
        let curves = [FittedCurve { name: "gamma", density: Box::new(|x: f64| 0.1 / x) }];
        let chart = fitted_density("", &sample, 7, &curves);
        assert_eq!(chart.series[0].name.as_deref(), Some("1000 neurons (7 dead)"));
        let top = chart.y.to.unwrap();
        assert!(chart.series[1].line.iter().all(|point| point.1 <= top) && chart.series[1].line[0].1 > 0.9 * top);
    }
}

//! Figures of one number per network against its size: replicates as dots, their mean as a line.

use super::{Axis, Chart, Mark, Range, Series, color};
use layerscope_analysis::LEVEL;
use layerscope_analysis::interval::{Interval, mean_interval};
use std::collections::BTreeMap;

/// One number of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What else tells curves apart, such as the layer; equal for all units of a simple sweep.
    pub series: String,
    /// Swept width.
    pub size: i32,
    /// The number.
    pub value: f64,
}

/// Shapiro-Wilk's W against size, the most normal size marked; `label` says of what.
///
/// Over replicates with error bars: Student's 95 % intervals of the mean.
pub fn normality(subtitle: &str, label: &str, observations: &[Observation], most_normal: Option<(i32, f64)>) -> Chart {
    let y = Axis::linear(label).ending_at(1.0);
    let mut chart = sweep("Normality against size", subtitle, y, observations);
    chart.series.extend(intervals(observations, 1.0));
    chart.marks.extend(
        most_normal.map(|(size, w)| Mark { x: f64::from(size), label: format!("most normal: {size} (W = {w:.3})") }),
    );
    chart
}

/// Dead neurons against size.
pub fn dead(subtitle: &str, observations: &[Observation], pooled: bool) -> Chart {
    let label = if pooled { "dead neurons, replicates pooled" } else { "dead neurons in a network" };
    sweep("Dead neurons against size", subtitle, from_zero(label, observations), observations)
}

/// Sum over the neurons of the standard deviation against size, the journal's "total variance".
pub fn sum_std(subtitle: &str, observations: &[Observation], pooled: bool) -> Chart {
    let label = if pooled { "sum of standard deviations, replicates pooled" } else { "sum of standard deviations" };
    sweep("Sum of the standard deviations against size", subtitle, from_zero(label, observations), observations)
}

/// Share of exact zeros among the activations against size.
pub fn zeros(subtitle: &str, observations: &[Observation]) -> Chart {
    sweep("Zero activations against size", subtitle, Axis::linear("share of values that are 0"), observations)
}

/// Accuracy on training and test data against size.
pub fn accuracy(subtitle: &str, observations: &[Observation]) -> Chart {
    sweep("Accuracy against size", subtitle, Axis::linear("accuracy"), observations)
}

/// An axis for what cannot be negative; counts that are all zero still get a range.
fn from_zero(label: &str, observations: &[Observation]) -> Axis {
    let axis = Axis::linear(label).starting_at(0.0);
    if observations.iter().all(|o| o.value == 0.0) { axis.ending_at(1.0) } else { axis }
}

fn sweep(title: &str, subtitle: &str, y: Axis, observations: &[Observation]) -> Chart {
    let by_series = by_series(observations);
    let several = by_series.len() > 1;
    let replicated = by_series.values().flat_map(BTreeMap::values).any(|values| values.len() > 1);
    let mut series = Vec::new();
    for (index, (name, sizes)) in by_series.iter().enumerate() {
        let color = color::distinct(index);
        let dots = sizes.iter().flat_map(|(&size, values)| values.iter().map(move |&v| (f64::from(size), v))).collect();
        let line = sizes.iter().map(|(&size, values)| (f64::from(size), mean(values))).collect();
        let name_of = |text: &str| Some(if several { format!("{name}{text}") } else { text.trim().to_string() });
        if replicated {
            series.push(Series { name: name_of(" replicate"), color: color.clone(), dots, ..Series::default() });
            series.push(Series { name: name_of(" mean"), color, line, ..Series::default() });
        } else {
            series.push(Series { name: several.then(|| name.to_string()), color, line, dots, ..Series::default() });
        }
    }
    Chart { title: title.into(), subtitle: subtitle.into(), x: Axis::sizes(), y, series, ..Chart::default() }
}

/// The values of each series by size, ascending.
fn by_series(observations: &[Observation]) -> BTreeMap<&str, BTreeMap<i32, Vec<f64>>> {
    let mut by_series: BTreeMap<&str, BTreeMap<i32, Vec<f64>>> = BTreeMap::new();
    for observation in observations.iter().filter(|o| o.value.is_finite() && o.size > 0) {
        let sizes = by_series.entry(&observation.series).or_default();
        sizes.entry(observation.size).or_default().push(observation.value);
    }
    by_series
}

/// Student's 95 % interval of the mean of each size with two or more values, cut at `highest`; one series for each name.
fn intervals(observations: &[Observation], highest: f64) -> Vec<Series> {
    let range = |(size, values): (&i32, &Vec<f64>)| {
        let Interval { low, high } = mean_interval(values, LEVEL).ok()?.interval;
        Some(Range { at: f64::from(*size), low: low.min(highest), high: high.min(highest) })
    };
    let of_series = |(index, sizes): (usize, &BTreeMap<i32, Vec<f64>>)| {
        let errors = sizes.iter().filter_map(range).collect();
        Series { color: color::distinct(index), errors, ..Series::default() }
    };
    by_series(observations).values().enumerate().map(of_series).filter(|series| !series.errors.is_empty()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(series: &str, size: i32, value: f64) -> Observation {
        Observation { series: series.into(), size, value }
    }

    #[test]
    fn replicates_are_dots_and_their_mean_is_a_line_in_order_of_size() {
        let observations = [observation("", 90, 2.0), observation("", 64, 1.0), observation("", 64, 2.0)];
        let chart = dead("", &observations, false);
        assert_eq!(chart.series[0].dots, [(64.0, 1.0), (64.0, 2.0), (90.0, 2.0)]);
        assert_eq!(chart.series[1].line, [(64.0, 1.5), (90.0, 2.0)]);
        assert_eq!(chart.series[1].name.as_deref(), Some("mean"));
    }

    #[test]
    fn normality_has_intervals_over_replicates_below_one() {
        let observations = [observation("", 64, 0.9), observation("", 64, 0.8), observation("", 90, 0.95)];
        let chart = normality("", "W", &observations, Some((90, 0.95)));
        let bars: Vec<_> = chart.series.iter().flat_map(|series| &series.errors).collect();
        assert_eq!(bars.len(), 1, "one size has two replicates");
        // 0.85 ± 12.706 · 0.05, which ends above 1.
        assert!((bars[0].low - 0.214_69).abs() < 1e-5 && bars[0].at == 64.0, "{bars:?}");
        assert_eq!(bars[0].high, 1.0);
    }

    #[test]
    fn one_replicate_needs_no_legend_and_several_series_do() {
        let single = [observation("", 64, 1.0), observation("", 90, f64::NAN)];
        let chart = sum_std("", &single, false);
        assert_eq!(chart.series.len(), 1);
        assert_eq!((chart.series[0].name.as_deref(), chart.series[0].dots.len()), (None, 1));
        let chart = accuracy("", &[observation("test", 64, 0.9), observation("training", 64, 0.95)]);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["test", "training"]);
    }
}

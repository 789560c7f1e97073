//! Figures of one number per network against its size: replicates as dots, their mean as a line.

use super::{Axis, Chart, Mark, Range, Series, color};
use layerscope_analysis::LEVEL;
use layerscope_analysis::interval::mean_interval;
use std::collections::BTreeMap;

/// What a mean of shares can be.
const SHARE: (f64, f64) = (0.0, 1.0);
/// What a mean of counts and sums can be.
const COUNT: (f64, f64) = (0.0, f64::INFINITY);

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
/// Over replicates the vertical lines are Student's 95 % intervals of the mean.
pub fn normality(subtitle: &str, label: &str, observations: &[Observation], most_normal: Option<(i32, f64)>) -> Chart {
    let y = Axis::linear(label).ending_at(1.0);
    let mut chart = sweep("Normality against size", subtitle, y, observations, SHARE);
    chart.marks.extend(
        most_normal.map(|(size, w)| Mark { x: f64::from(size), label: format!("most normal: {size} (W = {w:.3})") }),
    );
    chart
}

/// Dead neurons against size.
pub fn dead(subtitle: &str, observations: &[Observation], pooled: bool) -> Chart {
    let label = if pooled { "dead neurons, replicates pooled" } else { "dead neurons in a network" };
    sweep("Dead neurons against size", subtitle, from_zero(label, observations), observations, COUNT)
}

/// Sum over the neurons of the standard deviation against size, the journal's "total variance".
pub fn sum_std(subtitle: &str, observations: &[Observation], pooled: bool) -> Chart {
    let label = if pooled { "sum of standard deviations, replicates pooled" } else { "sum of standard deviations" };
    sweep("Sum of the standard deviations against size", subtitle, from_zero(label, observations), observations, COUNT)
}

/// Share of exact zeros among the activations against size.
pub fn zeros(subtitle: &str, observations: &[Observation]) -> Chart {
    sweep("Zero activations against size", subtitle, Axis::linear("share of values that are 0"), observations, SHARE)
}

/// Accuracy on training and test data against size.
pub fn accuracy(subtitle: &str, observations: &[Observation]) -> Chart {
    sweep("Accuracy against size", subtitle, Axis::linear("accuracy"), observations, SHARE)
}

/// An axis for what cannot be negative; counts that are all zero still get a range.
fn from_zero(label: &str, observations: &[Observation]) -> Axis {
    let axis = Axis::linear(label).starting_at(0.0);
    if observations.iter().all(|o| o.value == 0.0) { axis.ending_at(1.0) } else { axis }
}

/// Replicates as dots, their mean as a line, its 95 % interval over replicates as error bars.
fn sweep(title: &str, subtitle: &str, y: Axis, observations: &[Observation], possible: (f64, f64)) -> Chart {
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
            let errors = intervals(sizes, possible);
            series.push(Series { name: name_of(" mean"), color, line, errors, ..Series::default() });
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

/// Error bars of each size with two or more values: Student's 95 % interval of their mean, cut to what is possible.
fn intervals(sizes: &BTreeMap<i32, Vec<f64>>, possible: (f64, f64)) -> Vec<Range> {
    let with_interval =
        sizes.iter().filter_map(|(size, values)| Some((f64::from(*size), mean_interval(values, LEVEL).ok()?.interval)));
    let cut = |value: f64| value.clamp(possible.0, possible.1);
    with_interval.map(|(at, found)| Range { at, low: cut(found.low), high: cut(found.high) }).collect()
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
    fn intervals_over_replicates_stay_within_the_possible() {
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

//! Over replicates: the mean of a number at each size, with its interval.

use crate::report::{Cell, Report};
use layerscope_analysis::interval::{Interval, mean_interval};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The level of the intervals over replicates.
pub const LEVEL: f64 = 0.95;

/// A number of the rows, and the range that its mean cannot leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Name of its column.
    pub column: &'static str,
    /// Smallest possible value.
    pub low: f64,
    /// Largest possible value.
    pub high: f64,
}

impl Measure {
    /// A number that is never negative: a count, a sum of squares, a loss.
    pub const fn not_negative(column: &'static str) -> Self {
        Self { column, low: 0.0, high: f64::INFINITY }
    }

    /// A number between 0 and 1: a share, an accuracy, W.
    pub const fn share(column: &'static str) -> Self {
        Self { column, low: 0.0, high: 1.0 }
    }
}

/// Cells that tell the rows of one size apart beside the replicate.
const SERIES: [&str; 5] = ["model", "dataset", "split", "layer", "family"];

/// The values of one number over the replicates of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    /// Model, data set, split, layer and family, as in the rows; empty where the rows have none.
    pub series: [String; 5],
    /// Swept width.
    pub size: i32,
    /// One value per replicate that has one.
    pub values: Vec<f64>,
}

impl Replicates {
    /// Σ value / number of values; None without a value.
    pub fn mean(&self) -> Option<f64> {
        (!self.values.is_empty()).then(|| self.values.iter().sum::<f64>() / self.values.len() as f64)
    }

    /// Student's 95 % interval of the mean over replicates, cut to the possible range; None below two values.
    ///
    /// Cutting off what cannot be does not change how often the interval covers the mean.
    pub fn interval(&self, measure: Measure) -> Option<Interval> {
        let Interval { low, high } = mean_interval(&self.values, LEVEL).ok()?.interval;
        Some(Interval { low: low.max(measure.low), high: high.min(measure.high) })
    }
}

/// The values of `column` by series and size, ascending; rows without a value are left out of their size.
pub fn replicates(report: &Report, column: &str) -> Vec<Replicates> {
    let position = |name: &str| report.position(name);
    let Some((size_at, at)) = position("size").zip(position(column)) else { return Vec::new() };
    let mut sizes: BTreeMap<([String; 5], i32), Vec<f64>> = BTreeMap::new();
    for row in &report.rows {
        let Cell::Integer(size) = row[size_at] else { continue };
        let series = SERIES.map(|name| match position(name).map(|at| &row[at]) {
            Some(Cell::Text(text)) => text.to_string(),
            _ => String::new(),
        });
        let values = sizes.entry((series, i32::try_from(size).unwrap_or(i32::MAX))).or_default();
        values.extend(row[at].number());
    }
    sizes.into_iter().map(|((series, size), values)| Replicates { series, size, values }).collect()
}

/// The finding `by_size`: one object per size with mean, sample standard deviation (divided by R - 1) and Student's 95 %
/// interval over the R replicates that have a value, for each of `measures`; the last two are null for one replicate.
///
/// Layer, and whatever else tells series apart, are named where the report has several.
pub fn by_size(report: &Report, measures: &[Measure]) -> Value {
    let found: Vec<Vec<Replicates>> = measures.iter().map(|measure| replicates(report, measure.column)).collect();
    let Some(first) = found.first() else { return Value::Null };
    let entry = |at: usize| {
        let mut object = Map::new();
        for (which, name) in SERIES.into_iter().enumerate() {
            if first.iter().any(|other| other.series[which] != first[0].series[which]) {
                object.insert(name.into(), first[at].series[which].clone().into());
            }
        }
        object.insert("size".into(), first[at].size.into());
        for (measure, found) in measures.iter().zip(&found) {
            object.insert(measure.column.into(), summary(&found[at], *measure));
        }
        Value::Object(object)
    };
    (0..first.len()).map(entry).collect()
}

fn summary(replicates: &Replicates, measure: Measure) -> Value {
    json!({
        "n_replicates": replicates.values.len(),
        "mean": replicates.mean(),
        "std": mean_interval(&replicates.values, LEVEL).ok().map(|found| found.std),
        "interval": replicates.interval(measure).map(|found| [found.low, found.high]),
    })
}

/// Whether a size has more than one row: only then is there anything to say over replicates.
pub fn is_replicated(report: &Report, column: &str) -> bool {
    replicates(report, column).iter().any(|found| found.values.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Column;

    #[test]
    fn means_and_intervals_are_over_the_replicates_that_have_a_value() {
        let columns = vec![Column::text("layer"), Column::integer("size"), Column::real("w")];
        let mut report = Report::new("normality", columns);
        for (size, w) in [(90, Some(5.0)), (64, Some(1.0)), (64, None), (64, Some(3.0))] {
            report.push([("layer", "hidden".into()), ("size", Cell::from(size)), ("w", w.into())]);
        }
        let any = Measure { column: "w", low: f64::NEG_INFINITY, high: f64::INFINITY };
        let found = by_size(&report, &[any]);
        assert_eq!((found[0]["size"].as_i64(), found[0]["w"]["n_replicates"].as_i64()), (Some(64), Some(2)));
        assert_eq!((found[0]["w"]["mean"].as_f64(), found[0].get("layer")), (Some(2.0), None));
        // The 0.975 quantile of Student's t with one degree of freedom is tan(0.475 π) = 12.706; s / √n is 1.
        let low = found[0]["w"]["interval"][0].as_f64().unwrap();
        assert!((low - (2.0 - 12.706_204_736)).abs() < 1e-6, "{low}");
        assert_eq!((found[1]["w"]["mean"].as_f64(), &found[1]["w"]["interval"]), (Some(5.0), &Value::Null));
        assert_eq!(by_size(&report, &[Measure::not_negative("w")])[0]["w"]["interval"][0].as_f64(), Some(0.0));
        assert!(is_replicated(&report, "w"));
    }
}

//! A number against size, replicate by replicate: what sentences are made from.

use crate::analyze::by_size::{LEVEL, Measure};
use crate::report::html::number;
use crate::report::{Cell, Report, Row};
use layerscope_analysis::interval::{Interval, mean_interval};
use layerscope_analysis::rank_correlation;
use std::collections::BTreeMap;

/// The values of one size, each with its replicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Swept width.
    pub size: i32,
    /// Replicate and value, at least one.
    values: Vec<(i64, f64)>,
    measure: Measure,
}

/// One number at every size that has it, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The sizes.
    pub points: Vec<Point>,
}

impl Curve {
    /// The values of `measure` in the rows of a report.
    pub fn of(report: &Report, measure: Measure) -> Self {
        Self::among(report, measure, |_| true)
    }

    /// The same for the rows that `keep`s them.
    pub fn among(report: &Report, measure: Measure, keep: impl Fn(&Row) -> bool) -> Self {
        let positions = ["size", "replicate", measure.column].map(|name| report.position(name));
        let [Some(size_at), Some(replicate_at), Some(at)] = positions else { return Self { points: Vec::new() } };
        let mut sizes: BTreeMap<i32, Vec<(i64, f64)>> = BTreeMap::new();
        for row in report.rows.iter().filter(|row| keep(row)) {
            let Some((size, value)) = row[size_at].number().zip(row[at].number()) else { continue };
            let replicate = if let Cell::Integer(replicate) = row[replicate_at] { replicate } else { 0 };
            sizes.entry(size as i32).or_default().push((replicate, value));
        }
        Self { points: sizes.into_iter().map(|(size, values)| Point { size, values, measure }).collect() }
    }

    /// Size and mean, ascending.
    fn means(&self) -> Vec<(f64, f64)> {
        self.points.iter().map(|point| (f64::from(point.size), point.mean())).collect()
    }

    /// The narrowest and the widest size, when they differ.
    pub fn ends(&self) -> Option<(&Point, &Point)> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        (first.size < last.size).then_some((first, last))
    }

    /// The size with the largest mean, the narrowest of equal ones.
    pub fn best(&self) -> Option<&Point> {
        self.points.iter().reduce(|best, next| if next.mean() > best.mean() { next } else { best })
    }

    /// The point of a size.
    pub fn at(&self, size: i32) -> Option<&Point> {
        self.points.iter().find(|point| point.size == size)
    }

    /// The other sizes that cannot be told apart from `point`; None when a size lacks a second replicate.
    pub fn like(&self, point: &Point) -> Option<Vec<i32>> {
        let others = self.points.iter().filter(|other| other.size != point.size);
        let like = others.map(|other| Some((other.size, other.difference(point)?)));
        let like: Option<Vec<(i32, Interval)>> = like.collect();
        Some(like?.into_iter().filter(|(_, d)| d.low <= 0.0 && d.high >= 0.0).map(|(size, _)| size).collect())
    }

    /// Spearman's rho of size and mean; None below three sizes or for equal means.
    pub fn trend(&self) -> Option<f64> {
        let pairs = self.means();
        (pairs.len() > 2).then(|| rank_correlation(&pairs).ok()).flatten()
    }

    /// The first size from which on all means are at least `threshold`.
    pub fn from(&self, threshold: f64) -> Option<&Point> {
        self.points.iter().rev().take_while(|point| point.mean() >= threshold).last()
    }
}

impl Point {
    /// Mean over the replicates.
    pub fn mean(&self) -> f64 {
        self.values.iter().map(|(_, value)| value).sum::<f64>() / self.values.len() as f64
    }

    /// Number of replicates.
    pub fn n(&self) -> usize {
        self.values.len()
    }

    /// Student's 95 % interval of the mean, cut to what is possible; None for one replicate.
    pub fn interval(&self) -> Option<Interval> {
        let values: Vec<f64> = self.values.iter().map(|(_, value)| *value).collect();
        let Interval { low, high } = mean_interval(&values, LEVEL).ok()?.interval;
        Some(Interval { low: low.max(self.measure.low), high: high.min(self.measure.high) })
    }

    /// Student's 95 % interval of the mean difference from `other`, replicate by replicate: replicates of one number share
    /// the order of the training data. None below two common replicates.
    pub fn difference(&self, other: &Point) -> Option<Interval> {
        let of = |replicate: i64| other.values.iter().find(|(r, _)| *r == replicate).map(|(_, value)| *value);
        let differences: Vec<f64> = self.values.iter().filter_map(|(r, value)| Some(value - of(*r)?)).collect();
        mean_interval(&differences, LEVEL).ok().map(|found| found.interval)
    }

    /// `0.9834 [0.9711, 0.9957]`; without an interval the number alone.
    pub fn words(&self) -> String {
        let mean = number(self.mean());
        match self.interval() {
            Some(found) => format!("{mean} [{}, {}]", number(found.low), number(found.high)),
            None => mean,
        }
    }

    /// The same in per cent, with two decimals: `17.71 % [16.02, 19.40]`.
    pub fn percent(&self) -> String {
        // A share between 0 and 0.005 % is not 0.
        let digits = |value: f64| {
            let percent = 100.0 * value;
            if percent > 0.0 && percent < 0.005 { "< 0.01".into() } else { format!("{percent:.2}") }
        };
        let mean = digits(self.mean());
        // No line break before the sign.
        match self.interval() {
            Some(found) => format!("{mean}\u{a0}% [{}, {}]", digits(found.low), digits(found.high)),
            None => format!("{mean}\u{a0}%"),
        }
    }
}

/// `64, 90 and 128`.
pub fn list<T: ToString>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    match texts.split_last() {
        None => "none".into(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 network`, `3 networks`.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;

    fn curve(rows: &[(i32, i32, f64)]) -> Curve {
        let values: Vec<(i32, i32, [f64; 1])> = rows.iter().map(|(s, r, v)| (*s, *r, [*v])).collect();
        let rows: Vec<(i32, i32, &[f64])> = values.iter().map(|(s, r, v)| (*s, *r, v.as_slice())).collect();
        Curve::of(&report("normality", &["w"], &rows), Measure::share("w"))
    }

    #[test]
    fn differences_are_taken_replicate_by_replicate() {
        // Replicates differ much, but alike at both sizes: the difference is sure although the intervals overlap.
        let curve = curve(&[(64, 0, 0.5), (64, 1, 0.9), (90, 0, 0.6), (90, 1, 0.999), (128, 0, 0.4), (128, 1, 0.9)]);
        let best = curve.best().unwrap();
        assert_eq!((best.size, best.n()), (90, 2));
        let difference = best.difference(curve.at(64).unwrap()).unwrap();
        assert!(difference.low > 0.0 && difference.high < 0.2, "{difference:?}");
        assert_eq!(curve.like(best), Some(vec![128]), "0.2 and 0.099 scatter too much");
        assert_eq!(list(&[1, 2, 3]), "1, 2 and 3");
    }

    #[test]
    fn one_replicate_has_neither_interval_nor_comparison() {
        let curve = curve(&[(64, 0, 0.000_01), (90, 0, 0.25), (128, 0, f64::NAN)]);
        assert_eq!((curve.points.len(), curve.like(&curve.points[0])), (2, None));
        assert_eq!(
            (curve.points[0].percent().as_str(), curve.points[1].percent().as_str()),
            ("< 0.01\u{a0}%", "25.00\u{a0}%")
        );
        assert_eq!((curve.points[1].words().as_str(), curve.trend()), ("0.2500", None));
        assert_eq!((curve.from(0.1).map(|p| p.size), curve.from(0.5)), (Some(90), None));
    }
}

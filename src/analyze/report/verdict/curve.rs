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
    pub fn means(&self) -> Vec<(f64, f64)> {
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
        with_interval(self, number)
    }

    /// The same in per cent: `17.71 % [16.02, 19.40]`.
    pub fn percent(&self) -> String {
        let percent = |value: f64| number(100.0 * value);
        match self.interval() {
            Some(found) => format!("{} % [{}, {}]", percent(self.mean()), percent(found.low), percent(found.high)),
            None => format!("{} %", percent(self.mean())),
        }
    }
}

fn with_interval(point: &Point, number: impl Fn(f64) -> String) -> String {
    match point.interval() {
        Some(found) => format!("{} [{}, {}]", number(point.mean()), number(found.low), number(found.high)),
        None => number(point.mean()),
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

//! The replicates of a size taken together, and the size that is most normal.

use super::super::row::{has_several_series, series_name};
use super::super::unit::Group;
use crate::figure::Observation;
use layerscope_analysis::interval::mean_interval;
use layerscope_analysis::{LEVEL, most_normal as largest_w};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// W of one row, None where it has none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NetworkW {
    /// What tells rows apart beside size and replicate; empty in a simple sweep.
    pub series: String,
    /// Swept width.
    pub size: i32,
    /// W, or its mean over the neurons.
    pub w: Option<f64>,
    /// The W that sizes are compared by: of subsamples where they were asked for.
    pub compared: Option<f64>,
}

/// What tells the groups apart beside size and replicate, one name for each.
pub(super) fn all_series(groups: &[&Group]) -> Vec<String> {
    groups.iter().map(|group| series_name(groups, group)).collect()
}

/// Finding `by_size`: for each size (and series) the mean over the rows that have a W, with Student's 95 % interval.
///
/// The interval is null below two of them. `with_subsample` adds the same of the W that sizes are compared by.
pub(super) fn by_size(networks: &[NetworkW], with_subsample: bool) -> Value {
    let mut groups: BTreeMap<(&str, i32), Vec<&NetworkW>> = BTreeMap::new();
    for network in networks {
        groups.entry((&network.series, network.size)).or_default().push(network);
    }
    let entry = |((series, size), networks): ((&str, i32), Vec<&NetworkW>)| {
        let mut entry = Map::new();
        if !series.is_empty() {
            entry.insert("series".into(), series.into());
        }
        entry.insert("size".into(), size.into());
        let w: Vec<f64> = networks.iter().filter_map(|network| network.w).collect();
        entry.insert("n_replicates".into(), w.len().into());
        insert_mean(&mut entry, "w", &w);
        if with_subsample {
            let w: Vec<f64> = networks.iter().filter_map(|network| network.compared).collect();
            insert_mean(&mut entry, "w_subsample", &w);
        }
        Value::Object(entry)
    };
    groups.into_iter().map(entry).collect()
}

fn insert_mean(entry: &mut Map<String, Value>, name: &str, values: &[f64]) {
    let interval = mean_interval(values, LEVEL).ok().map(|found| json!([found.interval.low, found.interval.high]));
    entry.insert(format!("mean_{name}"), mean(values).map_or(Value::Null, Value::from));
    entry.insert(format!("{name}_interval"), interval.unwrap_or(Value::Null));
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The size with the largest mean of the compared W over its rows, and that mean; rows without one are left out.
///
/// None when the rows are of several series: a mean over different layers would be a number without a meaning.
pub(super) fn best(networks: &[NetworkW]) -> Option<(i32, f64)> {
    if networks.iter().any(|network| !network.series.is_empty()) {
        return None;
    }
    let mut by_size: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for network in networks {
        by_size.entry(network.size).or_default().extend(network.compared);
    }
    largest_w(by_size.into_iter().filter_map(|(size, ws)| Some((size, mean(&ws)?))))
}

/// Finding `most_normal`: {size, w}, or null.
pub(super) fn most_normal(networks: &[NetworkW]) -> Value {
    best(networks).map_or(Value::Null, |(size, w)| json!({"size": size, "w": w}))
}

/// Why `most_normal` is null although there are values.
pub(super) fn several_series_warning(networks: &[NetworkW]) -> Option<String> {
    let several = networks.iter().any(|network| !network.series.is_empty());
    several.then(|| {
        "most_normal is null: it compares sizes within one model, dataset, split and layer (choose --layer)".into()
    })
}

/// The compared W as points of a figure.
pub(super) fn observations(networks: &[NetworkW]) -> Vec<Observation> {
    let point = |network: &NetworkW| {
        Some(Observation { series: network.series.clone(), size: network.size, value: network.compared? })
    };
    networks.iter().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(size: i32, w: Option<f64>, compared: Option<f64>) -> NetworkW {
        NetworkW { series: String::new(), size, w, compared }
    }

    #[test]
    fn sizes_are_compared_by_their_mean_over_the_rows_that_have_one() {
        let networks = [network(64, Some(0.9), None), network(64, Some(0.7), None), network(90, Some(0.75), Some(0.6)), network(90, None, None), network(128, None, None)];
        let found = by_size(&networks, true);
        // t = 12.7062 with one degree of freedom, s = 0.1 √2, √2 values: 0.8 ± 1.27062
        let interval = &found[0]["w_interval"];
        assert!((interval[0].as_f64().unwrap() + 0.470_62).abs() < 1e-5 && (interval[1].as_f64().unwrap() - 2.070_62).abs() < 1e-5);
        assert!((found[0]["mean_w"].as_f64().unwrap() - 0.8).abs() < 1e-15);
        assert_eq!((&found[0]["n_replicates"], &found[0]["mean_w_subsample"]), (&2.into(), &Value::Null));
        assert_eq!((&found[1]["mean_w"], &found[1]["w_interval"], &found[1]["mean_w_subsample"]), (&0.75.into(), &Value::Null, &0.6.into()));
        assert_eq!((&found[2]["n_replicates"], &found[2]["mean_w"]), (&0.into(), &Value::Null));
        assert!(by_size(&networks, false)[1].get("mean_w_subsample").is_none());
        assert_eq!(best(&networks), Some((90, 0.6)));
        assert_eq!(observations(&networks).len(), 1);
    }

    #[test]
    fn several_layers_have_no_most_normal_size() {
        let mut networks = vec![network(64, Some(0.9), Some(0.9)), network(64, Some(0.7), Some(0.7))];
        assert!(best(&networks).is_some() && several_series_warning(&networks).is_none());
        networks[0].series = "hidden.0".into();
        networks[1].series = "hidden.1".into();
        assert!(most_normal(&networks).is_null() && several_series_warning(&networks).unwrap().contains("--layer"));
        assert_eq!(by_size(&networks, false)[1]["series"], "hidden.1");
    }
}

//! How the sums of variance and standard deviation grow with the size.

use crate::analyze::by_size::replicates;
use crate::report::Report;
use layerscope_analysis::{Trend, best_trend, trends};
use serde_json::{Value, json};

/// The points (size, value) of `column`, one per network.
pub fn points(report: &Report, column: &str) -> Vec<(f64, f64)> {
    let sizes = replicates(report, column);
    sizes.iter().flat_map(|found| found.values.iter().map(|value| (f64::from(found.size), *value))).collect()
}

/// One object per column and shape, the best of each column marked; columns with too few networks have none.
pub fn growth(report: &Report, columns: &[&str]) -> Value {
    let of =
        |column: &&str| trends(&points(report, column)).map_or_else(|_| Vec::new(), |found| described(column, &found));
    columns.iter().flat_map(of).collect()
}

fn described(column: &str, found: &[Trend; 3]) -> Vec<Value> {
    let best = best_trend(found);
    let object = |trend: &Trend| {
        json!({
            "measure": column,
            "shape": trend.shape.as_str(),
            "best": best.is_some_and(|best| best.shape == trend.shape),
            "intercept": trend.intercept,
            "slope": trend.slope,
            "n": trend.n,
            "r_squared": trend.r_squared,
            "aic": trend.aic,
            "delta_aic": trend.aic.zip(best.and_then(|best| best.aic)).map(|(aic, best)| aic - best),
            "lack_of_fit_p": trend.lack_of_fit_p,
        })
    };
    found.iter().map(object).collect()
}

//! `mixture`: which distribution the neurons' standard deviations follow, and how many neurons are a population of their
//! own near zero.
//!
//! [`fit_units`] does the work once; [`report`] turns it into rows, [`weights_chart`] and [`fit_chart`] into pictures.

pub mod args;
mod fits;
mod rows;

pub use args::{Families, Method, MixtureArgs, MixtureFigure};
pub use fits::{Fitted, Found, UnitFits, fit_units};
pub use rows::report;

use super::provenance::unit_subtitle;
use super::row::series_name;
use crate::figure::{Chart, FittedCurve, Weight, fitted_density, weights};
use layerscope_analysis::mixture::Status;
use layerscope_recorder::recording::Stage;

/// Weight of the component near zero against size, one colour per family.
pub fn weights_chart(subtitle: &str, units: &[UnitFits<'_>]) -> Chart {
    let groups: Vec<_> = units.iter().map(|unit| unit.group).collect();
    let of_unit = |unit: &UnitFits<'_>| {
        let layer = series_name(&groups, unit.group);
        let name = |family: &str| if layer.is_empty() { family.to_string() } else { format!("{family} · {layer}") };
        let point = |fitted: &Fitted| {
            let Found { fit, inference } = fitted.found.as_ref().ok()?;
            let estimate = inference.estimates.as_ref().and_then(|found| found.of("weight").copied());
            Some(Weight {
                series: name(fitted.family.as_str()),
                size: unit.group.key.size,
                weight: fit.parameters.weight()?,
                interval: estimate.and_then(|estimate| estimate.interval.ok()).map(|found| (found.low, found.high)),
                is_identified: fit.status == Status::Ok,
            })
        };
        unit.families.iter().filter_map(point).collect::<Vec<_>>()
    };
    weights(subtitle, &units.iter().flat_map(of_unit).collect::<Vec<_>>())
}

/// The fitted densities over the histogram of one unit's standard deviations.
pub fn fit_chart(stage: Stage, unit: &UnitFits<'_>) -> Chart {
    let curve = |fitted: &Fitted| {
        let parameters = fitted.found.as_ref().ok()?.fit.parameters;
        Some(FittedCurve { name: fitted.family.as_str(), density: Box::new(move |x| parameters.ln_density(x).exp()) })
    };
    let curves: Vec<FittedCurve> = unit.families.iter().filter_map(curve).collect();
    fitted_density(&unit_subtitle(stage, unit.group), &unit.sample, unit.n_zero, &curves)
}

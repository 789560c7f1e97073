//! `normality`: whether the neurons' standard deviations, or each neuron's activations, are normally distributed, and at
//! which size most.
//!
//! `spread.rs` tests the standard deviations of a network's neurons, `activations.rs` every neuron's own samples,
//! `by_size.rs` takes the replicates of a size together.

mod activations;
mod by_size;
mod spread;

pub use activations::{Neurons, measure_activations};
pub use by_size::{BySize, UnitW};
pub use spread::{Subsample, TestedSpread, test_spreads};

use super::args::{NormalityFigure, Target};
use crate::report::{Cell, Column};
use layerscope_analysis::normality::Battery;

/// The columns of the tests beside Shapiro-Wilk.
fn companion_columns() -> [Column; 6] {
    [
        Column::real("anderson_darling"),
        Column::real("anderson_darling_p"),
        Column::real("jarque_bera"),
        Column::real("jarque_bera_p"),
        Column::real("dagostino"),
        Column::real("dagostino_p"),
    ]
}

/// W, its p, and the companions; null where there is none.
fn battery_cells(tests: Option<&Battery>) -> Vec<(&'static str, Cell)> {
    let w = tests.map(|tests| tests.shapiro_wilk);
    let anderson_darling = tests.map(|tests| tests.anderson_darling);
    let jarque_bera = tests.map(|tests| tests.jarque_bera);
    let dagostino = tests.and_then(|tests| tests.dagostino);
    vec![
        ("w", w.map(|w| w.w).into()),
        ("p", w.and_then(|w| w.p).into()),
        ("p_method", w.and_then(|w| w.p.map(|_| w.p_method.as_str())).into()),
        ("anderson_darling", anderson_darling.map(|test| test.statistic).into()),
        ("anderson_darling_p", anderson_darling.and_then(|test| test.p).into()),
        ("jarque_bera", jarque_bera.map(|test| test.statistic).into()),
        ("jarque_bera_p", jarque_bera.map(|test| test.p).into()),
        ("dagostino", dagostino.map(|test| test.statistic).into()),
        ("dagostino_p", dagostino.map(|test| test.p).into()),
    ]
}

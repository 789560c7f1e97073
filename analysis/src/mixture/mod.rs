//! Families of distributions for the standard deviations of a layer's neurons: one component or two.
//!
//! An oversized layer is thought of as two populations, neurons that hardly vary and neurons that do; the share of the first
//! is the weight of a mixture's component near zero. [`Params`] fits a [`Family`] and answers with a [`Fit`]; exact zeros,
//! the dead neurons, are a point mass beside it. [`journal_exp_normal`] and [`journal_two_gamma`] are the fits of the 2017
//! journal, kept for comparison.
//!
//! # Method
//! Maximum likelihood by EM over logarithms ([`Params`]), from several fixed starts, until the likelihood stands still.

mod component;
mod em;
mod error;
mod family;
mod fit;
mod floor;
mod journal;
mod parameters;
mod search;
mod starts;
mod values;

pub use error::FitError;
pub use family::Family;
pub use fit::{Fit, Params, Start, Status, ValidParams};
pub use floor::Floor;
pub use journal::{journal_exp_normal, journal_two_gamma};
pub use parameters::Parameters;

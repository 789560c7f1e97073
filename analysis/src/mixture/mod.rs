//! Families of distributions for the standard deviations of a layer's neurons: one component or two.
//!
//! An oversized layer is thought of as two populations, neurons that hardly vary and neurons that do; the share of the first
//! is the weight of a mixture's component near zero. [`Params`] fits a [`Family`] and answers with a [`Fit`]; exact zeros,
//! the dead neurons, are a point mass beside it. [`journal_exp_normal`] and [`journal_two_gamma`] are the fits of the 2017
//! journal, kept for comparison.
//!
//! # Method
//! Maximum likelihood ([`Params`]): the families of one component by explicit estimates ([`shape_of`](crate::shape_of) for
//! the gamma), mixtures by EM over logarithms with Newton steps, from several fixed starts, until the likelihood stands
//! still.

mod density;
mod em;
mod error;
mod family;
mod fit;
mod floor;
mod journal;
mod newton;
mod pair;
mod parameters;
mod params;
mod part;
mod points;
mod search;
mod single;
mod starts;
mod values;

pub use error::FitError;
pub use family::Family;
pub use fit::{Doubt, Fit, Start, Status};
pub use floor::Floor;
pub use journal::{journal_exp_normal, journal_two_gamma};
pub use parameters::Parameters;
pub use params::{Params, ValidParams};

//! Trains ensembles of unequal networks and records their activations.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod backend;
pub mod dataset;
pub mod ensemble;
pub mod input;
pub mod model;
mod op;
pub mod recording;
pub mod train;

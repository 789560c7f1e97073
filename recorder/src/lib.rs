//! Trains ensembles of unequal networks and records their activations.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod backend;
pub mod recording;

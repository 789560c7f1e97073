//! `analyze` as its users see it: numbers, formats, messages, exit codes, files.
//!
//! Every test records a small sweep of its own, so that each expected number can be worked out by hand.
//!
//! - `normality.rs`: the targets and options of `normality`.
//! - `numbers.rs`: every statistic against values worked out by hand or printed in a paper.
//! - `mixture.rs`: families, the bootstrap, replicates and pooling.
//! - `output.rs`: tables, files, pictures, pipes.
//! - `pca.rs`: spectra and reconstructions of a layer of two directions.
//! - `relationships.rs`: measures beside each other, means over replicates.
//! - `report.rs`: the page of everything.
//! - `trouble.rs`: units without a value, NaN, damaged files, requests that cannot be met.

mod mixture;
mod normality;
mod numbers;
mod output;
mod pca;
mod relationships;
mod report;
mod setup;
mod trouble;

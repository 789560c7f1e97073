//! `analyze` as its users see it: numbers, formats, messages, exit codes, files.
//!
//! Every test records a small sweep of its own, so that each expected number can be worked out by hand.
//!
//! - `numbers.rs`: every statistic against values worked out by hand or printed in a paper.
//! - `output.rs`: tables, files, pictures, pipes.
//! - `pca.rs`: spectra and reconstructions of a layer of two directions.
//! - `relationships.rs`: measures beside each other, means over replicates.
//! - `trouble.rs`: units without a value, NaN, damaged files, requests that cannot be met.

mod numbers;
mod output;
mod pca;
mod relationships;
mod setup;
mod trouble;

//! The operations of a training step, one folder each; README.md beside this file has the rule.
//!
//! All of them work on one [`Block`](crate::ensemble::Block) of 32 neurons, so that everything a block needs stays in
//! the core's own cache while it is worked on.

#![allow(clippy::needless_range_loop, reason = "register tiles are unrolled loops over constants")]

pub(crate) mod adam;
pub(crate) mod batch;
pub(crate) mod capture;
pub(crate) mod cross_entropy;
pub(crate) mod hidden;
pub(crate) mod moments;
pub(crate) mod output;

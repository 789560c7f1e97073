//! Layerscope: record a size sweep once, measure it as often as you like.
//!
//! [`analyze`] measures a recording: it selects units, streams them into the statistics of `layerscope-analysis` and
//! hands rows to a [`report`] and, when asked, pictures to a [`figure`].

#![forbid(unsafe_code)]

pub mod analyze;
pub mod figure;
pub mod record;
pub mod report;

//! Layerscope: record a size sweep once, measure it as often as you like.
//!
//! ```text
//!  data set --> model --> ensemble --> training --> recording --> out.parquet (+ weights, history, manifest)
//!                                                                    |
//!  table, JSON, CSV, Parquet <-- report <-- analyze <-- recording, streamed unit by unit
//!             SVG, PNG       <-- figure <--
//! ```
//!
//! [`record`] trains and writes: its engine and the file format are the crate `layerscope-recorder`. [`analyze`] measures
//! a recording: it selects units, streams them into the statistics of `layerscope-analysis` and hands rows to a
//! [`report`] and, when asked, pictures to a [`figure`].
//!
//! Both programs share [`diagnostics`] (`-v`) and their [`manual`] (completions, man pages).

#![forbid(unsafe_code)]

pub mod analyze;
pub mod diagnostics;
pub mod figure;
pub mod manual;
pub mod record;
pub mod report;

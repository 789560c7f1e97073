//! Layers rebuilt from their first k components: which directions, how far off, and what the network then answers.
//!
//! `basis.rs` is the directions, the principal ones or the journal's; `accuracy.rs` feeds what they rebuild through the
//! output layer.

mod accuracy;
mod basis;
mod ladder;

pub use accuracy::{OutputLayer, ReconstructionAccuracy};
pub use basis::{Basis, journal_distance};
pub use ladder::component_ladder;

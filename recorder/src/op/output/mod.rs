//! The output layer of a block: its 32 neurons' share of the logits, and what comes back.
//!
//! - logits_bk = sum_i post_bi V_ki, a share that the caller adds over blocks and to the bias
//! - dL/dV_ki = sum_b e_bk post_bi with e = dL/dlogits
//! - d_bi = dL/dz_bi = sum_k e_bk V_ki where post_bi > 0, else 0
//!
//! Shapes: post and d `[B]` rows of 32 neurons, V `[K]` rows of 32 neurons, logits and e `[B]` with one lane a class.

mod cpu;
pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

pub(crate) use cpu::{backward, forward};

/// The largest K: a sample's logits are one `Lanes`.
pub const MAX_CLASSES: usize = crate::backend::Lanes::WIDTH;

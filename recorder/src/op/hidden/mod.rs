//! The hidden layer of a block: products that touch only what the input has.
//!
//! Inputs are x = a p - c with p an integer from 0 to 255 (a pixel) and constants a and c, so
//!
//! - z_i = b_i + sum_j W_ij x_j = (b_i - c sum_j W_ij) + a sum_{j: p_j > 0} W_ij p_j
//! - dL/dW_ij = sum_b d_bi x_bj = a sum_{b: p_bj > 0} d_bi p_bj - c sum_b d_bi
//!
//! Both sums run over lists of non-zero pixels: by sample in the forward pass, by pixel in the weight gradient. MNIST has
//! 19 % non-zero pixels. Where an input has few zeros, the same sums run over all pixels in register tiles.
//!
//! Shapes: weights `[I]` rows of 32 neurons, post and d `[B]` rows of 32 neurons.

mod cpu;
pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

pub(crate) use cpu::{forward, relu, update};

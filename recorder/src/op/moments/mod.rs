//! Count, mean and sum of squared deviations of every neuron's activations, kept on the device and merged batch by batch
//! in f64:
//!
//! - n <- n + n', d = mean' - mean
//! - mean <- mean + d n' / (n + n'), M2 <- M2 + M2' + d^2 n n' / (n + n')
//!
//! Source: Chan, Golub and LeVeque 1979, equation 2.1. A batch without samples changes nothing.

pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

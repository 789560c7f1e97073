//! Activations on a device as the recording wants them: from `[P, B]`, a row for each neuron, to `[N, U]`, a row for each
//! sample of one member. Values are moved, never changed.

pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

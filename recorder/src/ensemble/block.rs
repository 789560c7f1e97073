//! The unit of work: 32 neurons of one member, with everything that belongs to them.

use crate::backend::Lanes;

/// Neurons in a block. 32 neurons of 784 inputs are 100 KB of weights, which stay in a core's second-level cache
/// together with both moments; their activations for a batch of 128 are 16 KB and stay in the first level.
pub const BLOCK: usize = 32;

/// `Lanes` in a row of a block.
pub const HALVES: usize = BLOCK / Lanes::WIDTH;

/// One value for each neuron of a block.
pub type Row = [Lanes; HALVES];

/// A row of zeros.
pub const ZERO_ROW: Row = [Lanes::ZERO; HALVES];

/// Values that the optimizer trains, with their two moments; `[R]` rows each.
#[derive(Clone, Debug)]
pub struct Trained<T> {
    /// The parameters.
    pub values: Vec<T>,
    /// Running mean of the gradient.
    pub first: Vec<T>,
    /// Running mean of the squared gradient.
    pub second: Vec<T>,
}

impl<T: Clone> Trained<T> {
    /// `n` rows of `zero`, moments zero.
    pub fn zeros(n: usize, zero: T) -> Self {
        Self { values: vec![zero.clone(); n], first: vec![zero.clone(); n], second: vec![zero; n] }
    }
}

/// 32 neurons of one member. Neurons beyond the member's size are zero and stay zero: their gradient is.
#[derive(Clone, Debug)]
pub struct Block {
    /// Hidden weights, transposed: `[I]` rows of 32 neurons.
    pub weights: Trained<Row>,
    /// Hidden biases: one row.
    pub bias: Trained<Row>,
    /// Output weights: `[K]` rows of 32 neurons.
    pub output: Trained<Row>,
    /// The sum over inputs of each neuron's weights, kept up to date by the update.
    pub weight_sums: Row,
    /// Activations of the current batch after the ReLU, `[B]` rows; during the backward pass the gradient with respect
    /// to the pre-activations.
    pub post: Vec<Row>,
    /// This block's share of the logits of the current batch, `[B]`, one lane a class.
    pub logits: Vec<Lanes>,
}

impl Block {
    /// A block of zeros for I inputs, K classes and batches of up to B samples.
    #[must_use]
    pub fn zeros(n_inputs: usize, n_classes: usize, batch_size: usize) -> Self {
        Self {
            weights: Trained::zeros(n_inputs, ZERO_ROW),
            bias: Trained::zeros(1, ZERO_ROW),
            output: Trained::zeros(n_classes, ZERO_ROW),
            weight_sums: ZERO_ROW,
            post: vec![ZERO_ROW; batch_size],
            logits: vec![Lanes::ZERO; batch_size],
        }
    }

    /// Bytes of trained state (weights and both moments) in a block of I inputs and K classes.
    #[must_use]
    pub fn state_bytes(n_inputs: usize, n_classes: usize) -> usize {
        3 * (n_inputs + 1 + n_classes) * size_of::<Row>()
    }

    /// Sums each neuron's weights in the order of the inputs, as the update does.
    pub fn sum_weights(&mut self) {
        let mut sums = [0.0_f32; BLOCK];
        for row in &self.weights.values {
            for (neuron, sum) in sums.iter_mut().enumerate() {
                *sum += *lane(row, neuron);
            }
        }
        for (neuron, sum) in sums.into_iter().enumerate() {
            *lane_mut(&mut self.weight_sums, neuron) = sum;
        }
    }
}

/// The value of one neuron (0 to 31) in a row.
#[must_use]
pub fn lane(row: &Row, neuron: usize) -> &f32 {
    &row[neuron / Lanes::WIDTH].0[neuron % Lanes::WIDTH]
}

/// The value of one neuron (0 to 31) in a row.
pub fn lane_mut(row: &mut Row, neuron: usize) -> &mut f32 {
    &mut row[neuron / Lanes::WIDTH].0[neuron % Lanes::WIDTH]
}

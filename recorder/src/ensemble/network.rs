//! One member, packed into blocks that threads can work on side by side.

use super::{BLOCK, Block, Member, Trained, lane, lane_mut};
use crate::backend::Lanes;
use crate::model::Model;
use crate::op::adam::Adam;
use std::sync::RwLock;

/// Something for each group of parameters that may have its own learning rate and decay.
#[derive(Clone, Copy, Debug)]
pub struct Groups<T> {
    /// Hidden weights.
    pub hidden_weights: T,
    /// Hidden biases.
    pub hidden_bias: T,
    /// Output weights.
    pub output_weights: T,
    /// Output biases.
    pub output_bias: T,
}

impl Groups<Adam> {
    /// The same constants for every group.
    #[must_use]
    pub fn all(adam: Adam) -> Self {
        Self { hidden_weights: adam, hidden_bias: adam, output_weights: adam, output_bias: adam }
    }
}

/// What the blocks of a member share.
#[derive(Debug)]
pub struct Head {
    /// Output biases: one `Lanes`, a lane a class.
    pub bias: Trained<Lanes>,
    /// dL/dlogits of the current batch, `[B]`.
    pub errors: Vec<Lanes>,
}

/// One member while it trains. The locks are never waited for: the schedule gives a block to one thread at a time.
#[derive(Debug)]
pub struct Network {
    member: Member,
    n_inputs: usize,
    n_classes: usize,
    /// ceil(size / 32) blocks.
    pub blocks: Vec<RwLock<Block>>,
    /// Biases and errors of the output layer.
    pub head: RwLock<Head>,
}

impl Network {
    /// The member as it is before training.
    ///
    /// # Panics
    ///
    /// Where the model is not dense, ReLU, dense with at most 16 classes: what this backend computes.
    #[must_use]
    pub fn initial(member: Member, model: &Model, batch_size: usize, seed: u64) -> Self {
        let n_inputs = model.n_inputs();
        let layers = member.initial_parameters(model, seed);
        let Ok([(hidden_weight, hidden_bias), (output_weight, output_bias)]) = <[_; 2]>::try_from(layers) else {
            panic!("the CPU backend computes models of one hidden layer, {} has another shape", model.name());
        };
        let n_classes = output_bias.len();
        assert!(n_classes <= Lanes::WIDTH, "the CPU backend computes at most {} classes", Lanes::WIDTH);
        let head = Head { bias: Trained::zeros(1, Lanes::ZERO), errors: vec![Lanes::ZERO; batch_size] };
        let blocks = (0..member.size.div_ceil(BLOCK))
            .map(|_| RwLock::new(Block::zeros(n_inputs, n_classes, batch_size)))
            .collect();
        let network = Self { member, n_inputs, n_classes, blocks, head: RwLock::new(head) };
        network.pack(Part::Values, &Parameters { hidden_weight, hidden_bias, output_weight, output_bias });
        network
    }

    /// Which member this is.
    #[must_use]
    pub fn member(&self) -> Member {
        self.member
    }

    /// I.
    #[must_use]
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// K.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The parameters as they are, unpacked.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.unpack(Part::Values)
    }

    /// One of the three numbers that training keeps for every parameter, unpacked.
    #[must_use]
    pub fn unpack(&self, part: Part) -> Parameters {
        let size = self.member.size;
        let mut parameters = Parameters {
            hidden_weight: vec![0.0; size * self.n_inputs],
            hidden_bias: vec![0.0; size],
            output_weight: vec![0.0; self.n_classes * size],
            output_bias: part.of(&read(&self.head).bias)[0].0[..self.n_classes].to_vec(),
        };
        for (index, block) in self.blocks.iter().enumerate() {
            let block = read(block);
            for neuron in 0..BLOCK.min(size - index * BLOCK) {
                let unit = index * BLOCK + neuron;
                let weights = &mut parameters.hidden_weight[unit * self.n_inputs..(unit + 1) * self.n_inputs];
                for (weight, row) in weights.iter_mut().zip(part.of(&block.weights)) {
                    *weight = *lane(row, neuron);
                }
                parameters.hidden_bias[unit] = *lane(&part.of(&block.bias)[0], neuron);
                for (class, row) in part.of(&block.output).iter().enumerate() {
                    parameters.output_weight[class * size + unit] = *lane(row, neuron);
                }
            }
        }
        parameters
    }

    /// The inverse of [`unpack`](Self::unpack). Together the three parts are all that the next step depends on: sums of
    /// weights follow from the values, and everything else is written before it is read.
    pub fn pack(&self, part: Part, parameters: &Parameters) {
        let size = self.member.size;
        part.of_mut(&mut write(&self.head).bias)[0].0[..self.n_classes].copy_from_slice(&parameters.output_bias);
        for (index, block) in self.blocks.iter().enumerate() {
            let mut block = write(block);
            for neuron in 0..BLOCK.min(size - index * BLOCK) {
                let unit = index * BLOCK + neuron;
                let weights = &parameters.hidden_weight[unit * self.n_inputs..(unit + 1) * self.n_inputs];
                for (weight, row) in weights.iter().zip(part.of_mut(&mut block.weights)) {
                    *lane_mut(row, neuron) = *weight;
                }
                *lane_mut(&mut part.of_mut(&mut block.bias)[0], neuron) = parameters.hidden_bias[unit];
                for (class, row) in part.of_mut(&mut block.output).iter_mut().enumerate() {
                    *lane_mut(row, neuron) = parameters.output_weight[class * size + unit];
                }
            }
            if part == Part::Values {
                block.sum_weights();
            }
        }
    }
}

/// What training keeps for every parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The parameter itself.
    Values,
    /// The running mean of its gradient.
    First,
    /// The running mean of its squared gradient.
    Second,
}

impl Part {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Values, Self::First, Self::Second];

    fn of<T>(self, trained: &Trained<T>) -> &[T] {
        match self {
            Self::Values => &trained.values,
            Self::First => &trained.first,
            Self::Second => &trained.second,
        }
    }

    fn of_mut<T>(self, trained: &mut Trained<T>) -> &mut [T] {
        match self {
            Self::Values => &mut trained.values,
            Self::First => &mut trained.first,
            Self::Second => &mut trained.second,
        }
    }
}

/// A member's parameters, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// `[S, I]`.
    pub hidden_weight: Vec<f32>,
    /// `[S]`.
    pub hidden_bias: Vec<f32>,
    /// `[K, S]`.
    pub output_weight: Vec<f32>,
    /// `[K]`.
    pub output_bias: Vec<f32>,
}

/// Locks for reading. A poisoned lock means that a kernel panicked on another thread: its panic ends the run.
pub(crate) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks for writing, as [`read`].
pub(crate) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_and_unpacking_keep_every_parameter() {
        let model = Model::by_name("mnist_h1").unwrap();
        let member = Member { size: 45, replicate: 1 };
        let parameters = Network::initial(member, &model, 4, 9).parameters();
        let expected = member.initial_parameters(&model, 9);
        assert_eq!((&parameters.hidden_weight, &parameters.hidden_bias), (&expected[0].0, &expected[0].1));
        assert_eq!((&parameters.output_weight, &parameters.output_bias), (&expected[1].0, &expected[1].1));
    }

    #[test]
    fn every_part_can_be_taken_out_and_put_back() {
        let model = Model::by_name("mnist_h1").unwrap();
        let initial = |replicate| Network::initial(Member { size: 37, replicate }, &model, 4, 9);
        let network = initial(0);
        for (part, replicate) in Part::ALL.into_iter().zip(1..) {
            network.pack(part, &initial(replicate).parameters());
        }
        for (part, replicate) in Part::ALL.into_iter().zip(1..) {
            assert_eq!(network.unpack(part), initial(replicate).parameters());
        }
        let sums = |network: &Network| network.blocks.iter().map(|block| read(block).weight_sums).collect::<Vec<_>>();
        assert_eq!(sums(&network), sums(&initial(1)));
    }
}

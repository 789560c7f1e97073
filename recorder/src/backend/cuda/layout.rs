//! Where each member's numbers are in the packed arrays.

use crate::ensemble::{Member, Parameters};

/// Neurons of a block (`BLOCK` in base.cuh).
pub const NEURONS: usize = 64;
/// Samples of a tile (`SAMPLES` in base.cuh).
pub const SAMPLES: usize = 128;
/// Room for classes (`CLASSES` in base.cuh).
pub const CLASSES: usize = 16;
/// The depth of a slice (`DEPTH` in tile.cuh): rows of inputs have a multiple of it.
const DEPTH: usize = 16;

/// Members packed side by side: every member begins at a block of 64 neurons. Members are sorted by replicate, then by
/// size; what is past a member's size, the inputs or the classes is zero and stays zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    members: Vec<Member>,
    replicates: Vec<usize>,
    first_blocks: Vec<u32>,
    n_inputs: usize,
    n_classes: usize,
    batch_size: usize,
}

impl Layout {
    /// The layout of some members, in any order.
    ///
    /// # Panics
    ///
    /// More classes than 16, or more neurons than a `u32` counts.
    #[must_use]
    pub fn new(members: &[Member], n_inputs: usize, n_classes: usize, batch_size: usize) -> Self {
        assert!(n_classes <= CLASSES, "the CUDA backend computes at most {CLASSES} classes");
        let mut members = members.to_vec();
        members.sort_by_key(|member| (member.replicate, member.size));
        let mut replicates: Vec<usize> = members.iter().map(|member| member.replicate).collect();
        replicates.dedup();
        let mut first_blocks = vec![0_u32];
        let mut n_blocks = 0;
        for member in &members {
            n_blocks += member.size.div_ceil(NEURONS);
            assert!(u32::try_from(n_blocks * NEURONS).is_ok(), "the members have too many neurons for one device");
            first_blocks.push(n_blocks as u32);
        }
        Self { members, replicates, first_blocks, n_inputs, n_classes, batch_size }
    }

    /// The members in their order on the device.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The numbers of the replicates, ascending; each has a batch of its own.
    #[must_use]
    pub fn replicates(&self) -> &[usize] {
        &self.replicates
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

    /// B.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Blocks of 64 neurons.
    #[must_use]
    pub fn n_blocks(&self) -> usize {
        self.first_blocks.last().map_or(0, |&n| n as usize)
    }

    /// P, the packed neurons.
    #[must_use]
    pub fn n_neurons(&self) -> usize {
        self.n_blocks() * NEURONS
    }

    /// Floats from a row of inputs or weights to the next: I rounded up to 16.
    #[must_use]
    pub fn input_stride(&self) -> usize {
        self.n_inputs.next_multiple_of(DEPTH)
    }

    /// Rows of a batch on the device: B rounded up to 128.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.batch_size.next_multiple_of(SAMPLES)
    }

    /// `[P / 64]` member of each block.
    #[must_use]
    pub fn block_member(&self) -> Vec<u32> {
        (0..self.members.len()).flat_map(|member| vec![member as u32; self.blocks(member).len()]).collect()
    }

    /// `[P / 64]` place of each block's replicate among [`replicates`](Self::replicates).
    #[must_use]
    pub fn block_replicate(&self) -> Vec<u32> {
        let of_member = self.member_replicate();
        self.block_member().into_iter().map(|member| of_member[member as usize]).collect()
    }

    /// `[M + 1]` first block of each member, and the number of blocks.
    #[must_use]
    pub fn member_first_block(&self) -> &[u32] {
        &self.first_blocks
    }

    /// `[M]` place of each member's replicate.
    #[must_use]
    pub fn member_replicate(&self) -> Vec<u32> {
        let place = |member: &Member| self.replicates.binary_search(&member.replicate).map_or(0, |place| place as u32);
        self.members.iter().map(place).collect()
    }

    /// `[M]` sizes.
    #[must_use]
    pub fn member_size(&self) -> Vec<u32> {
        self.members.iter().map(|member| member.size as u32).collect()
    }

    /// `[M]` first float of each member's rows when `n_rows` rows of every member lie one after the other.
    #[must_use]
    pub fn row_offsets(&self, n_rows: usize) -> Vec<u64> {
        let mut next = 0;
        let offset = |member: &Member| {
            let here = next;
            next += (member.size * n_rows) as u64;
            here
        };
        self.members.iter().map(offset).collect()
    }

    /// The sum of the members' sizes.
    #[must_use]
    pub fn total_size(&self) -> usize {
        self.members.iter().map(|member| member.size).sum()
    }

    fn blocks(&self, member: usize) -> std::ops::Range<usize> {
        self.first_blocks[member] as usize..self.first_blocks[member + 1] as usize
    }
}

/// Parameters in the order of the device; also their moments.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceParameters {
    /// `[P, input_stride]`.
    pub weights: Vec<f32>,
    /// `[P]`.
    pub bias: Vec<f32>,
    /// `[P, 16]`: a row of output weights for each neuron.
    pub output: Vec<f32>,
    /// `[M, 16]`.
    pub output_bias: Vec<f32>,
}

impl DeviceParameters {
    /// Zeros.
    #[must_use]
    pub fn zeros(layout: &Layout) -> Self {
        Self {
            weights: vec![0.0; layout.n_neurons() * layout.input_stride()],
            bias: vec![0.0; layout.n_neurons()],
            output: vec![0.0; layout.n_neurons() * CLASSES],
            output_bias: vec![0.0; layout.members.len() * CLASSES],
        }
    }

    /// Puts one member's parameters in their place.
    pub fn pack(&mut self, layout: &Layout, member: usize, parameters: &Parameters) {
        let (size, n_inputs, stride) = (layout.members[member].size, layout.n_inputs, layout.input_stride());
        let first = layout.blocks(member).start * NEURONS;
        for neuron in 0..size {
            let packed = first + neuron;
            self.weights[packed * stride..packed * stride + n_inputs]
                .copy_from_slice(&parameters.hidden_weight[neuron * n_inputs..(neuron + 1) * n_inputs]);
            self.bias[packed] = parameters.hidden_bias[neuron];
            for class in 0..layout.n_classes {
                self.output[packed * CLASSES + class] = parameters.output_weight[class * size + neuron];
            }
        }
        self.output_bias[member * CLASSES..member * CLASSES + layout.n_classes]
            .copy_from_slice(&parameters.output_bias);
    }

    /// One member's parameters, row-major again.
    #[must_use]
    pub fn unpack(&self, layout: &Layout, member: usize) -> Parameters {
        let (size, n_inputs, stride) = (layout.members[member].size, layout.n_inputs, layout.input_stride());
        let first = layout.blocks(member).start * NEURONS;
        let rows = self.weights.chunks_exact(stride).skip(first).take(size);
        Parameters {
            hidden_weight: rows.flat_map(|row| &row[..n_inputs]).copied().collect(),
            hidden_bias: self.bias[first..first + size].to_vec(),
            output_weight: (0..layout.n_classes)
                .flat_map(|class| (first..first + size).map(move |packed| packed * CLASSES + class))
                .map(|index| self.output[index])
                .collect(),
            output_bias: self.output_bias[member * CLASSES..member * CLASSES + layout.n_classes].to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    fn members(pairs: &[(usize, usize)]) -> Vec<Member> {
        pairs.iter().map(|&(size, replicate)| Member { size, replicate }).collect()
    }

    #[test]
    fn tables_follow_the_sorted_members() {
        let layout = Layout::new(&members(&[(90, 4), (64, 1), (65, 4), (128, 1)]), 784, 10, 130);
        assert_eq!(layout.members(), members(&[(64, 1), (128, 1), (65, 4), (90, 4)]));
        assert_eq!(layout.replicates(), [1, 4]);
        assert_eq!(layout.member_first_block(), [0, 1, 3, 5, 7]);
        assert_eq!(layout.block_member(), [0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(layout.block_replicate(), [0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(layout.member_replicate(), [0, 0, 1, 1]);
        assert_eq!(layout.row_offsets(3), [0, 192, 576, 771]);
        assert_eq!((layout.n_neurons(), layout.input_stride(), layout.capacity()), (448, 784, 256));
        assert_eq!(Layout::new(&[], 5, 3, 1).n_blocks(), 0);
    }

    #[test]
    fn packing_and_unpacking_keep_every_parameter_and_leave_zeros() {
        let model = Model::by_name("mnist_h1").unwrap();
        let layout = Layout::new(&members(&[(45, 0), (70, 0), (1, 1)]), 784, 10, 128);
        let mut packed = DeviceParameters::zeros(&layout);
        let mut n_values = 0;
        let all: Vec<Parameters> = layout.members().iter().map(|member| member.initial(&model, 9)).collect();
        for (member, parameters) in all.iter().enumerate() {
            packed.pack(&layout, member, parameters);
            n_values += model.n_parameters(layout.members()[member].size) as usize;
        }
        for (member, parameters) in all.iter().enumerate() {
            assert_eq!(packed.unpack(&layout, member), *parameters);
        }
        let filled = [&packed.weights, &packed.bias, &packed.output, &packed.output_bias];
        // No initial weight is exactly zero: they are the middles of steps.
        assert_eq!(filled.into_iter().flatten().filter(|&&value| value != 0.0).count(), n_values);
    }
}

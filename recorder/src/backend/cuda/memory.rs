//! Where on the device each array is.

use super::{Address, CLASSES, Device, DeviceParameters, Layout};
use crate::ensemble::Parameters;

/// A split of the data, as bytes.
#[derive(Clone, Copy, Debug)]
pub struct SplitMemory {
    /// `[N, I]` u8.
    pub images: Address,
    /// `[N]` u8.
    pub labels: Address,
    /// N.
    pub n_samples: u32,
}

impl SplitMemory {
    /// Brings a split to the device.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn upload<D: Device>(device: &mut D, images: &[u8], labels: &[u8]) -> Result<Self, D::Error> {
        let split = Self {
            images: device.allocate("images", images.len() as u64)?,
            labels: device.allocate("labels", labels.len() as u64)?,
            n_samples: labels.len() as u32,
        };
        device.upload(split.images, images)?;
        device.upload(split.labels, labels)?;
        Ok(split)
    }
}

/// A batch for each of `n_replicates` orders.
#[derive(Clone, Copy, Debug)]
pub struct BatchMemory {
    /// `[R, N]` u32, or none: original order.
    pub order: Address,
    /// `[1]` u32, the number of the batch.
    pub cursor: Address,
    /// `[R, capacity, input_stride]`.
    pub x: Address,
    /// `[R, capacity]` u8.
    pub labels: Address,
    /// R.
    pub n_replicates: u32,
    /// Samples of a batch.
    pub n_samples: u32,
    /// Whether all members see the first batch.
    pub shared: bool,
}

/// Parameters and both moments of the optimizer.
#[derive(Clone, Copy, Debug)]
pub struct TrainedMemory {
    /// Values.
    pub values: Address,
    /// Running mean of the gradient.
    pub first: Address,
    /// Running mean of its square.
    pub second: Address,
}

impl TrainedMemory {
    fn allocate<D: Device>(device: &mut D, what: &'static str, n: usize) -> Result<Self, D::Error> {
        let mut floats = || device.allocate(what, n as u64 * 4);
        Ok(Self { values: floats()?, first: floats()?, second: floats()? })
    }
}

/// The tables of a [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// `[P / 64]` u32.
    pub block_member: Address,
    /// `[P / 64]` u32.
    pub block_replicate: Address,
    /// `[M + 1]` u32.
    pub member_first_block: Address,
    /// `[M]` u32.
    pub member_replicate: Address,
    /// `[M]` u32.
    pub member_size: Address,
}

/// All arrays of an ensemble.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Tables of the layout.
    pub tables: Tables,
    /// `[P, input_stride]`.
    pub weights: TrainedMemory,
    /// `[P]`.
    pub bias: TrainedMemory,
    /// `[P, 16]`.
    pub output: TrainedMemory,
    /// `[M, 16]`.
    pub output_bias: TrainedMemory,
    /// `[n_steps, 4, 6]`, Adam's constants of an epoch.
    pub schedule: Address,
    /// The batches of the training.
    pub training: BatchMemory,
    /// The batches of evaluation and capture, the same for all members; in the same place as those of the training.
    pub evaluation: BatchMemory,
    /// `[P, capacity]`.
    pub pre: Address,
    /// `[P, capacity]`; during the backward pass dL/dz.
    pub post: Address,
    /// `[P / 64, capacity, 16]`.
    pub partial: Address,
    /// `[M, capacity, 16]`.
    pub errors: Address,
    /// `[M, capacity]` f64.
    pub losses: Address,
    /// `[M, capacity]` u32.
    pub correct: Address,
    /// `[M]` f64.
    pub loss_totals: Address,
    /// `[M]` u64.
    pub correct_totals: Address,
}

/// What a member's evaluated samples add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemberTotals {
    /// Sum of the losses.
    pub loss: f64,
    /// Correct samples.
    pub n_correct: u64,
}

impl Memory {
    /// Takes the memory of an ensemble and fills its tables. `n_steps` batches of `n_samples` samples make an epoch.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn allocate<D: Device>(
        device: &mut D,
        layout: &Layout,
        n_samples: usize,
        n_steps: usize,
    ) -> Result<Self, D::Error> {
        let mut table = |values: &[u32]| {
            let address = device.allocate("tables", size_of_val(values) as u64)?;
            device.upload(address, &bytes_of_u32(values))?;
            Ok(address)
        };
        let tables = Tables {
            block_member: table(&layout.block_member())?,
            block_replicate: table(&layout.block_replicate())?,
            member_first_block: table(layout.member_first_block())?,
            member_replicate: table(&layout.member_replicate())?,
            member_size: table(&layout.member_size())?,
        };
        let (n_neurons, n_members, capacity) = (layout.n_neurons(), layout.members().len(), layout.capacity());
        let n_replicates = layout.replicates().len();
        let mut take = |what, n: usize| device.allocate(what, n as u64);
        let training = BatchMemory {
            order: take("batch orders", n_replicates * n_samples * 4)?,
            cursor: take("cursors", 4)?,
            x: take("batches", n_replicates * capacity * layout.input_stride() * 4)?,
            labels: take("batches", n_replicates * capacity)?,
            n_replicates: n_replicates as u32,
            n_samples: layout.batch_size() as u32,
            shared: false,
        };
        let evaluation = BatchMemory {
            order: Address::NONE,
            cursor: take("cursors", 4)?,
            n_replicates: 1,
            n_samples: capacity as u32,
            shared: true,
            ..training
        };
        Ok(Self {
            tables,
            training,
            evaluation,
            schedule: take("optimizer constants", n_steps * 4 * 6 * 4)?,
            pre: take("activations", n_neurons * capacity * 4)?,
            post: take("activations", n_neurons * capacity * 4)?,
            partial: take("logits", n_neurons / super::NEURONS * capacity * CLASSES * 4)?,
            errors: take("errors", n_members * capacity * CLASSES * 4)?,
            losses: take("losses", n_members * capacity * 8)?,
            correct: take("losses", n_members * capacity * 4)?,
            loss_totals: take("losses", n_members * 8)?,
            correct_totals: take("losses", n_members * 8)?,
            weights: TrainedMemory::allocate(device, "weights and moments", n_neurons * layout.input_stride())?,
            bias: TrainedMemory::allocate(device, "biases and moments", n_neurons)?,
            output: TrainedMemory::allocate(device, "output weights and moments", n_neurons * CLASSES)?,
            output_bias: TrainedMemory::allocate(device, "output biases and moments", n_members * CLASSES)?,
        })
    }

    /// Brings parameters to the device; moments stay as they are.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn upload_parameters<D: Device>(&self, device: &mut D, parameters: &DeviceParameters) -> Result<(), D::Error> {
        for (to, values) in [
            (self.weights.values, &parameters.weights),
            (self.bias.values, &parameters.bias),
            (self.output.values, &parameters.output),
            (self.output_bias.values, &parameters.output_bias),
        ] {
            device.upload(to, &bytes_of_f32(values))?;
        }
        Ok(())
    }

    /// Every member's parameters, in the layout's order.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn download_parameters<D: Device>(&self, device: &mut D, layout: &Layout) -> Result<Vec<Parameters>, D::Error> {
        let mut floats = |from, n: usize| {
            let mut bytes = vec![0; n * 4];
            device.download(from, &mut bytes)?;
            Ok(f32_of_bytes(&bytes))
        };
        let n_neurons = layout.n_neurons();
        let packed = DeviceParameters {
            weights: floats(self.weights.values, n_neurons * layout.input_stride())?,
            bias: floats(self.bias.values, n_neurons)?,
            output: floats(self.output.values, n_neurons * CLASSES)?,
            output_bias: floats(self.output_bias.values, layout.members().len() * CLASSES)?,
        };
        Ok((0..layout.members().len()).map(|member| packed.unpack(layout, member)).collect())
    }

    /// Sets every member's totals to zero.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn clear_totals<D: Device>(&self, device: &mut D, layout: &Layout) -> Result<(), D::Error> {
        let zeros = vec![0; layout.members().len() * 8];
        device.upload(self.loss_totals, &zeros)?;
        device.upload(self.correct_totals, &zeros)
    }

    /// Every member's totals since they were zero, in the layout's order.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn download_totals<D: Device>(&self, device: &mut D, layout: &Layout) -> Result<Vec<MemberTotals>, D::Error> {
        let mut words = |from| {
            let mut bytes = vec![0; layout.members().len() * 8];
            device.download(from, &mut bytes)?;
            Ok(bytes.as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect::<Vec<u64>>())
        };
        let (losses, correct) = (words(self.loss_totals)?, words(self.correct_totals)?);
        let totals = |(loss, n_correct)| MemberTotals { loss: f64::from_bits(loss), n_correct };
        Ok(losses.into_iter().zip(correct).map(totals).collect())
    }
}

/// The bytes of numbers, little-endian as every device is.
pub(crate) fn bytes_of_u32(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The bytes of numbers.
pub(crate) fn bytes_of_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Numbers from their bytes.
pub(crate) fn f32_of_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

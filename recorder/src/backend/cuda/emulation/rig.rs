//! An ensemble on the emulated device, for tests.

use super::super::{Address, CLASSES, DeviceParameters, Layout, Memory, SplitMemory, schedule};
use super::{Device, Emulator};
use crate::ensemble::{Groups, Member};
use crate::op::adam::Adam;

/// Distinct values in about (-scale, scale): a ramp in shuffled order with a little noise.
pub(crate) fn ramp(n: usize, scale: f32, salt: u64) -> Vec<f32> {
    let value = |index: usize| {
        let hash = (index as u64 + 1 + (salt << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((hash >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    (0..n).map(value).collect()
}

/// Panics unless both are finite and |found - expected| <= absolute + relative |expected|.
#[track_caller]
pub(crate) fn close(what: &str, found: f64, expected: f64, absolute: f64, relative: f64) {
    let error = (found - expected).abs();
    let good = found.is_finite() && expected.is_finite() && error <= absolute + relative * expected.abs();
    assert!(good, "{what}: found {found:e}, expected {expected:e}, error {error:e}");
}

/// Everything on the device, filled with distinct values.
pub(crate) struct Rig {
    pub device: Emulator,
    pub layout: Layout,
    pub memory: Memory,
    pub split: SplitMemory,
    pub images: Vec<u8>,
    pub labels: Vec<u8>,
    /// `[R, N]`.
    pub order: Vec<u32>,
    pub parameters: DeviceParameters,
}

impl Rig {
    /// Members (size, replicate) with `n_inputs` inputs and `n_classes` classes; `n_samples` images in batches of
    /// `batch_size`.
    pub fn new(
        members: &[(usize, usize)],
        [n_inputs, n_classes]: [usize; 2],
        n_samples: usize,
        batch_size: usize,
    ) -> Option<Self> {
        Some(Self::on(Emulator::new()?, members, [n_inputs, n_classes], n_samples, batch_size))
    }

    /// The same on a given device.
    pub fn on(
        mut device: Emulator,
        members: &[(usize, usize)],
        [n_inputs, n_classes]: [usize; 2],
        n_samples: usize,
        batch_size: usize,
    ) -> Self {
        let members: Vec<Member> = members.iter().map(|&(size, replicate)| Member { size, replicate }).collect();
        let layout = Layout::new(&members, n_inputs, n_classes, batch_size);
        let images: Vec<u8> = ramp(n_samples * n_inputs, 128.0, 1).iter().map(|v| (v + 128.0) as u8).collect();
        let labels: Vec<u8> = (0..n_samples).map(|n| (n * 7 % n_classes) as u8).collect();
        let split = SplitMemory::upload(&mut device, &images, &labels).unwrap();
        let n_steps = n_samples.div_ceil(batch_size).max(1);
        let memory = Memory::allocate(&mut device, &layout, n_samples, n_steps).unwrap();
        let orders = layout.replicates().iter().map(|&replicate| Member::sample_order(replicate, 0, n_samples, 5));
        let order: Vec<u32> = orders.flatten().collect();
        device.upload(memory.training.order, &super::super::memory::bytes_of_u32(&order)).unwrap();
        let groups = Groups::all(Adam::default());
        let constants = schedule(&groups, 0, n_steps);
        device.upload(memory.schedule, &super::super::memory::bytes_of_f32(&constants)).unwrap();
        let mut parameters = DeviceParameters::zeros(&layout);
        for (index, member) in layout.members().iter().enumerate() {
            let size = member.size;
            let salt = 100 * index as u64;
            let own = crate::ensemble::Parameters {
                hidden_weight: ramp(size * n_inputs, 0.3, salt + 10),
                hidden_bias: ramp(size, 0.2, salt + 11),
                output_weight: ramp(n_classes * size, 0.4, salt + 12),
                output_bias: ramp(n_classes, 0.1, salt + 13),
            };
            parameters.pack(&layout, index, &own);
        }
        memory.upload_parameters(&mut device, &parameters).unwrap();
        Self { device, layout, memory, split, images, labels, order, parameters }
    }

    /// Puts numbers where a launch before would have put them.
    pub fn fill(&mut self, at: Address, values: &[f32]) {
        self.device.upload(at, &super::super::memory::bytes_of_f32(values)).unwrap();
    }

    /// Fills memory with NaN.
    pub fn poison(&mut self, at: Address) {
        let n_bytes = self.device.read::<u8>(at).len();
        self.device.upload(at, &vec![0xff; n_bytes]).unwrap();
    }

    /// Floats at an address.
    pub fn floats(&self, at: Address) -> Vec<f32> {
        self.device.read(at)
    }

    /// `[M, capacity, 16]` errors of every member, zero past the classes and past `n` samples.
    pub fn errors(&self, n: usize) -> Vec<f32> {
        let (capacity, n_classes) = (self.layout.capacity(), self.layout.n_classes());
        let mut errors = ramp(self.layout.members().len() * capacity * CLASSES, 0.01, 77);
        for (index, error) in errors.iter_mut().enumerate() {
            if index % CLASSES >= n_classes || index / CLASSES % capacity >= n {
                *error = 0.0;
            }
        }
        errors
    }

    /// Whether a packed neuron belongs to a member, not to the rest of its last block.
    pub fn is_real(&self, neuron: usize) -> bool {
        let member = self.layout.block_member()[neuron / 64] as usize;
        let first = self.layout.member_first_block()[member] as usize * 64;
        neuron - first < self.layout.members()[member].size
    }
}

//! Training on a device: all members in lock-step, or as many as its memory holds.

use super::evaluation::Measures;
use super::observer::{Activations, EpochMeasures, MemberWeights, Observer, Progress};
use super::{Plan, TrainError};
use crate::backend::cuda::{
    Address, BatchMemory, CaptureRows, Device, DeviceParameters, Layout, Memory, NEURONS, Precision, SAMPLES, SLOTS,
    Sequence, SplitMemory, Tables, device_packs, ensemble_bytes, memory, schedule,
};
use crate::dataset::{Dataset, SplitName};
use crate::ensemble::{Groups, Member};
use crate::input::Affine;
use crate::op::adam::Adam;
use std::error::Error;
use std::time::Instant;

/// Steps between two looks at the observer.
const STEPS: usize = 64;
/// Rows of a chunk of activations at most: as many samples are in memory as inputs.
const MAX_ROWS: usize = 16_384;

/// Trains every member of the plan on a device and tells the observer what happens.
///
/// The same training as [`train`](super::train()): initial weights, batch orders and measures are a function of the same
/// things; sums are taken in another order and in another precision, so that values differ in their last digits. Order of
/// events: packs of members (replicates ascending, sizes in each; one pack where memory suffices); in each pack, epochs
/// ascending with measures and captures of its members, then their weights.
///
/// # Errors
///
/// A plan that does not fit the data or the device's memory, a fault of the device, a cancellation, or what the observer
/// returned.
pub fn train_on<D: Device<Error: Into<Box<dyn Error + Send + Sync>>>, O: Observer>(
    device: &mut D,
    precision: Precision,
    plan: &Plan,
    dataset: &Dataset,
    observer: &mut O,
) -> Result<(), TrainError<O::Error>> {
    plan.check(dataset)?;
    let split = |device: &mut D, name| {
        let split = dataset.split(name);
        SplitMemory::upload(device, split.pixels(), split.labels()).map_err(fault)
    };
    let train = split(device, SplitName::Train)?;
    let test = split(device, SplitName::Test)?;
    let capture = CaptureMemory::allocate(device, plan).map_err(fault)?;
    let normalization = dataset.normalization;
    let affine = Affine { scale: 1.0 / (255.0 * normalization.std), shift: normalization.mean / normalization.std };
    let free = device.free_bytes().map_err(fault)?;
    // The driver itself takes some for launches and graphs.
    let limit = free / 100 * 95;
    let n_train = dataset.train.n_samples();
    let n_steps = n_train.div_ceil(plan.batch_size);
    let members = plan.members();
    let layout = |members: &[Member]| Layout::new(members, plan.model.n_inputs(), plan.n_classes(), plan.batch_size);
    let packs =
        device_packs(&members, limit, |member| ensemble_bytes(&layout(std::slice::from_ref(member)), n_train, n_steps))
            .map_err(|large| TrainError::<O::Error>::TooLarge {
                size: large.member.size,
                n_bytes: large.n_bytes,
                free: limit,
            })?;
    if packs.len() > 1 {
        observer.split(packs.len(), free);
    }
    for (number, members) in packs.iter().enumerate() {
        let taken = device.n_allocated();
        let layout = layout(members);
        let memory = Memory::allocate(device, &layout, n_train, n_steps).map_err(fault)?;
        let mut pack = Pack {
            device: &mut *device,
            number,
            plan,
            dataset,
            precision,
            affine,
            train,
            test,
            capture,
            n_steps,
            layout: &layout,
            memory: &memory,
        };
        pack.train(observer)?;
        device.free_to(taken).map_err(fault)?;
    }
    Ok(())
}

/// What the device said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DeviceFault(Box<dyn Error + Send + Sync>);

fn fault(error: impl Into<Box<dyn Error + Send + Sync>>) -> DeviceFault {
    DeviceFault(error.into())
}

/// Members that train together.
struct Pack<'a, D> {
    device: &'a mut D,
    number: usize,
    plan: &'a Plan,
    dataset: &'a Dataset,
    precision: Precision,
    affine: Affine,
    train: SplitMemory,
    test: SplitMemory,
    capture: CaptureMemory,
    n_steps: usize,
    layout: &'a Layout,
    memory: &'a Memory,
}

impl<D: Device<Error: Into<Box<dyn Error + Send + Sync>>>> Pack<'_, D> {
    fn sequence(&self) -> Sequence<'_> {
        Sequence { layout: self.layout, memory: self.memory, precision: self.precision, affine: self.affine }
    }

    fn train<O: Observer>(&mut self, observer: &mut O) -> Result<(), TrainError<O::Error>> {
        let plan = self.plan;
        let mut parameters = DeviceParameters::zeros(self.layout);
        for (index, member) in self.layout.members().iter().enumerate() {
            parameters.pack(self.layout, index, &member.initial(&plan.model, plan.seed));
        }
        self.memory.upload_parameters(self.device, &parameters).map_err(fault)?;
        drop(parameters);
        if plan.capture.epochs.contains(&0) {
            self.observe(0, 0.0, observer)?;
        }
        for epoch in 0..plan.n_epochs {
            self.prepare(epoch).map_err(fault)?;
            let start = Instant::now();
            self.epoch(epoch, observer)?;
            self.observe(epoch + 1, start.elapsed().as_secs_f64(), observer)?;
        }
        let all = self.memory.download_parameters(self.device, self.layout).map_err(fault)?;
        for (&member, parameters) in self.layout.members().iter().zip(&all) {
            observer.weights(&MemberWeights { member, parameters }).map_err(TrainError::Observer)?;
        }
        Ok(())
    }

    /// Brings the epoch's batch orders and optimizer constants to the device.
    fn prepare(&mut self, epoch: usize) -> Result<(), D::Error> {
        let (plan, n_train) = (self.plan, self.dataset.train.n_samples());
        let order = |&replicate: &usize| Member::sample_order(replicate, epoch, n_train, plan.seed);
        let orders: Vec<u32> = self.layout.replicates().iter().flat_map(order).collect();
        self.device.upload(self.memory.training.order, &memory::bytes_of_u32(&orders))?;
        let groups = Groups::all(Adam { learning_rate: plan.learning_rate, ..Adam::default() });
        let constants = schedule(&groups, (epoch * self.n_steps) as u64, self.n_steps);
        self.device.upload(self.memory.schedule, &memory::bytes_of_f32(&constants))?;
        self.device.upload(self.memory.training.cursor, &[0; 4])
    }

    fn epoch<O: Observer>(&mut self, epoch: usize, observer: &mut O) -> Result<(), TrainError<O::Error>> {
        let step = self.sequence().training_step(&self.train);
        let n_train = self.dataset.train.n_samples();
        for first in (0..self.n_steps).step_by(STEPS) {
            let n_steps = STEPS.min(self.n_steps - first);
            self.device.run(&step, n_steps).map_err(fault)?;
            self.device.wait().map_err(fault)?;
            let n_samples = n_train.min((first + n_steps) * self.plan.batch_size) - first * self.plan.batch_size;
            for &replicate in self.layout.replicates() {
                let own = self.layout.members().iter().filter(|member| member.replicate == replicate);
                let sizes: Vec<usize> = own.map(|member| member.size).collect();
                observer.progress(&Progress { replicate, sizes: &sizes, epoch, n_samples });
            }
            if observer.cancelled() {
                return Err(TrainError::Cancelled);
            }
        }
        Ok(())
    }

    /// Measures and captures after `epoch` completed epochs.
    fn observe<O: Observer>(
        &mut self,
        epoch: usize,
        seconds: f64,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let train = self.evaluate(self.train).map_err(fault)?;
        let test = self.evaluate(self.test).map_err(fault)?;
        let step = (epoch * self.n_steps) as u64;
        for ((&member, train), test) in self.layout.members().iter().zip(train).zip(test) {
            let measures = EpochMeasures { pack: self.number, member, epoch, step, train, test, seconds };
            observer.epoch(&measures).map_err(TrainError::Observer)?;
        }
        if self.plan.capture.epochs.contains(&epoch) {
            let start = Instant::now();
            for index in 0..self.layout.members().len() {
                for layer in self.plan.model.recorded_layers() {
                    self.activations(index, layer, epoch, observer)?;
                }
            }
            observer.captured(start.elapsed().as_secs_f64());
        }
        if observer.cancelled() { Err(TrainError::Cancelled) } else { Ok(()) }
    }

    fn evaluate(&mut self, split: SplitMemory) -> Result<Vec<Measures>, D::Error> {
        self.memory.clear_totals(self.device, self.layout)?;
        self.device.upload(self.memory.evaluation.cursor, &[0; 4])?;
        let batch = self.sequence().evaluation_batch(&split);
        self.device.run(&batch, (split.n_samples as usize).div_ceil(self.layout.capacity()))?;
        let n = f64::from(split.n_samples);
        let totals = self.memory.download_totals(self.device, self.layout)?;
        Ok(totals.iter().map(|total| Measures { loss: total.loss / n, accuracy: total.n_correct as f64 / n }).collect())
    }

    /// Hands a member's activations to the observer: while it takes one chunk, the next is computed and copied.
    fn activations<O: Observer>(
        &mut self,
        index: usize,
        layer: &str,
        epoch: usize,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let (plan, member) = (self.plan, self.layout.members()[index]);
        let n_rows = rows_of(plan, member.size);
        let layout = Layout::new(&[member], plan.model.n_inputs(), plan.n_classes(), n_rows);
        let view = self.capture.view(self.memory, self.layout, index, n_rows);
        let split = match plan.capture.split {
            SplitName::Train => self.train,
            SplitName::Test => self.test,
        };
        let labels = self.dataset.split(plan.capture.split).labels();
        let n_samples = plan.capture.n_samples;
        let n_chunks = n_samples.div_ceil(n_rows);
        let values = n_rows * member.size;
        self.device.upload(view.evaluation.cursor, &[0; 4]).map_err(fault)?;
        for turn in 0..n_chunks + 1 {
            if turn < n_chunks {
                let n = n_rows.min(n_samples - turn * n_rows);
                let staging = self.capture.staging[turn % SLOTS];
                let rows = CaptureRows {
                    pre: staging,
                    post: Address(staging.0 + 4 * values as u64),
                    offsets: self.capture.zeros,
                };
                let sequence =
                    Sequence { layout: &layout, memory: &view, precision: self.precision, affine: self.affine };
                let launches = sequence.capture_batch(&split, &rows, n as u32, 0);
                self.device.run(&launches, 1).map_err(fault)?;
                self.device.fetch(turn % SLOTS, staging, 8 * values).map_err(fault)?;
            }
            if let Some(past) = turn.checked_sub(1) {
                let first_sample = past * n_rows;
                let n = n_rows.min(n_samples - first_sample);
                let bytes = self.device.fetched(past % SLOTS).map_err(fault)?;
                let (pre, post) = bytes.split_at(4 * values);
                let (pre, post) = (
                    memory::f32_of_bytes(&pre[..4 * n * member.size]),
                    memory::f32_of_bytes(&post[..4 * n * member.size]),
                );
                let labels = &labels[first_sample..first_sample + n];
                let chunk = Activations { member, epoch, layer, first_sample, labels, pre: &pre, post: &post };
                observer.activations(&chunk).map_err(TrainError::Observer)?;
                if observer.cancelled() {
                    return Err(TrainError::Cancelled);
                }
            }
        }
        Ok(())
    }
}

/// Samples of a chunk: a multiple of the tile, bounded by the plan's bytes for `pre` and `post` together.
fn rows_of(plan: &Plan, size: usize) -> usize {
    let rows = (plan.capture.chunk_bytes / (2 * size_of::<f32>() * size)).clamp(1, MAX_ROWS);
    (rows / SAMPLES * SAMPLES).max(SAMPLES).min(plan.capture.n_samples.next_multiple_of(SAMPLES).max(SAMPLES))
}

/// What capturing one member at a time needs, taken once for the largest.
#[derive(Clone, Copy, Debug)]
struct CaptureMemory {
    x: Address,
    labels: Address,
    cursor: Address,
    pre: Address,
    post: Address,
    /// Tables of a single member, and where its rows begin: all zero.
    zeros: Address,
    /// `pre` and `post` of a chunk as rows, twice.
    staging: [Address; SLOTS],
}

impl CaptureMemory {
    fn allocate<D: Device>(device: &mut D, plan: &Plan) -> Result<Self, D::Error> {
        let largest = |f: &dyn Fn(usize) -> usize| plan.sizes.iter().map(|&size| f(size)).max().unwrap_or(0);
        let n_rows = largest(&|size| rows_of(plan, size));
        let n_blocks = largest(&|size| size.div_ceil(NEURONS));
        let packed = largest(&|size| size.div_ceil(NEURONS) * NEURONS * rows_of(plan, size));
        let values = largest(&|size| size * rows_of(plan, size));
        let stride = Layout::new(&[], plan.model.n_inputs(), plan.n_classes(), 1).input_stride();
        let mut take = |n: usize| device.allocate("recording", n as u64);
        Ok(Self {
            x: take(n_rows * stride * 4)?,
            labels: take(n_rows)?,
            cursor: take(4)?,
            pre: take(packed * 4)?,
            post: take(packed * 4)?,
            zeros: take((n_blocks * 4).max(8))?,
            staging: [take(values * 8)?, take(values * 8)?],
        })
    }

    /// The memory of a pack as if member `index` were alone in it, with batches of `n_rows` samples.
    fn view(&self, memory: &Memory, layout: &Layout, index: usize, n_rows: usize) -> Memory {
        let first = u64::from(layout.member_first_block()[index]) * NEURONS as u64;
        let after = |address: Address, n_floats: u64| Address(address.0 + 4 * n_floats);
        let mut view = *memory;
        view.weights.values = after(memory.weights.values, first * layout.input_stride() as u64);
        view.bias.values = after(memory.bias.values, first);
        view.tables = Tables {
            block_member: self.zeros,
            block_replicate: self.zeros,
            member_first_block: self.zeros,
            member_replicate: self.zeros,
            member_size: after(memory.tables.member_size, index as u64),
        };
        view.evaluation = BatchMemory {
            order: Address::NONE,
            cursor: self.cursor,
            x: self.x,
            labels: self.labels,
            n_replicates: 1,
            n_samples: n_rows as u32,
            shared: true,
        };
        (view.pre, view.post) = (self.pre, self.post);
        view
    }
}

#[cfg(test)]
mod tests;

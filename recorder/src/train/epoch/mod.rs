//! One pass over the training data, all members of a pack in lock-step, all threads in every step.

use crate::backend::{Barrier, Isa, Kernel, Lanes, Simd};
use crate::ensemble::{Block, Groups, Head, Network, read, write};
use crate::input::{Affine, Batch, Samples};
use crate::op::adam::{self, Adam, AdamStep};
use crate::op::{cross_entropy, hidden, output};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Samples whose errors one thread computes at a time.
const ERROR_SAMPLES: usize = 32;

/// Batches alive at once: the one going backward, the one going forward, the one being gathered.
const BATCHES: usize = 3;

/// An epoch to run.
///
/// Step t is two phases, each a list of tasks that threads take in turn, with a barrier after each:
///
/// 1. For every block: gradients of batch t and the optimizer's step, then forward with batch t + 1, while the block is
///    in the core's cache. Beside it, batch t + 2 is gathered.
/// 2. For every member and 32 samples: logits of batch t + 1 summed over the member's blocks, and their errors.
pub(super) struct Epoch<'a> {
    pub networks: &'a [Network],
    pub samples: &'a Samples,
    /// The order of the samples: batches are its consecutive pieces.
    pub order: &'a [u32],
    pub batch_size: usize,
    pub affine: Affine,
    pub groups: Groups<Adam>,
    pub isa: Isa,
    pub n_threads: usize,
    /// Optimizer steps already taken.
    pub first_step: u64,
}

impl Epoch<'_> {
    /// Runs the epoch; after every step, calls `report` on this thread with the number of samples in it, and stops when it
    /// returns false. Returns whether the epoch was finished.
    pub fn run(&self, mut report: impl FnMut(usize) -> bool) -> bool {
        let batches: [RwLock<Batch>; BATCHES] = std::array::from_fn(|_| RwLock::new(Batch::default()));
        let blocks: Vec<(&Network, usize)> = self
            .networks
            .iter()
            .flat_map(|network| (0..network.blocks.len()).map(move |index| (network, index)))
            .collect();
        let team = Team {
            epoch: self,
            batches,
            blocks,
            n_steps: self.order.len().div_ceil(self.batch_size),
            barrier: Barrier::new(self.n_threads),
            next_task: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        };
        team.gather(0);
        std::thread::scope(|scope| {
            for _ in 1..self.n_threads {
                scope.spawn(|| team.work(&mut |_| true));
            }
            team.work(&mut report);
        });
        !team.stopped.load(Ordering::Relaxed)
    }
}

/// What the threads of an epoch share.
struct Team<'a> {
    epoch: &'a Epoch<'a>,
    batches: [RwLock<Batch>; BATCHES],
    blocks: Vec<(&'a Network, usize)>,
    n_steps: usize,
    barrier: Barrier,
    next_task: AtomicUsize,
    stopped: AtomicBool,
}

impl Team<'_> {
    /// What every thread does. Turn t is the step of batch t - 1 and the forward pass of batch t.
    fn work(&self, report: &mut dyn FnMut(usize) -> bool) {
        for turn in 0..=self.n_steps {
            self.take_tasks(1 + self.blocks.len(), |task| match task {
                0 => self.gather(turn + 1),
                _ => self.turn_block(self.blocks[task - 1], turn),
            });
            if turn < self.n_steps {
                let chunks = read(self.batch(turn)).len().div_ceil(ERROR_SAMPLES);
                self.take_tasks(self.epoch.networks.len() * chunks, |task| {
                    self.errors(&self.epoch.networks[task / chunks], turn, task % chunks * ERROR_SAMPLES);
                });
            }
            if turn > 0 && !report(read(self.batch(turn - 1)).len()) {
                self.stopped.store(true, Ordering::Relaxed);
            }
            self.barrier.wait(|| ());
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Takes tasks until none is left, then waits for the other threads' last ones.
    fn take_tasks(&self, n_tasks: usize, mut run: impl FnMut(usize)) {
        loop {
            let task = self.next_task.fetch_add(1, Ordering::Relaxed);
            if task >= n_tasks {
                break;
            }
            run(task);
        }
        self.barrier.wait(|| self.next_task.store(0, Ordering::Relaxed));
    }

    fn batch(&self, index: usize) -> &RwLock<Batch> {
        &self.batches[index % BATCHES]
    }

    fn gather(&self, index: usize) {
        if index < self.n_steps {
            let first = index * self.epoch.batch_size;
            let last = self.epoch.order.len().min(first + self.epoch.batch_size);
            write(self.batch(index)).gather(self.epoch.samples, &self.epoch.order[first..last]);
        }
    }

    fn turn_block(&self, (network, index): (&Network, usize), turn: usize) {
        let epoch = self.epoch;
        let mut block = write(&network.blocks[index]);
        if let Some(past) = turn.checked_sub(1) {
            let batch = read(self.batch(past));
            let t = epoch.first_step + past as u64 + 1;
            let steps = Groups {
                hidden_weights: epoch.groups.hidden_weights.at(t),
                hidden_bias: epoch.groups.hidden_bias.at(t),
                output_weights: epoch.groups.output_weights.at(t),
                output_bias: epoch.groups.output_bias.at(t),
            };
            if index == 0 {
                let mut head = write(&network.head);
                epoch.isa.run(HeadStep { head: &mut head, n_samples: batch.len(), step: &steps.output_bias });
            }
            let head = read(&network.head);
            let errors = &head.errors[..batch.len()];
            epoch.isa.run(Backward { block: &mut block, batch: &batch, errors, affine: epoch.affine, steps: &steps });
        }
        if turn < self.n_steps {
            let batch = read(self.batch(turn));
            epoch.isa.run(Forward { block: &mut block, batch: &batch, affine: epoch.affine });
        }
    }

    fn errors(&self, network: &Network, turn: usize, first: usize) {
        let batch = read(self.batch(turn));
        let labels = &batch.labels()[first..batch.len().min(first + ERROR_SAMPLES)];
        let mut logits = [Lanes::ZERO; ERROR_SAMPLES];
        let logits = &mut logits[..labels.len()];
        for block in &network.blocks {
            let block = read(block);
            self.epoch.isa.run(Add { to: logits, from: &block.logits[first..first + labels.len()] });
        }
        let bias = read(&network.head).bias.values[0];
        let weight = 1.0 / batch.len() as f32;
        self.epoch.isa.run(Errors { logits, labels, bias, n_classes: network.n_classes(), weight });
        write(&network.head).errors[first..first + labels.len()].copy_from_slice(logits);
    }
}

/// Gradients of a block and its optimizer step.
struct Backward<'a> {
    block: &'a mut Block,
    batch: &'a Batch,
    errors: &'a [Lanes],
    affine: Affine,
    steps: &'a Groups<AdamStep>,
}

impl Kernel for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Block { weights, bias, output, weight_sums, post, .. } = self.block;
        let deltas = &mut post[..self.errors.len()];
        let sums = output::backward::<S>(output, deltas, self.errors, &self.steps.output_weights);
        for (half, sum) in sums.into_iter().enumerate() {
            let (value, first, second) =
                (&mut bias.values[0][half], &mut bias.first[0][half], &mut bias.second[0][half]);
            adam::update(sum, &self.steps.hidden_bias, value, first, second);
        }
        let columns = self.batch.columns();
        hidden::update::<S>(weights, weight_sums, deltas, sums, self.affine, columns, &self.steps.hidden_weights);
    }
}

/// A block's activations for a batch and its share of the logits.
struct Forward<'a> {
    block: &'a mut Block,
    batch: &'a Batch,
    affine: Affine,
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Block { weights, bias, output, weight_sums, post, logits } = self.block;
        let n = self.batch.len();
        let (post, logits) = (&mut post[..n], &mut logits[..n]);
        let rows = self.batch.rows();
        hidden::forward::<S>(&weights.values, weight_sums, &bias.values[0], self.affine, rows, post);
        hidden::relu::<S>(post);
        logits.fill(Lanes::ZERO);
        output::forward::<S>(&output.values, post, logits);
    }
}

/// The output bias's step: its gradient is the sum of the errors over the batch.
struct HeadStep<'a> {
    head: &'a mut Head,
    n_samples: usize,
    step: &'a AdamStep,
}

impl Kernel for HeadStep<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Head { bias, errors } = self.head;
        let mut gradient = S::splat(0.0);
        for error in &errors[..self.n_samples] {
            gradient = gradient.add(S::load(error));
        }
        adam::update(gradient, self.step, &mut bias.values[0], &mut bias.first[0], &mut bias.second[0]);
    }
}

/// `to` += `from`, sample by sample.
pub(super) struct Add<'a> {
    pub to: &'a mut [Lanes],
    pub from: &'a [Lanes],
}

impl Kernel for Add<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        for (to, from) in self.to.iter_mut().zip(self.from) {
            S::load(to).add(S::load(from)).store(to);
        }
    }
}

/// Replaces logits without bias by errors.
struct Errors<'a> {
    logits: &'a mut [Lanes],
    labels: &'a [u8],
    bias: Lanes,
    n_classes: usize,
    weight: f32,
}

impl Kernel for Errors<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        for (lanes, &label) in self.logits.iter_mut().zip(self.labels) {
            let logits = S::load(lanes).add(S::load(&self.bias));
            cross_entropy::error::<S>(logits, label, self.n_classes, self.weight).store(lanes);
        }
    }
}

#[cfg(test)]
mod tests;

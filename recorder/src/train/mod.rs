//! Training of a sweep: every member of a pack takes each step together.
//!
//! [`train`] reads like the protocol: for each replicate and pack, epochs of training, then evaluation, then captures.
//! What happens with the results is the [`Observer`]'s business.

mod capture;
mod epoch;
mod evaluation;
#[cfg(test)]
pub(crate) mod keep;
mod observer;
mod on_device;
mod plan;
mod state;

use crate::backend::Isa;
use crate::dataset::{Dataset, SplitName};
use crate::ensemble::{Groups, Member, Network};
use crate::input::{Affine, Samples};
use crate::op::adam::Adam;
use rayon::ThreadPool;
use std::time::Instant;

pub use observer::{Activations, EpochMeasures, MemberWeights, Observer, Progress};
pub use on_device::{DeviceFault, train_on};
pub use plan::{Capture, Plan, PlanError};
pub use state::{PackState, Restore, Start};

/// Why training ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError<E> {
    /// The plan cannot be carried out with this data.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The observer asked for it.
    #[error("cancelled")]
    Cancelled,
    /// The observer could not take a result.
    #[error(transparent)]
    Observer(E),
    /// A state that was kept is not of this plan.
    #[error("{name}: expected {expected} values, found {found}")]
    State {
        /// The tensor.
        name: String,
        /// The plan's number of values.
        expected: usize,
        /// The state's.
        found: usize,
    },
    /// The device failed, or has too little memory.
    #[error(transparent)]
    Device(#[from] DeviceFault),
    /// A network does not fit into the device's memory.
    #[error(
        "a network of size {size} needs {n_bytes} bytes of device memory, {free} are free: train it on a larger device, or \
         on the CPU"
    )]
    TooLarge {
        /// Its size.
        size: usize,
        /// What it takes by itself.
        n_bytes: u64,
        /// What is left beside the data.
        free: u64,
    },
    /// Threads could not be started.
    #[error("cannot start {n_threads} threads")]
    Threads {
        /// How many were asked for.
        n_threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
}

/// Trains every member of the plan on the CPU and tells the observer what happens.
///
/// Results are a function of the plan's seed, model, sizes, epochs, batch size, learning rate and the data: bit for bit
/// the same for any number of threads, any CPU, and any choice of other members. Order of events: replicates ascending;
/// in each, packs of neighbouring sizes; in each pack, epochs ascending with measures and captures of its members, then
/// their weights.
///
/// # Errors
///
/// A plan that does not fit the data, a cancellation, or what the observer returned.
pub fn train<O: Observer>(plan: &Plan, dataset: &Dataset, observer: &mut O) -> Result<(), TrainError<O::Error>> {
    train_from(plan, dataset, &Start::default(), &mut |_| Ok(Vec::new()), observer)
}

/// Goes on from `start` as [`train`] would have gone on there; `restore` reads the state kept by
/// [`Observer::checkpoint`]. What the observer was told before that is not told again.
///
/// # Errors
///
/// Those of [`train`], of `restore`, and a state that is not of this plan.
pub fn train_from<O: Observer>(
    plan: &Plan,
    dataset: &Dataset,
    start: &Start,
    restore: &mut Restore<'_, O::Error>,
    observer: &mut O,
) -> Result<(), TrainError<O::Error>> {
    Session::new(plan, dataset)?.run(start, restore, observer)
}

/// What stays the same for all packs of a run.
struct Session<'a> {
    plan: &'a Plan,
    isa: Isa,
    pool: ThreadPool,
    train: Samples,
    test: Samples,
    affine: Affine,
    groups: Groups<Adam>,
}

impl<'a> Session<'a> {
    fn new<E>(plan: &'a Plan, dataset: &Dataset) -> Result<Self, TrainError<E>> {
        plan.check(dataset)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(plan.n_threads)
            .build()
            .map_err(|source| TrainError::Threads { n_threads: plan.n_threads, source })?;
        let dense_share = Samples::dense_share(dataset.train.pixels());
        let samples = |name| {
            let split = dataset.split(name);
            Samples::new(split.pixels(), split.labels(), split.n_inputs(), dense_share)
        };
        let normalization = dataset.normalization;
        Ok(Self {
            plan,
            isa: Isa::detect(),
            pool,
            train: samples(SplitName::Train),
            test: samples(SplitName::Test),
            affine: Affine { scale: 1.0 / (255.0 * normalization.std), shift: normalization.mean / normalization.std },
            groups: Groups::all(Adam { learning_rate: plan.learning_rate, ..Adam::default() }),
        })
    }

    fn run<O: Observer>(
        &self,
        start: &Start,
        restore: &mut Restore<'_, O::Error>,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let packs = start.packs.clone().unwrap_or_else(|| self.plan.packs(usize::MAX));
        let replicates = 0..self.plan.n_replicates;
        let packs = replicates.flat_map(|replicate| packs.iter().map(move |sizes| (replicate, sizes)));
        for (pack, (replicate, sizes)) in packs.enumerate().skip(start.pack) {
            let epoch = if pack == start.pack { start.epoch } else { 0 };
            self.train_pack(pack, replicate, sizes, epoch, restore, observer)?;
        }
        Ok(())
    }

    /// Trains a pack that has completed `n_done` epochs, which `restore` knows the end of.
    fn train_pack<O: Observer>(
        &self,
        pack: usize,
        replicate: usize,
        sizes: &[usize],
        n_done: usize,
        restore: &mut Restore<'_, O::Error>,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let plan = self.plan;
        let networks: Vec<Network> = sizes
            .iter()
            .map(|&size| Network::initial(Member { size, replicate }, &plan.model, plan.batch_size, plan.seed))
            .collect();
        let steps_per_epoch = self.train.len().div_ceil(plan.batch_size) as u64;
        if n_done > 0 {
            PackState { pack, epoch: n_done, networks: &networks }.restore(restore)?;
            self.capture(&networks, n_done, observer)?;
        } else if plan.capture.epochs.contains(&0) {
            self.measure(pack, &networks, 0, 0.0, observer)?;
            self.capture(&networks, 0, observer)?;
        }
        for epoch in n_done..plan.n_epochs {
            let order = Member::sample_order(replicate, epoch, self.train.len(), plan.seed);
            let start = Instant::now();
            let finished = epoch::Epoch {
                networks: &networks,
                samples: &self.train,
                order: &order,
                batch_size: plan.batch_size,
                affine: self.affine,
                groups: self.groups,
                isa: self.isa,
                n_threads: plan.n_threads,
                first_step: epoch as u64 * steps_per_epoch,
            }
            .run(|n_samples| {
                observer.progress(&Progress { replicate, sizes, epoch, n_samples });
                !observer.cancelled()
            });
            if !finished {
                return Err(TrainError::Cancelled);
            }
            let seconds = start.elapsed().as_secs_f64();
            log::info!("replicate {replicate}, sizes {sizes:?}, epoch {}: {seconds:.2} s", epoch + 1);
            self.measure(pack, &networks, epoch + 1, seconds, observer)?;
            let state = PackState { pack, epoch: epoch + 1, networks: &networks };
            observer.checkpoint(&state).map_err(TrainError::Observer)?;
            self.capture(&networks, epoch + 1, observer)?;
        }
        for network in &networks {
            let weights = MemberWeights { member: network.member(), parameters: &network.parameters() };
            observer.weights(&weights).map_err(TrainError::Observer)?;
        }
        observer.trained(pack).map_err(TrainError::Observer)
    }

    /// Measures after `epoch` completed epochs.
    fn measure<O: Observer>(
        &self,
        pack: usize,
        networks: &[Network],
        epoch: usize,
        seconds: f64,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let evaluate =
            |samples: &Samples| self.pool.install(|| evaluation::evaluate(networks, samples, self.affine, self.isa));
        let (train, test) = (evaluate(&self.train), evaluate(&self.test));
        let step = (epoch * self.train.len().div_ceil(self.plan.batch_size)) as u64;
        for ((network, train), test) in networks.iter().zip(train).zip(test) {
            let measures = EpochMeasures { pack, member: network.member(), epoch, step, train, test, seconds };
            observer.epoch(&measures).map_err(TrainError::Observer)?;
        }
        Ok(())
    }

    /// Captures after `epoch` completed epochs, if the plan wants it.
    fn capture<O: Observer>(
        &self,
        networks: &[Network],
        epoch: usize,
        observer: &mut O,
    ) -> Result<(), TrainError<O::Error>> {
        let plan = self.plan;
        if plan.capture.epochs.contains(&epoch) {
            let start = Instant::now();
            let samples = match plan.capture.split {
                SplitName::Train => &self.train,
                SplitName::Test => &self.test,
            };
            for network in networks {
                capture::capture(network, samples, plan, epoch, self.affine, self.isa, &self.pool, observer)?;
            }
            observer.captured(start.elapsed().as_secs_f64());
        }
        if observer.cancelled() { Err(TrainError::Cancelled) } else { Ok(()) }
    }
}

//! What a training run tells the program around it.

use super::PackState;
use super::evaluation::Measures;
use crate::ensemble::{Member, Parameters};

/// Takes the results of a run. All methods are called from the thread that called [`train`](super::train()).
pub trait Observer {
    /// Why a result could not be taken; it ends the run.
    type Error;

    /// The networks do not fit into the device's memory together: they train in `n_packs` parts, one after the other.
    fn split(&mut self, _n_packs: usize, _free_bytes: u64) {}

    /// A few steps were taken.
    fn progress(&mut self, progress: &Progress<'_>);

    /// An epoch of a member is complete and measured.
    ///
    /// # Errors
    ///
    /// Ends the run.
    fn epoch(&mut self, measures: &EpochMeasures) -> Result<(), Self::Error>;

    /// Activations of some samples: chunks of one member, layer and epoch follow each other, samples ascending.
    ///
    /// # Errors
    ///
    /// Ends the run.
    fn activations(&mut self, chunk: &Activations<'_>) -> Result<(), Self::Error>;

    /// The activations of a pack after an epoch are handed over; it took so many seconds, computing them and this observer's
    /// taking them together.
    fn captured(&mut self, _seconds: f64) {}

    /// A pack stands between two epochs, measured and not yet captured: the moment to keep its state. Called after every
    /// epoch; a backend that cannot hand its state out never calls it, and an observer that keeps nothing ignores it.
    ///
    /// # Errors
    ///
    /// Ends the run.
    fn checkpoint(&mut self, _state: &PackState<'_>) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A member is trained.
    ///
    /// # Errors
    ///
    /// Ends the run.
    fn weights(&mut self, weights: &MemberWeights<'_>) -> Result<(), Self::Error>;

    /// All members of a pack are trained and their weights handed over. Packs are counted over all replicates.
    ///
    /// # Errors
    ///
    /// Ends the run.
    fn trained(&mut self, _pack: usize) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Whether to stop; asked at every step.
    fn cancelled(&self) -> bool;
}

/// Where a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Replicate in training.
    pub replicate: usize,
    /// Sizes that train together.
    pub sizes: &'a [usize],
    /// Epochs completed by them.
    pub epoch: usize,
    /// Samples that each of them has been trained with since the last call.
    pub n_samples: usize,
}

/// A member after an epoch.
#[derive(Clone, Copy, Debug)]
pub struct EpochMeasures {
    /// Its pack, counted over all replicates.
    pub pack: usize,
    /// Which member.
    pub member: Member,
    /// Epochs completed, 0 at initialisation.
    pub epoch: usize,
    /// Optimizer steps taken.
    pub step: u64,
    /// Over the whole training split, after the epoch.
    pub train: Measures,
    /// Over the whole test split, after the epoch.
    pub test: Measures,
    /// Wall-clock seconds the epoch's training took for all members trained side by side, evaluation excluded.
    pub seconds: f64,
}

/// A chunk of activations of one member.
#[derive(Clone, Copy, Debug)]
pub struct Activations<'a> {
    /// Which member.
    pub member: Member,
    /// Epochs completed.
    pub epoch: usize,
    /// The layer's name.
    pub layer: &'a str,
    /// Index of the first sample in the split's original order.
    pub first_sample: usize,
    /// `[N]` classes.
    pub labels: &'a [u8],
    /// Before the activation function, `[N, U]` row-major.
    pub pre: &'a [f32],
    /// After it, `[N, U]` row-major.
    pub post: &'a [f32],
}

/// A member's parameters.
#[derive(Clone, Copy, Debug)]
pub struct MemberWeights<'a> {
    /// Which member.
    pub member: Member,
    /// Its parameters.
    pub parameters: &'a Parameters,
}

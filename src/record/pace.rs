//! When a run's state is put on the disk.

use std::time::{Duration, Instant};

use super::args::CheckpointEvery;

/// Training this much longer than the last checkpoint took: checkpoints then cost 2 % of the time at most.
const TIMES_THE_COST: u32 = 50;
/// Shorter work is quickly done again.
const LEAST: Duration = Duration::from_secs(10);

/// The clock of the checkpoints.
pub struct Pace {
    every: CheckpointEvery,
    last: Instant,
    cost: Duration,
}

impl Pace {
    /// Starts the clock.
    pub fn new(every: CheckpointEvery) -> Self {
        Self { every, last: Instant::now(), cost: Duration::ZERO }
    }

    /// Whether a checkpoint is due after `epoch` epochs of a pack.
    pub fn is_due(&self, epoch: usize) -> bool {
        match self.every {
            CheckpointEvery::Epochs(0) => false,
            CheckpointEvery::Epochs(n) => epoch.is_multiple_of(n as usize),
            CheckpointEvery::Auto => self.has_passed(LEAST),
        }
    }

    /// Whether the end of a pack must survive a power cut.
    pub fn is_pack_due(&self) -> bool {
        self.every != CheckpointEvery::Auto || self.has_passed(LEAST)
    }

    /// Does the work and takes its time.
    pub fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        self.last = Instant::now();
        self.cost = self.last - started;
        result
    }

    fn has_passed(&self, least: Duration) -> bool {
        self.last.elapsed() >= least.max(self.cost * TIMES_THE_COST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_rare_where_they_are_dear() {
        let at = |seconds, cost| Pace {
            every: CheckpointEvery::Auto,
            last: Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap(),
            cost: Duration::from_secs(cost),
        };
        assert!(!at(9, 0).is_due(1) && at(10, 0).is_due(1));
        assert!(!at(99, 2).is_due(1) && at(100, 2).is_due(1) && at(100, 2).is_pack_due());
        let every = |n| Pace { every: CheckpointEvery::Epochs(n), ..at(1000, 0) };
        assert_eq!([1, 2, 3, 6].map(|epoch| every(3).is_due(epoch)), [false, false, true, true]);
        assert!(!every(0).is_due(5) && every(0).is_pack_due());
    }
}

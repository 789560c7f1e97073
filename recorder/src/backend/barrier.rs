//! A barrier for threads that meet every few hundred microseconds.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Spins before a waiting thread offers its core to others; about 20 microseconds.
const SPINS: u32 = 10_000;

/// Lets `n_threads` threads wait for each other, again and again.
///
/// A training step meets twice, a few hundred microseconds apart: parking a thread in the kernel (as
/// [`std::sync::Barrier`] does) costs as much as the work between two meetings. Waiting threads spin instead, and yield
/// when the wait is long (more threads than cores).
#[derive(Debug)]
pub struct Barrier {
    n_threads: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
}

impl Barrier {
    /// A barrier for `n_threads` threads (at least one).
    #[must_use]
    pub fn new(n_threads: usize) -> Self {
        Self { n_threads: n_threads.max(1), arrived: AtomicUsize::new(0), round: AtomicUsize::new(0) }
    }

    /// Returns once all threads have called it; what they wrote before is visible after. The last thread to arrive runs
    /// `last` while all the others still wait.
    pub fn wait(&self, last: impl FnOnce()) {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.n_threads {
            last();
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.round.load(Ordering::Acquire) == round {
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_passes_before_all_have_arrived() {
        let (n_threads, n_rounds) = (3, 500);
        let barrier = Barrier::new(n_threads);
        let counter = AtomicUsize::new(0);
        let last_runs = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..n_threads {
                scope.spawn(|| {
                    for round in 1..=n_rounds {
                        counter.fetch_add(1, Ordering::Relaxed);
                        barrier.wait(|| {
                            last_runs.fetch_add(1, Ordering::Relaxed);
                        });
                        assert_eq!(counter.load(Ordering::Relaxed), round * n_threads);
                        assert_eq!(last_runs.load(Ordering::Relaxed), round * 2 - 1);
                        barrier.wait(|| {
                            last_runs.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
    }
}

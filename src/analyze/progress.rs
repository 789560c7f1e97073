//! A bar on stderr while something takes long.

use crate::diagnostics::bars;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// Work done so far, with rate and time left. Appears only on a terminal and only when it takes long; vanishes when
/// dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// A bar over bytes of values that are read, not shown yet.
    pub fn new(total_bytes: u64) -> Self {
        let template = "{bar:32} {binary_bytes}/{binary_total_bytes} of values, {binary_bytes_per_sec}, {eta} left";
        Self::with_template(total_bytes, template)
    }

    /// A bar over fits, not shown yet.
    pub fn of_fits(n_fits: u64) -> Self {
        Self::with_template(n_fits, "{bar:32} {pos}/{len} fits, {per_sec}, {eta} left")
    }

    fn with_template(length: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
        // A template that does not parse would be a bug; the default style still shows the position.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// Counts what was done.
    pub fn add(&self, n: u64) {
        let late = self.started.elapsed() > PATIENCE && stderr().is_terminal();
        if late && !self.shown.swap(true, Ordering::Relaxed) {
            bars().add(self.bar.clone());
        }
        self.bar.inc(n);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_parse_and_the_bars_count() {
        for progress in [Progress::new(100), Progress::of_fits(100)] {
            progress.add(30);
            progress.add(12);
            assert_eq!((progress.bar.position(), progress.bar.length()), (42, Some(100)));
        }
    }
}

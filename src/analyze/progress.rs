//! A bar on stderr while a long recording is read.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Readings shorter than this show no bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// Bytes of values read so far. Appears only on a terminal and only when it takes long; vanishes when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// A bar that is not shown yet.
    pub fn new(total_bytes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::hidden());
        let template = "{bar:32} {binary_bytes}/{binary_total_bytes} of values, {binary_bytes_per_sec}, {eta} left";
        // A template that does not parse would be a bug; the default style still shows the position.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: Instant::now() }
    }

    /// Counts bytes of values that were read.
    pub fn add(&self, bytes: u64) {
        if self.bar.is_hidden() && stderr().is_terminal() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        }
        self.bar.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! Progress bars on stderr; without a terminal, or with `--quiet`, there are none.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::diagnostics::bars;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use layerscope_recorder::{
    dataset::fetch::{Download, Monitor},
    model::Model,
    train::{Plan, Progress},
};

/// Set by Ctrl-C, asked at every training step and every piece of a download.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn bar(length: u64, template: &str, quiet: bool) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden()).with_style(style);
    // Nothing is drawn where stderr is no terminal.
    if quiet { bar } else { bars().add(bar) }
}

/// One bar per downloaded file.
pub struct DownloadBars {
    quiet: bool,
    current: Option<(String, ProgressBar)>,
}

impl DownloadBars {
    /// No bar yet.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, current: None }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if let Some((_, bar)) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}

impl Monitor for DownloadBars {
    fn downloading(&mut self, at: &Download<'_>) {
        if self.current.as_ref().is_none_or(|(file, _)| file != at.file) {
            self.clear();
            let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
            let bar = bar(at.total.unwrap_or(0), template, self.quiet).with_message(at.file.to_owned());
            // A resumed download starts where it was: its first bytes did not just arrive.
            bar.reset_eta();
            self.current = Some((at.file.to_owned(), bar));
        }
        if let Some((_, bar)) = &self.current {
            bar.set_position(at.n_bytes);
        }
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

/// The bar of a training run. Its length is the work, trained samples times parameters, so that the time left is right
/// although small and large networks train one after the other; the rate it shows is in models x samples per second.
pub struct TrainingBar {
    bar: ProgressBar,
    model: Model,
    n_epochs: usize,
    n_replicates: usize,
    started: Instant,
    model_samples: u64,
    drawn: Option<Instant>,
}

impl TrainingBar {
    /// A bar for that plan over `n_train` training samples.
    pub fn new(plan: &Plan, n_train: usize, quiet: bool) -> Self {
        let of_epoch: u64 = plan.sizes.iter().map(|&size| plan.model.n_parameters(size)).sum();
        let length = of_epoch * plan.n_replicates as u64 * plan.n_epochs as u64 * n_train as u64;
        let bar = bar(length, "{msg} [{wide_bar}] {percent} %, {elapsed}, {eta} left", quiet);
        let now = Instant::now();
        let (n_epochs, n_replicates) = (plan.n_epochs, plan.n_replicates);
        Self { bar, model: plan.model, n_epochs, n_replicates, started: now, model_samples: 0, drawn: None }
    }

    /// Moves the bar on.
    pub fn advance(&mut self, at: &Progress<'_>) {
        let work: u64 = at.sizes.iter().map(|&size| self.model.n_parameters(size)).sum();
        self.bar.inc(work * at.n_samples as u64);
        self.model_samples += (at.sizes.len() * at.n_samples) as u64;
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() > Duration::from_millis(100));
        if due && !self.bar.is_hidden() {
            self.drawn = Some(Instant::now());
            let rate = self.model_samples as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
            let (first, last) = (at.sizes.first().unwrap_or(&0), at.sizes.last().unwrap_or(&0));
            let sizes = if first == last { format!("size {first}") } else { format!("sizes {first}..{last}") };
            let replicate = match self.n_replicates {
                1 => String::new(),
                n => format!(" replicate {}/{n}", at.replicate + 1),
            };
            let epoch = (at.epoch + 1).min(self.n_epochs);
            self.bar.set_message(format!("{sizes}{replicate} epoch {epoch}/{} {}/s", self.n_epochs, rate_text(rate)));
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// `1.23 M models x samples`.
fn rate_text(rate: f64) -> String {
    match rate {
        rate if rate >= 1e6 => format!("{:.2} M models x samples", rate / 1e6),
        rate if rate >= 1e3 => format!("{:.1} k models x samples", rate / 1e3),
        rate => format!("{rate:.0} models x samples"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_digits() {
        assert_eq!(rate_text(1_234_000.0), "1.23 M models x samples");
        assert_eq!(rate_text(45_600.0), "45.6 k models x samples");
        assert_eq!(rate_text(12.0), "12 models x samples");
    }
}

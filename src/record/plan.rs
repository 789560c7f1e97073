//! A request with its data: how much is trained and written, and whether this machine can.

use std::{fs, path::Path};

use anyhow::{Context, bail, ensure};
use layerscope_recorder::{
    dataset::{Dataset, catalogue::Entry},
    recording::{self, Companions, RecordingError, unfinished::Layout},
    train,
};

use super::{layout, machine, request::Request};

/// Bytes of a trained parameter in memory: its value and Adam's two moments.
const PARAMETER_BYTES: u64 = 12;
/// Bytes of a history row on disk, keys compressed.
const HISTORY_ROW_BYTES: u64 = 24;
/// Bytes of a row's keys on disk, sample index and label above all.
const ROW_KEY_BYTES: u64 = 4;
/// Measures of a network after an epoch: loss and accuracy on both splits, seconds.
const N_MEASURES: u64 = 5;

/// A recording that fits its data set.
#[derive(Clone, Debug)]
pub struct RecordPlan {
    /// What the user asked for.
    pub request: Request,
    /// What the training engine does.
    pub training: train::Plan,
    /// How the work and the file are cut.
    pub layout: Layout,
    /// What it takes.
    pub needs: Needs,
}

/// What a recording takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needs {
    /// Networks.
    pub n_members: u64,
    /// Trainable numbers of all networks.
    pub n_parameters: u64,
    /// Floating-point operations as dense products: training and evaluation after every epoch.
    pub flops: f64,
    /// Rows of the recording.
    pub n_rows: u64,
    /// Bytes of the recorded values before compression.
    pub raw_bytes: u64,
    /// Bytes of all four files on disk, an estimate.
    pub disk_bytes: u64,
    /// Bytes of checkpoints on the disk while it runs, at most.
    pub checkpoint_bytes: u64,
    /// Bytes of memory, an upper estimate.
    pub memory_bytes: u64,
}

impl RecordPlan {
    /// The plan for that data.
    ///
    /// # Errors
    /// `--samples` beyond the split's length, a data set that does not fit the model, or `--memory` that does not do.
    pub fn new(request: Request, dataset: &Dataset) -> anyhow::Result<Self> {
        let length = dataset.split(request.split).n_samples();
        let n_samples = request.n_samples.unwrap_or(length);
        let (split, name) = (request.split, &dataset.name);
        ensure!(
            n_samples <= length,
            "--samples: {n_samples} is more than the {length} samples of {name}'s {split} split"
        );
        let mut training = train::Plan {
            model: request.model,
            sizes: request.sizes.clone(),
            n_replicates: request.n_replicates,
            n_epochs: request.args.epochs as usize,
            batch_size: request.args.batch_size as usize,
            learning_rate: request.args.lr,
            seed: request.args.seed,
            n_threads: request.n_threads,
            capture: train::Capture { split, n_samples, epochs: request.capture_epochs.clone(), chunk_bytes: 0 },
        };
        training.check(dataset)?;
        let layout = layout::fit(&training, dataset, request.args.memory.0 as u64)?;
        training.capture.chunk_bytes = layout.chunk_bytes;
        let needs = Needs::of(&request, &training, &layout, dataset);
        Ok(Self { request, training, layout, needs })
    }

    /// Refuses what this machine's memory and the output's disk cannot hold.
    ///
    /// # Errors
    /// Says what is needed and what there is.
    pub fn check_machine(&self) -> anyhow::Result<()> {
        check_memory(self.needs.memory_bytes)?;
        let folder = folder_of(&self.request.files.recording);
        // A file system that does not tell is no reason to refuse; the writer reports a full disk.
        let Ok(free) = fs4::available_space(folder) else { return Ok(()) };
        let need = self.needs.disk_bytes.saturating_add(self.needs.checkpoint_bytes);
        let folder = folder.display();
        ensure!(need <= free, "the recording needs about {}, {folder} has {} left", bytes(need), bytes(free));
        Ok(())
    }
}

impl Needs {
    fn of(request: &Request, training: &train::Plan, layout: &Layout, dataset: &Dataset) -> Self {
        let n_replicates = request.n_replicates as u64;
        let n_members = request.sizes.len() as u64 * n_replicates;
        let sum = |f: &dyn Fn(usize) -> u64| {
            request.sizes.iter().map(|&size| f(size)).fold(0, u64::saturating_add).saturating_mul(n_replicates)
        };
        let n_parameters = sum(&|size| request.model.n_parameters(size));
        let n_captures = request.capture_epochs.len() as u64 * request.model.recorded_layers().len() as u64;
        let samples = training.capture.n_samples as u64 * n_captures;
        let n_values = sum(&|size| size as u64).saturating_mul(samples).saturating_mul(request.stages.len() as u64);
        let history = n_members.saturating_mul(training.n_epochs as u64 * N_MEASURES * HISTORY_ROW_BYTES);
        let n_rows = n_members.saturating_mul(samples);
        let disk_bytes = recording::estimated_bytes(n_values)
            .saturating_add(n_rows.saturating_mul(ROW_KEY_BYTES))
            .saturating_add(n_parameters.saturating_mul(size_of::<f32>() as u64))
            .saturating_add(history);
        Self {
            n_members,
            n_parameters,
            flops: training.flops(dataset),
            n_rows,
            raw_bytes: n_values.saturating_mul(size_of::<f32>() as u64),
            disk_bytes,
            // The old checkpoint goes when the new one is complete.
            checkpoint_bytes: 2 * layout.packs.iter().map(|sizes| training.state_bytes(sizes)).max().unwrap_or(0),
            memory_bytes: layout::memory_bytes(layout, training, dataset),
        }
    }
}

/// Refuses sizes whose parameters alone exceed the memory: before any data is looked for.
///
/// # Errors
/// Says what is needed and what there is.
pub fn check_parameters(request: &Request) -> anyhow::Result<()> {
    let largest = request.sizes.iter().map(|&size| request.model.n_parameters(size)).max().unwrap_or(0);
    check_memory(largest.saturating_mul(PARAMETER_BYTES))
}

fn check_memory(need: u64) -> anyhow::Result<()> {
    let Some(available) = machine::available_memory() else { return Ok(()) };
    let (need, available) = (need.max(1), available);
    if need > available {
        bail!("--sizes: training needs about {} of memory, {} are available", bytes(need), bytes(available));
    }
    Ok(())
}

/// Refuses outputs that cannot be written, before any work is done.
///
/// # Errors
/// A file that exists without `--overwrite`, a folder that is missing or may not be written to.
pub fn check_outputs(files: &Companions, overwrite: bool) -> anyhow::Result<()> {
    let folder = folder_of(&files.recording);
    ensure!(folder.is_dir(), "{}: the folder {} does not exist", files.recording.display(), folder.display());
    for path in [&files.recording, &files.weights, &files.history, &files.manifest] {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => bail!("{}: is a folder", path.display()),
            Ok(_) if !overwrite => return Err(RecordingError::Exists { path: path.clone() }.into()),
            _ => {}
        }
    }
    // A file without a name, gone when it is closed: the only honest way to learn whether one may write here.
    tempfile::tempfile_in(folder).with_context(|| format!("{}: cannot write", folder.display()))?;
    Ok(())
}

/// A data set of that entry's sizes without its content, to plan with before it is on disk. Its pixels are all inked:
/// the plan errs on the large side.
///
/// # Errors
/// None for entries of the catalogue.
pub fn blank(entry: &Entry) -> anyhow::Result<Dataset> {
    let split = |images: &[usize]| {
        let n_inputs = images[1..].iter().product();
        layerscope_recorder::dataset::Split::new(n_inputs, vec![u8::MAX; images[0] * n_inputs], vec![0; images[0]])
    };
    Ok(Dataset {
        name: entry.name.to_owned(),
        train: split(entry.files[0].shape)?,
        test: split(entry.files[2].shape)?,
        n_classes: entry.n_classes,
        normalization: entry.normalization,
        files: Vec::new(),
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A number of bytes for people: three digits and a decimal unit.
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            let decimals = if unit == "B" || value >= 99.95 { 0 } else { 1 };
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.0} PB")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::record::args::Cli;

    fn plan(more: &[&str]) -> anyhow::Result<RecordPlan> {
        let given = ["record", "--model", "mnist_h1", "--sizes", "2,3"];
        let request = Request::new(Cli::try_parse_from(given.iter().chain(more)).unwrap().record)?;
        RecordPlan::new(request, &blank(layerscope_recorder::dataset::catalogue::by_name("mnist-5k")?)?)
    }

    #[test]
    fn needs_are_counted() {
        let needs = plan(&["--replicates", "7", "--capture-epochs", "0,1,15"]).unwrap().needs;
        assert_eq!((needs.n_members, needs.n_rows), (14, 14 * 3 * 5000));
        assert_eq!(needs.n_parameters, 7 * (785 * 2 + 3 * 10 + 785 * 3 + 4 * 10));
        assert_eq!(needs.raw_bytes, 7 * 3 * 5000 * (2 + 3) * 2 * 4);
        assert!(needs.disk_bytes > needs.raw_bytes * 7 / 10 + 4 * needs.n_parameters);
        // Sizes 2 and 3, per sample and epoch: 4 or 6 operations per trained weight, 2 per evaluated one.
        let per_epoch = 5.0 * (784.0 * (4.0 * 5000.0 + 2.0 * 6000.0) + 10.0 * (6.0 * 5000.0 + 2.0 * 6000.0));
        assert_eq!(needs.flops, per_epoch * 15.0 * 7.0);
    }

    #[test]
    fn one_stage_is_half_and_fewer_samples_are_less() {
        let all = plan(&[]).unwrap().needs;
        assert_eq!(plan(&["--stages", "post"]).unwrap().needs.raw_bytes * 2, all.raw_bytes);
        assert_eq!(plan(&["--samples", "500"]).unwrap().needs.raw_bytes * 10, all.raw_bytes);
        assert_eq!(plan(&["--split", "test"]).unwrap().needs.n_rows, 2 * 1000);
    }

    #[test]
    fn more_samples_than_there_are_is_a_mistake() {
        let error = plan(&["--split", "test", "--samples", "1001"]).unwrap_err().to_string();
        assert_eq!(error, "--samples: 1001 is more than the 1000 samples of mnist-5k's test split");
    }

    #[test]
    fn bytes_have_three_digits() {
        for (n, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (390_000_000, "390 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes(n), text);
        }
    }
}

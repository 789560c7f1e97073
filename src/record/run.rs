//! Trains and writes: an [`Observer`] that passes activations, measures and weights on to an unfinished recording.

use std::{sync::Arc, time::Instant};

use layerscope_recorder::{
    dataset::Dataset,
    recording::{
        Chunk, RecordingError, Stage, UnitKey,
        disk::Disk,
        unfinished::{self, EpochEntry, Unfinished},
        weights::{TensorSpec, tensor_name},
    },
    train::{Activations, EpochMeasures, MemberWeights, Observer, PackState, Progress, Start, TrainError},
};

use log::{debug, info};

use super::{
    Interrupted,
    backend::Backend,
    manifest,
    pace::Pace,
    plan::{RecordPlan, bytes},
    progress::{TrainingBar, interrupted},
    resume::{self, Opened},
    summary::Summary,
};

/// Carries the plan out; afterwards all four files are there under their names, or none is that was not there before.
/// `None` where they were there already.
///
/// # Errors
/// [`Interrupted`], or what could not be read or written. What a later run with `--resume` can use is kept.
pub fn run(
    mut plan: RecordPlan,
    dataset: &Dataset,
    backend: &mut Backend,
    disk: Arc<dyn Disk>,
) -> anyhow::Result<Option<Summary>> {
    let started = Instant::now();
    // The writer's encoders run on rayon's own threads; that they exist already only happens in tests.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(plan.request.n_threads).build_global();
    let Some(Opened { unfinished, point, state }) = resume::open(&mut plan, dataset, backend, disk.clone())? else {
        return Ok(None);
    };
    let start = Start { pack: point.pack, epoch: point.epoch, packs: Some(plan.layout.packs.clone()) };
    let mut recorder = Recorder::new(&plan, dataset, unfinished);
    recorder.bar.start_at(&start, &plan.training, dataset.train.n_samples());
    let mut restore = |name: &str| match &state {
        Some(state) => state.tensor(name).map(|tensor| tensor.values),
        None => Ok(Vec::new()),
    };
    let trained = backend.train(&plan.training, dataset, &start, &mut restore, &mut recorder);
    recorder.bar.clear();
    let files = plan.request.files.clone();
    if let Err(error) = trained {
        if matches!(error, TrainError::Cancelled) {
            // Whether this succeeds decides nothing: what is not on the disk is found missing. After a failure nothing more
            // is written: an entry of the ledger may be missing, and none may follow it.
            let _ = recorder.unfinished.sync();
        }
        let keep = recorder.unfinished.is_worth_keeping();
        drop(recorder);
        if !keep {
            let _ = unfinished::discard(&files, disk);
        }
        let folder = keep.then(|| unfinished::folder(&files));
        return Err(match error {
            TrainError::Cancelled => Interrupted { kept: folder }.into(),
            error if keep => resume::kept(error.into(), &files),
            error => error.into(),
        });
    }
    let mut summary = recorder.finish(dataset, backend).map_err(|error| resume::kept(error.into(), &files))?;
    summary.elapsed_s = started.elapsed().as_secs_f64();
    Ok(Some(summary))
}

/// Writes what training tells.
struct Recorder<'a> {
    plan: &'a RecordPlan,
    dataset: &'a str,
    unfinished: Unfinished,
    pace: Pace,
    bar: TrainingBar,
    labels: Vec<i32>,
    /// Pack and epoch that were measured last.
    measured: Option<(usize, usize)>,
    training_s: f64,
    recording_s: f64,
}

impl<'a> Recorder<'a> {
    fn new(plan: &'a RecordPlan, dataset: &'a Dataset, unfinished: Unfinished) -> Self {
        Self {
            plan,
            dataset: &dataset.name,
            unfinished,
            pace: Pace::new(plan.request.args.checkpoint_every),
            bar: TrainingBar::new(&plan.training, dataset.train.n_samples(), plan.request.args.quiet),
            labels: Vec::new(),
            measured: None,
            training_s: 0.0,
            recording_s: 0.0,
        }
    }

    /// Gives all files their names.
    fn finish(self, dataset: &Dataset, backend: &Backend) -> Result<Summary, RecordingError> {
        let started = Instant::now();
        let files = &self.plan.request.files;
        let mut summary = Summary::new(self.plan.training.n_epochs, files);
        self.unfinished.epochs(|entry| {
            summary.measured(entry);
            Ok(())
        })?;
        let manifest = manifest::of(self.plan, dataset, backend);
        summary.n_rows = self.unfinished.finish(manifest, self.plan.training.model.name(), &dataset.name)?.n_rows;
        for file in [&files.recording, &files.weights, &files.history, &files.manifest] {
            info!("wrote {}", file.display());
        }
        summary.training_s = self.training_s;
        summary.recording_s = self.recording_s + started.elapsed().as_secs_f64();
        Ok(summary)
    }
}

impl Observer for Recorder<'_> {
    type Error = RecordingError;

    fn split(&mut self, n_packs: usize, free_bytes: u64) {
        if !self.plan.request.args.quiet {
            let free = bytes(free_bytes);
            eprintln!("record: the networks train in {n_packs} parts: the device has {free} of memory left for them");
        }
    }

    fn progress(&mut self, progress: &Progress<'_>) {
        self.bar.advance(progress);
    }

    fn epoch(&mut self, measures: &EpochMeasures) -> Result<(), RecordingError> {
        debug!(
            "size {}, replicate {}, epoch {}: training loss {:.4}, test accuracy {:.4}",
            measures.member.size,
            measures.member.replicate,
            measures.epoch,
            measures.train.loss,
            measures.test.accuracy
        );
        // Members of a pack train side by side: their seconds are the same ones.
        let measured = Some((measures.pack, measures.epoch));
        if self.measured != measured {
            self.measured = measured;
            self.training_s += measures.seconds;
        }
        let values = [
            ("train_loss", measures.train.loss),
            ("train_accuracy", measures.train.accuracy),
            ("test_loss", measures.test.loss),
            ("test_accuracy", measures.test.accuracy),
            ("seconds", measures.seconds),
        ];
        self.unfinished.epoch(EpochEntry {
            pack: measures.pack,
            size: measures.member.size,
            replicate: measures.member.replicate,
            epoch: measures.epoch,
            step: measures.step,
            measures: values.map(|(name, value)| (name.to_owned(), value.to_string())).to_vec(),
        })
    }

    fn activations(&mut self, chunk: &Activations<'_>) -> Result<(), RecordingError> {
        let key = UnitKey {
            model: self.plan.training.model.name().to_owned(),
            dataset: self.dataset.to_owned(),
            split: self.plan.request.split.as_str().to_owned(),
            size: chunk.member.size as i32,
            replicate: chunk.member.replicate as i32,
            epoch: chunk.epoch as i32,
            layer: chunk.layer.to_owned(),
        };
        self.labels.clear();
        self.labels.extend(chunk.labels.iter().map(|&label| i32::from(label)));
        let wanted = |stage| self.plan.request.stages.contains(&stage);
        self.unfinished.append(&Chunk {
            key: &key,
            first_sample: chunk.first_sample as i64,
            labels: Some(&self.labels),
            n_neurons: chunk.post.len() / chunk.labels.len().max(1),
            pre: wanted(Stage::Pre).then_some(chunk.pre),
            post: wanted(Stage::Post).then_some(chunk.post),
        })
    }

    fn captured(&mut self, seconds: f64) {
        self.recording_s += seconds;
    }

    fn checkpoint(&mut self, state: &PackState<'_>) -> Result<(), RecordingError> {
        if !self.pace.is_due(state.epoch) {
            return Ok(());
        }
        let tensors: Vec<_> = state.tensors().into_iter().map(|(name, shape)| TensorSpec { name, shape }).collect();
        self.pace.measure(|| {
            self.unfinished.checkpoint(state.pack, state.epoch, &tensors, |file| {
                state.for_each(|name, values| file.write(name, values).map(drop))
            })
        })
    }

    fn weights(&mut self, weights: &MemberWeights<'_>) -> Result<(), RecordingError> {
        let (member, parameters) = (weights.member, weights.parameters);
        for (parameter, values) in [
            ("hidden.weight", &parameters.hidden_weight),
            ("hidden.bias", &parameters.hidden_bias),
            ("output.weight", &parameters.output_weight),
            ("output.bias", &parameters.output_bias),
        ] {
            self.unfinished.tensor(&tensor_name(member.size, member.replicate, parameter), values)?;
        }
        Ok(())
    }

    fn trained(&mut self, pack: usize) -> Result<(), RecordingError> {
        if self.pace.is_pack_due() {
            self.pace.measure(|| self.unfinished.trained(pack, true))
        } else {
            self.unfinished.trained(pack, false)
        }
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

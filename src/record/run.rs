//! Trains and writes: an [`Observer`] that passes activations, measures and weights on to their files.

use std::time::Instant;

use anyhow::Context;
use layerscope_recorder::{
    dataset::Dataset,
    recording::{
        Chunk, RecordingError, Stage, UnitKey, Writer, WriterOptions,
        history::{HistoryRow, HistoryWriter},
        weights::{WeightsWriter, member_tensors, tensor_name},
    },
    train::{Activations, EpochMeasures, MemberWeights, Observer, Progress, TrainError},
};

use log::{debug, info};

use super::{
    Interrupted,
    backend::Backend,
    manifest,
    plan::{RecordPlan, bytes},
    progress::{TrainingBar, interrupted},
    set_aside::SetAside,
    summary::Summary,
};

/// Carries the plan out; afterwards all four files are there, or none is that was not there before.
///
/// # Errors
/// [`Interrupted`], or what could not be written.
pub fn run(plan: &RecordPlan, dataset: &Dataset, backend: &mut Backend) -> anyhow::Result<Summary> {
    let started = Instant::now();
    // The writer's encoders run on rayon's own threads; that they exist already only happens in tests.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(plan.request.n_threads).build_global();
    let mut recorder = Recorder::create(plan, dataset)?;
    let trained = backend.train(&plan.training, dataset, &mut recorder);
    recorder.bar.clear();
    match trained {
        Ok(()) => {}
        Err(TrainError::Cancelled) => return Err(Interrupted.into()),
        Err(error) => return Err(anyhow::Error::new(error)),
    }
    let mut summary = recorder.finish(dataset, backend)?;
    summary.elapsed = started.elapsed();
    Ok(summary)
}

/// Writes what training tells.
struct Recorder<'a> {
    plan: &'a RecordPlan,
    dataset: &'a str,
    writer: Writer,
    weights: WeightsWriter,
    history: HistoryWriter,
    bar: TrainingBar,
    summary: Summary,
    labels: Vec<i32>,
}

impl<'a> Recorder<'a> {
    /// Opens all files under temporary names, removed again unless they are finished.
    fn create(plan: &'a RecordPlan, dataset: &'a Dataset) -> anyhow::Result<Self> {
        let (files, training) = (&plan.request.files, &plan.training);
        let overwrite = plan.request.args.overwrite;
        let (n_inputs, n_classes) = (training.model.n_inputs(), training.n_classes());
        let tensors: Vec<_> = training
            .sizes
            .iter()
            .flat_map(|&size| (0..training.n_replicates).map(move |replicate| (size, replicate)))
            .flat_map(|(size, replicate)| member_tensors(size, replicate, n_inputs, n_classes))
            .collect();
        let options = WriterOptions { stages: plan.request.stages.clone(), overwrite, ..WriterOptions::default() };
        Ok(Self {
            plan,
            dataset: &dataset.name,
            writer: Writer::create(&files.recording, options)?,
            weights: WeightsWriter::create(&files.weights, &tensors, overwrite)?,
            history: HistoryWriter::create(&files.history, overwrite)?,
            bar: TrainingBar::new(training, dataset.train.n_samples(), plan.request.args.quiet),
            summary: Summary::new(training.n_epochs, files),
            labels: Vec::new(),
        })
    }

    /// Gives all files their names, the companions first: a recording is never without them.
    fn finish(mut self, dataset: &Dataset, backend: &Backend) -> anyhow::Result<Summary> {
        let files = &self.plan.request.files;
        let aside = SetAside::new(files).with_context(|| format!("{}: cannot replace", files.recording.display()))?;
        let companions = vec![self.weights.finish()?, self.history.finish()?];
        self.summary.n_rows = self.writer.finish(manifest::of(self.plan, dataset, backend, companions))?.n_rows;
        aside.done();
        for file in [&files.recording, &files.weights, &files.history, &files.manifest] {
            info!("wrote {}", file.display());
        }
        Ok(self.summary)
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
        self.summary.measured(measures);
        debug!(
            "size {}, replicate {}, epoch {}: training loss {:.4}, test accuracy {:.4}",
            measures.member.size,
            measures.member.replicate,
            measures.epoch,
            measures.train.loss,
            measures.test.accuracy
        );
        for (measure, value) in [
            ("train_loss", measures.train.loss),
            ("train_accuracy", measures.train.accuracy),
            ("test_loss", measures.test.loss),
            ("test_accuracy", measures.test.accuracy),
            ("seconds", measures.seconds),
        ] {
            self.history.append(HistoryRow {
                model: self.plan.training.model.name().to_owned(),
                dataset: self.dataset.to_owned(),
                size: measures.member.size as i32,
                replicate: measures.member.replicate as i32,
                epoch: measures.epoch as i32,
                step: measures.step as i64,
                measure: measure.to_owned(),
                value,
            })?;
        }
        Ok(())
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
        self.writer.append(&Chunk {
            key: &key,
            first_sample: chunk.first_sample as i64,
            labels: Some(&self.labels),
            n_neurons: chunk.post.len() / chunk.labels.len().max(1),
            pre: wanted(Stage::Pre).then_some(chunk.pre),
            post: wanted(Stage::Post).then_some(chunk.post),
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
            self.weights.write(&tensor_name(member.size, member.replicate, parameter), values)?;
        }
        Ok(())
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

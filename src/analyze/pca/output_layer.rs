//! The output layers in the weights files beside a recording.

use anyhow::{Context, Result};
use layerscope_analysis::OutputLayer;
use layerscope_recorder::recording::weights::{Weights, tensor_name};
use layerscope_recorder::recording::{Companions, Recording, Stage, Unit};
use std::path::PathBuf;

/// What the name of a weights file ends with.
const SUFFIX: &str = ".weights.safetensors";
/// The layer that the output layer follows.
const LAYER: &str = "hidden";

/// The weights files of a recording, and what was noticed about them.
pub(super) struct OutputLayers {
    files: Vec<Weights>,
    /// Epochs of the whole training, after which the weights were written, where the recording says so.
    last_epoch: Option<i64>,
    pub warnings: Vec<String>,
}

impl OutputLayers {
    /// Opens `out.weights.safetensors` beside `out.parquet`, or all weights files in a folder of recordings. Without one
    /// there is a warning.
    ///
    /// # Errors
    /// When a weights file or the manifest is there and cannot be read, or the file differs from its digest in the recording.
    pub fn beside(recording: &Recording) -> Result<Self> {
        let path = recording.path();
        let mut paths: Vec<PathBuf> = if path.is_dir() {
            let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
            let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
            let paths = paths.with_context(|| format!("cannot list {}", path.display()))?;
            paths.into_iter().filter(|path| path.to_string_lossy().ends_with(SUFFIX)).collect()
        } else {
            Some(Companions::of(path).weights).filter(|path| path.is_file()).into_iter().collect()
        };
        paths.sort();
        paths.iter().try_for_each(|path| recording.check_companion(path))?;
        let files = paths.iter().map(|path| Weights::open(path)).collect::<Result<Vec<_>, _>>()?;
        let last_epoch = recording.manifest()?.and_then(|manifest| manifest.settings.get("epochs")?.as_i64());
        let mut warnings = Vec::new();
        if files.is_empty() {
            let folder = path.join("*");
            let expected = Companions::of(if path.is_dir() { &folder } else { path }).weights;
            warnings
                .push(format!("no reconstruction accuracy: no weights beside the recording ({})", expected.display()));
        }
        Ok(Self { files, last_epoch, warnings })
    }

    /// Whether there is no weights file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The layer that follows `unit`, or what is missing; nothing at all without a weights file.
    ///
    /// # Errors
    /// When a tensor is there and cannot be read.
    pub fn of(&self, unit: &Unit, stage: Stage) -> Result<Result<Option<OutputLayer>, String>> {
        if self.files.is_empty() {
            return Ok(Ok(None));
        }
        let key = &unit.key;
        if key.layer != LAYER {
            return Ok(Err(format!("the weights file has what follows layer {LAYER}, not {}", key.layer)));
        }
        if let Some(last) = self.last_epoch.filter(|&last| last != i64::from(key.epoch)) {
            return Ok(Err(format!("the weights are those after epoch {last}, the values those after {}", key.epoch)));
        }
        let name = |parameter: &str| tensor_name(key.size as usize, key.replicate as usize, parameter);
        let (weight, bias) = (name("output.weight"), name("output.bias"));
        let has_both = |file: &&Weights| {
            let names = file.names();
            names.contains(&weight) && names.contains(&bias)
        };
        let Some(file) = self.files.iter().find(has_both) else {
            return Ok(Err(format!("the weights file has no {weight} and {bias}")));
        };
        let (weight, bias) = (file.tensor(&weight)?, file.tensor(&bias)?);
        if weight.shape != [bias.values.len(), unit.n_neurons] {
            return Ok(Err(format!("weights of shape {:?} do not follow {} neurons", weight.shape, unit.n_neurons)));
        }
        Ok(Ok(Some(OutputLayer { weight: weight.values, bias: bias.values, relu: stage == Stage::Pre })))
    }
}

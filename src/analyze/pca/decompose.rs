//! From values to spectra: a pass through the covariance, and one through the output layer where it is known.

use super::super::memory;
use super::super::progress::Progress;
use super::super::row::value_bytes;
use super::super::unit::{Available, Group, Selection};
use super::args::{Method, PcaArgs};
use super::output_layer::OutputLayers;
use anyhow::{Result, bail};
use layerscope_analysis::{
    Basis, Covariance, Dimensions, OutputLayer, Reason, ReconstructionAccuracy, Spectrum, component_ladder, dimensions,
    journal_distance,
};
use layerscope_recorder::recording::{ReadChunk, Recording, RecordingError, Stage, Unit};

/// One row to come.
#[derive(Debug)]
pub struct Decomposed<'a> {
    /// The unit behind the row.
    pub group: &'a Group,
    /// What was found, or why there is nothing to find.
    pub found: Result<Decomposition, Reason>,
}

/// The spectrum of one layer and what follows from it.
#[derive(Debug)]
pub struct Decomposition {
    /// Eigenvalues.
    pub spectrum: Spectrum,
    /// Numbers of dimensions.
    pub dimensions: Dimensions,
    /// E_k for k = 0, 1, ..
    pub distance: Vec<f64>,
    /// (k, accuracy), where the output layer and the classes are known.
    pub accuracy: Option<Vec<(usize, f64)>>,
    /// Neurons left out, with their number of values that are not finite.
    pub excluded: Vec<(usize, u64)>,
}

/// The decompositions of the selected units, one after the other, and what the reader has to know.
///
/// Values are read once for the covariance, and once more where the weights file has the output layer. No number depends
/// on how the reader cuts a unit into pieces, nor on the number of threads.
///
/// # Errors
/// `--pool`; a unit that does not fit `--memory`; the reader's errors.
pub fn decompose<'a>(
    recording: &Recording,
    available: &[Available],
    selection: &'a Selection,
    args: &PcaArgs,
) -> Result<(Vec<Decomposed<'a>>, Vec<String>)> {
    if args.choices.pool {
        bail!(
            "pca has no --pool: the replicates of a size are different networks, and a spectrum over the neurons of several \
             is none of theirs; means over replicates are in by_size"
        );
    }
    let layers = OutputLayers::beside(recording)?;
    check_memory(available, selection, args.choices.memory.0)?;
    let mut warnings = layers.warnings.clone();
    let members = selection.groups.iter().flat_map(|group| &group.members);
    let n_passes = if layers.is_empty() { 1 } else { 2 };
    let mut progress = Progress::new(members.map(|&at| n_passes * value_bytes(&available[at])).sum());
    let mut rows = Vec::with_capacity(selection.groups.len());
    for group in &selection.groups {
        // Without --pool a group has one member.
        let unit = &recording.units()[group.members[0]];
        let layer = match layers.of(unit, selection.stage)? {
            Ok(layer) => layer,
            Err(missing) => {
                warnings.push(format!("{group}: no reconstruction accuracy: {missing}"));
                None
            }
        };
        let mut source = Source { recording, unit, stage: selection.stage, args, progress: &mut progress };
        let found = source.decompose(layer, |text| warnings.push(format!("{group}: {text}")))?;
        rows.push(Decomposed { group, found });
    }
    Ok((rows, warnings))
}

/// Fails when the matrices of the widest unit do not fit.
fn check_memory(available: &[Available], selection: &Selection, memory: usize) -> Result<()> {
    let allowed = memory::for_statistic(memory) as u64;
    for group in &selection.groups {
        let unit = &available[group.members[0]];
        let n_neurons = unit.n_neurons;
        // The square of absurd numbers must not overflow; the sums below are a few times as large.
        let square = (n_neurons as u64).saturating_mul(n_neurons as u64);
        let needed = if square > u64::MAX >> 16 {
            u64::MAX
        } else {
            let collecting = Covariance::memory_bytes(n_neurons, unit.n_samples as u64);
            collecting.max(8 * square + Spectrum::memory_bytes(n_neurons, true))
        };
        if needed > allowed {
            bail!(
                "{group} needs {} for its covariance matrix and components ({n_neurons} neurons), --memory leaves {}: \
                 raise it, or leave out the widest sizes with --size",
                memory::in_words(needed),
                memory::in_words(allowed)
            );
        }
    }
    Ok(())
}

/// The values of one unit, as often as they are needed.
struct Source<'a> {
    recording: &'a Recording,
    unit: &'a Unit,
    stage: Stage,
    args: &'a PcaArgs,
    progress: &'a mut Progress,
}

impl Source<'_> {
    fn decompose(
        &mut self,
        layer: Option<OutputLayer>,
        mut warn: impl FnMut(String),
    ) -> Result<Result<Decomposition, Reason>, RecordingError> {
        let mut covariance = Covariance::new(self.unit.n_neurons);
        self.read(|first_row, values, _| covariance.update(first_row, values))?;
        let covariance = match covariance.finish() {
            Ok(covariance) => covariance,
            Err(reason) => return Ok(Err(reason)),
        };
        let excluded = covariance.excluded().to_vec();
        let journal = self.args.method == Method::Journal;
        let solved = match self.args.top {
            Some(k) => Spectrum::top(&covariance, k.get()),
            None if journal || layer.is_some() => Spectrum::with_vectors(&covariance),
            None => Spectrum::values(&covariance),
        };
        drop(covariance);
        let found = solved.and_then(|spectrum| Ok((dimensions(&spectrum)?, spectrum)));
        let (dimensions, spectrum) = match found {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        let distance = if journal {
            match journal_distance(&spectrum) {
                Ok(distance) => distance,
                Err(reason) => return Ok(Err(reason)),
            }
        } else {
            spectrum.reconstruction_distance()
        };
        let accuracy = match layer {
            Some(_) if !excluded.is_empty() => {
                warn("no reconstruction accuracy: some neurons have values that are not finite".into());
                None
            }
            Some(layer) => {
                let basis = if journal { Basis::journal(&spectrum) } else { Basis::principal(&spectrum) };
                let accuracy = basis.map(|basis| self.accuracy(basis, &layer)).transpose()?.flatten();
                if accuracy.is_none() {
                    warn("no reconstruction accuracy: the recording has no labels".into());
                }
                accuracy
            }
            None => None,
        };
        Ok(Ok(Decomposition { spectrum: spectrum.without_vectors(), dimensions, distance, accuracy, excluded }))
    }

    /// (k, accuracy) over all samples; None when a sample has no class.
    fn accuracy(&mut self, basis: Basis, layer: &OutputLayer) -> Result<Option<Vec<(usize, f64)>>, RecordingError> {
        let n_directions = basis.n_directions();
        let ladder = component_ladder(n_directions);
        let mut accuracy = ReconstructionAccuracy::new(basis, layer, ladder);
        let mut all_labelled = true;
        self.read(|first_row, values, labels| match labels {
            Some(labels) => accuracy.update(first_row, values, labels),
            None => all_labelled = false,
        })?;
        Ok(all_labelled.then(|| accuracy.finish()))
    }

    fn read(
        &mut self,
        mut f: impl FnMut(u64, ndarray::ArrayView2<'_, f32>, Option<&[i32]>),
    ) -> Result<(), RecordingError> {
        let memory = memory::for_reading(self.args.choices.memory.0);
        let mut next_row = 0;
        let stage = self.stage;
        self.recording.read(self.unit, &[stage], memory, |chunk: ReadChunk<'_>| {
            // The reader was asked for this stage of a unit that has it.
            if let Some(values) = if stage == Stage::Pre { chunk.pre } else { chunk.post } {
                f(next_row, values, chunk.labels);
                next_row += values.nrows() as u64;
                self.progress.add(values.len() as u64 * size_of::<f32>() as u64);
            }
            Ok::<(), RecordingError>(())
        })
    }
}

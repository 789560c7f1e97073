//! One pass over the chosen units: values stream through the reader into moments, nothing else is kept.

use super::memory;
use super::progress::Progress;
use super::row::{Measured, value_bytes};
use super::unit::{Available, Selection};
use anyhow::{Result, ensure};
use layerscope_analysis::{Moments, NeuronMoments};
use layerscope_recorder::recording::{Recording, RecordingError, Stage};

/// Bytes that the moments of a neuron take while rows are added up.
const MOMENTS_BYTES: usize = 600;

/// Bytes of moments that are taken however little is allowed.
const ALWAYS_ALLOWED: usize = 16 << 20;

/// The moments of every neuron of every selected unit, arranged in the rows of the selection.
///
/// Units are read one after the other; within a unit the reader and the moments share the threads of the current rayon
/// pool. The moments do not depend on how the reader cuts a unit into pieces, nor on the number of threads.
///
/// # Errors
/// A layer whose moments do not fit `memory`; the first [`RecordingError`] of the reader.
pub fn measure<'a>(
    recording: &Recording,
    available: &[Available],
    selection: &'a Selection,
    memory: usize,
) -> Result<Vec<Measured<'a>>> {
    let allowed = memory::for_statistic(memory);
    let widest = selection.groups.iter().flat_map(|group| &group.members).map(|&at| available[at].n_neurons).max();
    let needed = widest.unwrap_or(0).saturating_mul(MOMENTS_BYTES);
    ensure!(
        needed <= allowed.max(ALWAYS_ALLOWED),
        "the moments of {} neurons need {}, --memory leaves {}: raise it, or leave out the widest layers with --size",
        widest.unwrap_or(0),
        memory::in_words(needed as u64),
        memory::in_words(allowed as u64)
    );
    let members = selection.groups.iter().flat_map(|group| &group.members);
    let progress = Progress::new(members.map(|&at| value_bytes(&available[at])).sum());
    let mut rows = Vec::with_capacity(selection.groups.len());
    for group in &selection.groups {
        let mut row = Measured { group, neurons: Vec::with_capacity(group.n_neurons), members: Vec::new() };
        for &at in &group.members {
            let first = row.neurons.len();
            row.neurons.extend(moments(recording, at, selection.stage, memory::for_reading(memory), &progress)?);
            row.members.push(first..row.neurons.len());
        }
        rows.push(row);
    }
    Ok(rows)
}

fn moments(
    recording: &Recording,
    at: usize,
    stage: Stage,
    memory: usize,
    progress: &Progress,
) -> Result<Vec<NeuronMoments>, RecordingError> {
    let unit = &recording.units()[at];
    let mut moments = Moments::new(unit.n_neurons);
    let mut next_row = 0;
    recording.read(unit, &[stage], memory, |chunk| {
        let values = if stage == Stage::Pre { chunk.pre } else { chunk.post };
        // The reader was asked for this stage of a unit that has it.
        if let Some(values) = values {
            moments.update(next_row, values);
            next_row += values.nrows() as u64;
            progress.add(values.len() as u64 * size_of::<f32>() as u64);
        }
        Ok::<(), RecordingError>(())
    })?;
    Ok(moments.finish())
}

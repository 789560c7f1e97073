//! Whole columns: the values of one neuron over all samples, for statistics that cannot be added up row by row.

use super::memory;
use super::progress::Progress;
use anyhow::{Result, ensure};
use layerscope_recorder::recording::{Recording, RecordingError, Stage};
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

/// Bytes of columns that are taken however little is allowed.
const ALWAYS_ALLOWED: usize = 1 << 20;

/// Neurons that are taken out of the rows together: one cache line of each row.
const NEURONS_TOGETHER: usize = 16;

/// Rows that are taken together: with the neurons above, 4 KiB.
const ROWS_TOGETHER: usize = 64;

/// What `of_column` says about each neuron of a unit, in the order of the neurons.
///
/// `of_column` may change the values it is given, such as sort them. The unit is read once for every stripe of
/// neurons whose columns fit `memory`, which is shared by the columns, the reader, and `scratch` bytes a thread that
/// `of_column` needs for itself. Neurons share the threads of the current rayon pool.
///
/// # Errors
/// A single column that does not fit; the first [`RecordingError`] of the reader.
pub fn map_columns<T: Send>(
    recording: &Recording,
    at: usize,
    stage: Stage,
    (memory, scratch): (usize, usize),
    progress: &Progress,
    of_column: impl Fn(&mut [f32]) -> T + Sync,
) -> Result<Vec<T>> {
    let unit = &recording.units()[at];
    let n_samples = unit.n_samples as usize;
    let (reading, allowed) = (memory::for_reading(memory), memory::for_statistic(memory));
    let scratch = scratch.saturating_mul(rayon::current_num_threads());
    let needed = n_samples.saturating_mul(size_of::<f32>()).saturating_add(scratch);
    ensure!(
        needed <= allowed.max(ALWAYS_ALLOWED),
        "{n_samples} samples of a neuron, all at once, need {}, --memory leaves {}: raise it, or lower --threads",
        memory::in_words(needed as u64),
        memory::in_words(allowed as u64)
    );
    let width = stripe_width(n_samples, allowed, scratch);
    let mut answers = Vec::with_capacity(unit.n_neurons);
    let mut columns: Vec<f32> = Vec::new();
    for first in (0..unit.n_neurons).step_by(width) {
        let width = width.min(unit.n_neurons - first);
        columns.resize(width * n_samples, 0.0);
        let mut next_row = 0;
        recording.read(unit, &[stage], reading, |chunk| {
            let values = if stage == Stage::Pre { chunk.pre } else { chunk.post };
            // The reader was asked for this stage of a unit that has it.
            if let Some(values) = values {
                transpose(
                    values.slice_axis(Axis(1), Slice::from(first..first + width)),
                    &mut columns,
                    n_samples,
                    next_row,
                );
                next_row += values.nrows();
            }
            Ok::<(), RecordingError>(())
        })?;
        let of_stripe = columns.par_chunks_exact_mut(n_samples.max(1)).map(|column| {
            let answer = of_column(column);
            progress.add(size_of_val(column) as u64);
            answer
        });
        answers.par_extend(of_stripe);
    }
    Ok(answers)
}

/// Neurons whose columns fit the memory that threads leave; at least one.
fn stripe_width(n_samples: usize, memory: usize, threads: usize) -> usize {
    let column = n_samples.saturating_mul(size_of::<f32>()).max(1);
    (memory.saturating_sub(threads) / column).max(1)
}

/// Writes the rows [N', U'] to their places in `columns`, [U', N] row-major, from row `first_row` on.
fn transpose(rows: ArrayView2<'_, f32>, columns: &mut [f32], n_samples: usize, first_row: usize) {
    let together = columns.par_chunks_mut(NEURONS_TOGETHER * n_samples.max(1));
    together.zip(0..rows.ncols().div_ceil(NEURONS_TOGETHER)).for_each(|(columns, block)| {
        let first = block * NEURONS_TOGETHER;
        let rows = rows.slice_axis(Axis(1), Slice::from(first..(first + NEURONS_TOGETHER).min(rows.ncols())));
        for (tile, rows) in rows.axis_chunks_iter(Axis(0), ROWS_TOGETHER).enumerate() {
            let place = first_row + tile * ROWS_TOGETHER;
            for (column, values) in columns.chunks_mut(n_samples).zip(rows.columns()) {
                column[place..place + values.len()].iter_mut().zip(values).for_each(|(to, from)| *to = *from);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn every_value_finds_its_place() {
        // More than a block of neurons and of rows, neither a multiple of it; the rows in two pieces.
        let (n_samples, n_neurons) = (ROWS_TOGETHER * 2 + 5, NEURONS_TOGETHER * 2 + 3);
        let value = |row: usize, neuron: usize| (row * 1000 + neuron) as f32;
        let rows = Array2::from_shape_fn((n_samples, n_neurons), |(row, neuron)| value(row, neuron));
        let mut columns = vec![f32::NAN; n_samples * n_neurons];
        transpose(rows.slice_axis(Axis(0), Slice::from(..70)), &mut columns, n_samples, 0);
        transpose(rows.slice_axis(Axis(0), Slice::from(70..)), &mut columns, n_samples, 70);
        for (neuron, column) in columns.chunks(n_samples).enumerate() {
            assert!(column.iter().enumerate().all(|(row, found)| *found == value(row, neuron)), "neuron {neuron}");
        }
    }

    #[test]
    fn stripes_fit_the_memory() {
        assert_eq!(stripe_width(60_000, 240_000 * 100, 0), 100);
        assert_eq!(stripe_width(60_000, 240_000 * 100, 240_000), 99);
        assert_eq!((stripe_width(60_000, 1, 0), stripe_width(60_000, 10, 100), stripe_width(0, 10, 0)), (1, 1, 10));
    }
}

//! A few hundred rows at a time: f32 in, deviations from the leaf's shift in f64 out, packed as products take them, with
//! their sums.

use pulp::Arch;
use rayon::prelude::*;

use super::aligned::Aligned;
use super::product::{Cell, STRIPE, dot};

/// Rows of one product. Long enough that adding its result to the sums (4·U² bytes) costs little beside it, short
/// enough that the rows and columns of a cell fit a first-level cache.
pub(super) const PANEL_ROWS: usize = 256;

/// Deviations of up to [`PANEL_ROWS`] rows. One buffer serves all leaves.
#[derive(Clone)]
pub(super) struct Panel {
    n_neurons: usize,
    for_rows: Packed,
    for_columns: Packed,
    /// |d|² of every row over the neurons of a task, a task after the other.
    norms: Vec<f64>,
}

/// Deviations d of U neurons, 0 where there is no row or neuron: in groups of neurons as wide as a [`Cell`]'s rows, and once
/// more as wide as its columns, each /* [G, PANEL_ROWS, width] */.
#[derive(Clone, Copy)]
pub(super) struct Deviations<'a> {
    pub for_rows: &'a [f64],
    pub for_columns: &'a [f64],
    pub n_neurons: usize,
}

/// Sums over the rows of a leaf.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sums {
    /// Σ d, a value a neuron.
    pub first: Vec<f64>,
    /// Σ |d|² d, |d|² over all neurons.
    pub third: Vec<f64>,
    /// Σ |d|⁴.
    pub fourth: f64,
    /// Number of values that are not finite, a value a neuron.
    pub n_nonfinite: Vec<u64>,
}

impl Sums {
    pub fn new(n_neurons: usize) -> Self {
        let zeros = || vec![0.0; n_neurons];
        Self { first: zeros(), third: zeros(), fourth: 0.0, n_nonfinite: vec![0; n_neurons] }
    }
}

impl Panel {
    pub fn new(n_neurons: usize) -> Self {
        let cell = Cell::detect();
        let [for_rows, for_columns] = [cell.rows, cell.columns].map(|width| Packed::zeros(n_neurons, width));
        Self { n_neurons, for_rows, for_columns, norms: vec![0.0; PANEL_ROWS * n_neurons.div_ceil(STRIPE)] }
    }

    /// Bytes of a panel, and of the rows of a leaf that wait for it.
    pub fn bytes(n_neurons: usize) -> u64 {
        let n_tasks = n_neurons.div_ceil(STRIPE) as u64;
        PANEL_ROWS as u64 * (8 * (2 * STRIPE as u64 + 1) * n_tasks + 4 * n_neurons as u64)
    }

    /// Takes rows /* [N <= PANEL_ROWS, U] */: adds to `sums` and returns the deviations.
    pub fn fill(&mut self, rows: &[f32], shift: &[f32], sums: &mut Sums) -> Deviations<'_> {
        let n_neurons = self.n_neurons;
        let n_rows = rows.len() / n_neurons;
        let arch = Arch::new();
        let norms = &mut self.norms[..n_rows * n_neurons.div_ceil(STRIPE)];
        self.for_rows
            .tasks()
            .zip(self.for_columns.tasks())
            .zip(norms.par_chunks_mut(n_rows))
            .zip(sums.first.par_chunks_mut(STRIPE).zip(sums.n_nonfinite.par_chunks_mut(STRIPE)))
            .enumerate()
            .for_each(|(task, (((mut for_rows, mut for_columns), norms), (first, n_nonfinite)))| {
                let neurons = task * STRIPE..task * STRIPE + first.len();
                let mut row_buffer = [0.0; STRIPE];
                let buffer = &mut row_buffer[..first.len()];
                let mut added = [0.0; STRIPE];
                arch.dispatch(|| {
                    for (k, (row, norm)) in rows.chunks_exact(n_neurons).zip(norms).enumerate() {
                        let row = &row[neurons.clone()];
                        if deviate(row, &shift[neurons.clone()], buffer) {
                            clear(row, buffer, n_nonfinite);
                        }
                        added.iter_mut().zip(&*buffer).for_each(|(sum, d)| *sum += d);
                        *norm = dot(buffer, buffer);
                        for_rows.put(k, buffer);
                        for_columns.put(k, buffer);
                    }
                });
                first.iter_mut().zip(&added).for_each(|(first, added)| *first += added);
                for_rows.clear_from(n_rows);
                for_columns.clear_from(n_rows);
            });
        let (total, tasks) = norms.split_at_mut(n_rows);
        for task in tasks.chunks_exact(n_rows) {
            total.iter_mut().zip(task).for_each(|(total, norm)| *total += norm);
        }
        sums.fourth += dot(total, total);
        let total = &*total;
        sums.third.par_chunks_mut(STRIPE).zip(self.for_rows.tasks()).for_each(|(third, deviations)| {
            arch.dispatch(|| deviations.weigh(total, third));
        });
        Deviations { for_rows: &self.for_rows.values, for_columns: &self.for_columns.values, n_neurons }
    }
}

/// d = x - shift; whether an x is not finite.
#[inline(always)]
fn deviate(row: &[f32], shift: &[f32], deviations: &mut [f64]) -> bool {
    let mut is_finite = true;
    for ((d, &x), &shift) in deviations.iter_mut().zip(row).zip(shift) {
        // The difference of two f32 of usual sizes is exact in f64.
        *d = f64::from(x) - f64::from(shift);
        is_finite &= x.is_finite();
    }
    !is_finite
}

/// Puts 0 where the row is not finite, and counts.
#[cold]
fn clear(row: &[f32], deviations: &mut [f64], n_nonfinite: &mut [u64]) {
    for ((d, x), n) in deviations.iter_mut().zip(row).zip(n_nonfinite) {
        if !x.is_finite() {
            *d = 0.0;
            *n += 1;
        }
    }
}

/// Deviations in groups of neurons: [G, PANEL_ROWS, width], 0 for neurons that the last group lacks.
#[derive(Clone)]
struct Packed {
    width: usize,
    values: Aligned,
}

impl Packed {
    fn zeros(n_neurons: usize, width: usize) -> Self {
        Self { width, values: Aligned::zeros(n_neurons.next_multiple_of(width) * PANEL_ROWS) }
    }

    /// Runs of [`STRIPE`] neurons.
    fn tasks(&mut self) -> impl IndexedParallelIterator<Item = Groups<'_>> {
        let width = self.width;
        self.values.par_chunks_mut(STRIPE * PANEL_ROWS).map(move |values| Groups { width, values })
    }
}

/// Some groups.
struct Groups<'a> {
    width: usize,
    values: &'a mut [f64],
}

impl Groups<'_> {
    /// Sets row k of all neurons.
    #[inline(always)]
    fn put(&mut self, k: usize, deviations: &[f64]) {
        let groups = self.values.chunks_exact_mut(PANEL_ROWS * self.width);
        for (group, deviations) in groups.zip(deviations.chunks(self.width)) {
            let row = &mut group[k * self.width..][..deviations.len()];
            row.iter_mut().zip(deviations).for_each(|(to, from)| *to = *from);
        }
    }

    /// Sets the rows from `k` on to 0.
    fn clear_from(&mut self, k: usize) {
        let groups = self.values.chunks_exact_mut(PANEL_ROWS * self.width);
        groups.for_each(|group| group[k * self.width..].fill(0.0));
    }

    /// third += Σ |d|² d, |d|² from `norms`.
    #[inline(always)]
    fn weigh(&self, norms: &[f64], third: &mut [f64]) {
        let groups = self.values.chunks_exact(PANEL_ROWS * self.width);
        for (group, third) in groups.zip(third.chunks_mut(self.width)) {
            for (norm, row) in norms.iter().zip(group.chunks_exact(self.width)) {
                third.iter_mut().zip(row).for_each(|(third, d)| *third += norm * d);
            }
        }
    }
}

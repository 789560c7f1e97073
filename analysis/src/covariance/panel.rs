//! A few hundred rows at a time: f32 in, deviations from the leaf's shift in f64 out, with their sums.

use rayon::prelude::*;

use super::product::{COLUMN, Deviations, dot};

/// Rows of one product. Long enough that adding its result to the sums (8·U² bytes) costs little beside it, short
/// enough that its deviations stay in the caches.
pub(super) const PANEL_ROWS: usize = 512;

/// Neurons that one task takes, of several rows at once: the rows it reads and the columns it writes fit the first cache.
const STRIPE: usize = 64;
const ROWS_AT_ONCE: usize = 16;

/// Deviations of up to [`PANEL_ROWS`] rows. One buffer serves all leaves.
#[derive(Clone)]
pub(super) struct Panel {
    /// [N, U], columns contiguous and [`COLUMN`] apart: d = x - shift, 0 for an x that is not finite. Products of matrices
    /// whose inner index is contiguous are the fast ones.
    deviations: Vec<f64>,
    /// |d|² of every row over the neurons of a stripe, a stripe after the other.
    norms: Vec<f64>,
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
        let n_stripes = n_neurons.div_ceil(STRIPE);
        Self { deviations: vec![0.0; COLUMN * n_neurons], norms: vec![0.0; PANEL_ROWS * n_stripes] }
    }

    /// Bytes of a panel, and of the rows of a leaf that wait for it.
    pub fn bytes(n_neurons: usize) -> u64 {
        (8 * (COLUMN + PANEL_ROWS / STRIPE) + 4 * PANEL_ROWS) as u64 * n_neurons as u64
    }

    /// Takes rows /* [N <= PANEL_ROWS, U] */: adds to `sums` and returns the deviations.
    pub fn fill(&mut self, rows: &[f32], shift: &[f32], sums: &mut Sums) -> Deviations<'_> {
        let n_neurons = shift.len();
        let n_rows = rows.len() / n_neurons;
        self.deviations
            .par_chunks_mut(STRIPE * COLUMN)
            .zip(self.norms.par_chunks_mut(PANEL_ROWS))
            .zip(sums.first.par_chunks_mut(STRIPE).zip(sums.n_nonfinite.par_chunks_mut(STRIPE)))
            .enumerate()
            .for_each(|(stripe, ((columns, norms), (first, n_nonfinite)))| {
                let start = stripe * STRIPE;
                deviate(columns, rows, &shift[start..start + first.len()], start, n_neurons);
                norms.fill(0.0);
                for (j, (first, n_nonfinite)) in first.iter_mut().zip(n_nonfinite).enumerate() {
                    let column = &mut columns[j * COLUMN..][..n_rows];
                    let mut sum: f64 = column.iter().sum();
                    // Sums of differences of finite f32 cannot overflow an f64.
                    if !sum.is_finite() {
                        *n_nonfinite += column.iter().filter(|d| !d.is_finite()).count() as u64;
                        column.iter_mut().filter(|d| !d.is_finite()).for_each(|d| *d = 0.0);
                        sum = column.iter().sum();
                    }
                    *first += sum;
                    norms.iter_mut().zip(column).for_each(|(norm, d)| *norm += *d * *d);
                }
            });
        let (total, stripes) = self.norms.split_at_mut(PANEL_ROWS);
        for stripe in stripes.chunks_exact(PANEL_ROWS) {
            total.iter_mut().zip(stripe).for_each(|(total, norm)| *total += norm);
        }
        let norms = &self.norms[..n_rows];
        sums.fourth += dot(norms, norms);
        sums.third.par_chunks_mut(STRIPE).zip(self.deviations.par_chunks(STRIPE * COLUMN)).for_each(
            |(third, columns)| {
                let sums = third.iter_mut().zip(columns.chunks_exact(COLUMN));
                sums.for_each(|(third, column)| *third += dot(&column[..n_rows], norms));
            },
        );
        Deviations { values: &self.deviations, n_rows, n_neurons }
    }
}

/// The deviations of all rows /* [N, U] */ of the neurons from `start` on.
fn deviate(columns: &mut [f64], rows: &[f32], shift: &[f32], start: usize, n_neurons: usize) {
    for (block, rows) in rows.chunks(ROWS_AT_ONCE * n_neurons).enumerate() {
        for (j, &shift) in shift.iter().enumerate() {
            let column = &mut columns[j * COLUMN + block * ROWS_AT_ONCE..];
            for (d, row) in column.iter_mut().zip(rows.chunks_exact(n_neurons)) {
                // The difference of two f32 of usual sizes is exact in f64.
                *d = f64::from(row[start + j]) - f64::from(shift);
            }
        }
    }
}

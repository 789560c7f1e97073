//! The arithmetic of covariances: products of a panel with itself, lower triangle only.
//!
//! Some rows times some columns of the products make a cell, whose sums stay in registers over all samples of a panel.
//! Deviations and sums lie in memory in the order in which they are used; a general product of matrices would have to pack
//! the one for every tile and to gather the other.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::aligned::Aligned;
use super::panel::{Deviations, PANEL_ROWS};
use super::prefetch::prefetch;

/// Columns of the products that one task adds to: a multiple of the sides of all cells. The sums of a task do not depend on
/// the number of threads.
pub(super) const STRIPE: usize = 48;

/// Samples in one turn of the innermost loop, whose counting would else take a tenth of its instructions; divides
/// [`PANEL_ROWS`].
const UNROLLED: usize = 4;

/// Rows and columns of the products whose sums fit into registers on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub rows: usize,
    pub columns: usize,
}

impl Cell {
    /// That of this machine; both sides divide [`STRIPE`].
    pub fn detect() -> Self {
        Arch::new().dispatch(Detect)
    }
}

struct Detect;

impl WithSimd for Detect {
    type Output = Cell;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Cell {
        match S::F64_LANES {
            8 => Cell { rows: 24, columns: 8 },
            _ => Cell { rows: 8, columns: 6 },
        }
    }
}

/// Σ d dᵀ, lower triangle: stripes of columns; in each, cells from the diagonal down, those beside each other first.
#[derive(Clone)]
pub(super) struct Products {
    n_neurons: usize,
    cell: Cell,
    values: Aligned,
}

impl Products {
    pub fn zeros(n_neurons: usize) -> Self {
        let cell = Cell::detect();
        let n_values = stripes(n_neurons, cell).map(|(_, n_values)| n_values).sum();
        Self { n_neurons, cell, values: Aligned::zeros(n_values) }
    }

    /// Adds the products of the deviations.
    pub fn add(&mut self, deviations: Deviations<'_>) {
        let arch = Arch::new();
        let mut rest = &mut *self.values;
        let mut tasks = Vec::new();
        for (first, n_values) in stripes(self.n_neurons, self.cell) {
            let (cells, below) = rest.split_at_mut(n_values);
            tasks.push(Stripe { cells, first, deviations });
            rest = below;
        }
        tasks.into_par_iter().with_max_len(1).for_each(|stripe| arch.dispatch(stripe));
    }

    /// [U, U], columns contiguous, the lower triangle; zeros above.
    pub fn into_lower(self) -> Vec<f64> {
        let Self { n_neurons, cell, values } = self;
        let mut lower = vec![0.0; n_neurons * n_neurons];
        let mut rest = &*values;
        for ((first, n_values), columns) in stripes(n_neurons, cell).zip(lower.chunks_mut(STRIPE * n_neurons.max(1))) {
            let (cells, below) = rest.split_at(n_values);
            rest = below;
            let sets = (columns.len() / n_neurons).div_ceil(cell.columns);
            for (index, sums) in cells.chunks_exact(cell.rows * cell.columns).enumerate() {
                let (row, set) = (first + index / sets * cell.rows, index % sets * cell.columns);
                let columns = columns.chunks_exact_mut(n_neurons).enumerate().skip(set);
                for ((column, values), sums) in columns.zip(sums.chunks_exact(cell.rows)) {
                    for (row, sum) in (row..n_neurons).zip(sums).filter(|(row, _)| *row >= first + column) {
                        values[row] = *sum;
                    }
                }
            }
        }
        lower
    }
}

/// First column and number of values of every stripe.
fn stripes(n_neurons: usize, cell: Cell) -> impl Iterator<Item = (usize, usize)> {
    (0..n_neurons).step_by(STRIPE).map(move |first| {
        let n_columns = STRIPE.min(n_neurons - first).next_multiple_of(cell.columns);
        (first, n_columns * (n_neurons - first).next_multiple_of(cell.rows))
    })
}

/// The cells of the columns from `first` on.
struct Stripe<'a> {
    cells: &'a mut [f64],
    first: usize,
    deviations: Deviations<'a>,
}

impl WithSimd for Stripe<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F64_LANES {
            8 => self.add::<S, 3, 8>(simd),
            4 => self.add::<S, 2, 6>(simd),
            2 => self.add::<S, 4, 6>(simd),
            _ => self.add::<S, 8, 6>(simd),
        }
    }
}

impl Stripe<'_> {
    /// With cells of V vectors and C columns.
    #[inline(always)]
    fn add<S: Simd, const V: usize, const C: usize>(self, simd: S) {
        let Self { cells, first, deviations: Deviations { for_rows, for_columns, n_neurons } } = self;
        let height = V * S::F64_LANES;
        let n_sets = STRIPE.min(n_neurons - first).div_ceil(C);
        let share = height * PANEL_ROWS / n_sets;
        for (part, cells) in cells.chunks_exact_mut(n_sets * height * C).enumerate() {
            let row = first + part * height;
            let (left, later) = for_rows[row * PANEL_ROWS..].split_at(height * PANEL_ROWS);
            for (set, cell) in cells.chunks_exact_mut(height * C).enumerate() {
                // The columns stay in a cache, the rows pass through it.
                prefetch(later.get(set * share..(set + 1) * share).unwrap_or_default());
                let column = first + set * C;
                if row + height > column {
                    let right = &for_columns[column * PANEL_ROWS..][..C * PANEL_ROWS];
                    add_products::<S, V, C>(simd, left, right, cell);
                }
            }
        }
    }
}

/// cell /* [C, V] vectors */ += Σ over N of left /* [N, V] vectors */ times right /* [N, C] */.
#[inline(always)]
fn add_products<S: Simd, const V: usize, const C: usize>(simd: S, left: &[f64], right: &[f64], cell: &mut [f64]) {
    let left = S::as_simd_f64s(left).0.as_chunks::<V>().0.as_chunks::<UNROLLED>().0;
    let right = right.as_chunks::<C>().0.as_chunks::<UNROLLED>().0;
    let mut sums = [[simd.splat_f64s(0.0); V]; C];
    for (left, right) in left.iter().zip(right) {
        for (left, right) in left.iter().zip(right) {
            for (sums, &right) in sums.iter_mut().zip(right) {
                let right = simd.splat_f64s(right);
                for (sum, &left) in sums.iter_mut().zip(left) {
                    *sum = simd.mul_add_e_f64s(left, right, *sum);
                }
            }
        }
    }
    for (cell, sum) in S::as_mut_simd_f64s(cell).0.iter_mut().zip(sums.as_flattened()) {
        *cell = simd.add_f64s(*cell, *sum);
    }
}

/// Sums side by side, which the compiler turns into vectors.
const LANES: usize = 8;

/// Σ a_i b_i of vectors of equal length.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// The symmetric matrix of which `lower` /* [U, U], columns contiguous */ is the lower triangle, times a vector.
pub(super) fn symmetric_times(lower: &[f64], vector: &[f64]) -> Vec<f64> {
    let n = vector.len();
    let mut product = vec![0.0; n];
    for (j, column) in lower.chunks_exact(n.max(1)).enumerate() {
        product[j] += column[j] * vector[j];
        let mut sum = 0.0;
        for ((entry, v), p) in column[j + 1..].iter().zip(&vector[j + 1..]).zip(&mut product[j + 1..]) {
            sum += entry * v;
            *p += entry * vector[j];
        }
        product[j] += sum;
    }
    product
}

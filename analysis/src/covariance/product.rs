//! The arithmetic of covariances: products of a panel with itself, lower triangle only.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::panel::PANEL_ROWS;

/// Columns of one stripe of tiles, rows of one tile. Every tile is computed by one thread, so its sums do not depend on
/// the number of threads.
const TILE: usize = 256;

/// Distance of the columns of deviations: not a power of two, for which they would share few lines of the caches.
pub(super) const COLUMN: usize = PANEL_ROWS + 8;

/// Deviations d /* [N, U] */, columns contiguous and [`COLUMN`] apart.
#[derive(Clone, Copy)]
pub(super) struct Deviations<'a> {
    pub values: &'a [f64],
    pub n_rows: usize,
    pub n_neurons: usize,
}

/// products /* [U, U], columns contiguous */ += dᵀ d, lower triangle.
pub(super) fn add_products(products: &mut [f64], deviations: Deviations<'_>) {
    let Deviations { values, n_rows, n_neurons } = deviations;
    let d = MatRef::from_column_major_slice_with_stride(values, n_rows, n_neurons, COLUMN);
    let mut tiles = Vec::new();
    for (index, stripe) in products.chunks_mut(TILE * n_neurons).enumerate() {
        let (first, width) = (index * TILE, stripe.len() / n_neurons);
        let stripe = MatMut::from_column_major_slice_mut(stripe, n_neurons, width);
        let (_, mut rest) = stripe.split_at_row_mut(first);
        let mut row = first;
        while rest.nrows() > 0 {
            let height = rest.nrows().min(TILE);
            let (tile, below) = rest.split_at_row_mut(height);
            tiles.push((row, first, tile));
            row += height;
            rest = below;
        }
    }
    tiles.into_par_iter().with_max_len(1).for_each(|(row, column, tile)| {
        let left = d.subcols(row, tile.nrows());
        let right = d.subcols(column, tile.ncols());
        let whole = BlockStructure::Rectangular;
        let structure = if row == column { BlockStructure::TriangularLower } else { whole };
        triangular::matmul(tile, structure, Accum::Add, left.transpose(), whole, right, whole, 1.0, Par::Seq);
    });
}

/// Sums side by side, which the compiler turns into vectors.
const LANES: usize = 8;

/// Σ a_i b_i of vectors of equal length.
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

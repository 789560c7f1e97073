//! The arithmetic of covariances: products of a panel with itself, lower triangle only.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Columns of one stripe of tiles, rows of one tile. Every tile is computed by one thread, so its sums do not depend on
/// the number of threads.
const TILE: usize = 512;

/// products /* [U, U] */ += dᵀ d of the deviations d /* [N, U] */, lower triangle.
pub(super) fn add_products(products: &mut [f64], deviations: &[f64], n_neurons: usize) {
    let n_rows = deviations.len() / n_neurons;
    let d = MatRef::from_row_major_slice(deviations, n_rows, n_neurons);
    let stripes: Vec<(usize, &mut [f64])> = products.chunks_mut(TILE * n_neurons).enumerate().collect();
    let mut tiles = Vec::new();
    for (index, stripe) in stripes {
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
        let structure = if row == column { BlockStructure::TriangularLower } else { BlockStructure::Rectangular };
        triangular::matmul(
            tile,
            structure,
            Accum::Add,
            left.transpose(),
            BlockStructure::Rectangular,
            right,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    });
}

/// Σ a_i b_i.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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

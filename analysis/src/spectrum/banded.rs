//! The reduction of a symmetric matrix to a band: where the arithmetic of eigenvalues is.

use super::band::{Band, HEIGHT, WIDTH};
use super::reflector::Reflector;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Rows or columns of what one thread computes at a time. Every number is computed by one thread, so that the result
/// does not depend on how many there are.
const TILE: usize = 128;

/// Columns that are reflected by one thread at least.
const COLUMNS: usize = 8;

/// A matrix with the same eigenvalues as the one whose lower triangle is `matrix`, entries near 1, and [`WIDTH`]
/// diagonals below the main one.
///
/// # Method
/// Panels of [`WIDTH`] columns are decomposed below the band, P = Q R with Q = I - V T Vᵀ, and the rest of the matrix
/// becomes Qᵀ A Q = A - V Wᵀ - W Vᵀ, W = Y - V (Tᵀ Vᵀ Y) / 2, Y = A V T. All are products of matrices, which pass over
/// A a few times per panel; a reduction to three diagonals at once reads A for every column, and waits for memory.
///
/// # References
/// C. H. Bischof, B. Lang, X. Sun (2000), A framework for symmetric band reduction, ACM Transactions on Mathematical
/// Software 26, 581-601; T as in R. Schreiber, C. Van Loan (1989), A storage-efficient WY representation for products
/// of Householder transformations, SIAM Journal on Scientific and Statistical Computing 10, 53-57.
pub(super) fn band(mut matrix: Mat<f64>) -> Band {
    let n = matrix.nrows();
    let mut band = Band::zeros(n);
    for first in (0..n).step_by(WIDTH) {
        let rest = first + WIDTH;
        if rest < n {
            let (left, right) = matrix.as_mut().split_at_col_mut(rest);
            let mut below = left.submatrix_mut(rest, first, n - rest, WIDTH);
            let panel = Panel::decompose(below.as_mut());
            panel.transform(right.subrows_mut(rest, n - rest));
        }
        for column in first..n.min(rest) {
            let end = n.min(column + WIDTH + 1);
            for (row, value) in (column..end).zip(band.column_mut(column)) {
                *value = matrix[(row, column)];
            }
        }
    }
    band
}

/// Bytes that [`band`] takes beside the matrix: the band with its fill, V, W, [V W] and [W V].
pub(super) fn workspace_bytes(n: usize) -> u64 {
    8 * (HEIGHT + 6 * WIDTH) as u64 * n as u64
}

/// Q = I - V T Vᵀ of the decomposition of a panel, K reflections of m rows.
struct Panel {
    /// V, [m, K], columns contiguous: column k has zeros above row k, and 1 there.
    reflections: Vec<f64>,
    /// T, [K, K], upper triangle.
    factors: Mat<f64>,
}

impl Panel {
    /// Of `panel` /* [m, WIDTH] */, which becomes R.
    fn decompose(mut panel: MatMut<'_, f64>) -> Self {
        let arch = Arch::new();
        let m = panel.nrows();
        let n_reflections = m.min(WIDTH);
        let mut columns: Vec<f64> = panel.as_ref().col_iter().flat_map(|column| column.iter().copied()).collect();
        let mut reflectors = Vec::with_capacity(n_reflections);
        for k in 0..n_reflections {
            let (v, others) = columns[k * m..].split_at_mut(m);
            let reflector = arch.dispatch(ToAxis(&mut v[k..]));
            reflectors.push(reflector);
            let v = &*v;
            others.par_chunks_exact_mut(m).with_min_len(COLUMNS).for_each(|other| {
                arch.dispatch(Reflection { reflector, v: &v[k..], other: &mut other[k..] });
            });
        }
        for (j, column) in columns.chunks_exact_mut(m).enumerate() {
            for (i, target) in panel.as_mut().col_mut(j).iter_mut().enumerate() {
                *target = if i < j { column[i] } else { 0.0 };
            }
            if let Some(reflector) = reflectors.get(j) {
                panel[(j, j)] = reflector.image;
            }
            column[..j.min(m)].fill(0.0);
        }
        columns.truncate(n_reflections * m);
        let factors = factors(MatRef::from_column_major_slice(&columns, m, n_reflections), &reflectors);
        Self { reflections: columns, factors }
    }

    /// Qᵀ A Q, lower triangle, in the place of A.
    fn transform(&self, mut lower: MatMut<'_, f64>) {
        let (m, k) = (lower.nrows(), self.factors.nrows());
        let v = MatRef::from_column_major_slice(&self.reflections, m, k);
        let y = self.product(lower.as_ref());
        let inner = product(self.factors.transpose(), product(v.transpose(), y.as_ref()).as_ref());
        let mut w = y;
        matmul(w.as_mut(), Accum::Add, v, &inner, -0.5, Par::Seq);
        // V Wᵀ + W Vᵀ = [V W] [W V]ᵀ: one product with longer sums.
        let beside = |left: MatRef<'_, f64>, right: MatRef<'_, f64>| {
            let mut both = Mat::zeros(m, 2 * k);
            both.subcols_mut(0, k).copy_from(left);
            both.subcols_mut(k, k).copy_from(right);
            both
        };
        let (left, right) = (beside(v, w.as_ref()), beside(w.as_ref(), v));
        tiles(lower.as_mut()).into_par_iter().with_max_len(1).for_each(|Tile { row, column, entries }| {
            let left = left.subrows(row, entries.nrows());
            let right = right.subrows(column, entries.ncols()).transpose();
            if row == column {
                let (triangle, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                triangular::matmul(entries, triangle, Accum::Add, left, whole, right, whole, -1.0, Par::Seq);
            } else {
                matmul(entries, Accum::Add, left, right, -1.0, Par::Seq);
            }
        });
    }

    /// Y = A V T of the symmetric A, some rows at a time.
    fn product(&self, lower: MatRef<'_, f64>) -> Mat<f64> {
        let (m, k) = (lower.nrows(), self.factors.nrows());
        let v = MatRef::from_column_major_slice(&self.reflections, m, k);
        let mut y = Mat::zeros(m, k);
        let blocks: Vec<_> = y.par_row_chunks_mut(TILE).collect();
        blocks.into_par_iter().enumerate().with_max_len(1).for_each(|(index, y)| {
            let (first, n_rows) = (index * TILE, y.nrows());
            let next = first + n_rows;
            let square = lower.submatrix(first, first, n_rows, n_rows);
            let square = Mat::from_fn(n_rows, n_rows, |i, j| square[(i.max(j), i.min(j))]);
            let mut sums = product(square.as_ref(), v.subrows(first, n_rows));
            let before = lower.submatrix(first, 0, n_rows, first);
            matmul(sums.as_mut(), Accum::Add, before, v.subrows(0, first), 1.0, Par::Seq);
            let after = lower.submatrix(next, first, m - next, n_rows);
            matmul(sums.as_mut(), Accum::Add, after.transpose(), v.subrows(next, m - next), 1.0, Par::Seq);
            matmul(y, Accum::Replace, &sums, &self.factors, 1.0, Par::Seq);
        });
        y
    }
}

/// T with I - V T Vᵀ = H_0 H_1 .., the reflections in order.
fn factors(v: MatRef<'_, f64>, reflectors: &[Reflector]) -> Mat<f64> {
    let k = reflectors.len();
    let products = product(v.transpose(), v);
    let mut factors = Mat::zeros(k, k);
    for (j, Reflector { factor, .. }) in reflectors.iter().enumerate() {
        for i in 0..j {
            let sum: f64 = (i..j).map(|l| factors[(i, l)] * products[(l, j)]).sum();
            factors[(i, j)] = -factor * sum;
        }
        factors[(j, j)] = *factor;
    }
    factors
}

fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(left.nrows(), right.ncols());
    matmul(product.as_mut(), Accum::Replace, left, right, 1.0, Par::Seq);
    product
}

/// A part of a lower triangle: a rectangle, or a triangle on the diagonal.
struct Tile<'a> {
    row: usize,
    column: usize,
    entries: MatMut<'a, f64>,
}

fn tiles(lower: MatMut<'_, f64>) -> Vec<Tile<'_>> {
    let n = lower.nrows();
    let mut tiles = Vec::new();
    let mut right = lower;
    for column in (0..n).step_by(TILE) {
        let (stripe, others) = right.split_at_col_mut(TILE.min(n - column));
        right = others;
        let (_, mut below) = stripe.split_at_row_mut(column);
        for row in (column..n).step_by(TILE) {
            let (entries, others) = below.split_at_row_mut(TILE.min(n - row));
            below = others;
            tiles.push(Tile { row, column, entries });
        }
    }
    tiles
}

struct ToAxis<'a>(&'a mut [f64]);

impl WithSimd for ToAxis<'_> {
    type Output = Reflector;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Reflector {
        Reflector::to_axis(simd, self.0)
    }
}

struct Reflection<'a> {
    reflector: Reflector,
    v: &'a [f64],
    other: &'a mut [f64],
}

impl WithSimd for Reflection<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.reflector.apply(simd, self.v, self.other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_keeps_trace_and_norm() {
        for n in [0, 1, 2, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 2, 2 * WIDTH - 1, 2 * WIDTH, 129, 300] {
            let entry = |i: usize, j: usize| ((i * 17 + i * j + 3 * j) as f64).sin();
            // What is above the diagonal must not be read.
            let matrix = Mat::from_fn(n, n, |i, j| if i < j { f64::NAN } else { entry(i, j) });
            let trace: f64 = (0..n).map(|i| entry(i, i)).sum();
            let below = |j: usize| (j + 1..n).map(|i| entry(i, j).powi(2)).sum::<f64>();
            let norm: f64 = (0..n).map(|j| entry(j, j).powi(2) + 2.0 * below(j)).sum();
            let mut band = band(matrix);
            let columns: Vec<Vec<f64>> = (0..n).map(|j| band.column_mut(j).to_vec()).collect();
            let found: f64 = columns.iter().map(|column| column[0]).sum();
            assert!((found - trace).abs() <= 1e-14 * norm, "{n}: {found}, {trace}");
            let squares = |column: &Vec<f64>| 2.0 * column[1..].iter().map(|x| x * x).sum::<f64>() + column[0].powi(2);
            let found: f64 = columns.iter().map(squares).sum();
            assert!((found - norm).abs() <= 1e-13 * norm, "{n}: {found}, {norm}");
            assert!(columns.iter().all(|column| column[WIDTH + 1..].iter().all(|&x| x == 0.0)), "{n}");
        }
    }
}

//! Symmetric matrices with few diagonals, and their reduction to three.

use super::reflector::{Reflector, dot, subtract};
use super::tridiagonal::Tridiagonal;
use pulp::{Arch, Simd, WithSimd};

/// Diagonals below the main one. More of them make the reduction to a band cheaper and the one to three diagonals
/// dearer.
pub(super) const WIDTH: usize = 48;

/// Entries of a column that are kept: the diagonal, those of the band, and as many less one for what the reduction
/// fills in for a while.
pub(super) const HEIGHT: usize = 2 * WIDTH;

/// A lower triangle whose columns end [`WIDTH`] rows below the diagonal.
pub(super) struct Band {
    n: usize,
    /// A column after the other from its diagonal on; with columns of zeros at the end, so that every block has a whole
    /// side of [`WIDTH`].
    values: Vec<f64>,
}

impl Band {
    pub fn zeros(n: usize) -> Self {
        Self { n, values: vec![0.0; (n + HEIGHT) * HEIGHT] }
    }

    /// A column from its diagonal on.
    pub fn column_mut(&mut self, column: usize) -> &mut [f64] {
        &mut self.values[column * HEIGHT..][..HEIGHT]
    }

    /// A tridiagonal matrix with the same eigenvalues.
    ///
    /// # Method
    /// For every column a reflection of the rows below clears it but for the entry beside the diagonal. Applied from
    /// both sides it fills a block below the band, whose first column the next reflection clears, and so on to the last
    /// row. The other columns of a block wait for the reflections of the next column, one row and one column further
    /// down.
    ///
    /// # References
    /// H. R. Schwarz (1968), Tridiagonalization of a symmetric band matrix, Numerische Mathematik 12, 231-241; with
    /// reflections and columns that wait: B. Lang (1993), A parallel algorithm for reducing symmetric banded matrices
    /// to tridiagonal form, SIAM Journal on Scientific Computing 14, 1320-1338.
    pub fn tridiagonal(mut self) -> Tridiagonal {
        Arch::new().dispatch(Reduction { band: &mut self });
        let columns = self.values.chunks_exact(HEIGHT).take(self.n);
        let diagonal = columns.clone().map(|column| column[0]).collect();
        let squares = columns.take(self.n.saturating_sub(1)).map(|column| column[1] * column[1]).collect();
        Tridiagonal { diagonal, squares }
    }

    /// [`WIDTH`] rows of a column.
    #[inline(always)]
    fn part_mut(&mut self, row: usize, column: usize) -> &mut [f64; WIDTH] {
        let at = column * HEIGHT + row - column;
        self.values[at..].first_chunk_mut().expect("zeros follow the last column")
    }

    /// Clears [`WIDTH`] rows of a column but for the first of them.
    #[inline(always)]
    fn clear<S: Simd>(&mut self, simd: S, row: usize, column: usize) -> ([f64; WIDTH], Reflector) {
        let part = self.part_mut(row, column);
        let mut v = *part;
        let reflector = Reflector::to_axis(simd, &mut v);
        part.fill(0.0);
        part[0] = reflector.image;
        (v, reflector)
    }

    /// Reflects the square on the diagonal from both sides: D - v wᵀ - w vᵀ with w = τ D v - (τ² vᵀ D v / 2) v.
    #[inline(always)]
    fn reflect_square<S: Simd>(&mut self, simd: S, first: usize, v: &[f64; WIDTH], factor: f64) {
        let mut w = [0.0; WIDTH];
        for i in 0..WIDTH {
            let (head, below) = self.column_mut(first + i)[..WIDTH - i].split_first().expect("the diagonal");
            w[i] += head * v[i] + dot(simd, below, &v[i + 1..]);
            subtract(simd, &mut w[i + 1..], -v[i], below);
        }
        w.iter_mut().for_each(|w| *w *= factor);
        let along = 0.5 * factor * dot(simd, &w, v);
        subtract(simd, &mut w, along, v);
        for i in 0..WIDTH {
            let column = &mut self.column_mut(first + i)[..WIDTH - i];
            subtract(simd, column, w[i], &v[i..]);
            subtract(simd, column, v[i], &w[i..]);
        }
    }

    /// Reflects the block below the square from the right, clears its first column, and reflects the others from the
    /// left; the reflection of the left.
    #[inline(always)]
    fn reflect_block<S: Simd>(
        &mut self,
        simd: S,
        first: usize,
        v: &[f64; WIDTH],
        factor: f64,
    ) -> ([f64; WIDTH], Reflector) {
        let row = first + WIDTH;
        let mut sums = [0.0; WIDTH];
        for (i, v) in v.iter().enumerate() {
            subtract(simd, &mut sums, -factor * v, self.part_mut(row, first + i));
        }
        subtract(simd, self.part_mut(row, first), v[0], &sums);
        let (next, reflector) = self.clear(simd, row, first);
        for (i, v) in v.iter().enumerate().skip(1) {
            let part = self.part_mut(row, first + i);
            subtract(simd, part, *v, &sums);
            reflector.apply(simd, &next, part);
        }
        (next, reflector)
    }
}

struct Reduction<'a> {
    band: &'a mut Band,
}

impl WithSimd for Reduction<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { band } = self;
        for column in 0..band.n.saturating_sub(2) {
            let mut first = column + 1;
            let (mut v, mut reflector) = band.clear(simd, first, column);
            while first < band.n {
                band.reflect_square(simd, first, &v, reflector.factor);
                (v, reflector) = band.reflect_block(simd, first, &v, reflector.factor);
                first += WIDTH;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_diagonals_keep_trace_and_norm() {
        for n in [0, 1, 2, 3, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 2, 2 * WIDTH + 1, 250] {
            let mut band = Band::zeros(n);
            let (mut trace, mut norm) = (0.0, 0.0);
            for column in 0..n {
                for (below, entry) in band.column_mut(column)[..(n - column).min(WIDTH + 1)].iter_mut().enumerate() {
                    *entry = ((column * 17 + below * column + 3 * below) as f64).sin();
                    trace += if below == 0 { *entry } else { 0.0 };
                    norm += entry.powi(2) * if below == 0 { 1.0 } else { 2.0 };
                }
            }
            let Tridiagonal { diagonal, squares } = band.tridiagonal();
            assert_eq!((diagonal.len(), squares.len()), (n, n.saturating_sub(1)));
            let found: f64 = diagonal.iter().sum();
            assert!((found - trace).abs() <= 1e-14 * norm, "{n}: {found}, {trace}");
            let found = diagonal.iter().map(|d| d * d).sum::<f64>() + 2.0 * squares.iter().sum::<f64>();
            assert!((found - norm).abs() <= 1e-13 * norm, "{n}: {found}, {norm}");
        }
    }
}

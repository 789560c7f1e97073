//! Central sums over some rows: from sums of deviations from a shift, and merged.

use rayon::prelude::*;

use super::panel::Sums;
use super::product::{dot, symmetric_times};

/// Sums over n rows of y = x - mean.
#[derive(Clone)]
pub(super) struct Central {
    pub n: f64,
    pub mean: Vec<f64>,
    /// [U, U], columns contiguous, lower triangle: Σ y_i y_j.
    pub second: Vec<f64>,
    /// Σ |y|² y.
    pub third: Vec<f64>,
    /// Σ |y|⁴, |y|² over all neurons.
    pub fourth: f64,
    pub n_nonfinite: Vec<u64>,
}

impl Central {
    pub fn empty(n_neurons: usize) -> Self {
        let zeros = || vec![0.0; n_neurons];
        let second = vec![0.0; n_neurons * n_neurons];
        let n_nonfinite = vec![0; n_neurons];
        Self { n: 0.0, mean: zeros(), second, third: zeros(), fourth: 0.0, n_nonfinite }
    }

    /// With m = Σ d / n: mean = shift + m, and the moments of y = d - m.
    pub fn from_shifted(n_rows: u64, shift: &[f32], sums: Sums, products: Vec<f64>) -> Self {
        let n = n_rows as f64;
        if n_rows == 0 {
            return Self::empty(sums.first.len());
        }
        let offset: Vec<f64> = sums.first.iter().map(|sum| sum / n).collect();
        let mean = shift.iter().zip(&offset).map(|(&shift, m)| f64::from(shift) + m).collect();
        let minus: Vec<f64> = offset.iter().map(|m| -m).collect();
        let raw =
            Self { n, mean, second: products, third: sums.third, fourth: sums.fourth, n_nonfinite: sums.n_nonfinite };
        let size = dot(&minus, &minus);
        // Σ y = 0 is what the formulas of a move need; the sums of d differ from it by Σ d = n m.
        let (third, fourth) = raw.moved(&minus);
        let third = third.iter().zip(&minus).map(|(third, a)| third - 3.0 * n * size * a).collect();
        let fourth = fourth - 4.0 * n * size * size;
        let mut central = Self { third, fourth, ..raw };
        central.add_outer(&offset, -n);
        central
    }

    /// The third and fourth sums after adding `a` to every row, for sums of rows that add up to 0:
    /// Σ |y + a|² (y + a) and Σ |y + a|⁴.
    fn moved(&self, a: &[f64]) -> (Vec<f64>, f64) {
        let size = dot(a, a);
        let n_neurons = a.len();
        let trace: f64 = (0..n_neurons).map(|i| self.second[i * (n_neurons + 1)]).sum();
        let product = symmetric_times(&self.second, a);
        let third = (0..n_neurons).map(|i| self.third[i] + (trace + self.n * size) * a[i] + 2.0 * product[i]).collect();
        let fourth = self.fourth
            + 4.0 * dot(a, &product)
            + 4.0 * dot(a, &self.third)
            + 2.0 * size * trace
            + self.n * size * size;
        (third, fourth)
    }

    /// second += factor · v vᵀ, lower triangle.
    fn add_outer(&mut self, v: &[f64], factor: f64) {
        let n_neurons = v.len();
        self.second.par_chunks_exact_mut(n_neurons.max(1)).enumerate().for_each(|(j, column)| {
            let scaled = factor * v[j];
            for (sum, v) in column[j..].iter_mut().zip(&v[j..]) {
                *sum += scaled * v;
            }
        });
    }

    /// Over the rows of both, `self` first.
    pub fn merge(mut self, later: &Self) -> Self {
        if later.n == 0.0 {
            return self;
        }
        let n = self.n + later.n;
        let delta: Vec<f64> = self.mean.iter().zip(&later.mean).map(|(a, b)| b - a).collect();
        let (share, later_share) = (self.n / n, later.n / n);
        let back: Vec<f64> = delta.iter().map(|d| -d * later_share).collect();
        let forth: Vec<f64> = delta.iter().map(|d| d * share).collect();
        let ((third, fourth), (later_third, later_fourth)) = (self.moved(&back), later.moved(&forth));
        self.third = third.iter().zip(&later_third).map(|(a, b)| a + b).collect();
        self.fourth = fourth + later_fourth;
        let n_neurons = delta.len();
        let factor = self.n * later_share;
        let columns =
            self.second.par_chunks_exact_mut(n_neurons.max(1)).zip(later.second.par_chunks_exact(n_neurons.max(1)));
        columns.enumerate().for_each(|(j, (column, later))| {
            let scaled = factor * delta[j];
            for ((sum, later), d) in column[j..].iter_mut().zip(&later[j..]).zip(&delta[j..]) {
                *sum += later + scaled * d;
            }
        });
        self.mean.iter_mut().zip(&delta).for_each(|(mean, d)| *mean += d * later_share);
        self.n_nonfinite.iter_mut().zip(&later.n_nonfinite).for_each(|(a, b)| *a += b);
        self.n = n;
        self
    }
}

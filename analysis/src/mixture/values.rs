//! The values that a family is fitted to, with what every step of the fit needs of them.

use crate::Reason;
use crate::reason::require_finite;

/// Values above 0 relative to their mean, sorted, or cells of neighbouring ones that stand for them.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// Values divided by `scale`; of a cell the mean.
    pub x: Vec<f64>,
    /// Their logarithms; of a cell the mean.
    pub ln_x: Vec<f64>,
    /// Σ (x - mean)² / n within each cell, 0 for single values.
    pub spread: Vec<f64>,
    /// How many values each stands for.
    pub count: Vec<f64>,
    /// Number of values n.
    pub n: f64,
    /// Mean of the values in their own unit.
    pub scale: f64,
}

/// Values of a sample split into zeros and the rest.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// Exact zeros.
    pub n_zero: u64,
    /// Values above 0, ascending.
    pub positive: Vec<f64>,
}

impl Split {
    /// Splits a sample in any order.
    ///
    /// # Errors
    /// [`Reason::NotFinite`], [`Reason::Negative`].
    pub fn of(sample: &[f64]) -> Result<Self, Reason> {
        require_finite(sample)?;
        let n_negative = sample.iter().filter(|x| **x < 0.0).count() as u64;
        if n_negative > 0 {
            return Err(Reason::Negative { n_negative, n: sample.len() as u64 });
        }
        let mut positive: Vec<f64> = sample.iter().copied().filter(|x| *x > 0.0).collect();
        positive.sort_unstable_by(f64::total_cmp);
        Ok(Self { n_zero: (sample.len() - positive.len()) as u64, positive })
    }
}

impl Values {
    /// From sorted values above 0, of which there is at least one.
    pub fn new(sorted: &[f64]) -> Self {
        let n = sorted.len() as f64;
        // Relative to the largest, so that no sum overflows.
        let largest = sorted[sorted.len() - 1];
        let scale = largest * (sorted.iter().map(|x| x / largest).sum::<f64>() / n);
        let x: Vec<f64> = sorted.iter().map(|x| x / scale).collect();
        // Of the value and not of the quotient, which may underflow.
        let ln_x = sorted.iter().map(|x| x.ln() - scale.ln()).collect();
        Self { x, ln_x, spread: vec![0.0; sorted.len()], count: vec![1.0; sorted.len()], n, scale }
    }

    /// The same values in at most `n_cells` cells of equally many neighbours.
    pub fn in_cells(&self, n_cells: usize) -> Self {
        let len = self.x.len();
        if len <= n_cells {
            return self.clone();
        }
        let mut cells = Self { x: vec![], ln_x: vec![], spread: vec![], count: vec![], n: self.n, scale: self.scale };
        for cell in 0..n_cells {
            let range = cell * len / n_cells..(cell + 1) * len / n_cells;
            let count = range.len() as f64;
            let mean = self.x[range.clone()].iter().sum::<f64>() / count;
            cells.x.push(mean);
            cells.ln_x.push(self.ln_x[range.clone()].iter().sum::<f64>() / count);
            cells.spread.push(self.x[range].iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count);
            cells.count.push(count);
        }
        cells
    }

    /// Whether all values are equal.
    pub fn is_constant(&self) -> bool {
        self.x[0] == self.x[self.x.len() - 1]
    }

    /// Population variance, in units of the squared scale; the mean is 1.
    pub fn variance(&self) -> f64 {
        let cells = self.x.iter().zip(&self.spread).zip(&self.count);
        cells.map(|((x, spread), count)| count * ((x - 1.0).powi(2) + spread)).sum::<f64>() / self.n
    }

    /// The share of the log-likelihood that the unit of the values makes: n ln scale, to be taken off.
    pub fn ln_jacobian(&self) -> f64 {
        self.n * self.scale.ln()
    }
}

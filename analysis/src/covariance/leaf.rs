//! Sums of products over one run of rows.

use super::central::Central;
use super::panel::{PANEL_ROWS, Panel, Sums};
use super::product::Products;

/// Rows of one leaf: every state is kept per leaf of this many consecutive rows, so that a result does not depend on how
/// the rows arrived. Large, because merging two leaves costs a pass over three matrices.
pub(super) const LEAF_ROWS: u64 = 32 * PANEL_ROWS as u64;

/// Sums of products of deviations over the rows of a leaf so far.
#[derive(Clone)]
pub(super) struct Leaf {
    n_neurons: usize,
    n_rows: u64,
    /// Rows that do not fill a panel yet.
    waiting: Vec<f32>,
    /// The mean over the first panel; empty before it.
    shift: Vec<f32>,
    sums: Sums,
    /// Σ d_i d_j.
    products: Products,
}

impl Leaf {
    pub fn new(n_neurons: usize) -> Self {
        let (sums, products) = (Sums::new(n_neurons), Products::zeros(n_neurons));
        Self { n_neurons, n_rows: 0, waiting: Vec::new(), shift: Vec::new(), sums, products }
    }

    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Adds rows /* [N, U] */ in their order. The result does not depend on how rows are grouped into calls.
    pub fn add(&mut self, mut rows: &[f32], panel: &mut Panel) {
        self.n_rows += (rows.len() / self.n_neurons) as u64;
        let size = PANEL_ROWS * self.n_neurons;
        while !rows.is_empty() {
            if self.waiting.is_empty() && rows.len() >= size {
                let (now, rest) = rows.split_at(size);
                self.add_panel(now, panel);
                rows = rest;
                continue;
            }
            let (now, rest) = rows.split_at(rows.len().min(size - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            rows = rest;
            if self.waiting.len() == size {
                let mut waiting = std::mem::take(&mut self.waiting);
                self.add_panel(&waiting, panel);
                waiting.clear();
                self.waiting = waiting;
            }
        }
    }

    fn add_panel(&mut self, rows: &[f32], panel: &mut Panel) {
        if self.shift.is_empty() {
            self.shift = means(rows, self.n_neurons);
        }
        let deviations = panel.fill(rows, &self.shift, &mut self.sums);
        self.products.add(deviations);
    }

    /// Central moments over the rows of the leaf.
    pub fn finish(mut self, panel: &mut Panel) -> Central {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.add_panel(&waiting, panel);
        }
        Central::from_shifted(self.n_rows, &self.shift, self.sums, self.products.into_lower())
    }
}

/// The mean of every neuron's finite values, as f32; 0 without any.
fn means(rows: &[f32], n_neurons: usize) -> Vec<f32> {
    let mut sums = vec![(0.0_f64, 0.0_f64); n_neurons];
    for row in rows.chunks_exact(n_neurons) {
        for ((sum, n), &x) in sums.iter_mut().zip(row) {
            if x.is_finite() {
                *sum += f64::from(x);
                *n += 1.0;
            }
        }
    }
    sums.into_iter().map(|(sum, n)| if n > 0.0 { (sum / n) as f32 } else { 0.0 }).collect()
}

//! Covariance of every pair of neurons over the samples, in one pass, whatever way the samples are cut.
//!
//! `panel.rs` turns rows into deviations, `leaf.rs` adds them up over a run of rows, `central.rs` holds the formulas of
//! merging, `product.rs` is the arithmetic that takes the time, `matrix.rs` the finished covariance.

mod aligned;
mod central;
mod leaf;
mod matrix;
mod panel;
mod prefetch;
mod product;

use std::collections::BTreeMap;

use ndarray::ArrayView2;

use crate::Reason;
use central::Central;
use leaf::{LEAF_ROWS, Leaf};
pub use matrix::CovarianceMatrix;
use panel::Panel;

/// A finished run of 2^level leaves that starts at leaf `index` << level.
type NodeKey = (u32, u64);

/// Accumulator of the covariance matrix of a layer: `update` with rows, `merge` with other rows, `finish`.
///
/// The result is the same bit for bit however the rows are cut into updates, in whatever order these come, however the
/// rows are shared among accumulators that are merged, and on any number of threads: sums are kept per leaf of 8,192
/// consecutive rows, each leaf adds panels of 256 rows in order, every column of a product is computed by one thread, and
/// finished leaves are merged in a binary tree over their numbers.
///
/// Memory: 8·U² bytes for the open leaf and for each finished node of the tree, of which rows in order keep at most
/// log2(N / 8192) + 1; [`Covariance::memory_bytes`] says how much that is. Rows that arrive before earlier rows of
/// their leaf are kept as they are, 4·U bytes each.
///
/// Accuracy: each leaf sums products of deviations from about the mean of its first 256 rows, exact differences in f64,
/// so an offset costs no digits and a constant neuron has covariance exactly 0 with every other.
///
/// # References
/// T. F. Chan, G. H. Golub, R. J. LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample
/// variances, Stanford STAN-CS-79-773. P. Pébay (2008), Formulas for robust, one-pass parallel computation of
/// covariances and arbitrary-order statistical moments, Sandia SAND2008-6212.
///
/// # Examples
/// ```
/// use layerscope_analysis::Covariance;
/// use ndarray::array;
///
/// let activations = array![[1.0_f32, 0.0], [2.0, 4.0], [6.0, 2.0]];
/// let mut covariance = Covariance::new(2);
/// covariance.update(0, activations.view());
/// let matrix = covariance.finish()?;
/// assert_eq!((matrix.get(0, 0), matrix.get(0, 1), matrix.get(1, 1)), (7.0, 1.0, 4.0));
/// # Ok::<(), layerscope_analysis::Reason>(())
/// ```
#[derive(Clone)]
pub struct Covariance {
    n_neurons: usize,
    nodes: BTreeMap<NodeKey, Central>,
    /// Leaves whose first rows are known, up to the first that is missing.
    open: BTreeMap<u64, Leaf>,
    /// Rows behind a missing one, as they are, by the number of their first row: they must be added in order.
    waiting: BTreeMap<u64, Vec<f32>>,
    panel: Panel,
}

impl Covariance {
    /// An accumulator without rows.
    pub fn new(n_neurons: usize) -> Self {
        let panel = Panel::new(n_neurons);
        Self { n_neurons, nodes: BTreeMap::new(), open: BTreeMap::new(), waiting: BTreeMap::new(), panel }
    }

    /// Bytes that an accumulator of `n_neurons` holds at most while `n_samples` rows arrive in order.
    pub fn memory_bytes(n_neurons: usize, n_samples: u64) -> u64 {
        // The open leaf, the nodes of a binary counter, and one more while two are merged.
        let n_nodes = u64::from((n_samples / LEAF_ROWS).checked_ilog2().map_or(0, |level| level + 1));
        let square = 8 * (n_neurons as u64).pow(2);
        (1 + n_nodes) * square + Panel::bytes(n_neurons)
    }

    /// The number of neurons.
    pub fn n_neurons(&self) -> usize {
        self.n_neurons
    }

    /// Adds the consecutive rows `first_row`, `first_row + 1`, ... of the layer's matrix.
    ///
    /// # Arguments
    /// `first_row` counts rows of the whole unit from 0. `block` is [N, U], any memory order (rows contiguous is the fast
    /// one), any values: a neuron with a non-finite one is left out of the finished matrix.
    ///
    /// # Panics
    /// When `block` has not `n_neurons` columns, or when rows are given twice (found here or by `finish`).
    pub fn update(&mut self, first_row: u64, block: ArrayView2<'_, f32>) {
        assert_eq!(block.ncols(), self.n_neurons, "columns of the block");
        match block.as_slice() {
            Some(values) => self.add(first_row, values),
            None => self.add(first_row, &block.iter().copied().collect::<Vec<_>>()),
        }
    }

    /// Adds rows /* [N, U], one after the other */.
    fn add(&mut self, mut first_row: u64, mut values: &[f32]) {
        while !values.is_empty() {
            let (leaf, offset) = (first_row / LEAF_ROWS, first_row % LEAF_ROWS);
            let n_rows = (values.len() / self.n_neurons).min((LEAF_ROWS - offset) as usize);
            let (rows, rest) = values.split_at(n_rows * self.n_neurons);
            self.add_within_leaf(leaf, offset, rows);
            first_row += n_rows as u64;
            values = rest;
        }
    }

    fn add_within_leaf(&mut self, leaf: u64, offset: u64, rows: &[f32]) {
        let row = leaf * LEAF_ROWS + offset;
        let n_done = self.open.get(&leaf).map_or(0, Leaf::n_rows);
        if offset > n_done {
            let previous = self.waiting.insert(row, rows.to_vec());
            assert!(previous.is_none(), "row {row} was given twice");
            return;
        }
        let is_finished = (0..u64::BITS).any(|level| self.nodes.contains_key(&(level, leaf >> level)));
        assert!(offset == n_done && !is_finished, "row {row} was given twice");
        let n_neurons = self.n_neurons;
        let open = self.open.entry(leaf).or_insert_with(|| Leaf::new(n_neurons));
        open.add(rows, &mut self.panel);
        let n_done = open.n_rows();
        if n_done < LEAF_ROWS {
            self.retry(leaf * LEAF_ROWS + n_done);
        } else if let Some(done) = self.open.remove(&leaf) {
            let node = done.finish(&mut self.panel);
            self.insert((0, leaf), node);
        }
    }

    /// Adds the waiting rows that start at `row`, if there are any.
    fn retry(&mut self, row: u64) {
        if let Some(values) = self.waiting.remove(&row) {
            self.add(row, &values);
        }
    }

    fn insert(&mut self, (level, index): NodeKey, node: Central) {
        match self.nodes.remove(&(level, index ^ 1)) {
            Some(sibling) if index % 2 == 1 => self.insert((level + 1, index / 2), sibling.merge(&node)),
            Some(sibling) => self.insert((level + 1, index / 2), node.merge(&sibling)),
            None => {
                let previous = self.nodes.insert((level, index), node);
                assert!(previous.is_none(), "rows from {} on were given twice", (index << level) * LEAF_ROWS);
            }
        }
    }

    /// Takes over the rows of another accumulator, which has other rows of the same neurons.
    ///
    /// # Panics
    /// When the numbers of neurons differ, or when both have the same row (found here or by `finish`).
    pub fn merge(&mut self, other: Self) {
        assert_eq!(other.n_neurons, self.n_neurons, "neurons of the other accumulator");
        for (key, node) in other.nodes {
            self.insert(key, node);
        }
        // An open leaf starts at its first row, so the two sides cannot both have one.
        for (leaf, open) in other.open {
            let n_done = open.n_rows();
            let previous = self.open.insert(leaf, open);
            assert!(previous.is_none(), "row {} was given twice", leaf * LEAF_ROWS);
            self.retry(leaf * LEAF_ROWS + n_done);
        }
        for (first_row, values) in other.waiting {
            self.add(first_row, &values);
        }
    }

    /// The covariance matrix over all rows given, divided by n - 1.
    ///
    /// # Errors
    /// [`Reason::TooFew`] below two rows or without a neuron, [`Reason::NotFinite`] when every neuron has a value that is
    /// not finite.
    pub fn finish(mut self) -> Result<CovarianceMatrix, Reason> {
        // Rows behind a gap that was never filled: their leaf gets what there is, in the order of the rows.
        let mut end = 0;
        for (first_row, values) in std::mem::take(&mut self.waiting) {
            let (n_neurons, leaf) = (self.n_neurons, first_row / LEAF_ROWS);
            let open = self.open.entry(leaf).or_insert_with(|| Leaf::new(n_neurons));
            end = end.max(leaf * LEAF_ROWS + open.n_rows());
            assert!(first_row >= end, "row {first_row} was given twice");
            end = first_row + (values.len() / n_neurons) as u64;
            open.add(&values, &mut self.panel);
        }
        let mut parts: BTreeMap<u64, (u64, Central)> =
            self.nodes.into_iter().map(|((level, index), node)| (index << level, (1 << level, node))).collect();
        for (leaf, open) in self.open {
            let previous = parts.insert(leaf, (1, open.finish(&mut self.panel)));
            assert!(previous.is_none(), "row {} was given twice", leaf * LEAF_ROWS);
        }
        let mut end = 0;
        for (&leaf, (n_leaves, _)) in &parts {
            assert!(leaf >= end, "row {} was given twice", leaf * LEAF_ROWS);
            end = leaf + n_leaves;
        }
        drop(self.panel);
        // From the last rows to the first: for rows in order these are the smallest nodes first.
        let total = parts.into_values().map(|(_, part)| part).rev().reduce(|later, earlier| earlier.merge(&later));
        CovarianceMatrix::new(total.unwrap_or_else(|| Central::empty(0)))
    }
}

//! The accumulator of a range of neighbouring neurons: open blocks, rows that wait, and the tree of finished blocks.

use std::collections::BTreeMap;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::block::{BLOCK_ROWS, Block, Tally};
use super::central::Central;

/// Whole blocks that threads may share before their leaves are merged: bounds the memory of the leaves.
const BLOCKS_AT_ONCE: usize = 32;

/// A finished run of 2^level blocks that starts at block `index` << level.
type NodeKey = (u32, u64);

/// Moments of some neighbouring neurons over all rows seen so far.
///
/// Finished blocks are leaves of the binary tree over the block numbers. A node exists when all its blocks are
/// finished, and is made from its two halves, the earlier rows first. So the nodes are a function of the set of rows
/// alone, whatever order they came in. Rows in order keep at most one node a level: a binary counter.
#[derive(Clone)]
pub(super) struct Stripe {
    n_neurons: usize,
    nodes: BTreeMap<NodeKey, Vec<Central>>,
    /// Blocks whose first rows are known, up to the first that is missing.
    open: BTreeMap<u64, Block>,
    /// Rows behind a missing one, as they are, by the number of their first row: they must be added in order.
    waiting: BTreeMap<u64, Vec<f32>>,
    tallies: Vec<Tally>,
}

impl Stripe {
    pub fn new(n_neurons: usize) -> Self {
        Self {
            n_neurons,
            nodes: BTreeMap::new(),
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            tallies: vec![Tally::EMPTY; n_neurons],
        }
    }

    pub fn n_neurons(&self) -> usize {
        self.n_neurons
    }

    /// Adds consecutive rows /* [N, U of this stripe] */.
    pub fn update(&mut self, first_row: u64, rows: ArrayView2<'_, f32>) {
        let owned: Vec<f32>;
        let slices: Vec<&[f32]> = match rows.rows().into_iter().map(|row| row.to_slice()).collect() {
            Some(slices) => slices,
            None => {
                owned = rows.iter().copied().collect();
                owned.chunks_exact(self.n_neurons).collect()
            }
        };
        self.add(first_row, &slices);
    }

    fn add(&mut self, mut first_row: u64, mut rows: &[&[f32]]) {
        while !rows.is_empty() {
            let (block, offset) = (first_row / BLOCK_ROWS as u64, (first_row % BLOCK_ROWS as u64) as usize);
            let n_taken = if offset == 0 && rows.len() >= BLOCK_ROWS {
                let n_blocks = (rows.len() / BLOCK_ROWS).min(BLOCKS_AT_ONCE);
                self.add_blocks(block, &rows[..n_blocks * BLOCK_ROWS]);
                n_blocks * BLOCK_ROWS
            } else {
                let n_rows = rows.len().min(BLOCK_ROWS - offset);
                self.add_within_block(block, offset, &rows[..n_rows]);
                n_rows
            };
            first_row += n_taken as u64;
            rows = &rows[n_taken..];
        }
    }

    /// Adds whole blocks: each is a function of its rows alone, so threads may share them.
    fn add_blocks(&mut self, first_block: u64, rows: &[&[f32]]) {
        let n_neurons = self.n_neurons;
        let leaves: Vec<_> = rows
            .par_chunks_exact(BLOCK_ROWS)
            .map_init(
                || Block::new(n_neurons),
                |block, rows| {
                    block.clear();
                    block.add(rows);
                    let mut tallies = vec![Tally::EMPTY; n_neurons];
                    (block.finish(&mut tallies), tallies)
                },
            )
            .collect();
        for (block, (leaf, tallies)) in (first_block..).zip(leaves) {
            self.assert_new(block, 0);
            self.add_tallies(&tallies);
            self.insert((0, block), leaf);
        }
    }

    /// Adds rows of one block, in order or not.
    fn add_within_block(&mut self, block: u64, offset: usize, rows: &[&[f32]]) {
        let first_row = block * BLOCK_ROWS as u64 + offset as u64;
        let n_done = self.open.get(&block).map_or(0, |open| open.n_rows() as usize);
        if offset > n_done {
            let previous = self.waiting.insert(first_row, rows.concat());
            assert!(previous.is_none(), "row {first_row} was given twice");
            return;
        }
        self.assert_new(block, offset);
        let n_neurons = self.n_neurons;
        let open = self.open.entry(block).or_insert_with(|| Block::new(n_neurons));
        open.add(rows);
        let n_done = open.n_rows() as usize;
        if n_done == BLOCK_ROWS {
            self.close(block);
        } else {
            self.retry(block * BLOCK_ROWS as u64 + n_done as u64);
        }
    }

    /// Panics if the block's row at `offset` has been added already.
    fn assert_new(&self, block: u64, offset: usize) {
        let n_done = self.open.get(&block).map_or(0, |open| open.n_rows() as usize);
        let is_new = offset == n_done && !(0..u64::BITS).any(|level| self.nodes.contains_key(&(level, block >> level)));
        assert!(is_new, "row {} was given twice", block * BLOCK_ROWS as u64 + offset as u64);
    }

    fn close(&mut self, block: u64) {
        if let Some(done) = self.open.remove(&block) {
            let leaf = done.finish(&mut self.tallies);
            self.insert((0, block), leaf);
        }
    }

    fn add_tallies(&mut self, more: &[Tally]) {
        for (tally, more) in self.tallies.iter_mut().zip(more) {
            tally.merge(more);
        }
    }

    fn insert(&mut self, (level, index): NodeKey, node: Vec<Central>) {
        match self.nodes.remove(&(level, index ^ 1)) {
            Some(sibling) if index % 2 == 1 => self.insert((level + 1, index / 2), merged(sibling, &node)),
            Some(sibling) => self.insert((level + 1, index / 2), merged(node, &sibling)),
            None => {
                let previous = self.nodes.insert((level, index), node);
                assert!(previous.is_none(), "rows from {} on were given twice", (index << level) * BLOCK_ROWS as u64);
            }
        }
    }

    /// Takes over the rows of another accumulator of the same neurons.
    pub fn merge(&mut self, other: Self) {
        self.add_tallies(&other.tallies);
        for (key, node) in other.nodes {
            self.insert(key, node);
        }
        // An open block starts at its block's first row, so the two sides cannot both have one. Rows of this side that
        // wait behind the other's open block are added now.
        for (block, open) in other.open {
            let n_done = u64::from(open.n_rows());
            let previous = self.open.insert(block, open);
            assert!(previous.is_none(), "row {} was given twice", block * BLOCK_ROWS as u64);
            self.retry(block * BLOCK_ROWS as u64 + n_done);
        }
        for (first_row, values) in other.waiting {
            let rows: Vec<&[f32]> = values.chunks_exact(self.n_neurons).collect();
            self.add(first_row, &rows);
        }
    }

    /// Adds the waiting rows that start at `row`, if there are any.
    fn retry(&mut self, row: u64) {
        if let Some(values) = self.waiting.remove(&row) {
            let rows: Vec<&[f32]> = values.chunks_exact(self.n_neurons).collect();
            self.add(row, &rows);
        }
    }

    /// Central moments and tallies over all rows, the unfinished blocks included.
    pub fn finish(mut self) -> (Vec<Central>, Vec<Tally>) {
        // Rows behind a gap that was never filled: their block gets what there is, in the order of the rows.
        let block_start = |row: u64| row - row % BLOCK_ROWS as u64;
        let mut end = 0;
        for (first_row, values) in std::mem::take(&mut self.waiting) {
            let (n_neurons, block) = (self.n_neurons, first_row / BLOCK_ROWS as u64);
            let open = self.open.entry(block).or_insert_with(|| Block::new(n_neurons));
            end = end.max(block_start(first_row) + u64::from(open.n_rows()));
            assert!(first_row >= end, "row {first_row} was given twice");
            end = first_row + (values.len() / n_neurons) as u64;
            open.add(&values.chunks_exact(n_neurons).collect::<Vec<_>>());
        }
        let mut parts: BTreeMap<u64, (u64, Vec<Central>)> =
            self.nodes.into_iter().map(|((level, index), node)| (index << level, (1 << level, node))).collect();
        for (block, open) in self.open {
            let previous = parts.insert(block, (1, open.finish(&mut self.tallies)));
            assert!(previous.is_none(), "row {} was given twice", block * BLOCK_ROWS as u64);
        }
        let mut end = 0;
        for (&block, (n_blocks, _)) in &parts {
            assert!(block >= end, "row {} was given twice", block * BLOCK_ROWS as u64);
            end = block + n_blocks;
        }
        // From the last rows to the first: for rows in order these are the smallest nodes first, so merges stay
        // balanced.
        let total = parts.into_values().map(|(_, part)| part).rev().reduce(|later, earlier| merged(earlier, &later));
        (total.unwrap_or_else(|| vec![Central::default(); self.n_neurons]), self.tallies)
    }
}

/// Neuron by neuron, `earlier` rows first.
fn merged(mut earlier: Vec<Central>, later: &[Central]) -> Vec<Central> {
    for (a, b) in earlier.iter_mut().zip(later) {
        *a = Central::merge(a, b);
    }
    earlier
}

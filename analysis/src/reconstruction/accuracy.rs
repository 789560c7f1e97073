//! What a network answers when a layer is replaced by its projection on the first k components.

use std::collections::BTreeMap;

use faer::linalg::matmul::matmul;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use super::Basis;

/// Rows rebuilt together: their products are large enough to be fast, and their buffers stay in the caches.
const BLOCK_ROWS: usize = 256;

/// The layer after the one that is rebuilt: logits = W r + b, the answer is the class of the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputLayer {
    /// [O, U], row-major.
    pub weight: Vec<f32>,
    /// \[O\]
    pub bias: Vec<f32>,
    /// Whether negative values are set to 0 before it: for values before the activation function.
    pub relu: bool,
}

/// Accumulator of the accuracy over samples at each of some numbers of components.
///
/// # Method
/// A sample's coordinates are computed once; from one k to the next only the components between are added. Products are
/// in f32, as the network's own. At k = U nothing is left out and the rebuilt layer is the recorded one, so the values are
/// taken as they are: the accuracy there is the network's own on these samples. Counts do not depend on how the rows are
/// cut nor on the number of threads: rows are rebuilt in blocks of 256 by their position.
#[derive(Debug)]
pub struct ReconstructionAccuracy {
    basis: Basis,
    /// [O, U]
    weight: Mat<f32>,
    bias: Vec<f32>,
    relu: bool,
    ladder: Vec<usize>,
    n_correct: Vec<u64>,
    n_samples: u64,
    /// Rows of blocks that are not complete, with their labels.
    waiting: BTreeMap<u64, (Vec<f32>, Vec<i32>)>,
}

/// What one thread needs to rebuild a block. Matrices are transposed: a sample a column.
struct Buffers {
    /// [K, B]
    scores: Mat<f32>,
    /// [U, B]
    rebuilt: Mat<f32>,
    /// [U, B]
    input: Mat<f32>,
    /// [O, B]
    logits: Mat<f32>,
}

impl ReconstructionAccuracy {
    /// Without rows yet. `ladder` is the numbers of components, ascending, none above those of the basis.
    ///
    /// # Panics
    /// When the output layer does not fit the basis, or the ladder is not ascending or too high.
    pub fn new(basis: Basis, layer: &OutputLayer, ladder: Vec<usize>) -> Self {
        let (n_outputs, n_neurons) = (layer.bias.len(), basis.n_neurons());
        assert_eq!(layer.weight.len(), n_outputs * n_neurons, "weights of the output layer");
        assert!(ladder.is_sorted() && ladder.last().is_none_or(|&k| k <= basis.n_directions()), "ladder of components");
        let weight = MatRef::from_row_major_slice(&layer.weight, n_outputs, n_neurons).to_owned();
        let n_correct = vec![0; ladder.len()];
        let (bias, relu) = (layer.bias.clone(), layer.relu);
        Self { basis, weight, bias, relu, ladder, n_correct, n_samples: 0, waiting: BTreeMap::new() }
    }

    /// Bytes held for `n_neurons` and as many components while rows arrive in order, on `n_threads`.
    pub fn memory_bytes(n_neurons: usize, n_threads: usize) -> u64 {
        let n_neurons = n_neurons as u64;
        4 * n_neurons * n_neurons + 16 * n_neurons * BLOCK_ROWS as u64 * (n_threads as u64 + 1)
    }

    /// Adds the consecutive samples `first_row`, `first_row + 1`, ... with their classes.
    ///
    /// # Panics
    /// When `block` is not [N, U] or has not N labels.
    pub fn update(&mut self, first_row: u64, block: ArrayView2<'_, f32>, labels: &[i32]) {
        assert_eq!(block.ncols(), self.basis.n_neurons(), "columns of the block");
        assert_eq!(block.nrows(), labels.len(), "labels of the block");
        self.n_samples += labels.len() as u64;
        let mut complete = Vec::new();
        let mut done = 0;
        while done < labels.len() {
            let row = first_row + done as u64;
            let (at, offset) = (row / BLOCK_ROWS as u64, (row % BLOCK_ROWS as u64) as usize);
            let n_rows = (labels.len() - done).min(BLOCK_ROWS - offset);
            let rows = block.slice_axis(Axis(0), Slice::from(done..done + n_rows));
            let entry = self.waiting.entry(at).or_default();
            rows.axis_iter(Axis(0)).for_each(|row| entry.0.extend(row));
            entry.1.extend_from_slice(&labels[done..done + n_rows]);
            if entry.1.len() == BLOCK_ROWS {
                complete.extend(self.waiting.remove(&at));
            }
            done += n_rows;
        }
        self.count(&complete);
    }

    /// [k, accuracy] for each k: correct / number of samples. Empty without samples.
    pub fn finish(mut self) -> Vec<(usize, f64)> {
        let rest: Vec<_> = std::mem::take(&mut self.waiting).into_values().collect();
        self.count(&rest);
        if self.n_samples == 0 {
            return Vec::new();
        }
        let shares = self.n_correct.iter().map(|&n| n as f64 / self.n_samples as f64);
        self.ladder.iter().copied().zip(shares).collect()
    }

    fn count(&mut self, blocks: &[(Vec<f32>, Vec<i32>)]) {
        let counts: Vec<Vec<u64>> = blocks
            .par_iter()
            .map_init(|| self.buffers(), |buffers, (values, labels)| self.correct(values, labels, buffers))
            .collect();
        for count in counts {
            self.n_correct.iter_mut().zip(count).for_each(|(sum, more)| *sum += more);
        }
    }

    fn buffers(&self) -> Buffers {
        let n_neurons = self.basis.n_neurons();
        Buffers {
            scores: Mat::zeros(self.basis.n_directions(), BLOCK_ROWS),
            rebuilt: Mat::zeros(n_neurons, BLOCK_ROWS),
            input: Mat::zeros(n_neurons, BLOCK_ROWS),
            logits: Mat::zeros(self.bias.len(), BLOCK_ROWS),
        }
    }

    /// Number of right answers in one block of rows /* [B, U] */ at each k.
    fn correct(&self, values: &[f32], labels: &[i32], buffers: &mut Buffers) -> Vec<u64> {
        let (n_neurons, n_rows) = (self.basis.n_neurons(), labels.len());
        let values = MatRef::from_column_major_slice(values, n_neurons, n_rows);
        let directions = self.basis.directions.as_ref();
        let mut scores = buffers.scores.subcols_mut(0, n_rows);
        let mut rebuilt = buffers.rebuilt.subcols_mut(0, n_rows);
        let mut input = buffers.input.subcols_mut(0, n_rows);
        let mut logits = buffers.logits.subcols_mut(0, n_rows);
        for j in 0..n_rows {
            let centred = input.rb_mut().col_mut(j).iter_mut().zip(values.col(j).iter()).zip(&self.basis.start);
            centred.for_each(|((d, x), start)| *d = x - start);
            rebuilt.rb_mut().col_mut(j).iter_mut().zip(&self.basis.start).for_each(|(x, start)| *x = *start);
        }
        matmul(scores.rb_mut(), Accum::Replace, directions.transpose(), input.rb(), 1.0, Par::Seq);
        let mut k = 0;
        let mut correct = Vec::with_capacity(self.ladder.len());
        for &next in &self.ladder {
            if next == n_neurons {
                rebuilt.copy_from(values);
            } else if next > k {
                let shares = scores.rb().subrows(k, next - k);
                matmul(rebuilt.rb_mut(), Accum::Add, directions.subcols(k, next - k), shares, 1.0, Par::Seq);
            }
            k = next;
            correct.push(self.right_answers(rebuilt.rb(), input.rb_mut(), logits.rb_mut(), labels));
        }
        correct
    }

    /// How many of the columns of `rebuilt` /* [U, B] */ the output layer assigns to their class.
    fn right_answers(
        &self,
        rebuilt: MatRef<'_, f32>,
        mut input: MatMut<'_, f32>,
        mut logits: MatMut<'_, f32>,
        labels: &[i32],
    ) -> u64 {
        let input = if self.relu {
            for j in 0..labels.len() {
                let pairs = input.rb_mut().col_mut(j).iter_mut().zip(rebuilt.col(j).iter());
                pairs.for_each(|(r, &x)| *r = x.max(0.0));
            }
            input.rb()
        } else {
            rebuilt
        };
        matmul(logits.rb_mut(), Accum::Replace, self.weight.as_ref(), input, 1.0, Par::Seq);
        let answer = |j: usize| {
            let logits = logits.rb().col(j);
            // The first of equal logits, as in the training loop.
            let largest = logits.iter().zip(&self.bias).map(|(logit, bias)| logit + bias).enumerate();
            largest
                .fold((0, f32::NEG_INFINITY), |best, (class, logit)| if logit > best.1 { (class, logit) } else { best })
                .0
        };
        labels.iter().enumerate().filter(|&(j, &label)| usize::try_from(label) == Ok(answer(j))).count() as u64
    }
}

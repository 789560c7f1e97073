//! The output layer over sixteen lanes.

use crate::backend::{Lanes, Simd};
use crate::ensemble::{BLOCK, HALVES, Row, Trained, ZERO_ROW, lane};
use crate::op::adam::{self, AdamStep};

/// Classes whose gradient is in registers at once.
const TILE: usize = 5;

/// Adds the block's share to every sample's logits.
#[inline(always)]
pub(crate) fn forward<S: Simd>(output: &[Row], post: &[Row], logits: &mut [Lanes]) {
    let mut by_neuron = [Lanes::ZERO; BLOCK];
    for (class, row) in output.iter().enumerate() {
        for (neuron, lanes) in by_neuron.iter_mut().enumerate() {
            lanes.0[class] = *lane(row, neuron);
        }
    }
    for (row, logits) in post.iter().zip(logits) {
        let mut sums = [S::splat(0.0); HALVES];
        for i in 0..Lanes::WIDTH {
            for half in 0..HALVES {
                sums[half] = S::splat(row[half].0[i]).mul_add(S::load(&by_neuron[half * Lanes::WIDTH + i]), sums[half]);
            }
        }
        S::load(logits).add(sums[0].add(sums[1])).store(logits);
    }
}

/// Replaces `post` by dL/dz, takes an Adam step for the output weights, and returns the sum over the batch of dL/dz.
#[inline(always)]
pub(crate) fn backward<S: Simd>(
    output: &mut Trained<Row>,
    post: &mut [Row],
    errors: &[Lanes],
    step: &AdamStep,
) -> [S; HALVES] {
    let n_classes = output.values.len();
    let mut gradients = [ZERO_ROW; super::MAX_CLASSES];
    for first in (0..n_classes).step_by(TILE) {
        for half in 0..HALVES {
            let sums = gradient_tile::<S>(post, errors, first.min(n_classes.saturating_sub(TILE)), half);
            for (i, sum) in sums.into_iter().enumerate() {
                sum.store(&mut gradients[first.min(n_classes.saturating_sub(TILE)) + i][half]);
            }
        }
    }
    let mut sums = [S::splat(0.0); HALVES];
    for (row, error) in post.iter_mut().zip(errors) {
        for half in 0..HALVES {
            let mut delta = S::splat(0.0);
            for (class, weights) in output.values.iter().enumerate() {
                delta = S::splat(error.0[class]).mul_add(S::load(&weights[half]), delta);
            }
            let delta = delta.gated_by(S::load(&row[half]));
            delta.store(&mut row[half]);
            sums[half] = sums[half].add(delta);
        }
    }
    for class in 0..n_classes {
        for half in 0..HALVES {
            adam::update(
                S::load(&gradients[class][half]),
                step,
                &mut output.values[class][half],
                &mut output.first[class][half],
                &mut output.second[class][half],
            );
        }
    }
    sums
}

/// The sum over the batch of error times activation, for five classes from `first` on.
#[inline(always)]
fn gradient_tile<S: Simd>(post: &[Row], errors: &[Lanes], first: usize, half: usize) -> [S; TILE] {
    let mut sums = [S::splat(0.0); TILE];
    for (row, error) in post.iter().zip(errors) {
        let row = S::load(&row[half]);
        for i in 0..TILE {
            sums[i] = S::splat(error.0[first + i]).mul_add(row, sums[i]);
        }
    }
    sums
}

//! The hidden layer over sixteen lanes.

use crate::backend::Simd;
use crate::ensemble::{HALVES, Row, Trained};
use crate::input::{Affine, Columns, List, Rows, SEGMENTS};
use crate::op::adam::{self, AdamStep};

/// Rows of a register tile over dense input: six accumulators of two 256-bit registers leave four of AVX2's sixteen.
const TILE: usize = 6;

/// Computes z for the samples in `rows` into `z`, a row for each sample.
#[inline(always)]
pub(crate) fn forward<S: Simd>(
    weights: &[Row],
    weight_sums: &Row,
    bias: &Row,
    affine: Affine,
    rows: Rows<'_>,
    z: &mut [Row],
) {
    let scale = S::splat(affine.scale);
    let shift = S::splat(-affine.shift);
    let mut base = [S::splat(0.0); HALVES];
    for half in 0..HALVES {
        base[half] = S::load(&weight_sums[half]).mul_add(shift, S::load(&bias[half]));
    }
    match rows {
        Rows::Lists(lists) => {
            for segment in 0..SEGMENTS {
                for (b, z) in z.iter_mut().enumerate() {
                    let sums = weighted_sum::<S>(weights, lists.list(b * SEGMENTS + segment));
                    for half in 0..HALVES {
                        let so_far = if segment == 0 { base[half] } else { S::load(&z[half]) };
                        sums[half].mul_add(scale, so_far).store(&mut z[half]);
                    }
                }
            }
        }
        Rows::All(values) => {
            for (index, z) in z.chunks_mut(TILE).enumerate() {
                for half in 0..HALVES {
                    let sums = tile::<S>(values, index * TILE, weights, half);
                    for (z, sum) in z.iter_mut().zip(sums) {
                        sum.mul_add(scale, base[half]).store(&mut z[half]);
                    }
                }
            }
        }
    }
}

/// Replaces z by max(z, 0); NaN stays.
#[inline(always)]
pub(crate) fn relu<S: Simd>(z: &mut [Row]) {
    for lanes in z.iter_mut().flatten() {
        let value = S::load(lanes);
        value.gated_by(value).store(lanes);
    }
}

/// Computes the weight gradient from `deltas`, `[B]` rows of dL/dz, and takes an Adam step with it; updates the sums of
/// the weights.
#[inline(always)]
pub(crate) fn update<S: Simd>(
    weights: &mut Trained<Row>,
    weight_sums: &mut Row,
    deltas: &[Row],
    delta_sums: [S; HALVES],
    affine: Affine,
    columns: Columns<'_>,
    step: &AdamStep,
) {
    let scale = S::splat(affine.scale);
    let shift = S::splat(-affine.shift);
    let constant = [delta_sums[0].mul(shift), delta_sums[1].mul(shift)];
    let n_inputs = weights.values.len();
    let Trained { values, first, second } = weights;
    let (values, first, second) = (&mut values[..n_inputs], &mut first[..n_inputs], &mut second[..n_inputs]);
    let mut totals = [S::splat(0.0); HALVES];
    match columns {
        Columns::Lists(lists) => {
            for input in 0..n_inputs {
                let sums = weighted_sum::<S>(deltas, lists.list(input));
                for half in 0..HALVES {
                    let gradient = sums[half].mul_add(scale, constant[half]);
                    let (value, first, second) =
                        (&mut values[input][half], &mut first[input][half], &mut second[input][half]);
                    totals[half] = totals[half].add(adam::update(gradient, step, value, first, second));
                }
            }
        }
        Columns::All(all) => {
            for start in (0..n_inputs).step_by(TILE) {
                for half in 0..HALVES {
                    let sums = tile::<S>(all, start, deltas, half);
                    for (input, sum) in (start..n_inputs).zip(sums) {
                        let gradient = sum.mul_add(scale, constant[half]);
                        let (value, first, second) =
                            (&mut values[input][half], &mut first[input][half], &mut second[input][half]);
                        totals[half] = totals[half].add(adam::update(gradient, step, value, first, second));
                    }
                }
            }
        }
    }
    for half in 0..HALVES {
        totals[half].store(&mut weight_sums[half]);
    }
}

/// The sum over a list of value times row: even and odd entries separately, then both added, so that enough
/// multiply-adds are always in flight.
#[inline(always)]
fn weighted_sum<S: Simd>(rows: &[Row], list: List<'_>) -> [S; HALVES] {
    let mut even = [S::splat(0.0); HALVES];
    let mut odd = [S::splat(0.0); HALVES];
    let (values, indices) = (list.values.chunks_exact(2), list.indices.chunks_exact(2));
    let last = (values.remainder(), indices.remainder());
    for (values, indices) in values.zip(indices) {
        add_weighted(&mut even, rows, values[0], indices[0]);
        add_weighted(&mut odd, rows, values[1], indices[1]);
    }
    if let ([value], [index]) = last {
        add_weighted(&mut even, rows, *value, *index);
    }
    [even[0].add(odd[0]), even[1].add(odd[1])]
}

#[inline(always)]
fn add_weighted<S: Simd>(sums: &mut [S; HALVES], rows: &[Row], value: f32, index: u16) {
    let value = S::splat(value);
    let row = &rows[usize::from(index)];
    for half in 0..HALVES {
        sums[half] = value.mul_add(S::load(&row[half]), sums[half]);
    }
}

/// One half of the dense product of six rows of `factors` `[n, R]`, from row `first` on, with `rows` `[R]`. Beyond the
/// last row the last one is repeated.
#[inline(always)]
fn tile<S: Simd>(factors: &[f32], first: usize, rows: &[Row], half: usize) -> [S; TILE] {
    let n = factors.len() / rows.len().max(1);
    let mut tile: [&[f32]; TILE] = [&[]; TILE];
    for (i, factors_row) in tile.iter_mut().enumerate() {
        let index = (first + i).min(n - 1);
        *factors_row = &factors[index * rows.len()..(index + 1) * rows.len()];
    }
    let mut sums = [S::splat(0.0); TILE];
    for (r, row) in rows.iter().enumerate() {
        let row = S::load(&row[half]);
        for i in 0..TILE {
            sums[i] = S::splat(tile[i][r]).mul_add(row, sums[i]);
        }
    }
    sums
}

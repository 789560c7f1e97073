//! Sums of one block of rows, accumulated row by row.

use super::central::Central;

/// Rows of one block. Every state in this module is kept per block of this many consecutive rows, so that a result does
/// not depend on how the rows arrived. A multiple of [`ROWS_AT_ONCE`]; small, because the worst-case rounding of
/// [`Central::from_shifted`] grows with it.
pub(super) const BLOCK_ROWS: usize = 256;

/// Rows taken in one pass over the neurons: the sums are loaded and stored once for all of them.
const ROWS_AT_ONCE: usize = 4;

/// Neurons side by side in one [`Lane`].
const LANES: usize = 4;

/// Sums of [`LANES`] neurons. Arrays of a fixed small length: the compiler turns loops over them into vector code.
#[derive(Clone, Copy)]
struct Lane {
    /// The neuron's first finite value in the block, NaN while there is none.
    shift: [f32; LANES],
    min: [f32; LANES],
    max: [f32; LANES],
    n_active: [u32; LANES],
    n_zero: [u32; LANES],
    /// Σ d, Σ d², Σ d³, Σ d⁴ with d = x - shift.
    powers: [[f64; LANES]; 4],
    sum_abs: [f64; LANES],
}

impl Lane {
    const EMPTY: Self = Self {
        shift: [f32::NAN; LANES],
        min: [f32::INFINITY; LANES],
        max: [f32::NEG_INFINITY; LANES],
        n_active: [0; LANES],
        n_zero: [0; LANES],
        powers: [[0.0; LANES]; 4],
        sum_abs: [0.0; LANES],
    };

    /// Adds finite values; the shifts are set.
    #[inline(always)]
    fn add_finite(&mut self, values: &[f32; LANES]) {
        for (l, &x) in values.iter().enumerate() {
            let d = f64::from(x) - f64::from(self.shift[l]);
            let d2 = d * d;
            self.powers[0][l] += d;
            self.powers[1][l] += d2;
            self.powers[2][l] += d2 * d;
            self.powers[3][l] += d2 * d2;
            self.sum_abs[l] += f64::from(x.abs());
            self.min[l] = if x < self.min[l] { x } else { self.min[l] };
            self.max[l] = if x > self.max[l] { x } else { self.max[l] };
            self.n_active[l] += u32::from(x > 0.0);
            self.n_zero[l] += u32::from(x == 0.0);
        }
    }

    /// Adds one value of any kind to one neuron; the same operations as [`Lane::add_finite`]. False if it is not
    /// finite.
    fn add_any(&mut self, l: usize, x: f32) -> bool {
        if !x.is_finite() {
            return false;
        }
        if self.shift[l].is_nan() {
            self.shift[l] = x;
        }
        let d = f64::from(x) - f64::from(self.shift[l]);
        let d2 = d * d;
        for (power, term) in self.powers.iter_mut().zip([d, d2, d2 * d, d2 * d2]) {
            power[l] += term;
        }
        self.sum_abs[l] += f64::from(x.abs());
        self.min[l] = if x < self.min[l] { x } else { self.min[l] };
        self.max[l] = if x > self.max[l] { x } else { self.max[l] };
        self.n_active[l] += u32::from(x > 0.0);
        self.n_zero[l] += u32::from(x == 0.0);
        true
    }
}

/// Extremes and counts of one neuron: exact whatever the order, so one copy serves all blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tally {
    pub min: f32,
    pub max: f32,
    pub n_active: u64,
    pub n_zero: u64,
    pub n_nonfinite: u64,
}

impl Tally {
    pub const EMPTY: Self = Self { min: f32::INFINITY, max: f32::NEG_INFINITY, n_active: 0, n_zero: 0, n_nonfinite: 0 };

    pub fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.n_active += other.n_active;
        self.n_zero += other.n_zero;
        self.n_nonfinite += other.n_nonfinite;
    }
}

/// The sums of one block over the neurons of a stripe.
#[derive(Clone)]
pub(super) struct Block {
    lanes: Vec<Lane>,
    n_nonfinite: Vec<u32>,
    n_rows: u32,
    /// Every neuron has met a finite value, so that the fast loop may run.
    shifts_are_set: bool,
}

impl Block {
    pub fn new(n_neurons: usize) -> Self {
        let lanes = vec![Lane::EMPTY; n_neurons.div_ceil(LANES)];
        Self { lanes, n_nonfinite: vec![0; n_neurons], n_rows: 0, shifts_are_set: false }
    }

    pub fn n_rows(&self) -> u32 {
        self.n_rows
    }

    /// Makes the block empty again, keeping its memory.
    pub fn clear(&mut self) {
        self.lanes.fill(Lane::EMPTY);
        self.n_nonfinite.fill(0);
        self.n_rows = 0;
        self.shifts_are_set = false;
    }

    /// Adds rows /* each [U] */ in their order. The result does not depend on how rows are grouped into calls.
    pub fn add(&mut self, rows: &[&[f32]]) {
        let mut rest = rows;
        while !rest.is_empty() {
            if !self.shifts_are_set {
                // The first rows of a block, until every neuron has its shift: one row in nearly every case.
                self.add_row_checked(rest[0]);
                rest = &rest[1..];
                continue;
            }
            match rest.split_first_chunk::<ROWS_AT_ONCE>() {
                Some((four, tail)) if four.iter().all(|row| all_finite(row)) => {
                    self.add_rows(four);
                    rest = tail;
                }
                _ if all_finite(rest[0]) => {
                    self.add_rows(&[rest[0]]);
                    rest = &rest[1..];
                }
                _ => {
                    self.add_row_checked(rest[0]);
                    rest = &rest[1..];
                }
            }
        }
    }

    fn add_rows<const K: usize>(&mut self, rows: &[&[f32]; K]) {
        let n_full = self.n_nonfinite.len() / LANES;
        let chunks = rows.map(|row| &row.as_chunks::<LANES>().0[..n_full]);
        for (j, lane) in self.lanes[..n_full].iter_mut().enumerate() {
            let mut sums = *lane;
            for chunk in &chunks {
                sums.add_finite(&chunk[j]);
            }
            *lane = sums;
        }
        if let Some(lane) = self.lanes.get_mut(n_full) {
            for row in rows {
                for (l, &x) in row[n_full * LANES..].iter().enumerate() {
                    lane.add_any(l, x);
                }
            }
        }
        self.n_rows += K as u32;
    }

    fn add_row_checked(&mut self, row: &[f32]) {
        let mut unset = false;
        for (j, (&x, n_nonfinite)) in row.iter().zip(&mut self.n_nonfinite).enumerate() {
            let lane = &mut self.lanes[j / LANES];
            *n_nonfinite += u32::from(!lane.add_any(j % LANES, x));
            unset |= lane.shift[j % LANES].is_nan();
        }
        self.shifts_are_set = !unset;
        self.n_rows += 1;
    }

    /// The block's central moments, one entry a neuron; extremes and counts go to `tallies`.
    pub fn finish(&self, tallies: &mut [Tally]) -> Vec<Central> {
        let entry = |(j, (tally, &n_nonfinite)): (usize, (&mut Tally, &u32))| {
            let (lane, l) = (&self.lanes[j / LANES], j % LANES);
            tally.merge(&Tally {
                min: lane.min[l],
                max: lane.max[l],
                n_active: lane.n_active[l].into(),
                n_zero: lane.n_zero[l].into(),
                n_nonfinite: n_nonfinite.into(),
            });
            let n = f64::from(self.n_rows - n_nonfinite);
            Central::from_shifted(n, lane.shift[l].into(), lane.powers.map(|power| power[l]), lane.sum_abs[l])
        };
        tallies.iter_mut().zip(&self.n_nonfinite).enumerate().map(entry).collect()
    }
}

/// Whether no value is NaN or infinite; branch-free so that it vectorises.
fn all_finite(row: &[f32]) -> bool {
    // x * 0 is a zero for finite x and NaN otherwise, and NaN survives the sum.
    let (chunks, tail) = row.as_chunks::<8>();
    let mut zeros = [0.0f32; 8];
    for chunk in chunks {
        for (zero, x) in zeros.iter_mut().zip(chunk) {
            *zero += x * 0.0;
        }
    }
    (zeros.iter().sum::<f32>() + tail.iter().map(|x| x * 0.0).sum::<f32>()) == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finite_check_sees_every_position() {
        for width in [0, 1, 7, 8, 9, 31] {
            assert!(all_finite(&vec![-f32::MAX; width]), "{width}");
            for position in 0..width {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut row = vec![1.0; width];
                    row[position] = bad;
                    assert!(!all_finite(&row), "{bad} at {position} of {width}");
                }
            }
        }
    }
}

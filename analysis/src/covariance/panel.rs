//! A few hundred rows at a time: f32 in, deviations from the leaf's shift in f64 out, with their sums.

use rayon::prelude::*;

/// Rows of one product. Long enough that adding its result to the sums (8·U² bytes) costs little beside it, short
/// enough that its deviations stay in the caches.
pub(super) const PANEL_ROWS: usize = 512;

/// Rows whose sums one task adds up; the tasks' sums are added in their order.
const TASK_ROWS: usize = 64;

/// Deviations of up to [`PANEL_ROWS`] rows, and the sums over them. One buffer serves all leaves.
#[derive(Clone)]
pub(super) struct Panel {
    n_neurons: usize,
    /// [N, U]: d = x - shift, 0 for an x that is not finite.
    deviations: Vec<f64>,
    tasks: Vec<Sums>,
}

/// Sums over some rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sums {
    /// Σ d, a value a neuron.
    pub first: Vec<f64>,
    /// Σ |d|² d, |d|² over all neurons.
    pub third: Vec<f64>,
    /// Σ |d|⁴.
    pub fourth: f64,
    /// Number of values that are not finite, a value a neuron.
    pub n_nonfinite: Vec<u64>,
}

impl Sums {
    pub fn new(n_neurons: usize) -> Self {
        let zeros = || vec![0.0; n_neurons];
        Self { first: zeros(), third: zeros(), fourth: 0.0, n_nonfinite: vec![0; n_neurons] }
    }

    fn clear(&mut self) {
        self.first.fill(0.0);
        self.third.fill(0.0);
        self.fourth = 0.0;
        self.n_nonfinite.fill(0);
    }

    fn add(&mut self, more: &Self) {
        self.first.iter_mut().zip(&more.first).for_each(|(sum, more)| *sum += more);
        self.third.iter_mut().zip(&more.third).for_each(|(sum, more)| *sum += more);
        self.fourth += more.fourth;
        self.n_nonfinite.iter_mut().zip(&more.n_nonfinite).for_each(|(sum, more)| *sum += more);
    }
}

impl Panel {
    pub fn new(n_neurons: usize) -> Self {
        let tasks = vec![Sums::new(n_neurons); PANEL_ROWS / TASK_ROWS];
        Self { n_neurons, deviations: vec![0.0; PANEL_ROWS * n_neurons], tasks }
    }

    /// Bytes of a panel with its sums, and of the rows of a leaf that wait for it.
    pub fn bytes(n_neurons: usize) -> u64 {
        ((8 + 4) * PANEL_ROWS + 24 * PANEL_ROWS / TASK_ROWS) as u64 * n_neurons as u64
    }

    /// Takes rows /* [N <= PANEL_ROWS, U] */: adds to `sums` and returns the deviations /* [N, U] */.
    pub fn fill(&mut self, rows: &[f32], shift: &[f32], sums: &mut Sums) -> &[f64] {
        let n_neurons = self.n_neurons;
        let deviations = &mut self.deviations[..rows.len()];
        let n_tasks = (rows.len() / n_neurons).div_ceil(TASK_ROWS);
        deviations
            .par_chunks_mut(TASK_ROWS * n_neurons)
            .zip(rows.par_chunks(TASK_ROWS * n_neurons))
            .zip(self.tasks.par_iter_mut())
            .for_each(|((deviations, rows), sums)| {
                sums.clear();
                for (d, x) in deviations.chunks_exact_mut(n_neurons).zip(rows.chunks_exact(n_neurons)) {
                    add_row(x, shift, d, sums);
                }
            });
        self.tasks[..n_tasks].iter().for_each(|task| sums.add(task));
        deviations
    }
}

/// Deviations of one row and their share of the sums.
fn add_row(x: &[f32], shift: &[f32], d: &mut [f64], sums: &mut Sums) {
    // The difference of two f32 of usual sizes is exact in f64.
    for ((d, &x), &shift) in d.iter_mut().zip(x).zip(shift) {
        *d = f64::from(x) - f64::from(shift);
    }
    let mut norm = squared_norm(d);
    // Squares of differences of finite f32 cannot overflow an f64.
    if !norm.is_finite() {
        for ((d, &x), n_nonfinite) in d.iter_mut().zip(x).zip(&mut sums.n_nonfinite) {
            if !x.is_finite() {
                *d = 0.0;
                *n_nonfinite += 1;
            }
        }
        norm = squared_norm(d);
    }
    for ((&d, first), third) in d.iter().zip(&mut sums.first).zip(&mut sums.third) {
        *first += d;
        *third += norm * d;
    }
    sums.fourth += norm * norm;
}

/// Σ d², in eight sums that the compiler turns into vectors.
fn squared_norm(d: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = d.as_chunks::<8>();
    for chunk in chunks {
        for (lane, d) in lanes.iter_mut().zip(chunk) {
            *lane += d * d;
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|d| d * d).sum::<f64>()
}

//! Numbers of dimensions: what an eigenvalue spectrum says about how many directions a layer uses.

use super::marchenko_pastur::{marchenko_pastur_edge, marchenko_pastur_median};
use super::{Solver, Spectrum};
use crate::Reason;

/// Shares of the variance for which components are counted.
pub const SHARES: [f64; 3] = [0.9, 0.95, 0.99];

/// An eigenvalue counts for the numerical rank when it exceeds this share of the largest: (2^-23)², the square of the
/// relative precision of f32.
///
/// Recorded activations are f32: each value is off by up to 2^-24 of itself, more after a product of matrices in f32. The
/// errors act as noise whose standard deviation in any direction stays below 2^-23 of that along the first component
/// (MNIST at 2,896 neurons: variance up to 5e-16 of the largest; the smallest real one is 8e-11 over 10,000 images). Below
/// the tolerance there is nothing but rounding.
pub const RANK_TOLERANCE: f64 = f32::EPSILON as f64 * f32::EPSILON as f64;

/// Relative excess up to which a cumulative share counts as reached: sums of U eigenvalues are rounded.
const ROUNDING: f64 = 1e-12;

/// Share of the plain estimate of tr Σ² below which the unbiased one is a zero that was rounded.
const VANISHING: f64 = 1e-10;

/// Numbers of dimensions of one layer. None where the eigenvalues at hand do not suffice.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimensions {
    /// Number of eigenvalues above [`RANK_TOLERANCE`] times the largest.
    pub numerical_rank: Option<usize>,
    /// exp(-Σ p ln p) with p_i = λ_i / Σ λ: between 1 and U.
    pub effective_rank: Option<f64>,
    /// (Σ λ)² / Σ λ²: between 1 and U.
    pub participation_ratio: f64,
    /// The same with both sums replaced by unbiased estimates for the population; None for few samples or left-out neurons.
    pub participation_ratio_corrected: Option<f64>,
    /// Σ λ / λ_1: between 1 and U.
    pub stable_rank: f64,
    /// Smallest k with Σ_{i <= k} λ_i >= share · Σ λ, for each of [`SHARES`].
    pub components_for: [Option<usize>; 3],
    /// The components for a share of 0.99, divided by U.
    pub saturation: Option<f64>,
    /// max(1, number of k with Σ_{i <= k} λ_i < 0.99 Σ λ) / U: what delve 0.1.50 reports, one component too few.
    pub saturation_delve: Option<f64>,
    /// Upper edge of the Marchenko-Pastur law of noise with the median of the eigenvalues.
    pub mp_edge: Option<f64>,
    /// Number of eigenvalues above the edge.
    pub n_above_mp_edge: Option<usize>,
}

/// The numbers of dimensions of a spectrum.
///
/// # Errors
/// [`Reason::NoVariance`] when all neurons are constant.
///
/// # References
/// Effective rank: O. Roy, M. Vetterli (2007), The effective rank: a measure of effective dimensionality, EUSIPCO.
/// Corrected participation ratio: C. Chun, A. Canatar, S. Chung, D. Lee (2025), Estimating dimensionality of neural
/// representations from finite samples, arXiv:2509.26560, their estimator for rows; in the closed form of T. Himeno,
/// T. Yamada (2014), Estimations for some functions of covariance matrix in high dimension under non-normality and its
/// applications, Journal of Multivariate Analysis 130, 27-44. Median of the noise: M. Gavish, D. L. Donoho (2014), The
/// optimal hard threshold for singular values is 4/√3, IEEE Transactions on Information Theory 60, 5040-5053.
pub fn dimensions(spectrum: &Spectrum) -> Result<Dimensions, Reason> {
    let values = spectrum.eigenvalues();
    let total = spectrum.total_variance;
    let Some(&largest) = values.first().filter(|largest| **largest > 0.0 && total > 0.0) else {
        return Err(Reason::NoVariance { n_neurons: spectrum.n_neurons() as u64 });
    };
    let n_neurons = spectrum.n_neurons() as f64;
    let full = spectrum.is_full();
    let numerical_rank = full.then(|| values.iter().take_while(|&&v| v > RANK_TOLERANCE * largest).count());
    let components_for = SHARES.map(|share| components(spectrum, share));
    let edge = numerical_rank.and_then(|rank| mp_edge(spectrum, rank));
    Ok(Dimensions {
        numerical_rank,
        effective_rank: full.then(|| effective_rank(values)),
        participation_ratio: total * total / spectrum.squared_norm,
        participation_ratio_corrected: corrected(spectrum),
        stable_rank: total / largest,
        components_for,
        saturation: components_for[2].map(|k| k as f64 / n_neurons),
        saturation_delve: components_for[2].map(|k| (k - 1).max(1) as f64 / n_neurons),
        mp_edge: edge,
        n_above_mp_edge: edge.map(|edge| values.iter().take_while(|&&value| value > edge).count()),
    })
}

fn effective_rank(values: &[f64]) -> f64 {
    let total: f64 = values.iter().rev().sum();
    let shares = values.iter().rev().map(|value| value / total).filter(|&p| p > 0.0);
    (-shares.map(|p| p * p.ln()).sum::<f64>()).exp()
}

/// Smallest number of components that hold `share` of the variance; None when more are needed than are known.
fn components(spectrum: &Spectrum, share: f64) -> Option<usize> {
    let wanted = share * (1.0 - ROUNDING) * spectrum.total_variance;
    let mut sum = 0.0;
    let reached = spectrum.eigenvalues().iter().position(|value| {
        sum += value;
        sum >= wanted
    });
    reached.map(|at| at + 1)
}

/// Ratio of the unbiased estimates of (tr Σ)² and tr Σ², for any distribution with fourth moments.
///
/// With n samples, a = tr S², b = (tr S)² and q = Σ |x - mean|⁴ / (n - 1) they are, but for the same factor,
/// 2a + (n² - 3n + 1) b - n q and (n - 1)(n - 2) a + b - n q: the means of products over four different samples.
fn corrected(spectrum: &Spectrum) -> Option<f64> {
    if spectrum.n_samples < 4 {
        return None;
    }
    let n = spectrum.n_samples as f64;
    let (a, b) = (spectrum.squared_norm, spectrum.total_variance.powi(2));
    let q = spectrum.fourth_moment_sum? / (n - 1.0);
    let squared_trace = 2.0 * a + (n * n - 3.0 * n + 1.0) * b - n * q;
    let trace_of_square = (n - 1.0) * (n - 2.0) * a + b - n * q;
    // Unbiased estimates of positive numbers may come out negative, or as the rounding of a zero, for very few samples or
    // neurons that fire on one of them: then there is no ratio.
    let exists = squared_trace > 0.0 && trace_of_square > VANISHING * (n - 1.0) * (n - 2.0) * a;
    exists.then(|| squared_trace / trace_of_square)
}

/// The edge for noise whose eigenvalues would have the median of those above rounding.
///
/// The noise is taken to live where the data does: in the span of rank r. Where the samples bound the rank, r = n - 1 of
/// more varying neurons, the law is that of all varying neurons.
fn mp_edge(spectrum: &Spectrum, rank: usize) -> Option<f64> {
    let freedom = spectrum.n_samples - 1;
    let values = &spectrum.eigenvalues()[..rank];
    let middle = rank / 2;
    let median = if rank % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) };
    let varying = spectrum.n_neurons() - spectrum.n_constant();
    let p = if rank as u64 == freedom { varying } else { rank };
    let gamma = p as f64 / freedom as f64;
    // For p > n the eigenvalues that are not 0 are γ times those of the transposed noise.
    let unit = if gamma <= 1.0 { marchenko_pastur_median(gamma) } else { gamma * marchenko_pastur_median(1.0 / gamma) };
    (spectrum.solver() == Solver::Full).then(|| marchenko_pastur_edge(median / unit, p, freedom))
}

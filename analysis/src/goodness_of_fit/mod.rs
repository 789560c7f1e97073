//! Goodness of fit: how far a sample is from a distribution, and whether that is farther than chance.
//!
//! [`kolmogorov_smirnov`] and [`anderson_darling`] compare a sorted sample with a distribution's [`Tails`].
//! [`bootstrap_test`] gives both with p-values that take the fitting into account.

mod tail;

use rand_chacha::ChaCha8Rng;

use crate::Reason;
use crate::bootstrap::{p_value, replicate};
use crate::reason::require_finite;
pub use tail::Tails;

/// A distribution that a sample can be compared with and that can be drawn from.
pub trait Distribution {
    /// ln F(x) and ln (1 - F(x)).
    fn tails(&self, x: f64) -> Tails;

    /// One random value.
    fn draw(&self, random: &mut ChaCha8Rng) -> f64;
}

/// The largest distance between the distribution function and that of a sample, D, in 1 / (2n) ..= 1.
///
/// D = max over i of max(i/n - F(x_(i)), F(x_(i)) - (i-1)/n), x_(1) <= .. <= x_(n).
///
/// # Arguments
/// `tails` of the sorted sample, in its order.
///
/// # Errors
/// [`Reason::TooFew`] for an empty sample, [`Reason::NotFinite`] when a tail is NaN.
///
/// # References
/// A. N. Kolmogorov (1933), Sulla determinazione empirica di una legge di distribuzione, Giornale dell'Istituto Italiano
/// degli Attuari 4, 83-91. Smirnov's name stands for the two-sample form.
pub fn kolmogorov_smirnov(tails: &[Tails]) -> Result<f64, Reason> {
    require_tails(tails)?;
    let n = tails.len() as f64;
    let distance = |(at, tail): (usize, &Tails)| {
        let (cdf, below) = (tail.ln_cdf.exp(), at as f64 / n);
        (cdf - below).max((at + 1) as f64 / n - cdf)
    };
    Ok(tails.iter().enumerate().map(distance).fold(0.0, f64::max))
}

/// The squared distance between the distribution function and that of a sample, weighted so that the tails count: A².
///
/// A² = -n - Σ_i (2i - 1)/n · (ln F(x_(i)) + ln (1 - F(x_(n+1-i)))), which is n ∫ (F_n - F)² / (F (1 - F)) dF. The
/// logarithms come from the caller, so that a value far out costs what it costs instead of making A² infinite.
///
/// # Arguments
/// `tails` of the sorted sample, in its order.
///
/// # Errors
/// [`Reason::TooFew`] for an empty sample; [`Reason::OutsideSupport`] when the distribution cannot have one of the
/// values, where A² is infinite; [`Reason::NotFinite`] when a tail is NaN.
///
/// # References
/// T. W. Anderson, D. A. Darling (1954), A test of goodness of fit, Journal of the American Statistical Association 49,
/// 765-769, doi:10.1080/01621459.1954.10501232.
pub fn anderson_darling(tails: &[Tails]) -> Result<f64, Reason> {
    require_tails(tails)?;
    let n_outside =
        tails.iter().filter(|t| t.ln_cdf == f64::NEG_INFINITY || t.ln_survival == f64::NEG_INFINITY).count();
    if n_outside > 0 {
        return Err(Reason::OutsideSupport { n_outside: n_outside as u64, n: tails.len() as u64 });
    }
    let n = tails.len() as f64;
    let pairs = tails.iter().zip(tails.iter().rev()).enumerate();
    let sum: f64 = pairs.map(|(at, (low, high))| (2 * at + 1) as f64 * (low.ln_cdf + high.ln_survival)).sum();
    Ok(-n - sum / n)
}

fn require_tails(tails: &[Tails]) -> Result<(), Reason> {
    let n_nan = tails.iter().filter(|t| t.ln_cdf.is_nan() || t.ln_survival.is_nan()).count() as u64;
    match (tails.len() as u64, n_nan) {
        (0, _) => Err(Reason::TooFew { n: 0, needed: 1 }),
        (_, 0) => Ok(()),
        (n, n_nonfinite) => Err(Reason::NotFinite { n_nonfinite, n }),
    }
}

/// The distances of a sample from a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// Kolmogorov's D.
    pub kolmogorov_smirnov: f64,
    /// Anderson and Darling's A².
    pub anderson_darling: f64,
}

/// Both distances of a sample, in any order, from a distribution.
///
/// # Errors
/// As [`kolmogorov_smirnov`] and [`anderson_darling`]; [`Reason::NotFinite`] when a value is not finite.
pub fn distances(sample: &[f64], distribution: &impl Distribution) -> Result<Distances, Reason> {
    require_finite(sample)?;
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let tails: Vec<Tails> = sorted.iter().map(|x| distribution.tails(*x)).collect();
    Ok(Distances { kolmogorov_smirnov: kolmogorov_smirnov(&tails)?, anderson_darling: anderson_darling(&tails)? })
}

/// Distances with their p-values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoodnessOfFit {
    /// The distances of the sample from the fitted distribution.
    pub distances: Distances,
    /// The probability of a D as large if the fitted family is true.
    pub kolmogorov_smirnov_p: f64,
    /// The probability of an A² as large if the fitted family is true.
    pub anderson_darling_p: f64,
    /// Replicates that the p-values rest on.
    pub n_replicates: u64,
    /// Replicates whose sample could not be fitted.
    pub n_failed: u64,
}

/// Tests a family whose parameters were fitted to the sample: small p speaks against the family.
///
/// Each replicate draws n values from `fitted`, fits the family to them and takes their distances from that refit; p is
/// (1 + #{distance >= observed}) / (B + 1) over the B replicates that could be fitted. The tables for D and A² do not
/// hold here: a distribution fitted to the sample is closer to it than the true one, and they would find far too rarely
/// that a family is wrong.
///
/// # Errors
/// As [`distances`]; [`Reason::FewReplicates`] when no replicate could be fitted.
///
/// # References
/// W. Stute, W. González Manteiga, M. Presedo Quindimil (1993), Bootstrap based goodness-of-fit-tests, Metrika 40,
/// 243-256, doi:10.1007/BF02613687.
pub fn bootstrap_test<D: Distribution + Sync>(
    sample: &[f64],
    fitted: &D,
    refit: impl Fn(&[f64]) -> Option<D> + Sync,
    n_replicates: usize,
    seed: u64,
) -> Result<GoodnessOfFit, Reason> {
    let observed = distances(sample, fitted)?;
    let drawn = replicate(n_replicates, seed, "goodness of fit", |random| {
        let simulated: Vec<f64> = sample.iter().map(|_| fitted.draw(random)).collect();
        distances(&simulated, &refit(&simulated)?).ok()
    });
    Ok(GoodnessOfFit {
        distances: observed,
        kolmogorov_smirnov_p: p_value(&drawn.of(|d| d.kolmogorov_smirnov), observed.kolmogorov_smirnov)?,
        anderson_darling_p: p_value(&drawn.of(|d| d.anderson_darling), observed.anderson_darling)?,
        n_replicates: drawn.values.len() as u64,
        n_failed: drawn.n_failed,
    })
}

//! What a fitted family is worth: goodness of fit, the test of two components against one, intervals of the parameters.
//!
//! [`infer`] does all of it for one fit; each part is a bootstrap with random numbers of its own.

mod components;
mod estimate;

use rand_chacha::ChaCha8Rng;

use crate::Reason;
use crate::goodness_of_fit::{Distances, Distribution, GoodnessOfFit, Tails, bootstrap_test, distances};
use crate::likelihood_ratio::LikelihoodRatio;
use crate::mixture::{Family, Fit, Parameters, Params};
pub use components::{components_test, null_families};
pub use estimate::{Estimate, Estimates, estimates};

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Replicates of each bootstrap; 0 for none.
    pub n_replicates: usize,
    /// What every random number follows from.
    pub seed: u64,
    /// Confidence level of the intervals, between 0 and 1.
    pub level: f64,
}

/// What a fit is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// Distances of the sample from the fit.
    pub distances: Result<Distances, Reason>,
    /// The same distances with p-values; None without replicates.
    pub goodness_of_fit: Option<Result<GoodnessOfFit, Reason>>,
    /// The test of two components against one; None for families of one, and without replicates.
    pub components: Option<Result<LikelihoodRatio, Reason>>,
    /// Standard errors and intervals of the parameters; None without replicates.
    pub estimates: Option<Estimates>,
}

/// How a family is fitted again to a drawn sample: anew, or from the parameters of a fit that it must be close to.
pub trait Refit: Sync {
    /// The fit of `family` to any sample, by a search that is quick enough to be repeated for every replicate.
    fn anew(&self, family: Family, sample: &[f64]) -> Option<Fit>;

    /// The fit of the family of `near` to a sample drawn from it, or from the sample that it was fitted to.
    fn near(&self, near: &Parameters, sample: &[f64]) -> Option<Fit>;
}

/// Tests and intervals of a family that was fitted to `sample`.
///
/// # Arguments
/// `sample` holds the values above 0, those that the fit describes. `refit` fits a drawn sample the way `fit` was made.
///
/// # Method
/// Goodness of fit and the test of components draw from fitted distributions ([`bootstrap_test`], [`components_test`]);
/// the intervals draw from the sample ([`estimates`]), so that they hold for families that are not quite true.
pub fn infer(sample: &[f64], fit: &Fit, refit: &impl Refit, plan: &Plan) -> Inference {
    let parameters = fit.parameters;
    let bootstrap = plan.n_replicates > 0;
    Inference {
        distances: distances(sample, &parameters),
        goodness_of_fit: bootstrap.then(|| {
            let refit = |simulated: &[f64]| refit.near(&parameters, simulated).map(|fit| fit.parameters);
            bootstrap_test(sample, &parameters, refit, plan.n_replicates, plan.seed)
        }),
        components: (bootstrap && parameters.family().is_mixture())
            .then(|| components_test(sample, parameters.family(), refit, plan.n_replicates, plan.seed)),
        estimates: bootstrap.then(|| estimates(sample, &parameters, refit, plan)),
    }
}

/// Maximum likelihood with [`Params`]: near from the parameters given; anew from all of its starts, 60 expectation steps
/// each before the best two are followed until a step gains less than 1e-8 per value.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaximumLikelihood;

impl Refit for MaximumLikelihood {
    fn anew(&self, family: Family, sample: &[f64]) -> Option<Fit> {
        Params::new(family).tolerance(1e-8).max_search_iterations(60).fit_sample(sample).ok()
    }

    fn near(&self, near: &Parameters, sample: &[f64]) -> Option<Fit> {
        Params::new(near.family()).starting_at(*near).fit_sample(sample).ok()
    }
}

/// Comparing with, and drawing from, a fitted family.
impl Distribution for Parameters {
    fn tails(&self, x: f64) -> Tails {
        let normal = |mu: f64, sigma: f64| Tails::normal((x - mu) / sigma);
        match *self {
            Self::Exponential { mean } => Tails::exponential(x / mean),
            Self::Normal { mu, sigma } => normal(mu, sigma),
            Self::Gamma { shape, scale } => Tails::gamma(shape, x / scale),
            // The logarithm of what is below 0 is NaN, that of 0 is -∞: neither can occur.
            Self::LogNormal { mu, sigma } => Tails::normal((x.max(0.0).ln() - mu) / sigma),
            Self::ExpNormal { weight, exp_mean, mu, sigma } => {
                Tails::mixture(weight, Tails::exponential(x / exp_mean), normal(mu, sigma))
            }
            Self::TwoGamma { weight, shape1, scale1, shape2, scale2 } => {
                Tails::mixture(weight, Tails::gamma(shape1, x / scale1), Tails::gamma(shape2, x / scale2))
            }
        }
    }

    /// A value above 0: others, which only the normal families can give, are drawn again, as no standard deviation of a
    /// neuron that is not dead is one of them.
    fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        loop {
            let value = self.sample(random);
            if value > 0.0 {
                return value;
            }
        }
    }
}

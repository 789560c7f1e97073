//! Two components against one.

use super::Refit;
use crate::Reason;
use crate::likelihood_ratio::{LikelihoodRatio, likelihood_ratio_test};
use crate::mixture::{Family, Fit};

/// The families of one component that a mixture contains; none for a family of one component.
///
/// The two-gamma mixture contains the gamma distribution. The exponential-normal one contains two: the exponential
/// distribution at weight 1, the normal one at weight 0.
pub fn null_families(family: Family) -> &'static [Family] {
    match family {
        Family::TwoGamma => &[Family::Gamma],
        Family::ExpNormal => &[Family::Exponential, Family::Normal],
        _ => &[],
    }
}

/// Tests a mixture against the likeliest of the one-component families that it contains ([`null_families`]): small p
/// speaks for two components.
///
/// The ratio is 2 (ln L_mixture - ln L_one), and 0 where the search for the mixture ended below the one component that
/// it contains. Samples are drawn from the likeliest one-component fit; in each of them both sides are fitted again, the
/// likeliest of the one-component families chosen again and the mixture searched from all of its starts.
///
/// # Errors
/// As [`likelihood_ratio_test`]; [`Reason::NoFit`] when no one-component family can be fitted to the sample.
///
/// # References
/// G. J. McLachlan (1987), doi:10.2307/2347790; the bootstrap is [`likelihood_ratio_test`].
pub fn components_test(
    sample: &[f64],
    fit: &Fit,
    refit: &impl Refit,
    n_replicates: usize,
    seed: u64,
) -> Result<LikelihoodRatio, Reason> {
    let family = fit.parameters.family();
    let one = |values: &[f64]| {
        let fits = null_families(family).iter().filter_map(|null| refit.anew(*null, values));
        fits.max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood))
    };
    let ratio = |one: &Fit, two: &Fit| (2.0 * (two.log_likelihood - one.log_likelihood)).max(0.0);
    let null = one(sample).ok_or(Reason::NoFit)?;
    let simulated_ratio = |values: &[f64]| Some(ratio(&one(values)?, &refit.anew(family, values)?));
    likelihood_ratio_test(sample.len(), ratio(&null, fit), &null.parameters, simulated_ratio, n_replicates, seed)
}

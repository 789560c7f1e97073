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
/// likeliest of the one-component families chosen again. The sample in question is fitted by the very search that the
/// drawn ones are: it is quicker than that of a single fit, and the ratio may be a little below that of the best fits.
///
/// # Errors
/// As [`likelihood_ratio_test`]; [`Reason::NoFit`] when one of the sides cannot be fitted to the sample.
///
/// # References
/// G. J. McLachlan (1987), doi:10.2307/2347790; the bootstrap is [`likelihood_ratio_test`].
pub fn components_test(
    sample: &[f64],
    family: Family,
    refit: &impl Refit,
    n_replicates: usize,
    seed: u64,
) -> Result<LikelihoodRatio, Reason> {
    let one = |values: &[f64]| {
        let fits = null_families(family).iter().filter_map(|null| refit.anew(*null, values));
        fits.max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood))
    };
    let ratio = |one: &Fit, two: &Fit| (2.0 * (two.log_likelihood - one.log_likelihood)).max(0.0);
    let ratio_of = |values: &[f64]| Some(ratio(&one(values)?, &refit.anew(family, values)?));
    let (null, observed) = one(sample).zip(ratio_of(sample)).ok_or(Reason::NoFit)?;
    likelihood_ratio_test(sample.len(), observed, &null.parameters, ratio_of, n_replicates, seed)
}

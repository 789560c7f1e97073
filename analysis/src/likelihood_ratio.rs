//! The likelihood-ratio test of a larger family against a smaller one, with the bootstrap in the place of a table.

use crate::Reason;
use crate::bootstrap::{p_value, replicate};
use crate::goodness_of_fit::Distribution;

/// The result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods, larger family less smaller one.
    pub statistic: f64,
    /// The probability of a ratio as large if the smaller family is true.
    pub p: f64,
    /// Replicates that the p-value rests on.
    pub n_replicates: u64,
    /// Replicates whose sample could not be fitted.
    pub n_failed: u64,
}

/// Tests a family, the null, against a larger one that contains it: small p speaks for the larger one.
///
/// Each replicate draws `n` values from the fitted `null` and gives the ratio of both families fitted to them; p is
/// (1 + #{ratio >= observed}) / (B + 1) over the B replicates that could be fitted. The chi-squared table does not hold
/// for the number of components of a mixture: under one component the weight lies at the end of its range and the other
/// component's parameters mean nothing.
///
/// # Arguments
/// `ratio` is twice the difference of the log-likelihoods of both families fitted to a sample, None if one of them cannot
/// be; `observed` is that of the sample in question. It must fit simulated samples with the same care as the real one: a
/// lazier search for the larger family's maximum makes every p too small.
///
/// # Errors
/// [`Reason::FewReplicates`] when no replicate could be fitted, [`Reason::NotFinite`].
///
/// # References
/// G. J. McLachlan (1987), On bootstrapping the likelihood ratio test statistic for the number of components in a normal
/// mixture, Applied Statistics 36, 318-324, doi:10.2307/2347790.
pub fn likelihood_ratio_test<D: Distribution + Sync>(
    n: usize,
    observed: f64,
    null: &D,
    ratio: impl Fn(&[f64]) -> Option<f64> + Sync,
    n_replicates: usize,
    seed: u64,
) -> Result<LikelihoodRatio, Reason> {
    let drawn = replicate(n_replicates, seed, "likelihood ratio", |random| {
        let simulated: Vec<f64> = (0..n).map(|_| null.draw(random)).collect();
        ratio(&simulated)
    });
    let p = p_value(&drawn.values, observed)?;
    Ok(LikelihoodRatio { statistic: observed, p, n_replicates: drawn.values.len() as u64, n_failed: drawn.n_failed })
}

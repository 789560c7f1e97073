//! Standard errors and intervals of the parameters of a fit.

use super::{Plan, Refit};
use crate::Reason;
use crate::bootstrap::{percentile_interval, replicate, resample, standard_error};
use crate::interval::Interval;
use crate::mixture::Parameters;

/// How far one parameter is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Name of the parameter, as in [`Parameters::named`].
    pub name: &'static str,
    /// The fitted value.
    pub value: f64,
    /// Standard deviation over the replicates, divided by B - 1.
    pub std_error: Result<f64, Reason>,
    /// Percentile interval over the replicates.
    pub interval: Result<Interval, Reason>,
}

/// How far the parameters of a fit are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimates {
    /// One for each parameter, in the order of [`Parameters::named`].
    pub parameters: Vec<Estimate>,
    /// Replicates behind them.
    pub n_replicates: u64,
    /// Replicates that could not be fitted.
    pub n_failed: u64,
}

impl Estimates {
    /// The estimate of the parameter of this name.
    pub fn of(&self, name: &str) -> Option<&Estimate> {
        self.parameters.iter().find(|estimate| estimate.name == name)
    }
}

/// Standard errors and percentile intervals of the parameters, by drawing from the sample with replacement.
///
/// Each of the B replicates draws as many values as the sample has and fits the family to them, searching from the
/// fitted parameters: the intervals are about the maximum of the likelihood that the fit is, not about others far away.
/// Which component is which does not change between replicates: component 1 is the one with the smaller mean in each of
/// them. Where the components are hardly apart that order cuts the distribution of the parameters and the intervals say
/// little; the fit's status is then `not_identified`.
///
/// # References
/// B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, Chapman and Hall, chapters 6 and 13. G. McLachlan,
/// D. Peel (2000), Finite Mixture Models, Wiley, section 2.16.
pub fn estimates(sample: &[f64], parameters: &Parameters, refit: &impl Refit, plan: &Plan) -> Estimates {
    let drawn = replicate(plan.n_replicates, plan.seed, "parameters", |random| {
        let fit = refit.near(parameters, &resample(sample, random))?;
        Some(fit.parameters.named().into_iter().map(|(_, value)| value).collect::<Vec<f64>>())
    });
    let estimate = |(at, (name, value)): (usize, (&'static str, f64))| {
        let values = drawn.of(|replicate| replicate[at]);
        let (std_error, interval) = (standard_error(&values), percentile_interval(&values, plan.level));
        Estimate { name, value, std_error, interval }
    };
    Estimates {
        parameters: parameters.named().into_iter().enumerate().map(estimate).collect(),
        n_replicates: drawn.values.len() as u64,
        n_failed: drawn.n_failed,
    }
}

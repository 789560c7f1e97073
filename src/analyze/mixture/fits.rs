//! The fits of every unit, with what they are worth.

use super::args::{Method, MixtureArgs};
use crate::analyze::progress::Progress;
use crate::analyze::row::{Measured, excluded_warning};
use crate::analyze::unit::Group;
use layerscope_analysis::inference::{Inference, MaximumLikelihood, Plan, Refit, infer};
use layerscope_analysis::mixture::{Family, Fit, Parameters, Params, journal_exp_normal, journal_two_gamma};
use layerscope_analysis::{Reason, standard_deviations};

/// The one-component families, to which the mixtures are compared.
const ONE_COMPONENT: [Family; 4] = [Family::Exponential, Family::Normal, Family::Gamma, Family::LogNormal];

/// One family fitted to one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The family.
    pub family: Family,
    /// The fit and what it is worth, or why there is none.
    pub found: Result<Found, Reason>,
}

/// A fit with its tests and intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The fit.
    pub fit: Fit,
    /// What it is worth.
    pub inference: Inference,
}

/// The families fitted to the standard deviations of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFits<'a> {
    /// The unit.
    pub group: &'a Group,
    /// Standard deviations of the neurons that are not dead.
    pub sample: Vec<f64>,
    /// Dead neurons: the point mass at zero.
    pub n_zero: usize,
    /// Neurons left out because they hold values that are not finite.
    pub n_excluded: usize,
    /// The warning that names them.
    pub excluded: Option<String>,
    /// The families asked for, in their order.
    pub families: Vec<Fitted>,
    /// Smallest BIC of the one-component families, whether asked for or not.
    pub one_component_bic: Option<f64>,
}

/// Fits the families that `args` asks for to every unit.
///
/// Units are fitted one after the other; the bootstrap of each shares the threads of the current rayon pool. Every unit
/// and family draws from the same seed, so that a row does not depend on which others are asked for.
pub fn fit_units<'a>(measured: &[Measured<'a>], args: &MixtureArgs) -> Vec<UnitFits<'a>> {
    let plan = Plan { n_replicates: args.bootstrap, seed: args.seed, level: args.level };
    let progress = Progress::of_fits((measured.len() * args.families.0.len()) as u64);
    let of = |unit: &Measured<'a>| {
        let all = standard_deviations(&unit.neurons, true);
        let sample = standard_deviations(&unit.neurons, false);
        let fit_family = |family: &Family| {
            let found = fit(args.method, *family, &all).map(|fit| {
                let inference = match args.method {
                    Method::Em => infer(&sample, &fit, &MaximumLikelihood, &plan),
                    Method::Journal => infer(&sample, &fit, &Journal, &plan),
                };
                Found { fit, inference }
            });
            progress.add(1);
            Fitted { family: *family, found }
        };
        let one_component = ONE_COMPONENT.iter().filter_map(|family| fit(args.method, *family, &all).ok());
        UnitFits {
            group: unit.group,
            n_zero: all.len() - sample.len(),
            n_excluded: unit.neurons.len() - all.len(),
            excluded: excluded_warning(unit),
            families: args.families.0.iter().map(fit_family).collect(),
            one_component_bic: one_component.map(|fit| fit.bic).reduce(f64::min),
            sample,
        }
    };
    measured.iter().map(of).collect()
}

/// One family by one method. The journal had the two mixtures alone; the other families have one way to be fitted.
fn fit(method: Method, family: Family, sample: &[f64]) -> Result<Fit, Reason> {
    match (method, family) {
        (Method::Journal, Family::ExpNormal) => journal_exp_normal(sample),
        (Method::Journal, Family::TwoGamma) => journal_two_gamma(sample),
        _ => Params::new(family).fit_sample(sample),
    }
}

/// The journal's fits have one start, so that there is no fitting near.
struct Journal;

impl Refit for Journal {
    fn anew(&self, family: Family, sample: &[f64]) -> Option<Fit> {
        fit(Method::Journal, family, sample).ok()
    }

    fn near(&self, near: &Parameters, sample: &[f64]) -> Option<Fit> {
        self.anew(near.family(), sample)
    }
}

//! The result of a fit, and what it is worth.

use super::density::Density;
use super::em::Stop;
use super::pair::Pair;
use super::part::{Exponential, Gamma, Normal};
use super::values::Values;
use super::{Family, Floor, Parameters, search, single};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The likelihood has an inner maximum, and both components of a mixture are needed.
    Ok,
    /// The fit rests on a floor, as always when all values are equal, or a component describes fewer than three values.
    Degenerate,
    /// The data do not say what the two components are; [`Fit::doubt`] says why. Weight and parameters mean little.
    NotIdentified,
}

impl Status {
    /// The name in reports: `ok`, `degenerate`, `not_identified`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degenerate => "degenerate",
            Self::NotIdentified => "not_identified",
        }
    }
}

/// Why the components of a mixture are not identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// There are no more different values than parameters.
    FewValues,
    /// The exponential component would rather have the larger mean, so that there is no population near zero; its mean is
    /// held at the normal component's.
    MeansMeet,
    /// This family of one component has a BIC that is not above the mixture's.
    OneComponent(Family),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FewValues => write!(f, "no more different values than parameters"),
            Self::MeansMeet => write!(f, "no component near zero"),
            Self::OneComponent(family) => write!(f, "{} alone has no larger BIC", family.as_str()),
        }
    }
}

/// One start of a mixture and where it led.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// How it was found, such as `k-means`.
    pub name: &'static str,
    /// The log-likelihood that it led to; of a large sample that of the points that stand for it.
    pub log_likelihood: f64,
    /// Rounds.
    pub iterations: u64,
    /// Whether the likelihood stood still before the limit of rounds.
    pub converged: bool,
}

/// A fitted family.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The likeliest parameters found; of a mixture component 1 is the one with the smaller mean.
    pub parameters: Parameters,
    /// Values above 0 that were fitted.
    pub n: u64,
    /// Exact zeros: the point mass beside the family.
    pub n_zero: u64,
    /// Σ ln f(x) over the n values, at `parameters`.
    pub log_likelihood: f64,
    /// Rounds from the winning start to `parameters`; 0 where the estimate is explicit.
    pub iterations: u64,
    /// Whether the likelihood stopped growing before the limit of rounds.
    pub converged: bool,
    /// Whether the parameters can be trusted.
    pub status: Status,
    /// Why the status is not_identified.
    pub doubt: Option<Doubt>,
    /// Floors that the fit rests on.
    pub floors: Vec<Floor>,
    /// -2 log_likelihood + 2 k, k the [`Family::n_parameters`] (Akaike 1974).
    pub aic: f64,
    /// -2 log_likelihood + k ln n (Schwarz 1978).
    pub bic: f64,
    /// BIC plus twice the entropy of the responsibilities, -Σ (τ ln τ + (1 - τ) ln(1 - τ)) over the values: it prefers
    /// components that lie apart (Biernacki, Celeux, Govaert 2000). BIC for one component.
    pub icl: f64,
    /// The log-likelihood after each round over all values, that of the start first. It never falls.
    pub path: Vec<f64>,
    /// The starts of a mixture.
    pub starts: Vec<Start>,
}

/// Fewest values that a component describes for the fit to be about more than outliers.
const LEAST_VALUES: f64 = 3.0;

impl Fit {
    /// n_zero / (n + n_zero): the estimate of the point mass at zero.
    pub fn zero_fraction(&self) -> f64 {
        self.n_zero as f64 / (self.n + self.n_zero) as f64
    }

    /// The log-likelihood of all values: log_likelihood + n_zero ln p + n ln(1 - p), p the [`Self::zero_fraction`] and
    /// 0 ln 0 = 0. It has one parameter more.
    pub fn log_likelihood_with_zeros(&self) -> f64 {
        let p = self.zero_fraction();
        let term = |count: u64, share: f64| if count == 0 { 0.0 } else { count as f64 * share.ln() };
        self.log_likelihood + term(self.n_zero, p) + term(self.n, 1.0 - p)
    }

    /// Fits a family; `start` takes the place of all starts where it belongs to the family.
    pub(super) fn of(family: Family, values: &Values, start: Option<&Parameters>, stop: Stop) -> Self {
        if let Some(single) = single::estimate(family, values) {
            return Self::judged(single.parameters, values, single.floor.into_iter().collect(), false);
        }
        let contained = family.contained().iter().filter_map(|one| single::estimate(*one, values));
        let one = contained.max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood));
        let constant = one.filter(|_| values.n_distinct == 1);
        let found = match (family, constant) {
            (_, Some(one)) => return Self::judged(embedded(one.parameters), values, Vec::from_iter(one.floor), false),
            (Family::ExpNormal, _) => search::exp_normal(values, start.and_then(|at| exp_normal(at, values)), stop),
            _ => search::two_gamma(values, start.and_then(|at| two_gamma(at, values)), stop),
        };
        let mut fit = Self::judged(found.parameters, values, found.floors, found.tied);
        // The one component that it contains is a limit of the mixture, whose likelihood is never below.
        if let Some(one) = one.filter(|one| one.log_likelihood > fit.log_likelihood && one.floor.is_none()) {
            fit = Self::judged(embedded(one.parameters), values, Vec::new(), false);
        }
        let search::Found { iterations, converged, path, starts, .. } = found;
        Self { iterations, converged, path, starts, ..fit }
    }

    /// A fit with these parameters, and what it is worth.
    pub(super) fn judged(parameters: Parameters, values: &Values, floors: Vec<Floor>, tied: bool) -> Self {
        let density = Density::new(&parameters);
        let (mut log_likelihood, mut entropy) = (0.0, 0.0);
        // In blocks, so that rounding does not grow with the number of values.
        for block in values.original.chunks(256) {
            let terms = block.iter().map(|x| density.ln_and_entropy(*x));
            let (likelihood, uncertainty) = terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
            log_likelihood += likelihood;
            entropy += uncertainty;
        }
        let n = values.n() as f64;
        let k = parameters.family().n_parameters() as f64;
        let bic = -2.0 * log_likelihood + k * n.ln();
        let doubt = doubt(&parameters, values, bic, tied);
        let smaller_share = parameters.weight().map_or(1.0, |weight| weight.min(1.0 - weight));
        let status = match doubt {
            _ if !floors.is_empty() => Status::Degenerate,
            Some(_) => Status::NotIdentified,
            None if parameters.weight().is_some() && smaller_share * n < LEAST_VALUES => Status::Degenerate,
            None => Status::Ok,
        };
        Self {
            parameters,
            n: values.n() as u64,
            n_zero: values.n_zero,
            log_likelihood,
            iterations: 0,
            converged: true,
            status,
            doubt: doubt.filter(|_| status == Status::NotIdentified),
            floors,
            aic: -2.0 * log_likelihood + 2.0 * k,
            bic,
            icl: bic + 2.0 * entropy,
            path: Vec::new(),
            starts: Vec::new(),
        }
    }
}

fn doubt(parameters: &Parameters, values: &Values, bic: f64, tied: bool) -> Option<Doubt> {
    let family = parameters.family();
    if !family.is_mixture() {
        return None;
    }
    if values.n_distinct <= family.n_parameters() as u64 {
        return Some(Doubt::FewValues);
    }
    let of = |one: &Family| {
        let likelihood = single::estimate(*one, values)?.log_likelihood;
        Some((one.n_parameters() as f64 * (values.n() as f64).ln() - 2.0 * likelihood, *one))
    };
    let ones = Family::ALL.iter().filter(|family| !family.is_mixture()).filter_map(of);
    let best = ones.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|best| best.0 <= bic);
    best.map(|best| Doubt::OneComponent(best.1)).or(tied.then_some(Doubt::MeansMeet))
}

/// The mixture that is one component: the other has no weight, and where it must have a mean, that of the one.
fn embedded(one: Parameters) -> Parameters {
    match one {
        Parameters::Exponential { mean } => {
            Parameters::ExpNormal { weight: 1.0, exp_mean: mean, mu: mean, sigma: mean }
        }
        Parameters::Normal { mu, sigma } => Parameters::ExpNormal { weight: 0.0, exp_mean: mu, mu, sigma },
        Parameters::Gamma { shape, scale } => {
            Parameters::TwoGamma { weight: 0.0, shape1: shape, scale1: scale, shape2: shape, scale2: scale }
        }
        other => other,
    }
}

/// The pair of a mixture's parameters; None for another family, and for numbers that are none's parameters.
fn exp_normal(at: &Parameters, values: &Values) -> Option<Pair<Exponential, Normal>> {
    let Parameters::ExpNormal { weight, exp_mean, mu, sigma } = *at else { return None };
    is_usable(at, &[exp_mean, sigma]).then_some(())?;
    let second = Normal { offset: values.scaled(mu) - values.mean, sigma: values.scaled(sigma) };
    Some(Pair::new(weight, Exponential { mean: values.scaled(exp_mean) }, second))
}

/// As [`exp_normal`].
fn two_gamma(at: &Parameters, values: &Values) -> Option<Pair<Gamma, Gamma>> {
    let Parameters::TwoGamma { weight, shape1, scale1, shape2, scale2 } = *at else { return None };
    is_usable(at, &[shape1, scale1, shape2, scale2]).then_some(())?;
    let gamma = |shape: f64, scale: f64| Gamma { shape, mean: values.scaled(shape * scale) };
    Some(Pair::new(weight, gamma(shape1, scale1), gamma(shape2, scale2)))
}

/// Whether parameters are finite, the weight a share, and those that must be are positive.
fn is_usable(parameters: &Parameters, positive: &[f64]) -> bool {
    let is_share = |weight: f64| (0.0..=1.0).contains(&weight);
    parameters.named().iter().all(|(_, value)| value.is_finite())
        && parameters.weight().is_some_and(is_share)
        && positive.iter().all(|value| *value > 0.0)
}

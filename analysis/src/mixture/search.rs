//! The search for the likeliest parameters: several starts, the best of them followed to the end.

use super::component::{Component, Sums};
use super::em::{self, Pair, Run};
use super::fit::{Start, Status};
use super::floor::{Floor, Floors};
use super::starts::{kinds, starts};
use super::values::Values;
use super::{Family, Parameters};

/// Cells that stand for a large sample while starts are compared.
const CELLS: usize = 400;
/// Values from which on that is worth it.
const CELLS_FROM: usize = 1000;
/// Gain per value at which the comparison of starts ends.
const COARSE: f64 = 1e-8;
/// Starts that are followed to the end on all values.
const FINALISTS: usize = 2;
/// Fewest values that a component describes for the fit to be about more than outliers.
const LEAST_VALUES: f64 = 3.0;

/// Where EM stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// Gain per value below which it ends.
    pub tolerance: f64,
    /// Most expectation steps to the end.
    pub iterations: u64,
    /// Most expectation steps from each start while starts are compared.
    pub search: u64,
}

/// What the search found, in units of the scale of the values.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub parameters: Parameters,
    pub log_likelihood: f64,
    pub iterations: u64,
    pub converged: bool,
    pub status: Status,
    pub floors: Vec<Floor>,
    pub starts: Vec<Start>,
}

/// The likeliest mixture of a family.
///
/// From `start` alone if there is one, else from each of the fixed starts.
pub(super) fn mixture(family: Family, values: &Values, start: Option<Parameters>, limits: Limits) -> Found {
    let kinds = kinds(family == Family::TwoGamma);
    let floors = Floors::new(values.variance().sqrt());
    let cells = if values.x.len() < CELLS_FROM { values.clone() } else { values.in_cells(CELLS) };
    let starts = match start.and_then(|start| pair(start.scaled(1.0 / values.scale))) {
        Some(pair) => vec![("given", pair)],
        None => starts(&cells, &floors, kinds),
    };
    let mut candidates: Vec<(&'static str, Run)> = starts
        .into_iter()
        .map(|(name, start)| (name, em::run(&cells, &floors, start, COARSE, limits.search)))
        .collect();
    let trace = candidates
        .iter()
        .map(|(name, run)| Start { name, log_likelihood: run.log_likelihood - values.ln_jacobian() })
        .collect();
    candidates.sort_by(|a, b| rank(&b.1).total_cmp(&rank(&a.1)));
    let mut finalists: Vec<Run> = Vec::new();
    for (_, candidate) in candidates {
        if finalists.len() < FINALISTS && !finalists.iter().any(|other| is_same(&candidate, other, values.n)) {
            finalists.push(candidate);
        }
    }
    let finished = finalists.iter().map(|run| em::run(values, &floors, run.pair, limits.tolerance, limits.iterations));
    let best = finished.reduce(|best, next| if rank(&next) > rank(&best) { next } else { best });
    // The start by moments is always there.
    let best = best.unwrap_or_else(|| unreachable!("a mixture without a start"));
    Found {
        parameters: parameters(ordered(best.pair)),
        status: status(&best, family, values),
        log_likelihood: best.log_likelihood,
        iterations: best.iterations,
        converged: best.converged,
        floors: best.floors,
        starts: trace,
    }
}

/// The likeliest distribution of a family of one component: explicit, but for the shape of a gamma distribution.
pub(super) fn one_component(family: Family, values: &Values) -> Found {
    let mut floors = Vec::new();
    let limits = Floors::new(values.variance().sqrt());
    let (parameters, log_likelihood) = match family {
        Family::LogNormal => log_normal(values),
        _ => {
            let (component, log_likelihood) = single(kind_of(family), values, &limits, &mut floors);
            (parameters_of_one(component), log_likelihood)
        }
    };
    let status = if floors.is_empty() { Status::Ok } else { Status::Degenerate };
    Found { parameters, log_likelihood, iterations: 0, converged: true, status, floors, starts: Vec::new() }
}

fn kind_of(family: Family) -> Component {
    match family {
        Family::Exponential => Component::Exponential { mean: 1.0 },
        Family::Normal => Component::Normal { mu: 1.0, sigma: 1.0 },
        _ => Component::Gamma { shape: 1.0, mean: 1.0 },
    }
}

/// The component of a kind that is likeliest for all values, and its log-likelihood.
fn single(kind: Component, values: &Values, limits: &Floors, floors: &mut Vec<Floor>) -> (Component, f64) {
    let pivot = kind.ln_density().pivot;
    let mut sums = Sums::default();
    for (x, ln_x) in values.x.iter().zip(&values.ln_x) {
        sums.add(1.0, *x, *ln_x, x - pivot, 0.0);
    }
    let component = kind.estimate(&sums, limits, floors);
    let density = component.ln_density();
    let log_likelihood = values.x.iter().zip(&values.ln_x).map(|(x, ln_x)| density.at(*x, *ln_x, 0.0).0).sum();
    (component, log_likelihood)
}

fn log_normal(values: &Values) -> (Parameters, f64) {
    let mu = values.ln_x.iter().sum::<f64>() / values.n;
    let variance = values.ln_x.iter().map(|ln_x| (ln_x - mu).powi(2)).sum::<f64>() / values.n;
    let sigma = variance.sqrt();
    // Σ -z²/2 is -n/2 at the estimate.
    let ln_constant = -sigma.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
    (Parameters::LogNormal { mu, sigma }, values.n * (ln_constant - 0.5 - mu))
}

/// Runs by likelihood, those whose exponential component is not the one near zero behind all others.
fn rank(run: &Run) -> f64 {
    /// More than any difference of log-likelihoods of one sample.
    const BEHIND: f64 = 1e12;
    if can_be_ordered(&run.pair) { run.log_likelihood } else { run.log_likelihood - BEHIND }
}

/// Two gamma components can change places; an exponential and a normal one cannot.
fn can_be_ordered(pair: &Pair) -> bool {
    let [first, second] = pair.components;
    !matches!(first, Component::Exponential { .. }) || first.mean() <= second.mean()
}

/// Whether two runs ended at the same maximum.
fn is_same(a: &Run, b: &Run, n: f64) -> bool {
    (a.log_likelihood - b.log_likelihood).abs() < 1e-6 * n && (a.pair.weight - b.pair.weight).abs() < 1e-3
}

/// The same mixture with the component of the smaller mean first, where both are of one kind.
fn ordered(pair: Pair) -> Pair {
    let [first, second] = pair.components;
    let same_kind = matches!(first, Component::Gamma { .. });
    if same_kind && first.mean() > second.mean() {
        Pair { weight: 1.0 - pair.weight, components: [second, first] }
    } else {
        pair
    }
}

fn status(run: &Run, family: Family, values: &Values) -> Status {
    let smaller_share = run.pair.weight.min(1.0 - run.pair.weight);
    if !run.floors.is_empty() {
        return Status::Degenerate;
    }
    let limits = Floors::new(values.variance().sqrt());
    let bic = |log_likelihood: f64, k: usize| k as f64 * values.n.ln() - 2.0 * log_likelihood;
    let nulls: &[Family] =
        if family == Family::TwoGamma { &[Family::Gamma] } else { &[Family::Exponential, Family::Normal] };
    let null_bic = nulls
        .iter()
        .map(|null| bic(single(kind_of(*null), values, &limits, &mut Vec::new()).1, null.n_parameters()))
        .fold(f64::INFINITY, f64::min);
    if bic(run.log_likelihood, family.n_parameters()) >= null_bic || !can_be_ordered(&run.pair) {
        return Status::NotIdentified;
    }
    if smaller_share * values.n < LEAST_VALUES { Status::Degenerate } else { Status::Ok }
}

fn parameters(pair: Pair) -> Parameters {
    match pair.components {
        [Component::Gamma { shape, mean }, Component::Gamma { shape: shape2, mean: mean2 }] => Parameters::TwoGamma {
            weight: pair.weight,
            shape1: shape,
            scale1: mean / shape,
            shape2,
            scale2: mean2 / shape2,
        },
        [Component::Exponential { mean }, Component::Normal { mu, sigma }] => {
            Parameters::ExpNormal { weight: pair.weight, exp_mean: mean, mu, sigma }
        }
        other => unreachable!("no family has the components {other:?}"),
    }
}

/// The pair of a mixture's parameters; None for families of one component.
fn pair(parameters: Parameters) -> Option<Pair> {
    let [first, second] = parameters.components()?;
    let component = |parameters| match parameters {
        Parameters::Exponential { mean } => Some(Component::Exponential { mean }),
        Parameters::Normal { mu, sigma } => Some(Component::Normal { mu, sigma }),
        Parameters::Gamma { shape, scale } => Some(Component::Gamma { shape, mean: shape * scale }),
        _ => None,
    };
    Some(Pair { weight: parameters.weight()?, components: [component(first)?, component(second)?] })
}

fn parameters_of_one(component: Component) -> Parameters {
    match component {
        Component::Exponential { mean } => Parameters::Exponential { mean },
        Component::Normal { mu, sigma } => Parameters::Normal { mu, sigma },
        Component::Gamma { shape, mean } => Parameters::Gamma { shape, scale: mean / shape },
    }
}

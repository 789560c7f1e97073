//! The search for a mixture's maximum: every start on few points, the best ones on all values.

use super::em::{Climb, Stop, climb};
use super::floor::Limits;
use super::pair::{Before, Pair};
use super::part::{Exponential, Gamma, Normal, Part};
use super::points::Points;
use super::starts;
use super::values::Values;
use super::{Floor, Parameters, Start};

/// Points that stand for all values while starts are compared.
const COARSE: usize = 1024;
/// Values from which on that is worth it.
const COARSE_FROM: usize = 2 * COARSE;
/// The comparison need not be exact: the winners climb on from there.
const COARSE_STOP: Stop = Stop { tolerance: 1e-9, max_rounds: 300 };
/// Starts that climb on: the best three, should the few points rank them wrongly.
const FINALISTS: usize = 3;
/// A component at a floor that holds a smaller share of the values, or fewer than five, is taken for one of the needles
/// that make the likelihood of mixtures unbounded, and preferred to nothing else.
const NEEDLE_SHARE: f64 = 0.01;
const NEEDLE_COUNT: f64 = 5.0;

/// The result of a search.
pub(super) struct Found {
    pub parameters: Parameters,
    pub floors: Vec<Floor>,
    /// Whether the order of the means holds them together.
    pub tied: bool,
    pub converged: bool,
    pub iterations: u64,
    /// The log-likelihood after each round, in the unit of the sample.
    pub path: Vec<f64>,
    pub starts: Vec<Start>,
}

/// The mixture of an exponential and a normal with the largest likelihood found.
pub(super) fn exp_normal(values: &Values, warm: Option<Pair<Exponential, Normal>>, stop: Stop) -> Found {
    let limits = Limits::of(values);
    let u: Vec<f64> = values.x.iter().map(|x| x - limits.origin).collect();
    let v = u.iter().map(|u| u * u).collect();
    let search = Search { values, points: Points::new(u, v), limits, stop, shared: -values.n_ln_unit() };
    search.run(starts::exp_normal(values, &limits), warm, |pair| Parameters::ExpNormal {
        weight: pair.weight,
        exp_mean: values.unscaled(pair.first.mean),
        mu: values.unscaled(if pair.tied { pair.first.mean } else { pair.second.mean(&limits) }),
        sigma: values.unscaled(pair.second.sigma),
    })
}

/// The mixture of two gammas with the largest likelihood found.
pub(super) fn two_gamma(values: &Values, warm: Option<Pair<Gamma, Gamma>>, stop: Stop) -> Found {
    let limits = Limits::of(values);
    let points = Points::new(values.x.clone(), values.ln_x.clone());
    let shared = -values.ln_x.iter().sum::<f64>() - values.n_ln_unit();
    let search = Search { values, points, limits, stop, shared };
    let scale = |part: Gamma| values.unscaled(part.mean / part.shape);
    let mut found = search.run(starts::two_gamma(values), warm, |pair| Parameters::TwoGamma {
        weight: pair.weight,
        shape1: pair.first.shape,
        scale1: scale(pair.first),
        shape2: pair.second.shape,
        scale2: scale(pair.second),
    });
    if let Parameters::TwoGamma { weight, shape1, scale1, shape2, scale2 } = found.parameters
        && shape1 * scale1 > shape2 * scale2
    {
        found.parameters = Parameters::TwoGamma {
            weight: 1.0 - weight,
            shape1: shape2,
            scale1: scale2,
            shape2: shape1,
            scale2: scale1,
        };
    }
    found
}

/// Rounds so far, where they led, name of the start.
type Finalist<A, B> = (u64, Pair<A, B>, &'static str);

struct Search<'a> {
    values: &'a Values,
    points: Points,
    limits: Limits,
    stop: Stop,
    /// The part of the log-likelihood that components share, and the change of unit.
    shared: f64,
}

impl Search<'_> {
    fn run<A: Before<B>, B: Part>(
        &self,
        from_moments: Pair<A, B>,
        warm: Option<Pair<A, B>>,
        parameters: impl Fn(&Pair<A, B>) -> Parameters,
    ) -> Found {
        let (starts, finalists) = match warm {
            Some(pair) => (Vec::new(), vec![(0, pair, "given")]),
            None => self.heats(from_moments),
        };
        let climbs = finalists.into_iter().map(|(rounds, pair, name)| {
            let climb = climb(&self.points, pair, &self.limits, self.stop);
            (rounds, climb, name)
        });
        let mut climbs: Vec<(u64, Climb<A, B>, &'static str)> = climbs.collect();
        climbs.sort_by(|a, b| self.rank(&a.1).total_cmp(&self.rank(&b.1)));
        // There is a finalist always: the warm start, or the one from moments at the least.
        let (rounds, best, name) = climbs.swap_remove(0);
        let iterations = rounds + best.path.len() as u64 - 1;
        let path: Vec<f64> = best.path.iter().map(|value| value + self.shared).collect();
        let starts = if starts.is_empty() {
            vec![Start { name, log_likelihood: path[path.len() - 1], iterations, converged: best.converged }]
        } else {
            starts
        };
        Found {
            parameters: parameters(&best.pair),
            floors: best.pair.floors(&self.limits),
            tied: best.pair.tied,
            converged: best.converged,
            iterations,
            path,
            starts,
        }
    }

    /// Every start, climbed on few points; and the best different ones: rounds so far, pair, name.
    fn heats<A: Before<B>, B: Part>(&self, from_moments: Pair<A, B>) -> (Vec<Start>, Vec<Finalist<A, B>>) {
        let points = if self.points.n() < COARSE_FROM { self.points.clone() } else { self.points.coarse(COARSE) };
        let share = self.points.n() as f64 / points.n() as f64;
        let all = starts::starts(self.values, &self.points, from_moments, &self.limits);
        let run = |(name, pair)| (name, climb(&points, pair, &self.limits, COARSE_STOP));
        let mut climbs: Vec<(&'static str, Climb<A, B>)> = all.into_iter().map(run).collect();
        let starts = climbs.iter().map(|(name, climb)| Start {
            name,
            log_likelihood: climb.path[climb.path.len() - 1] * share + self.shared,
            iterations: climb.path.len() as u64 - 1,
            converged: climb.converged,
        });
        let starts = starts.collect();
        climbs.sort_by(|a, b| self.rank(&a.1).total_cmp(&self.rank(&b.1)));
        let mut finalists: Vec<Finalist<A, B>> = Vec::new();
        let mut last = f64::NEG_INFINITY;
        for (name, climb) in climbs {
            let rank = self.rank(&climb);
            // Starts that met at one top are one finalist.
            if finalists.len() < FINALISTS && rank - last > 1e-6 * points.n() as f64 {
                last = rank;
                finalists.push((climb.path.len() as u64 - 1, climb.pair, name));
            }
        }
        (starts, finalists)
    }

    /// Smaller is better: minus the log-likelihood, needles behind all others.
    fn rank<A: Before<B>, B: Part>(&self, climb: &Climb<A, B>) -> f64 {
        let likelihood = climb.path[climb.path.len() - 1];
        if self.is_needle(&climb.pair) { f64::MAX.min(1e300 - likelihood) } else { -likelihood }
    }

    fn is_needle<A: Before<B>, B: Part>(&self, pair: &Pair<A, B>) -> bool {
        let n = self.points.n() as f64;
        let least = (NEEDLE_SHARE * n).max(NEEDLE_COUNT);
        let first = pair.first.floor(&self.limits).map(|_| pair.weight);
        let second = pair.second.floor(&self.limits).map(|_| 1.0 - pair.weight);
        [first, second].into_iter().flatten().any(|share| share * n < least)
    }
}

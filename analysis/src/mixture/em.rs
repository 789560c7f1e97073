//! Expectation-maximisation with a Newton finish.

use super::floor::Limits;
use super::newton::newton;
use super::pair::{Before, Pair};
use super::part::Part;
use super::points::Points;

/// When a fit stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    /// The gain of the log-likelihood in a round, per value, at which it has converged.
    pub tolerance: f64,
    /// Most rounds.
    pub max_rounds: u64,
}

/// Where a fit ended.
#[derive(Clone, Debug)]
pub(super) struct Climb<A, B> {
    pub pair: Pair<A, B>,
    /// The log-likelihood after each round, in the unit of the points and without the term that components share; the
    /// first is that of the start. Never falls.
    pub path: Vec<f64>,
    pub converged: bool,
}

/// Rounds of EM before the first Newton step: near a start the likelihood is seldom concave.
const FIRST_NEWTON: usize = 3;
/// The longest Newton step in any coordinate, at first and at most.
const LONGEST: f64 = 1.0;
/// A step this short that still does not pay means that rounding decides.
const SHORTEST: f64 = 1e-6;

/// Climbs the likelihood from `start`.
///
/// A round is one step, kept only if the likelihood does not fall: Newton's where the likelihood is concave and the step
/// pays, else that of EM, which never falls (Dempster, Laird, Rubin 1977). So the climb is as safe as EM, and near the top
/// as fast as Newton: EM alone needs hundreds to thousands of rounds where components overlap.
pub(super) fn climb<A: Before<B>, B: Part>(
    points: &Points,
    start: Pair<A, B>,
    limits: &Limits,
    stop: Stop,
) -> Climb<A, B> {
    let enough = stop.tolerance * points.n() as f64;
    let mut pair = start;
    let mut pass = points.pass(pair.lines(limits));
    let mut path = vec![pass.log_likelihood];
    let mut longest = LONGEST;
    let mut converged = false;
    while !converged && (path.len() as u64) <= stop.max_rounds {
        let newton = if path.len() > FIRST_NEWTON { newton(&pair, &pass, limits, longest) } else { None };
        let tried = newton.map(|(moved, length)| (moved, points.pass(moved.lines(limits)), length));
        let (moved, passed, is_last_word) = match tried {
            Some((moved, passed, length)) if passed.log_likelihood >= pass.log_likelihood => {
                longest = LONGEST.min(longest.max(2.0 * length));
                (moved, passed, length < longest)
            }
            refused => {
                // Uphill, so a shorter step pays, unless rounding hides it.
                let length = refused.map_or(longest, |(.., length)| length);
                if refused.is_some() {
                    longest = 0.25 * length;
                }
                let moved = pair.maximised(&pass.first, &pass.second, limits);
                let passed = points.pass(moved.lines(limits));
                (moved, passed, refused.is_none() || length < SHORTEST)
            }
        };
        let gain = passed.log_likelihood - pass.log_likelihood;
        if gain.is_nan() || gain < 0.0 {
            // A fall of an EM step is rounding at the top: stay.
            converged = !gain.is_nan();
            break;
        }
        converged = gain <= enough && is_last_word;
        (pair, pass) = (moved, passed);
        path.push(pass.log_likelihood);
    }
    Climb { pair, path, converged }
}

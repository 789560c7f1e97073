//! Expectation and maximisation of a mixture of two, accelerated so that the likelihood still never falls.

use super::component::{Component, LnDensity, Sums};
use super::floor::{Floor, Floors};
use super::values::Values;

/// Two components and the share of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub weight: f64,
    pub components: [Component; 2],
}

/// Where a run of EM ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub pair: Pair,
    /// Of `pair`, in units of the scale.
    pub log_likelihood: f64,
    /// Expectation steps made.
    pub iterations: u64,
    /// Whether it stopped because the likelihood did, and not at the limit.
    pub converged: bool,
    /// Floors that held in the last maximisation.
    pub floors: Vec<Floor>,
}

/// Shares closer than this to 0 or 1 are held there: the component is gone, and its logarithm must exist.
const LEAST_WEIGHT: f64 = 1e-12;

/// What one pass over the values gives: the log-likelihood of the pair, and the sums for the next one.
struct Expectation {
    log_likelihood: f64,
    sums: [Sums; 2],
}

/// Runs EM from `start` until a cycle gains less than `tolerance` per value, or `limit` expectation steps are made.
///
/// A cycle is two EM steps and one from a point extrapolated along them (SQUAREM, scheme S3). The extrapolated step is
/// kept only if its likelihood is not below that of the first step, so that the likelihood never falls from cycle to cycle.
///
/// # References
/// A. P. Dempster, N. M. Laird, D. B. Rubin (1977), Maximum likelihood from incomplete data via the EM algorithm, Journal
/// of the Royal Statistical Society B 39, 1-38. R. Varadhan, C. Roland (2008), Simple and globally convergent methods for
/// accelerating the convergence of any EM algorithm, Scandinavian Journal of Statistics 35, 335-353,
/// doi:10.1111/j.1467-9469.2007.00585.x.
pub(super) fn run(values: &Values, floors: &Floors, start: Pair, tolerance: f64, limit: u64) -> Run {
    let mut floors_held = Vec::new();
    let step = |pair: Pair, held: &mut Vec<Floor>| {
        let found = expectation(values, pair);
        held.clear();
        (maximisation(pair, &found.sums, values.n, floors, held), found.log_likelihood)
    };
    let mut pair = start;
    let (mut best, mut iterations, mut converged) = (f64::NEG_INFINITY, 0, false);
    while iterations + 3 <= limit {
        let (first, at_pair) = step(pair, &mut floors_held);
        if at_pair - best <= tolerance * values.n {
            // Nothing was gained since the last cycle; NaN cannot be: every quantity has a floor.
            converged = true;
            iterations += 1;
            break;
        }
        best = at_pair;
        let (second, at_first) = step(first, &mut floors_held);
        let (next, at_next) = step(extrapolated(pair, first, second, floors), &mut floors_held);
        iterations += 3;
        pair = if at_next >= at_first { next } else { second };
    }
    let log_likelihood = expectation(values, pair).log_likelihood;
    Run { pair, log_likelihood, iterations: iterations + 1, converged, floors: floors_held }
}

fn expectation(values: &Values, pair: Pair) -> Expectation {
    let [first, second] = pair.components.map(Component::ln_density);
    let (ln_first, ln_second) = (pair.weight.ln(), (-pair.weight).ln_1p());
    let mut sums = [Sums::default(); 2];
    let mut log_likelihood = 0.0;
    // Σ ln(1 + e) as the logarithm of a product: each factor is at most 2, so that 256 of them cannot overflow.
    let (mut product, mut n_factors) = (1.0_f64, 0);
    for at in 0..values.x.len() {
        let (x, ln_x, spread, count) = (values.x[at], values.ln_x[at], values.spread[at], values.count[at]);
        let (a, distance_a) = first.at(x, ln_x, spread);
        let (b, distance_b) = second.at(x, ln_x, spread);
        let (a, b) = (a + ln_first, b + ln_second);
        let larger = a.max(b);
        let e = (-(a - b).abs()).exp();
        log_likelihood += count * larger;
        if count == 1.0 {
            product *= 1.0 + e;
            n_factors += 1;
            if n_factors == 256 {
                log_likelihood += product.ln();
                (product, n_factors) = (1.0, 0);
            }
        } else {
            log_likelihood += count * e.ln_1p();
        }
        let smaller_share = e / (1.0 + e);
        let responsibility = if a < b { smaller_share } else { 1.0 - smaller_share };
        let rest = if a < b { 1.0 - smaller_share } else { smaller_share };
        sums[0].add(count * responsibility, x, ln_x, distance_a, spread);
        sums[1].add(count * rest, x, ln_x, distance_b, spread);
    }
    log_likelihood += product.ln();
    Expectation { log_likelihood, sums }
}

impl LnDensity {
    /// The logarithm of the density, and x - pivot.
    #[inline(always)]
    pub fn at(&self, x: f64, ln_x: f64, spread: f64) -> (f64, f64) {
        let distance = x - self.pivot;
        let square = (distance * distance + spread) * self.by_distance * self.by_distance;
        (self.constant + self.by_x * x + self.by_ln_x * ln_x - 0.5 * square, distance)
    }
}

impl Sums {
    #[inline(always)]
    pub fn add(&mut self, weight: f64, x: f64, ln_x: f64, distance: f64, spread: f64) {
        self.weight += weight;
        self.x += weight * x;
        self.ln_x += weight * ln_x;
        self.distance += weight * distance;
        self.square += weight * (distance * distance + spread);
    }
}

fn maximisation(pair: Pair, sums: &[Sums; 2], n: f64, floors: &Floors, held: &mut Vec<Floor>) -> Pair {
    let [first, second] = pair.components;
    Pair {
        weight: (sums[0].weight / n).clamp(LEAST_WEIGHT, 1.0 - LEAST_WEIGHT),
        components: [first.estimate(&sums[0], floors, held), second.estimate(&sums[1], floors, held)],
    }
}

/// The components that are likeliest for given responsibilities of the first: a start from a partition of the values.
pub(super) fn from_responsibilities(
    values: &Values,
    floors: &Floors,
    kinds: [Component; 2],
    responsibility: impl Fn(usize) -> f64,
) -> Pair {
    let mut sums = [Sums::default(); 2];
    for at in 0..values.x.len() {
        let (x, ln_x, spread, count) = (values.x[at], values.ln_x[at], values.spread[at], values.count[at]);
        let share = responsibility(at);
        for (which, share) in [share, 1.0 - share].into_iter().enumerate() {
            sums[which].add(count * share, x, ln_x, x - kinds[which].ln_density().pivot, spread);
        }
    }
    let weight = (sums[0].weight / values.n).clamp(0.01, 0.99);
    let mut pair = maximisation(Pair { weight, components: kinds }, &sums, values.n, floors, &mut Vec::new());
    pair.weight = weight;
    pair
}

/// pair - 2 α r + α² v with r = first - pair, v = second - 2 first + pair, α = -|r| / |v|, in coordinates without bounds.
fn extrapolated(pair: Pair, first: Pair, second: Pair, floors: &Floors) -> Pair {
    let (p, q, s) = (coordinates(pair), coordinates(first), coordinates(second));
    let r: [f64; 5] = std::array::from_fn(|i| q[i] - p[i]);
    let v: [f64; 5] = std::array::from_fn(|i| s[i] - 2.0 * q[i] + p[i]);
    let norm = |x: &[f64; 5]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    // At least the two plain steps, at most a leap that coordinates of order one survive.
    let alpha = -(norm(&r) / norm(&v)).clamp(1.0, 1e3);
    if !alpha.is_finite() {
        return second;
    }
    let moved: [f64; 5] = std::array::from_fn(|i| p[i] - 2.0 * alpha * r[i] + alpha * alpha * v[i]);
    if moved.iter().any(|x| !x.is_finite() || x.abs() > 700.0) {
        return second;
    }
    from_coordinates(moved, second, floors)
}

/// The logit of the weight, and two numbers for each component.
fn coordinates(pair: Pair) -> [f64; 5] {
    let [first, second] = pair.components.map(|component| match component {
        Component::Exponential { mean } => [mean.ln(), 0.0],
        Component::Normal { mu, sigma } => [mu, sigma.ln()],
        Component::Gamma { shape, mean } => [shape.ln(), mean.ln()],
    });
    [pair.weight.ln() - (-pair.weight).ln_1p(), first[0], first[1], second[0], second[1]]
}

/// A pair of the kinds of `like` from its coordinates, within the floors.
fn from_coordinates(at: [f64; 5], like: Pair, floors: &Floors) -> Pair {
    let held = &mut Vec::new();
    let mut component = |kind: Component, a: f64, b: f64| match kind {
        Component::Exponential { .. } => Component::Exponential { mean: a.exp() },
        Component::Normal { .. } => Component::Normal { mu: a, sigma: floors.sigma(b.exp(), held) },
        Component::Gamma { .. } => Component::Gamma { shape: floors.shape(a.exp(), held), mean: b.exp() },
    };
    let [first, second] = like.components;
    let components = [component(first, at[1], at[2]), component(second, at[3], at[4])];
    Pair { weight: (1.0 / (1.0 + (-at[0]).exp())).clamp(LEAST_WEIGHT, 1.0 - LEAST_WEIGHT), components }
}

//! Two weighted components: the point that a fit moves.

use super::Floor;
use super::floor::Limits;
use super::part::{Exponential, Gamma, Normal, Part, dot};
use super::points::{Line, Pass, Sums};

/// Coordinates of a pair: ln(w / (1 - w)), two of the first component, two of the second.
pub(super) const COORDINATES: usize = 5;

/// A vector over the coordinates.
pub(super) type Vector = [f64; COORDINATES];

/// A matrix over the coordinates.
pub(super) type Matrix = [[f64; COORDINATES]; COORDINATES];

/// Neither weight gets smaller, so that ln(w / (1 - w)) exists.
const LEAST_WEIGHT: f64 = 1e-15;

/// Two components and the share of the first, in the unit of the values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<A, B> {
    pub weight: f64,
    pub first: A,
    pub second: B,
    /// The means are equal because the first must not be larger.
    pub tied: bool,
}

/// The order that the means of two components must have, where it is not a matter of naming them.
pub(super) trait Before<B>: Part {
    /// The best pair with equal means, if the estimates of their own are in the wrong order.
    fn tie(&self, _second: &B, _sums: [&Sums; 2], _limits: &Limits) -> Option<(Self, B)> {
        None
    }

    /// The first component with the mean of the second.
    fn with_mean_of(&self, _second: &B, _limits: &Limits) -> Self {
        *self
    }

    /// Whether the means are in the wrong order.
    fn is_beyond(&self, _second: &B, _limits: &Limits) -> bool {
        false
    }

    /// By how much the first component's first coordinate moves with the second's when the means are tied.
    fn tied_rate(&self, _second: &B) -> f64 {
        0.0
    }
}

impl Before<Gamma> for Gamma {}

impl Before<Normal> for Exponential {
    fn tie(&self, second: &Normal, [first, sums]: [&Sums; 2], limits: &Limits) -> Option<(Self, Normal)> {
        let (low, high) = (second.mean(limits), self.mean);
        if high <= low {
            return None;
        }
        // Σ t ln f at a common mean m rises at the normal's own mean and falls at the exponential's.
        let variance = (sums[2] / sums[0] - second.offset * second.offset).max(0.0);
        let at = |m: f64| limits.sigma((variance + (m - low).powi(2)).sqrt());
        let slope = |m: f64| first[0] * (high - m) / (m * m) - sums[0] * (m - low) / at(m).powi(2);
        let (mut below, mut above) = (low, high);
        for _ in 0..100 {
            let middle = 0.5 * (below + above);
            if middle <= below || middle >= above {
                break;
            }
            if slope(middle) > 0.0 {
                below = middle;
            } else {
                above = middle;
            }
        }
        let mean = 0.5 * (below + above);
        Some((Self { mean }, Normal { offset: mean - limits.origin, sigma: at(mean) }))
    }

    fn with_mean_of(&self, second: &Normal, limits: &Limits) -> Self {
        Self { mean: second.mean(limits).max(f64::MIN_POSITIVE) }
    }

    fn is_beyond(&self, second: &Normal, limits: &Limits) -> bool {
        self.mean > second.mean(limits)
    }

    fn tied_rate(&self, second: &Normal) -> f64 {
        second.sigma / self.mean
    }
}

impl<A: Before<B>, B: Part> Pair<A, B> {
    /// A pair to start from, its weight brought inside its bounds.
    pub fn new(weight: f64, first: A, second: B) -> Self {
        Self { weight: clamped(weight), first, second, tied: false }
    }

    /// ln(weight f) of both components.
    pub fn lines(&self, limits: &Limits) -> [Line; 2] {
        [self.first.line(self.weight.ln(), limits), self.second.line((-self.weight).ln_1p(), limits)]
    }

    /// The M step: the pair that maximises Σ t ln(w f1) + Σ (1 - t) ln((1 - w) f2) within the limits.
    ///
    /// A component without any weight keeps its parameters.
    pub fn maximised(&self, first: &Sums, second: &Sums, limits: &Limits) -> Self {
        let weight = clamped(first[0] / (first[0] + second[0]));
        let present = |sums: &Sums| sums[0] > f64::MIN_POSITIVE;
        let a = if present(first) { A::estimate(first, limits) } else { self.first };
        let b = if present(second) { B::estimate(second, limits) } else { self.second };
        let tie = if present(first) && present(second) { a.tie(&b, [first, second], limits) } else { None };
        match tie {
            Some((a, b)) => Self { weight, first: a, second: b, tied: true },
            None if a.is_beyond(&b, limits) => {
                Self { weight, first: a.with_mean_of(&b, limits), second: b, tied: true }
            }
            None => Self { weight, first: a, second: b, tied: false },
        }
    }

    /// Moved by `step` in the coordinates and brought back inside the limits.
    pub fn moved(&self, step: &Vector, limits: &Limits) -> Self {
        let odds = (self.weight / (1.0 - self.weight)) * step[0].exp();
        let weight = clamped(odds / (1.0 + odds));
        let first = self.first.moved([step[1], step[2]], limits);
        let second = self.second.moved([step[3], step[4]], limits);
        let tied = self.tied || first.is_beyond(&second, limits);
        let first = if tied { first.with_mean_of(&second, limits) } else { first };
        Self { weight, first, second, tied }
    }

    /// The gradient of the log-likelihood, the complete information, which the values would have if their components
    /// were known, and what of it is missing.
    ///
    /// Louis (1982): the observed information is the complete one less Σ t (1 - t) d dᵀ, d the difference of both
    /// components' scores.
    pub fn derivatives(&self, pass: &Pass, limits: &Limits) -> (Vector, Matrix, Matrix) {
        let (w, n) = (self.weight, pass.n());
        let [a1, a2] = self.first.scores(limits);
        let [b1, b2] = self.second.scores(limits);
        let of_first = [a1, a2].map(|score| dot(&score, &pass.first));
        let of_second = [b1, b2].map(|score| dot(&score, &pass.second));
        let gradient =
            [pass.first[0] * (1.0 - w) - pass.second[0] * w, of_first[0], of_first[1], of_second[0], of_second[1]];

        let mut complete = [[0.0; COORDINATES]; COORDINATES];
        complete[0][0] = n * w * (1.0 - w);
        let first = self.first.information(&pass.first, limits);
        let second = self.second.information(&pass.second, limits);
        let differences = [[1.0, 0.0, 0.0], a1, a2, b1.map(|c| -c), b2.map(|c| -c)];
        let mut missing = [[0.0; COORDINATES]; COORDINATES];
        for k in 0..COORDINATES {
            let spread = pass.spread.map(|row| dot(&row, &differences[k]));
            for l in 0..COORDINATES {
                missing[k][l] = dot(&spread, &differences[l]);
            }
        }
        for k in 0..2 {
            for l in 0..2 {
                complete[1 + k][1 + l] = first[k][l];
                complete[3 + k][3 + l] = second[k][l];
            }
        }
        (gradient, complete, missing)
    }

    /// The limit that holds for each coordinate: -1 a lower, 1 an upper one, 0 none.
    pub fn held(&self, limits: &Limits) -> Vector {
        let ([a1, a2], [b1, b2]) = (self.first.held(limits), self.second.held(limits));
        let weight = f64::from(self.weight >= 1.0 - LEAST_WEIGHT) - f64::from(self.weight <= LEAST_WEIGHT);
        [weight, a1, a2, b1, b2]
    }

    /// The floors and ceilings that hold.
    pub fn floors(&self, limits: &Limits) -> Vec<Floor> {
        [self.first.floor(limits), self.second.floor(limits)].into_iter().flatten().collect()
    }
}

fn clamped(weight: f64) -> f64 {
    weight.clamp(LEAST_WEIGHT, 1.0 - LEAST_WEIGHT)
}

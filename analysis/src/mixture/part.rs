//! One component of a mixture during the fit: exponential, normal or gamma, in two coordinates without bounds.

use super::Floor;
use super::floor::{Limits, shape_floor, shape_within};
use super::points::{Line, Sums};
use crate::gamma::{ln_gamma_less_stirling, log_minus_digamma, shape_of};

/// A component whose log-density is linear in two functions u and v of the value, up to a term that it shares with the
/// other component.
pub(super) trait Part: Copy {
    /// ln(weight f).
    fn line(&self, ln_weight: f64, limits: &Limits) -> Line;

    /// The maximum-likelihood estimate from Σ t (1, u, v), t the weights, within the limits.
    fn estimate(sums: &Sums, limits: &Limits) -> Self;

    /// The derivatives of ln f by both coordinates, each as its coefficients of (1, u, v).
    fn scores(&self, limits: &Limits) -> [Sums; 2];

    /// Minus the second derivatives of Σ t ln f by the coordinates.
    fn information(&self, sums: &Sums, limits: &Limits) -> [[f64; 2]; 2];

    /// Moved by a step in both coordinates and brought back inside the limits.
    fn moved(&self, step: [f64; 2], limits: &Limits) -> Self;

    /// The limit that holds for each coordinate: -1 a lower, 1 an upper one, 0 none.
    fn held(&self, limits: &Limits) -> [f64; 2];

    /// The floor that holds.
    fn floor(&self, limits: &Limits) -> Option<Floor>;

    /// Mean, in the unit of the values.
    fn mean(&self, limits: &Limits) -> f64;
}

/// Gamma with u = x, v = ln x; coordinates ln k and ln m, m = k θ the mean: the estimates of both are independent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gamma {
    pub shape: f64,
    pub mean: f64,
}

impl Part for Gamma {
    fn line(&self, ln_weight: f64, _: &Limits) -> Line {
        // k (ln x - ln m - x / m + 1) + k ln k - k - ln Γ(k), without the - ln x of every gamma.
        let constant = ln_weight + self.shape * (1.0 - self.mean.ln()) - ln_gamma_less_stirling(self.shape);
        Line { constant, of_u: -self.shape / self.mean, of_v: self.shape }
    }

    fn estimate([n, of_x, of_ln]: &Sums, _: &Limits) -> Self {
        let mean = (of_x / n).max(f64::MIN_POSITIVE);
        Self { shape: shape_within(shape_of(mean.ln() - of_ln / n)), mean }
    }

    fn scores(&self, _: &Limits) -> [Sums; 2] {
        let Self { shape, mean } = *self;
        let of_shape = [shape * (log_minus_digamma(shape).0 + 1.0 - mean.ln()), -shape / mean, shape];
        [of_shape, [-shape, shape / mean, 0.0]]
    }

    fn information(&self, sums: &Sums, limits: &Limits) -> [[f64; 2]; 2] {
        let [of_shape, of_mean] = self.scores(limits).map(|score| dot(&score, sums));
        let curvature = self.shape * self.shape * log_minus_digamma(self.shape).1 * sums[0];
        let ratio = self.shape * sums[1] / self.mean;
        [[-of_shape - curvature, -of_mean], [-of_mean, ratio]]
    }

    fn moved(&self, [of_shape, of_mean]: [f64; 2], _: &Limits) -> Self {
        let shape = shape_within(self.shape * of_shape.exp());
        Self { shape, mean: (self.mean * of_mean.exp()).max(f64::MIN_POSITIVE) }
    }

    fn held(&self, _: &Limits) -> [f64; 2] {
        match shape_floor(self.shape) {
            Some(Floor::Width) => [1.0, 0.0],
            Some(_) => [-1.0, 0.0],
            None => [0.0, 0.0],
        }
    }

    fn floor(&self, _: &Limits) -> Option<Floor> {
        shape_floor(self.shape)
    }

    fn mean(&self, _: &Limits) -> f64 {
        self.mean
    }
}

/// Exponential with u = x - origin; coordinate ln of the mean, the other coordinate unused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exponential {
    pub mean: f64,
}

impl Part for Exponential {
    fn line(&self, ln_weight: f64, limits: &Limits) -> Line {
        let constant = ln_weight - self.mean.ln() - limits.origin / self.mean;
        Line { constant, of_u: -1.0 / self.mean, of_v: 0.0 }
    }

    fn estimate([n, of_u, _]: &Sums, limits: &Limits) -> Self {
        Self { mean: (limits.origin + of_u / n).max(f64::MIN_POSITIVE) }
    }

    fn scores(&self, limits: &Limits) -> [Sums; 2] {
        [[limits.origin / self.mean - 1.0, 1.0 / self.mean, 0.0], [0.0; 3]]
    }

    fn information(&self, sums: &Sums, limits: &Limits) -> [[f64; 2]; 2] {
        [[(limits.origin * sums[0] + sums[1]) / self.mean, 0.0], [0.0, 0.0]]
    }

    fn moved(&self, step: [f64; 2], _: &Limits) -> Self {
        Self { mean: (self.mean * step[0].exp()).max(f64::MIN_POSITIVE) }
    }

    fn held(&self, _: &Limits) -> [f64; 2] {
        [0.0; 2]
    }

    fn floor(&self, _: &Limits) -> Option<Floor> {
        None
    }

    fn mean(&self, _: &Limits) -> f64 {
        self.mean
    }
}

/// Normal with u = x - origin, v = u²; coordinates mean in units of its standard deviation, and ln of that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normal {
    /// Mean less the origin.
    pub offset: f64,
    pub sigma: f64,
}

impl Part for Normal {
    fn line(&self, ln_weight: f64, _: &Limits) -> Line {
        let Self { offset, sigma } = *self;
        let ln_root = 0.5 * (2.0 * std::f64::consts::PI).ln();
        let precision = 1.0 / (sigma * sigma);
        let constant = ln_weight - sigma.ln() - ln_root - 0.5 * offset * offset * precision;
        Line { constant, of_u: offset * precision, of_v: -0.5 * precision }
    }

    fn estimate([n, of_u, of_v]: &Sums, limits: &Limits) -> Self {
        let offset = of_u / n;
        let variance = (of_v / n - offset * offset).max(0.0);
        Self { offset, sigma: limits.sigma(variance.sqrt()) }
    }

    fn scores(&self, _: &Limits) -> [Sums; 2] {
        let z = self.offset / self.sigma;
        let inverse = 1.0 / self.sigma;
        [[-z, inverse, 0.0], [z * z - 1.0, -2.0 * z * inverse, inverse * inverse]]
    }

    fn information(&self, sums: &Sums, limits: &Limits) -> [[f64; 2]; 2] {
        let [of_mean, of_sigma] = self.scores(limits).map(|score| dot(&score, sums));
        [[sums[0], 2.0 * of_mean], [2.0 * of_mean, 2.0 * (of_sigma + sums[0])]]
    }

    fn moved(&self, [of_mean, of_sigma]: [f64; 2], limits: &Limits) -> Self {
        let sigma = limits.sigma(self.sigma * of_sigma.exp());
        Self { offset: self.offset + self.sigma * of_mean, sigma }
    }

    fn held(&self, limits: &Limits) -> [f64; 2] {
        [0.0, -f64::from(self.sigma <= limits.least_sigma)]
    }

    fn floor(&self, limits: &Limits) -> Option<Floor> {
        (self.sigma <= limits.least_sigma).then_some(Floor::Sigma)
    }

    fn mean(&self, limits: &Limits) -> f64 {
        limits.origin + self.offset
    }
}

/// Σ a_k b_k
pub(super) fn dot(a: &Sums, b: &Sums) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

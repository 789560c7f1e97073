//! The density at many values: everything that does not depend on the value is computed once.

use std::f64::consts::PI;

use super::Parameters;
use crate::gamma::ln_gamma_less_stirling;

/// The density of one set of parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Density {
    /// Of the second only where there is one.
    terms: [Option<Term>; 2],
    needs_ln: bool,
}

/// ln(weight f(x)) of one component; `constant` is what does not depend on x.
#[derive(Clone, Copy, Debug)]
enum Term {
    Exponential { constant: f64, mean: f64 },
    Normal { constant: f64, mu: f64, sigma: f64 },
    Gamma { constant: f64, shape: f64, mean: f64, ln_mean: f64 },
    LogNormal { constant: f64, mu: f64, sigma: f64 },
}

impl Density {
    pub fn new(parameters: &Parameters) -> Self {
        let terms = match (parameters.components(), parameters.weight()) {
            (Some([first, second]), Some(weight)) => {
                [Term::new(weight.ln(), &first), Term::new((-weight).ln_1p(), &second)]
            }
            _ => [Term::new(0.0, parameters), None],
        };
        let needs_ln = terms.iter().flatten().any(|term| matches!(term, Term::Gamma { .. } | Term::LogNormal { .. }));
        Self { terms, needs_ln }
    }

    /// ln f(x); minus infinity where the density is 0.
    pub fn ln(&self, x: f64) -> f64 {
        self.ln_and_entropy(x).0
    }

    /// ln f(x), and the entropy -t ln t - (1 - t) ln (1 - t) of the responsibility t at x.
    pub fn ln_and_entropy(&self, x: f64) -> (f64, f64) {
        let [first, second] = self.parts(x);
        let (high, low) = if first > second { (first, second) } else { (second, first) };
        if low == f64::NEG_INFINITY {
            return (high, 0.0);
        }
        let small = (low - high).exp();
        let ln_sum = small.ln_1p();
        (high + ln_sum, ln_sum + (high - low) * small / (1.0 + small))
    }

    /// ln(weight f₁(x)) and ln((1 - weight) f₂(x)); of one component the second is minus infinity.
    pub fn parts(&self, x: f64) -> [f64; 2] {
        let ln_x = if self.needs_ln { x.ln() } else { 0.0 };
        self.terms.map(|term| term.map_or(f64::NEG_INFINITY, |term| term.at(x, ln_x)))
    }
}

impl Term {
    /// None for a mixture, which is no component.
    fn new(ln_weight: f64, component: &Parameters) -> Option<Self> {
        let ln_root = 0.5 * (2.0 * PI).ln();
        match *component {
            Parameters::Exponential { mean } => Some(Self::Exponential { constant: ln_weight - mean.ln(), mean }),
            Parameters::Normal { mu, sigma } => {
                Some(Self::Normal { constant: ln_weight - sigma.ln() - ln_root, mu, sigma })
            }
            Parameters::LogNormal { mu, sigma } => {
                Some(Self::LogNormal { constant: ln_weight - sigma.ln() - ln_root, mu, sigma })
            }
            Parameters::Gamma { shape, scale } => {
                // k ln k - k - ln Γ(k) as one term: its parts are large and cancel for a large k.
                let constant = ln_weight - ln_gamma_less_stirling(shape);
                Some(Self::Gamma { constant, shape, mean: shape * scale, ln_mean: shape.ln() + scale.ln() })
            }
            Parameters::ExpNormal { .. } | Parameters::TwoGamma { .. } => None,
        }
    }

    fn at(self, x: f64, ln_x: f64) -> f64 {
        match self {
            Self::Normal { constant, mu, sigma } => constant - 0.5 * ((x - mu) / sigma).powi(2),
            Self::Exponential { constant, mean } if x >= 0.0 => constant - x / mean,
            Self::Gamma { constant, shape, mean, ln_mean } if x > 0.0 => {
                constant + shape * (ln_x - ln_mean - x / mean + 1.0) - ln_x
            }
            Self::LogNormal { constant, mu, sigma } if x > 0.0 => constant - 0.5 * ((ln_x - mu) / sigma).powi(2) - ln_x,
            _ => f64::NEG_INFINITY,
        }
    }
}

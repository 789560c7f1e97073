//! The incomplete gamma functions as logarithms.

use super::{ln_normal_density, ln_normal_tail};
use std::f64::consts::PI;

/// The tail that was computed; the other one is its complement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tail {
    /// ln P(shape, x)
    Lower(f64),
    /// ln Q(shape, x)
    Upper(f64),
}

/// Above this shape the expansion for large shapes is used: series and fraction would take √shape steps.
const LARGE_SHAPE: f64 = 1e5;

/// The tail of the gamma distribution at `x` scales, on the side of the mean on which x is.
pub(super) fn tail(shape: f64, x: f64) -> Tail {
    if x <= 0.0 {
        Tail::Lower(f64::NEG_INFINITY)
    } else if x == f64::INFINITY {
        Tail::Upper(f64::NEG_INFINITY)
    } else if shape > LARGE_SHAPE {
        large_shape(shape, x)
    } else if x < shape + 1.0 {
        Tail::Lower(ln_density_factor(shape, x) + series(shape, x).ln())
    } else {
        Tail::Upper(ln_density_factor(shape, x) + fraction(shape, x).ln())
    }
}

/// ln (x^a e^-x / Γ(a)), without the cancellation of its terms for large a.
fn ln_density_factor(a: f64, x: f64) -> f64 {
    if a < 10.0 {
        return a * x.ln() - x - libm::lgamma(a);
    }
    // Stirling: ln Γ(a) = (a - 1/2) ln a - a + ln(2π)/2 + correction; the first term left out is 2e-14 at a = 10.
    let r = 1.0 / (a * a);
    let correction =
        (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0))))) / a;
    a * ln_ratio_excess(x / a, (x - a) / a) + 0.5 * (a / (2.0 * PI)).ln() - correction
}

/// ln λ - (λ - 1), from λ and λ - 1.
fn ln_ratio_excess(lambda: f64, excess: f64) -> f64 {
    if excess.abs() > 0.1 {
        return lambda.ln() - excess;
    }
    // -u²/2 + u³/3 - ..: at most 14 terms for 16 digits.
    let mut term = excess;
    let mut sum = 0.0;
    for k in 2..40 {
        term *= -excess;
        let next = sum + term / f64::from(k);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// P / (x^a e^-x / Γ(a)) = Σ x^n / (a (a + 1) .. (a + n)); Pearson's series.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// Q / (x^a e^-x / Γ(a)) = 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ..)); Legendre's fraction by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut d = 1.0 / b;
    let mut c = f64::INFINITY;
    let mut value = d;
    // Bounded: with a up to 1e5 it takes some thousand steps at x = a + 1, and fewer farther out.
    for i in 1..20_000 {
        let i = f64::from(i);
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// Temme's uniform expansion with its first term: Q = Φ(-z) + φ(z) c_0(η) / √a, z = η √a, η²/2 = λ - 1 - ln λ, λ = x/a,
/// η of the sign of λ - 1. The next term is near c_0 / (180 a), 6e-8 of this one at the smallest shape that comes here.
///
/// N. M. Temme (1979), The asymptotic expansion of the incomplete gamma functions, SIAM Journal on Mathematical Analysis
/// 10, 757-766, doi:10.1137/0510071.
fn large_shape(a: f64, x: f64) -> Tail {
    let (lambda, excess) = (x / a, (x - a) / a);
    let eta = (-2.0 * ln_ratio_excess(lambda, excess)).max(0.0).sqrt().copysign(excess);
    let z = eta * a.sqrt();
    let ln_tail = ln_normal_tail(z.abs());
    let correction = (ln_normal_density(z) - ln_tail).exp() * first_coefficient(eta, excess) / a.sqrt();
    if excess < 0.0 { Tail::Lower(ln_tail + (-correction).ln_1p()) } else { Tail::Upper(ln_tail + correction.ln_1p()) }
}

/// c_0(η) = 1 / (λ - 1) - 1 / η; near 0 its series.
fn first_coefficient(eta: f64, excess: f64) -> f64 {
    if eta.abs() > 0.05 {
        return 1.0 / excess - 1.0 / eta;
    }
    // Temme's coefficients; the first one left out is 1.8e-4 η^5, 6e-11 at 0.05.
    -1.0 / 3.0 + eta * (1.0 / 12.0 - eta * (2.0 / 135.0 - eta * (1.0 / 864.0 + eta / 2835.0)))
}

//! The binomial distribution: its density by Loader's method, and the probability that has a given tail.

use std::f64::consts::PI;

/// A tail of the distribution, k included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tail {
    /// P(X >= k)
    Upper,
    /// P(X <= k)
    Lower,
}

/// The success probability p at which the tail from k has probability `mass`, X binomial (n, p).
///
/// The upper tail from 0 and the lower tail from n are certain: the answers are the ends 0 and 1.
pub(super) fn probability_with_tail(tail: Tail, k: u64, n: u64, mass: f64) -> f64 {
    match tail {
        Tail::Upper if k == 0 => return 0.0,
        Tail::Upper if k == n => return (mass.ln() / n as f64).exp(),
        Tail::Lower if k == n => return 1.0,
        Tail::Lower if k == 0 => return -(mass.ln() / n as f64).exp_m1(),
        _ => {}
    }
    // In the variable ln p, so that small probabilities keep their digits.
    let (k, n, target) = (k as f64, n as f64, mass.ln());
    let (mut low, mut high) = (f64::MIN_POSITIVE.ln(), 0.0_f64);
    let mut x = (k / n).ln();
    for _ in 0..200 {
        let (ln_mass, slope) = ln_tail(tail, k, n, x);
        let error = ln_mass - target;
        // The upper tail grows with p, the lower one shrinks.
        if (error > 0.0) == (tail == Tail::Upper) {
            high = x;
        } else {
            low = x;
        }
        let newton = x - error / slope;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let step = (next - x).abs();
        x = next;
        if step <= f64::EPSILON * x.abs().min(1.0) {
            break;
        }
    }
    x.exp()
}

/// The logarithm of the tail and its derivative with respect to x = ln p, 0 < k < n.
fn ln_tail(tail: Tail, k: f64, n: f64, x: f64) -> (f64, f64) {
    let (p, q) = (x.exp(), -x.exp_m1());
    // The tail is density(k) (1 + r_1 + r_1 r_2 + ...): positive terms, which fall once the mode is behind.
    // Upper: r_i = (n - k - i + 1) / (k + i) p / q. Lower: the same with failures in the place of successes.
    let (start, odds) = match tail {
        Tail::Upper => (k, p / q),
        Tail::Lower => (n - k, q / p),
    };
    let (mut sum, mut term, mut i) = (1.0, 1.0, 1.0);
    while start + i <= n && term > sum * 1e-18 {
        term *= (n - start - i + 1.0) / (start + i) * odds;
        sum += term;
        i += 1.0;
    }
    // d/dp P(X >= k) = density(k) k / p, d/dp P(X <= k) = -density(k) (n - k) / q
    let slope = match tail {
        Tail::Upper => k / sum,
        Tail::Lower => -(n - k) * p / q / sum,
    };
    (ln_density(k, n, p, q) + sum.ln(), slope)
}

/// ln of the probability of k successes, 0 < k < n, q = 1 - p.
///
/// C. Loader (2000), Fast and accurate computation of binomial probabilities: deviances in the place of the
/// logarithms of factorials, whose differences cancel.
fn ln_density(k: f64, n: f64, p: f64, q: f64) -> f64 {
    let corrections = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    let deviances = deviance(k, n * p) + deviance(n - k, n * q);
    corrections - deviances + 0.5 * (n / (2.0 * PI * k * (n - k))).ln()
}

/// ln(n!) - ln(√(2πn) (n/e)^n)
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square)
        / n
}

/// x ln(x / m) + m - x, without cancellation for x near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    // With v = (x - m) / (x + m): ln(x / m) = 2 atanh v = 2 (v + v³/3 + v⁵/5 + ...).
    let v = (x - m) / (x + m);
    let (mut sum, mut power, mut i) = ((x - m) * v, 2.0 * x * v, 1.0);
    loop {
        power *= v * v;
        let next = sum + power / (2.0 * i + 1.0);
        if next == sum {
            return sum;
        }
        sum = next;
        i += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_of_a_fair_coin() {
        // C(10, 3) / 2^10; two logarithms of rounded sums leave a few units in the last place.
        let expected = 120.0 / 1024.0;
        assert!((ln_density(3.0, 10.0, 0.5, 0.5).exp() - expected).abs() <= 1e-14 * expected);
    }

    #[test]
    fn the_tail_at_the_bound_is_the_tail_asked_for() {
        for (k, n) in [(1, 2), (1, 1_000_000), (7, 9), (500, 1000), (2895, 2896), (16, 64)] {
            for tail in [Tail::Upper, Tail::Lower] {
                let p = probability_with_tail(tail, k, n, 0.025);
                let (ln_mass, slope) = ln_tail(tail, k as f64, n as f64, p.ln());
                // p itself is rounded to 53 digits; the slope of the tail makes that larger where p is close to 1.
                let limit = 1e-15 * slope.abs() + 1e-13;
                assert!((ln_mass - 0.025_f64.ln()).abs() < limit, "{k} of {n}: {p} has {tail:?} {}", ln_mass.exp());
            }
        }
    }
}

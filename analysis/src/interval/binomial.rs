//! The binomial distribution: its density by Loader's method, and the probability that has a given upper tail.

use std::f64::consts::PI;

/// The success probability p at which P(X >= k) = `tail`, X binomial (n, p); 0 for k = 0.
pub(super) fn probability_with_upper_tail(k: u64, n: u64, tail: f64) -> f64 {
    if k == 0 {
        return 0.0;
    }
    if k == n {
        return (tail.ln() / n as f64).exp();
    }
    // In the variable ln p; the tail grows with p from 0 to 1 over the bracket.
    let (k, n, target) = (k as f64, n as f64, tail.ln());
    let (mut low, mut high) = (f64::MIN_POSITIVE.ln(), 0.0_f64);
    let mut x = (k / n).ln();
    for _ in 0..200 {
        let (ln_tail, slope) = ln_upper_tail(k, n, x.exp());
        let error = ln_tail - target;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let newton = x - error / slope;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let step = (next - x).abs();
        x = next;
        if step <= 1e-16 * x.abs().max(1.0) {
            break;
        }
    }
    x.exp()
}

/// ln P(X >= k) and its derivative with respect to ln p.
fn ln_upper_tail(k: f64, n: f64, p: f64) -> (f64, f64) {
    // P(X >= k) = density(k) (1 + r_1 + r_1 r_2 + ...), r_i = (n - k - i + 1) / (k + i) p / (1 - p): positive terms.
    let odds = p / (1.0 - p);
    let (mut sum, mut term, mut i) = (1.0, 1.0, 1.0);
    while k + i <= n && term > sum * 1e-18 {
        term *= (n - k - i + 1.0) / (k + i) * odds;
        sum += term;
        i += 1.0;
    }
    // d/dp P(X >= k) = density(k) k / p
    (ln_density(k, n, p) + sum.ln(), k / sum)
}

/// ln of the probability of k successes, 0 < k < n.
///
/// C. Loader (2000), Fast and accurate computation of binomial probabilities: deviances in the place of the
/// logarithms of factorials, whose differences cancel.
fn ln_density(k: f64, n: f64, p: f64) -> f64 {
    let corrections = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    let deviances = deviance(k, n * p) + deviance(n - k, n * (1.0 - p));
    corrections - deviances + 0.5 * (n / (2.0 * PI * k * (n - k))).ln()
}

/// ln(n!) - ln(√(2πn) (n/e)^n)
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square) / n
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
        assert!((ln_density(3.0, 10.0, 0.5).exp() - expected).abs() <= 1e-14 * expected);
    }

    #[test]
    fn the_tail_at_the_bound_is_the_tail_asked_for() {
        for (k, n) in [(1, 2), (1, 1_000_000), (7, 9), (500, 1000), (2895, 2896), (16, 64)] {
            let p = probability_with_upper_tail(k, n, 0.025);
            let (ln_tail, _) = ln_upper_tail(k as f64, n as f64, p);
            assert!((ln_tail - 0.025_f64.ln()).abs() < 1e-12, "{k} of {n}: {p} has tail {}", ln_tail.exp());
        }
    }
}

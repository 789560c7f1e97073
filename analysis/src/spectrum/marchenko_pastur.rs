//! The Marchenko-Pastur law: the eigenvalues of the sample covariance of pure noise.

use std::f64::consts::PI;

/// Bisections of an angle: 2^-60 of π is below its rounding.
const BISECTIONS: usize = 60;

/// Median of the Marchenko-Pastur law with variance 1 and aspect ratio `gamma` = p / n, 0 < gamma <= 1.
///
/// # Method
/// With x = 1 + γ + 2√γ cos θ the distribution function has a closed form, which is solved for 1/2 by bisection.
///
/// # References
/// V. A. Marchenko, L. A. Pastur (1967), Distribution of eigenvalues for some sets of random matrices, Mathematics of the
/// USSR-Sbornik 1, 457-483.
pub fn marchenko_pastur_median(gamma: f64) -> f64 {
    let (centre, radius) = (1.0 + gamma, 2.0 * gamma.sqrt());
    // Antiderivative of radius² sin² θ / (centre + radius cos θ), by partial fractions; √(centre² - radius²) = 1 - γ.
    let ratio = (1.0 - gamma.sqrt()).abs() / (1.0 + gamma.sqrt());
    let gap = (1.0 - gamma).abs();
    let integral =
        |theta: f64| centre * theta - radius * theta.sin() - 2.0 * gap * (ratio * (0.5 * theta).tan()).atan();
    // From θ = π, the lower edge, where tan is infinite and the integral is (centre - |1 - γ|) π.
    let below = |theta: f64| ((centre - gap) * PI - integral(theta)) / (2.0 * PI * gamma);
    let (mut low, mut high) = (0.0, PI);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if below(middle) > 0.5 { low = middle } else { high = middle }
    }
    centre + radius * low.cos()
}

/// Upper edge σ²(1 + √(p/n))² of the eigenvalues of the sample covariance of p-dimensional noise of variance σ² in every
/// direction, over n degrees of freedom: what a covariance without structure reaches at most, for large p and n.
pub fn marchenko_pastur_edge(variance: f64, p: usize, n: u64) -> f64 {
    variance * (1.0 + (p as f64 / n as f64).sqrt()).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_law_is_a_semicircle_and_a_square_one_is_known() {
        // γ → 0: 1 + 2√γ s with the semicircle's median 0, and a shift of order γ.
        assert!((marchenko_pastur_median(1e-8) - 1.0).abs() < 1e-7);
        // γ = 1: x is the square of a quarter circle's value on [0, 2], F(x) = (θ' + sin θ') / π with x = 4 sin²(θ'/2).
        let x = marchenko_pastur_median(1.0);
        let angle = 2.0 * (x / 4.0).sqrt().asin();
        assert!(((angle + angle.sin()) / PI - 0.5).abs() < 1e-12, "{x}");
    }
}

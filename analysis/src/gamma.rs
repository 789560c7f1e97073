//! The gamma distribution: maximum likelihood of its shape, and random values.

use std::f64::consts::PI;

use rand_chacha::rand_core::Rng;

use crate::Reason;
use crate::reason::require_finite;

/// The shape k that solves ln k - ψ(k) = c: the maximum likelihood estimate, and with it the scale mean / k.
///
/// For values x with weights w, c = ln(Σwx / Σw) - Σw ln x / Σw. It is 0 for equal values (k infinite) and grows with the
/// spread of ln x. The result is infinite for c <= 0 and 0 for c infinite; relative error about 1e-14 of the solution for c
/// as given, at most 1e-12 where c is above 1e3.
///
/// # Method
/// Minka's generalised Newton step, 1/k <- 1/k + (ln k - ψ(k) - c) / (k² (1/k - ψ'(k))), from an explicit start within
/// 2 %. The left side falls strictly, the step is exact for the leading terms at both ends, and it converges from there in
/// at most five steps; it ends after twenty whatever happens.
///
/// # References
/// T. P. Minka (2002), Estimating a gamma distribution, Microsoft Research. S. C. Choi, R. Wette (1969), Maximum
/// likelihood estimation of the parameters of the gamma distribution and their bias, Technometrics 11, 683-690,
/// doi:10.1080/00401706.1969.10490731.
pub fn shape_of(c: f64) -> f64 {
    if c.is_nan() || c <= 0.0 {
        return f64::INFINITY;
    }
    let mut k = (3.0 - c + ((c - 3.0).powi(2) + 24.0 * c).sqrt()) / (12.0 * c);
    if c > 100.0 {
        // The start's difference of nearly equal numbers; here ψ(k) is -1/k to leading order.
        k = 1.0 / c;
    }
    for _ in 0..20 {
        let (value, slope) = log_minus_digamma(k);
        // -k² (1/k - ψ'(k)) = k² times a negative slope's magnitude; both factors are safe at k = 1e-300.
        let inverse = 1.0 / k + (value - c) / (k * k * slope);
        let next = 1.0 / inverse;
        if !(next > 0.0 && next.is_finite()) {
            break;
        }
        let done = (next - k).abs() <= 1e-15 * k;
        k = next;
        if done {
            break;
        }
    }
    k
}

/// From here on the asymptotic series have full precision.
const SERIES_FROM: f64 = 12.0;

/// ln k - ψ(k) and its derivative 1/k - ψ'(k) < 0, without the cancellation that the differences suffer at large k.
///
/// Abramowitz and Stegun (1964), 6.3.18 and 6.4.12, reached by 6.3.6 and 6.4.6.
pub(crate) fn log_minus_digamma(k: f64) -> (f64, f64) {
    let (mut at, mut sum, mut squares) = (k, 0.0, 0.0);
    while at < SERIES_FROM {
        sum += 1.0 / at;
        squares += 1.0 / (at * at);
        at += 1.0;
    }
    let r = 1.0 / (at * at);
    let value = r * (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * (1.0 / 240.0 - r / 132.0))));
    let slope = r / at * (1.0 / 6.0 - r * (1.0 / 30.0 - r * (1.0 / 42.0 - r * (1.0 / 30.0 - r * (5.0 / 66.0)))));
    let (value, slope) = (0.5 / at + value, -0.5 * r - slope);
    if at == k { (value, slope) } else { (sum + (k / at).ln() + value, 1.0 / k - 1.0 / at - squares + slope) }
}

/// ln Γ(k) - (k ln k - k), for k > 0: what is left of ln Γ(k) beside the leading terms of Stirling's series, without
/// their cancellation at large k.
///
/// Abramowitz and Stegun (1964), 6.1.41.
pub(crate) fn ln_gamma_less_stirling(k: f64) -> f64 {
    if k < SERIES_FROM {
        return libm::lgamma(k) - k * (k.ln() - 1.0);
    }
    let r = 1.0 / (k * k);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / k;
    0.5 * (2.0 * PI / k).ln() + series
}

/// A gamma distribution, x^(k-1) exp(-x / θ) / (Γ(k) θ^k), that is likeliest for weighted values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GammaEstimate {
    /// Shape k; infinite where all values of positive weight are equal.
    pub shape: f64,
    /// Scale θ, the mean over the shape.
    pub scale: f64,
}

/// Fits a gamma distribution to weighted values by maximum likelihood.
///
/// With m = Σ w x / Σ w and c = ln m - Σ w ln x / Σ w the shape is [`shape_of`] c and the scale m / shape. The shape is
/// infinite and the scale 0 where the values of positive weight are equal but for rounding (c < 1e-15): the likelihood then
/// grows without bound.
///
/// # Arguments
/// `values` above 0; `weights` of at least 0, as many. Only the ratios of the weights matter.
///
/// # Errors
/// [`Reason::NotFinite`]; [`Reason::OutsideSupport`] when a value is not above 0 or a weight is below 0;
/// [`Reason::TooFew`] when no weight is above 0.
///
/// # Panics
/// When there are not as many weights as values.
///
/// # References
/// As [`shape_of`].
pub fn weighted_gamma(values: &[f64], weights: &[f64]) -> Result<GammaEstimate, Reason> {
    assert_eq!(values.len(), weights.len(), "values and weights");
    require_finite(values)?;
    require_finite(weights)?;
    let n_outside = values.iter().zip(weights).filter(|(x, w)| **x <= 0.0 || **w < 0.0).count() as u64;
    if n_outside > 0 {
        return Err(Reason::OutsideSupport { n_outside, n: values.len() as u64 });
    }
    // What has no weight leaves no trace. Relative to the largest of each, so that no sum leaves the exponent's range.
    let pairs: Vec<(f64, f64)> =
        values.iter().copied().zip(weights.iter().copied()).filter(|(_, w)| *w > 0.0).collect();
    let (largest, heaviest) = pairs.iter().fold((0.0_f64, 0.0_f64), |most, (x, w)| (most.0.max(*x), most.1.max(*w)));
    if pairs.is_empty() {
        return Err(Reason::TooFew { n: 0, needed: 1 });
    }
    let total: f64 = pairs.iter().map(|(_, w)| w / heaviest).sum();
    let weighted = |of: &dyn Fn(f64) -> f64| pairs.iter().map(|(x, w)| w / heaviest * of(*x)).sum::<f64>() / total;
    let mean = weighted(&|x| x / largest);
    // Of the quotient, which is near 1 where c is small and digits count; of its parts where it underflows.
    let ln_ratio = |x: f64| match x / largest {
        ratio if ratio >= f64::MIN_POSITIVE => (ratio / mean).ln(),
        _ => x.ln() - largest.ln() - mean.ln(),
    };
    let c = -weighted(&ln_ratio);
    let shape = if c < 1e-15 { f64::INFINITY } else { shape_of(c) };
    Ok(GammaEstimate { shape, scale: mean / shape * largest })
}

/// A uniform random number in the open interval (0, 1).
pub(crate) fn uniform(random: &mut impl Rng) -> f64 {
    ((random.next_u64() >> 11) as f64 + 0.5) * (-53.0_f64).exp2()
}

/// A standard normal random number (Box and Muller 1958).
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * uniform(random).ln()).sqrt();
    radius * (2.0 * PI * uniform(random)).cos()
}

/// A random number of the gamma distribution with this shape and scale 1.
///
/// # References
/// G. Marsaglia, W. W. Tsang (2000), A simple method for generating gamma variables, ACM Transactions on Mathematical
/// Software 26, 363-372, doi:10.1145/358407.358414; shapes below 1 by their section 6.
pub(crate) fn gamma(shape: f64, random: &mut impl Rng) -> f64 {
    if shape < 1.0 {
        // In logarithms: for small shapes the power alone underflows.
        let boosted = gamma(shape + 1.0, random);
        return (boosted.ln() + uniform(random).ln() / shape).exp();
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && uniform(random).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn the_shape_solves_its_equation() {
        for exponent in -100..=30 {
            let c = 10.0_f64.powf(f64::from(exponent) / 10.0);
            let k = shape_of(c);
            let (value, _) = log_minus_digamma(k);
            // Rounding of c and of the difference at small shapes.
            assert!((value - c).abs() <= 4e-14 * c, "c = {c}: shape {k} gives {value}");
        }
        assert_eq!(shape_of(0.0), f64::INFINITY);
        assert_eq!(shape_of(-1e-17), f64::INFINITY);
    }

    #[test]
    fn series_are_what_they_stand_for() {
        use special::Gamma;
        for k in [1e-3, 0.1, 0.5, 1.0, 2.0, 7.0, 11.9, 12.0, 12.1, 30.0, 300.0] {
            let (value, slope) = log_minus_digamma(k);
            // The other side is a difference: 1e-15 of its terms.
            let scale = 1.0 + k.ln().abs() + 1.0 / k;
            assert!((value - (k.ln() - k.digamma())).abs() < 4e-15 * scale, "{k}: {value}");
            assert!((slope - (1.0 / k - k.trigamma())).abs() < 4e-15 * (1.0 + 1.0 / (k * k)), "{k}: {slope}");
            let rest = libm::lgamma(k) - k * (k.ln() - 1.0);
            assert!((ln_gamma_less_stirling(k) - rest).abs() < 4e-15 * (1.0 + k * k.ln().abs()), "{k}");
        }
        // mpmath: ln k - ψ(k) at 1e6, and ln Γ(k) - (k ln k - k).
        assert!((log_minus_digamma(1e6).0 / 5.000_000_833_333_333e-7 - 1.0).abs() < 1e-15);
        assert!((ln_gamma_less_stirling(1e6) + 5.988_816_662_444_131).abs() < 1e-13);
    }

    #[test]
    fn random_values_have_the_mean_and_variance_of_the_shape() {
        for shape in [0.05, 0.5, 1.0, 3.0, 200.0] {
            let mut random = ChaCha8Rng::seed_from_u64(5);
            let n = 40_000;
            let values: Vec<f64> = (0..n).map(|_| gamma(shape, &mut random)).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
            // Five standard errors: of the mean √(k/n), of the variance k √((2 + 6/k) / n).
            assert!((mean - shape).abs() < 5.0 * (shape / f64::from(n)).sqrt(), "{shape}: mean {mean}");
            let error = shape * ((2.0 + 6.0 / shape) / f64::from(n)).sqrt();
            assert!((variance - shape).abs() < 5.0 * error, "{shape}: variance {variance}");
        }
    }
}

//! The p-value of Shapiro-Wilk beyond n = 5000: a true null is rejected as often as promised, and the fit is the
//! simulation's. The limits come from the binomial distribution.

mod support;

use layerscope_analysis::{PMethod, Reason, Weights, shapiro_wilk_sorted};
use rayon::prelude::*;
use serde::Deserialize;
use statrs::distribution::{ContinuousCDF, Normal};
use support::samples::SplitMix64;

/// `n` sorted standard normal values: quantiles of the sums of exponential spacings (Devroye 1986, section V.3.1).
fn sorted_normal(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = SplitMix64(seed.wrapping_mul(0x1234_5678_9ABC_DEF1));
    let mut sum = 0.0;
    let sums: Vec<f64> = (0..n)
        .map(|_| {
            sum += rng.exponential();
            sum
        })
        .collect();
    let whole = sum + rng.exponential();
    let normal = Normal::standard();
    let quantile = |sum: &f64| match sum / whole {
        lower @ ..0.5 => normal.inverse_cdf(lower),
        _ => -normal.inverse_cdf((whole - sum) / whole),
    };
    sums.iter().map(quantile).collect()
}

/// The p-values of `n_samples` true nulls.
fn null_p_values(n: usize, n_samples: u64) -> Vec<f64> {
    let weights = Weights::new(n).unwrap();
    let p = |i: u64| {
        let test = shapiro_wilk_sorted(&sorted_normal(n, 1_000_003 * n as u64 + i), &weights).unwrap();
        assert_eq!((test.p_method, test.p_reason), (PMethod::Simulated, None));
        test.p.unwrap()
    };
    (0..n_samples).into_par_iter().map(p).collect()
}

/// Asserts that the share of p-values below `alpha` is within `share` of it, with four standard errors' grace.
fn assert_level(n: usize, p: &[f64], alpha: f64, share: f64) {
    let count = p.len() as f64;
    let rejected = p.iter().filter(|p| **p < alpha).count() as f64;
    println!("n = {n}: {:.4} % of {count} rejected at {alpha}", 100.0 * rejected / count);
    let slack = share * alpha * count + 4.0 * (count * alpha * (1.0 - alpha)).sqrt();
    assert!((rejected - alpha * count).abs() <= slack, "n = {n}: {rejected} of {count} rejected at {alpha}");
}

/// Asserts that the p-values are uniform on average: mean 1/2 with variance 1/12.
fn assert_uniform(n: usize, p: &[f64]) {
    let count = p.len() as f64;
    let mean = p.iter().sum::<f64>() / count;
    assert!((mean - 0.5).abs() < 4.0 / (12.0 * count).sqrt() + 0.005, "n = {n}: mean p {mean}");
}

#[test]
fn true_nulls_are_rejected_as_often_as_promised() {
    for (n, n_samples) in [(5001, 8000), (13_337, 2000), (60_000, 400), (250_000, 60), (1_000_000, 12)] {
        let p = null_p_values(n, n_samples);
        assert_uniform(n, &p);
        for (alpha, share) in [(0.5, 0.02), (0.05, 0.1), (0.01, 0.2)] {
            assert_level(n, &p, alpha, share);
        }
    }
}

#[test]
#[ignore = "an hour of one core"]
fn true_nulls_at_full_size() {
    for (n, n_samples) in
        [(5001, 100_000), (8500, 60_000), (24_000, 40_000), (60_000, 40_000), (150_000, 20_000), (1_000_000, 10_000)]
    {
        let p = null_p_values(n, n_samples);
        assert_uniform(n, &p);
        for (alpha, share) in [(0.5, 0.02), (0.05, 0.02), (0.01, 0.06), (0.001, 0.15)] {
            assert_level(n, &p, alpha, share);
        }
    }
}

#[derive(Deserialize)]
struct Null {
    levels: Vec<f64>,
    rows: Vec<NullRow>,
}

#[derive(Deserialize)]
struct NullRow {
    n: usize,
    n_samples: f64,
    /// Upper quantiles of ln(1 - W) at the levels.
    ln_one_minus_w: Vec<f64>,
}

/// A sorted sample with (nearly) the W asked for: a normal one, its largest value drawn out by bisection.
fn sample_with(ln_one_minus_w: f64, weights: &Weights) -> Vec<f64> {
    let n = weights.n();
    let normal = Normal::standard();
    let mut sample: Vec<f64> = (0..n).map(|i| normal.inverse_cdf((i as f64 + 0.625) / (n as f64 + 0.25))).collect();
    let (mut low, mut high) = (sample[n - 2], 1e3);
    for _ in 0..45 {
        sample[n - 1] = 0.5 * (low + high);
        let found = shapiro_wilk_sorted(&sample, weights).unwrap().one_minus_w.ln();
        if found < ln_one_minus_w { low = sample[n - 1] } else { high = sample[n - 1] }
    }
    sample
}

#[test]
fn the_fit_is_that_of_the_simulation() {
    let null: Null = serde_json::from_str(include_str!("../../fixtures/shapiro_wilk_null.json")).unwrap();
    assert!(null.rows.len() == 16 && null.levels.len() == 13);
    null.rows.par_iter().filter(|row| row.n > 5000 && row.n < 60_000).for_each(|row| {
        let weights = Weights::new(row.n).unwrap();
        for (level, quantile) in null.levels.iter().zip(&row.ln_one_minus_w) {
            let test = shapiro_wilk_sorted(&sample_with(*quantile, &weights), &weights).unwrap();
            assert!((test.one_minus_w.ln() - quantile).abs() < 1e-6, "n = {}: ln(1 - W) {quantile} not met", row.n);
            let p = test.p.unwrap();
            // The quantile's own error, and 2 % (below 1e-3 15 %) for the one shape at every n.
            let error = 4.0 * (level * (1.0 - level) / row.n_samples).sqrt();
            let shape = if *level < 1e-3 { 0.15 } else { 0.02 } * level;
            assert!((p - level).abs() < error + shape, "n = {}: p {p} at the upper quantile of {level}", row.n);
        }
    });
}

#[test]
fn a_million_values_have_a_p_value_and_one_more_has_none() {
    let limit = 1_000_000;
    let weights = Weights::new(limit + 1).unwrap();
    let test = shapiro_wilk_sorted(&sorted_normal(limit + 1, 3), &weights).unwrap();
    let reason = Reason::TooMany { n: limit as u64 + 1, limit: limit as u64 };
    assert_eq!((test.p, test.p_reason), (None, Some(reason)));
    assert_eq!(reason.to_string(), "1000001 values, the method is calibrated up to 1000000");
    assert!(test.w > 0.99999 && test.w < 1.0);
    let half_normal: Vec<f64> = sorted_normal(20_000, 4).into_iter().filter(|x| *x > 0.0).collect();
    let test = shapiro_wilk_sorted(&half_normal, &Weights::new(half_normal.len()).unwrap()).unwrap();
    assert!(test.p_method == PMethod::Simulated && test.p.unwrap() < 1e-30, "{test:?}");
}

//! Statistical laws over many samples with fixed seeds; the limits come from the binomial distribution.

mod support;

use layerscope_analysis::{Weights, shapiro_wilk_sorted};
use rayon::prelude::*;
use support::samples::sample;

/// How many of `n_samples` normal samples of size `n` the test rejects at `alpha`.
fn n_rejected(n: usize, n_samples: u64, alpha: f64) -> u64 {
    let weights = Weights::new(n).unwrap();
    let rejects = |i: &u64| {
        let mut values = sample("normal", 1_000_003 * n as u64 + i, n, 1.0, 0.0);
        values.sort_unstable_by(f64::total_cmp);
        shapiro_wilk_sorted(&values, &weights).unwrap().p.unwrap() < alpha
    };
    (0..n_samples).into_par_iter().filter(rejects).count() as u64
}

#[test]
fn true_nulls_are_rejected_as_often_as_promised() {
    // 20,000 samples: the count has mean 1000 and standard deviation 30.8 when the level is 0.05 exactly. Four of them,
    // and 0.002 for Royston's approximation, which is not exact but for n = 3.
    let n_samples = 20_000;
    for n in [3, 4, 7, 11, 12, 30, 100, 500] {
        let rejected = n_rejected(n, n_samples, 0.05);
        println!("n = {n}: {:.4}", rejected as f64 / n_samples as f64);
        let slack = 4.0 * (n_samples as f64 * 0.05 * 0.95).sqrt() + if n == 3 { 0.0 } else { 0.002 * n_samples as f64 };
        assert!((rejected as f64 - 1000.0).abs() <= slack, "n = {n}: {rejected} of {n_samples} rejected at 0.05");
    }
}

#[test]
fn skewed_samples_are_found() {
    // The power against an exponential at n = 50 is above 0.999: a p-value that is turned round or stuck would show.
    let weights = Weights::new(50).unwrap();
    let found = (0..200).filter(|seed| {
        let mut values = sample("exponential", *seed, 50, 1.0, 0.0);
        values.sort_unstable_by(f64::total_cmp);
        shapiro_wilk_sorted(&values, &weights).unwrap().p.unwrap() < 0.05
    });
    let n_found = found.count();
    assert!(n_found >= 195, "{n_found} of 200");
}

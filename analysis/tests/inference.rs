//! Goodness of fit and the bootstrap against other implementations and against the laws that define them.

mod support;

use layerscope_analysis::bootstrap::{percentile_interval, replicate, resample};
use layerscope_analysis::goodness_of_fit::{
    Distribution, Tails, anderson_darling, bootstrap_test, distances, kolmogorov_smirnov,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::Deserialize;
use support::samples::sample;
use support::{Tolerance, assert_close};

#[derive(Deserialize)]
struct Fixture {
    source: String,
    tails: Vec<TailCase>,
    cases: Vec<DistanceCase>,
}

#[derive(Debug, Deserialize)]
struct TailCase {
    distribution: String,
    parameters: Vec<f64>,
    x: f64,
    ln_cdf: f64,
    ln_survival: f64,
}

#[derive(Debug, Deserialize)]
struct DistanceCase {
    family: String,
    n: usize,
    seed: u64,
    scale: f64,
    shift: f64,
    distribution: String,
    parameters: Vec<f64>,
    d: f64,
    a2: f64,
    /// `scipy`, or `mpmath` where scipy has none or an infinite one.
    a2_source: String,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../fixtures/goodness_of_fit.json")).unwrap()
}

fn tails(distribution: &str, p: &[f64], x: f64) -> Tails {
    match distribution {
        "exponential" => Tails::exponential(x / p[0]),
        "normal" => Tails::normal((x - p[0]) / p[1]),
        "gamma" => Tails::gamma(p[0], x / p[1]),
        "lognormal" => Tails::normal((x.ln() - p[0]) / p[1]),
        "exp_normal" => Tails::mixture(p[0], Tails::exponential(x / p[1]), Tails::normal((x - p[2]) / p[3])),
        "two_gamma" => Tails::mixture(p[0], Tails::gamma(p[1], x / p[2]), Tails::gamma(p[3], x / p[4])),
        other => panic!("no distribution {other}"),
    }
}

#[test]
fn tails_keep_their_digits() {
    let fixture = fixture();
    let (mut worst, mut worst_large) = (0.0_f64, 0.0_f64);
    for case in &fixture.tails {
        let found = tails(&case.distribution, &case.parameters, case.x);
        let large = case.distribution == "gamma" && case.parameters[0] > 1e5;
        // An absolute error of a logarithm is a relative error of the tail itself. 1e-12: hundreds of terms of a series
        // are added up. Shapes above 1e5: Temme's second term, which is left out, relative to a tail 50 standard
        // deviations out.
        let limit = if large { Tolerance { abs: 5e-9, rel: 1e-12 } } else { Tolerance { abs: 1e-12, rel: 1e-13 } };
        for (name, found, expected) in
            [("ln F", found.ln_cdf, case.ln_cdf), ("ln (1 - F)", found.ln_survival, case.ln_survival)]
        {
            let error = assert_close(format!("{name}, {case:?}"), found, expected, limit) / expected.abs().max(1.0);
            if large { worst_large = worst_large.max(error) } else { worst = worst.max(error) }
        }
        // The larger tail's logarithm is minus the smaller tail, which must keep its digits where the larger one rounds
        // to 1.
        let (small, near_zero, expected) = if case.ln_cdf < case.ln_survival {
            (case.ln_cdf, found.ln_survival, case.ln_survival)
        } else {
            (case.ln_survival, found.ln_cdf, case.ln_cdf)
        };
        if small > -700.0 {
            let relative = limit.abs + limit.rel * small.abs();
            assert_close(format!("the logarithm near 0, {case:?}"), near_zero, expected, Tolerance::rel(relative));
        }
    }
    println!("{}: {} tails, worst {worst:e}, of large shapes {worst_large:e}", fixture.source, fixture.tails.len());
}

#[test]
fn distances_are_scipys() {
    let fixture = fixture();
    let n_scipy = fixture.cases.iter().filter(|case| case.a2_source == "scipy").count();
    assert!(fixture.cases.len() >= 200 && n_scipy >= 150, "{} cases, A² of {n_scipy}", fixture.cases.len());
    let (mut d_error, mut a2_error) = (0.0_f64, 0.0_f64);
    for case in &fixture.cases {
        let mut values = sample(&case.family, case.seed, case.n, case.scale, case.shift);
        values.sort_unstable_by(f64::total_cmp);
        let tails: Vec<Tails> = values.iter().map(|x| tails(&case.distribution, &case.parameters, *x)).collect();
        // D is a difference of numbers up to 1, and both sides are good to some roundings (found 7e-16).
        let d = kolmogorov_smirnov(&tails).unwrap();
        d_error = d_error.max(assert_close(format!("D, {case:?}"), d, case.d, Tolerance::abs(1e-14)));
        // A² is what remains of a sum of size n, whose terms have the error of scipy's 1 - F, 1e-12 relative (found 3e-13).
        let limit = Tolerance { abs: 1e-14 * case.n as f64, rel: 2e-12 };
        let a2 = anderson_darling(&tails).unwrap();
        a2_error = a2_error.max(assert_close(format!("A², {case:?}"), a2, case.a2, limit) / case.a2);
    }
    println!("{}: {} cases, max |dD| {d_error:e}, max |dA²| / A² {a2_error:e}", fixture.source, fixture.cases.len());
}

/// A normal distribution to fit and to draw from.
#[derive(Clone, Copy)]
struct Normal {
    mean: f64,
    std: f64,
}

impl Normal {
    fn fit(sample: &[f64]) -> Option<Self> {
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let std = (sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        (std > 0.0).then_some(Self { mean, std })
    }
}

impl Distribution for Normal {
    fn tails(&self, x: f64) -> Tails {
        Tails::normal((x - self.mean) / self.std)
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        let uniform = |random: &mut ChaCha8Rng| ((random.next_u64() >> 11) as f64 + 0.5) * (-53.0_f64).exp2();
        let radius = (-2.0 * uniform(random).ln()).sqrt();
        self.mean + self.std * radius * (std::f64::consts::TAU * uniform(random)).cos()
    }
}

/// How often each of the two tests rejects a normal family at `alpha`, over samples of `family`.
fn n_rejected(family: &str, n: usize, n_samples: u64, alpha: f64) -> (usize, usize) {
    let p: Vec<(f64, f64)> = (0..n_samples)
        .into_par_iter()
        .map(|seed| {
            let values = sample(family, 7_000_000 + seed, n, 2.0, 10.0);
            let fitted = Normal::fit(&values).unwrap();
            let test = bootstrap_test(&values, &fitted, Normal::fit, 99, seed).unwrap();
            assert_eq!((test.n_replicates, test.n_failed), (99, 0));
            (test.kolmogorov_smirnov_p, test.anderson_darling_p)
        })
        .collect();
    (p.iter().filter(|p| p.0 <= alpha).count(), p.iter().filter(|p| p.1 <= alpha).count())
}

#[test]
fn a_true_family_is_rejected_as_often_as_promised() {
    // Location and scale do not matter to either distance, so that the level is exact: 5 of the 100 ranks are at most
    // 0.05. Over 4000 samples the count has mean 200 and standard deviation 13.8; four of them. Without refitting, or
    // with the tables for a known distribution, nearly none would be rejected.
    let (ks, ad) = n_rejected("normal", 40, 4000, 0.05);
    println!("rejected of 4000: D {ks}, A² {ad}");
    assert!(ks.abs_diff(200) <= 55 && ad.abs_diff(200) <= 55, "D {ks}, A² {ad} of 4000");
}

#[test]
fn a_false_family_is_found() {
    // Power near 1 against an exponential sample of 100: a p-value that is turned round would show.
    let (ks, ad) = n_rejected("exponential", 100, 100, 0.05);
    assert!(ks >= 95 && ad >= 95, "D {ks}, A² {ad} of 100");
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let values = sample("gamma2", 5, 200, 1.0, 0.0);
    let run = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let fitted = Normal::fit(&values).unwrap();
        pool.install(|| {
            let means = replicate(50, 3, "mean", |random| Normal::fit(&resample(&values, random)).map(|fit| fit.mean));
            (means, bootstrap_test(&values, &fitted, Normal::fit, 49, 3).unwrap())
        })
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one.0.values.len(), 50);
}

#[test]
fn percentile_intervals_of_a_mean_cover_as_often_as_promised() {
    // 2000 samples of 200: the count has mean 1900 and standard deviation 9.7; the interval of a mean of 200 values is
    // too short by 0.3 %, the missing factor √(n / (n - 1)) and Student's t. Four standard deviations and 0.5 % below.
    let covered = (0..2000_u64).into_par_iter().filter(|seed| {
        let values = sample("normal", 9_000_000 + seed, 200, 1.0, 0.0);
        let mean = |x: Vec<f64>| x.iter().sum::<f64>() / x.len() as f64;
        let means = replicate(199, *seed, "mean", |random| Some(mean(resample(&values, random))));
        let interval = percentile_interval(&means.values, 0.95).unwrap();
        (interval.low..=interval.high).contains(&0.0)
    });
    let n_covered = covered.count();
    println!("covered: {n_covered} of 2000");
    assert!((1851..=1939).contains(&n_covered), "{n_covered} of 2000");
}

#[test]
fn the_end_of_the_support_is_a_reason() {
    struct Exponential;
    impl Distribution for Exponential {
        fn tails(&self, x: f64) -> Tails {
            Tails::exponential(x)
        }
        fn draw(&self, _: &mut ChaCha8Rng) -> f64 {
            1.0
        }
    }
    let message = |values: &[f64]| distances(values, &Exponential).unwrap_err().to_string();
    assert_eq!(message(&[1.0, -2.0, 0.0]), "2 of 3 values are outside the range of the distribution");
    assert_eq!(message(&[]), "0 values, at least 1 are needed");
    assert_eq!(message(&[f64::NAN, 1.0]), "1 of 2 values are NaN or infinite");
    let far = distances(&[1.0, 1e5], &Exponential).unwrap();
    // -2 - (ln F(1) - 1e5 + 3 (ln F(1e5) - 1)) / 2 by hand.
    let expected = -2.0 - ((1.0 - (-1.0_f64).exp()).ln() - 1e5 - 3.0) / 2.0;
    assert_close("A² far out", far.anderson_darling, expected, Tolerance::rel(1e-14));
    assert_close("D", far.kolmogorov_smirnov, 1.0 - (-1.0_f64).exp(), Tolerance::rel(1e-15));
}

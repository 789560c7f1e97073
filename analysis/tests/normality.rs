//! The companions of Shapiro-Wilk against SciPy, statsmodels and R; fixtures/README.md says how the numbers were made.

mod support;

use layerscope_analysis::normality::{Battery, Shape, anderson_darling, dagostino, jarque_bera};
use layerscope_analysis::{Reason, Weights, shapiro_wilk, subsample_w};
use rayon::prelude::*;
use serde::Deserialize;
use support::samples::sample;
use support::{Tolerance, assert_close};

#[derive(Debug, Deserialize)]
struct Case {
    family: String,
    n: usize,
    seed: u64,
    scale: f64,
    shift: f64,
    anderson_darling: f64,
    /// None where the source's formula ends.
    anderson_darling_p: Option<f64>,
    #[serde(flatten)]
    shape: Option<ShapeTests>,
}

#[derive(Debug, Deserialize)]
struct ShapeTests {
    jarque_bera: f64,
    jarque_bera_p: f64,
    skewness_z: f64,
    kurtosis_z: f64,
    dagostino: f64,
    dagostino_p: f64,
}

#[derive(Deserialize)]
struct Fixture {
    source: String,
    cases: Vec<Case>,
}

impl Case {
    fn name(&self) -> String {
        format!("{} n {} seed {} scale {} shift {}", self.family, self.n, self.seed, self.scale, self.shift)
    }

    fn sample(&self) -> Vec<f64> {
        sample(&self.family, self.seed, self.n, self.scale, self.shift)
    }

    /// How much of the digits the references lose: they do not move the sample, so an offset of 1e6 leaves ten digits.
    fn loss(&self) -> f64 {
        if self.shift / self.scale > 1e3 { 1e4 } else { 1.0 }
    }
}

fn fixtures() -> [Fixture; 2] {
    let texts = [include_str!("../../fixtures/normality.json"), include_str!("../../fixtures/normality_r.json")];
    texts.map(|text| serde_json::from_str(text).unwrap())
}

#[test]
fn anderson_darling_is_scipys_and_rs() {
    // statsmodels takes the logarithm of 1 - Φ, and its A² (which it keeps to itself) loses digits where Φ is near 1.
    for (fixture, p_slack) in fixtures().into_iter().zip([1e-5, 1e-12]) {
        assert!(fixture.cases.len() >= 200, "{} cases", fixture.cases.len());
        let (mut error, mut p_error, mut n_p) = (0.0_f64, 0.0_f64, 0);
        for case in &fixture.cases {
            let name = format!("{}: {}", fixture.source, case.name());
            let mut sorted = case.sample();
            sorted.sort_unstable_by(f64::total_cmp);
            let test = anderson_darling(&sorted).unwrap();
            // Σ ln Φ is of the size of n, from which n is subtracted: n roundings of 2e-16, some of which add up.
            let sum = Tolerance { abs: 1e-14 * case.n as f64 * case.loss(), rel: 1e-11 * case.loss() };
            error = error.max(assert_close(&name, test.statistic, case.anderson_darling, sum) / case.n as f64);
            let p = test.p.unwrap();
            match case.anderson_darling_p {
                // The exponent is at most 70 with a slope of at most 50.
                Some(expected) => {
                    let slack = 50.0 * (sum.abs + sum.rel * case.anderson_darling) + p_slack;
                    p_error = p_error.max(assert_close(&name, p, expected, Tolerance::rel(slack)) / expected);
                    n_p += 1;
                }
                None => assert!(p > 0.0 && p < 4e-24, "{name}: {p}"),
            }
        }
        assert!(n_p >= 150, "{n_p} cases with a p-value");
        println!("{}: max |dA²| / n {error:e}, max |dp| / p {p_error:e} of {n_p}", fixture.source);
    }
}

#[test]
fn jarque_bera_and_dagostino_are_scipys() {
    let [fixture, _] = fixtures();
    let mut n = 0;
    for case in &fixture.cases {
        let name = case.name();
        let expected = case.shape.as_ref().unwrap();
        let shape = Shape::of(&case.sample()).unwrap();
        // Sums of n cubes and fourth powers of deviations.
        let tolerance = Tolerance { abs: 1e-11 * case.loss(), rel: 1e-11 * case.loss() };
        let test = jarque_bera(&shape).unwrap();
        assert_close(format!("{name}: JB"), test.statistic, expected.jarque_bera, tolerance);
        // exp(-x / 2): an error of x is one of the exponent.
        let of_p = |x: f64| Tolerance::rel(1e-11 * case.loss() * (1.0 + x));
        if expected.jarque_bera < 1400.0 {
            assert_close(format!("{name}: p of JB"), test.p, expected.jarque_bera_p, of_p(test.statistic));
            n += 1;
        }
        let test = dagostino(&shape).unwrap();
        assert_close(format!("{name}: skewness"), test.skewness_z, expected.skewness_z, tolerance);
        assert_close(format!("{name}: kurtosis"), test.kurtosis_z, expected.kurtosis_z, tolerance);
        assert_close(format!("{name}: K²"), test.statistic, expected.dagostino, tolerance);
        assert_close(format!("{name}: p of K²"), test.p, expected.dagostino_p, of_p(test.statistic));
    }
    assert!(n >= 180, "{n} cases whose p-value has digits");
}

/// The p-values of A², K² and JB for `n_samples` normal samples of `n`.
fn null_p_values(n: usize, n_samples: u64) -> Vec<[f64; 3]> {
    let weights = Weights::new(n).unwrap();
    let of_sample = |i: u64| {
        let mut values = sample("normal", 7_000_003 * n as u64 + i, n, 1.0, 0.0);
        values.sort_unstable_by(f64::total_cmp);
        let tests = Battery::of_sorted(&values, &weights).unwrap();
        [tests.anderson_darling.p.unwrap(), tests.dagostino.unwrap().p, tests.jarque_bera.p]
    };
    (0..n_samples).into_par_iter().map(of_sample).collect()
}

#[test]
fn true_nulls_are_rejected_as_often_as_documented() {
    // docs/statistics.md has these numbers. The limits are four standard errors of the binomial distribution and what
    // is allowed for the approximation: 0.4 % for A², 1.2 % for K² (1.8 % below n = 20), whose two parts are not
    // independent. JB is of the limit of large n, and only said to be what it was found to be.
    for (n, n_samples, jarque_bera) in
        [(8, 20_000, 0.003), (20, 20_000, 0.023), (100, 20_000, 0.040), (1000, 3000, 0.048)]
    {
        let p = null_p_values(n, n_samples);
        for alpha in [0.05, 0.01] {
            let share = |test: usize| p.iter().filter(|p| p[test] < alpha).count() as f64 / n_samples as f64;
            let found = [share(0), share(1), share(2)];
            println!("n = {n}, {alpha}: A² {:.4}, K² {:.4}, JB {:.4}", found[0], found[1], found[2]);
            let error = 4.0 * (alpha * (1.0 - alpha) / n_samples as f64).sqrt();
            assert!((found[0] - alpha).abs() < error + 0.004, "n = {n}, {alpha}: A² {}", found[0]);
            let allowed = if n < 20 { 0.018 } else { 0.012 };
            assert!((found[1] - alpha).abs() < error + allowed, "n = {n}, {alpha}: K² {}", found[1]);
            if alpha == 0.05 {
                assert!((found[2] - jarque_bera).abs() < error, "n = {n}: JB {}", found[2]);
            }
        }
    }
}

#[test]
fn samples_without_a_test_have_a_reason() {
    let constant = [3.0; 9];
    assert_eq!(anderson_darling(&constant), Err(Reason::Constant { n: 9 }));
    assert_eq!(Shape::of(&constant), Err(Reason::Constant { n: 9 }));
    assert_eq!(anderson_darling(&[1.0, 2.0]), Err(Reason::TooFew { n: 2, needed: 3 }));
    assert_eq!(Shape::of(&[1.0]), Err(Reason::TooFew { n: 1, needed: 2 }));
    let not_finite = Reason::NotFinite { n_nonfinite: 1, n: 3 };
    assert_eq!(anderson_darling(&[1.0, 2.0, f64::INFINITY]), Err(not_finite));
    assert_eq!(Shape::of(&[1.0, f64::NAN, 2.0]), Err(not_finite));
    let shape = Shape::of(&[1.0, 2.0, 4.0, 4.5, 5.0, 6.0, 8.0]).unwrap();
    assert_eq!(dagostino(&shape), Err(Reason::TooFew { n: 7, needed: 8 }));
    let few = anderson_darling(&[1.0, 2.0, 4.0, 4.5, 5.0, 6.0, 8.0]).unwrap();
    assert!(few.statistic > 0.0 && few.p.is_none(), "{few:?}");
}

#[test]
fn hostile_samples_have_finite_answers() {
    let mut outlier: Vec<f64> = (0..5000).map(f64::from).collect();
    outlier[4999] = 1e300;
    let mut spread: Vec<f64> = (-150..150).map(|exponent| 10.0_f64.powi(exponent)).collect();
    spread.insert(0, -f64::MAX);
    spread.push(f64::MAX);
    let two_values: Vec<f64> = (0..60_000).map(|i| f64::from(u8::from(i >= 59_999))).collect();
    for sorted in [outlier, spread, two_values] {
        let test = anderson_darling(&sorted).unwrap();
        assert!(test.statistic.is_finite() && test.modified.is_finite() && test.p.unwrap() > 0.0, "{test:?}");
        let shape = Shape::of(&sorted).unwrap();
        let (jarque_bera, dagostino) = (jarque_bera(&shape).unwrap(), dagostino(&shape).unwrap());
        for value in [jarque_bera.statistic, jarque_bera.p, dagostino.statistic, dagostino.p] {
            assert!(value.is_finite() && value >= 0.0, "{jarque_bera:?} {dagostino:?}");
        }
    }
}

#[test]
fn a_battery_is_its_tests() {
    let mut sorted = sample("gamma2", 9, 200, 1.0, 0.0);
    sorted.sort_unstable_by(f64::total_cmp);
    let tests = Battery::of_sorted(&sorted, &Weights::new(200).unwrap()).unwrap();
    let shape = Shape::of(&sorted).unwrap();
    assert_eq!(tests.shapiro_wilk, shapiro_wilk(&sorted).unwrap());
    assert_eq!(tests.anderson_darling, anderson_darling(&sorted).unwrap());
    assert_eq!((tests.jarque_bera, tests.dagostino), (jarque_bera(&shape).unwrap(), dagostino(&shape).ok()));
    let few = Battery::of_sorted(&sorted[..7], &Weights::new(7).unwrap()).unwrap();
    assert!(few.dagostino.is_none() && few.anderson_darling.p.is_none());
}

#[test]
fn subsamples_are_random_draws_without_replacement() {
    let values = sample("exponential", 5, 300, 1.0, 0.0);
    let found = subsample_w(&values, 50, 400, 7).unwrap();
    assert_eq!(found, subsample_w(&values, 50, 400, 7).unwrap(), "the same seed");
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(found, single.install(|| subsample_w(&values, 50, 400, 7).unwrap()), "one thread");
    let other = subsample_w(&values, 50, 400, 8).unwrap();
    assert!(found.mean != other.mean);
    // Two means of 400 draws: four standard errors.
    let error = found.std * (2.0 / 400.0_f64).sqrt();
    assert!((found.mean - other.mean).abs() < 4.0 * error, "{found:?} {other:?}");
    // The mean of 4000 draws of this sample by numpy's choice and scipy's shapiro is 0.7719.
    let error = found.std * (1.0 / 400.0 + 1.0 / 4000.0_f64).sqrt();
    assert_close("mean", found.mean, 0.7719, Tolerance::abs(4.0 * error));
    // Without replacement: all values but one are all values, in 300 ways.
    let distinct = subsample_w(&(0..8).map(f64::from).collect::<Vec<_>>(), 8, 50, 1).unwrap();
    assert_eq!(
        (distinct.mean, distinct.std),
        (shapiro_wilk(&(0..8).map(f64::from).collect::<Vec<_>>()).unwrap().w, 0.0)
    );
    assert_eq!(subsample_w(&values, 301, 9, 0), Err(Reason::TooFew { n: 300, needed: 301 }));
    assert_eq!(subsample_w(&values, 2, 9, 0), Err(Reason::TooFew { n: 2, needed: 3 }));
    assert_eq!(subsample_w(&[1.0; 9], 5, 9, 0), Err(Reason::Constant { n: 5 }));
}

#[test]
fn every_subsample_is_as_likely() {
    // Three of four values 0, 1, 3, 9: four subsets with distinct W, 0.25 each. W of {0, 1, 3}, {0, 1, 9}, {0, 3, 9},
    // {1, 3, 9}; the mean over 4000 draws against the mean of the four.
    let values = [0.0, 1.0, 3.0, 9.0];
    let subsets = [[0.0, 1.0, 3.0], [0.0, 1.0, 9.0], [0.0, 3.0, 9.0], [1.0, 3.0, 9.0]];
    let mean = subsets.iter().map(|subset| shapiro_wilk(subset).unwrap().w).sum::<f64>() / 4.0;
    let found = subsample_w(&values, 3, 4000, 11).unwrap();
    assert_close("mean", found.mean, mean, Tolerance::abs(4.0 * found.std / 4000.0_f64.sqrt()));
}

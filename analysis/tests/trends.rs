//! Trends and rank correlation beside statsmodels and SciPy; fixtures/README.md says which versions.

mod support;

use layerscope_analysis::{Reason, best_trend, rank_correlation, trends};
use proptest::prelude::*;
use serde::Deserialize;
use support::samples::sample;
use support::{Tolerance, assert_close};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    truth: String,
    family: String,
    noise: f64,
    n_sizes: usize,
    n_replicates: usize,
    seed: u64,
    fits: Vec<Fit>,
    rho: f64,
}

#[derive(Debug, Deserialize)]
struct Fit {
    coefficients: Vec<f64>,
    rss: f64,
    aic: f64,
    p: Option<f64>,
    r_squared: f64,
}

impl Case {
    fn points(&self) -> Vec<(f64, f64)> {
        let draws = sample(&self.family, self.seed, self.n_sizes * self.n_replicates, 1.0, 0.0);
        let size = |at: usize| (64.0 * ((at / self.n_replicates) as f64 / 2.0).exp2()).floor();
        let truth = |x: f64| match self.truth.as_str() {
            "constant" => 0.0,
            "line" => x / 100.0,
            "logarithm" => x.log2(),
            "root" => x.sqrt(),
            other => panic!("no shape {other}"),
        };
        draws.iter().enumerate().map(|(at, draw)| (size(at), truth(size(at)) + self.noise * draw)).collect()
    }
}

#[test]
fn trends_are_those_of_statsmodels() {
    let fixture: Fixture = serde_json::from_str(include_str!("../../fixtures/trends.json")).unwrap();
    assert!(fixture.cases.len() >= 200, "{} cases", fixture.cases.len());
    for case in &fixture.cases {
        let points = case.points();
        let found = trends(&points).unwrap();
        for (trend, expected) in found.iter().zip(&case.fits) {
            let name = format!("{} of {case:?}", trend.shape.as_str());
            // statsmodels solves by a pseudo-inverse: sizes up to 46340 beside ones cost it some 1e-12 of the larger
            // coefficient, and residuals that are a difference of much larger numbers cost more.
            let largest = points.iter().fold(1.0_f64, |largest, (_, y)| largest.max(y.abs()));
            let tolerance = Tolerance { abs: 1e-10 * largest, rel: 1e-9 };
            assert_close(format!("intercept, {name}"), trend.intercept, expected.coefficients[0], tolerance);
            if let Some(slope) = expected.coefficients.get(1) {
                assert_close(format!("slope, {name}"), trend.slope, *slope, tolerance);
            }
            assert_close(format!("residuals, {name}"), trend.residual_sum, expected.rss, Tolerance::rel(1e-7));
            // n ln(rss) turns a relative error of rss into n times that.
            assert_close(format!("AIC, {name}"), trend.aic.unwrap(), expected.aic, Tolerance { abs: 1e-5, rel: 0.0 });
            let r_squared = trend.r_squared.unwrap();
            assert_close(format!("R², {name}"), r_squared, expected.r_squared, Tolerance { abs: 1e-9, rel: 0.0 });
            match (trend.lack_of_fit_p, expected.p) {
                // F is a quotient of sums of squares; its far tail is a power of it, with an exponent up to 108 / 2.
                // Below 1e-300 SciPy gives 0, the smallest normal number being 2e-308.
                (Some(found), Some(p)) => {
                    assert_close(format!("p, {name}"), found, p, Tolerance { abs: 1e-300, rel: 1e-6 });
                }
                (found, expected) => assert_eq!(found, expected, "p, {name}"),
            }
        }
        let rho = rank_correlation(&points).unwrap();
        // Ranks are exact; a few roundings of sums remain.
        assert_close(format!("rho of {case:?}"), rho, case.rho, Tolerance::abs(1e-12));
    }
}

#[test]
fn too_few_points_and_one_size_are_reasons() {
    let point = |x: f64, y: f64| (x, y);
    let three = [point(1.0, 1.0), point(2.0, 2.0), point(3.0, 1.0)];
    assert_eq!(trends(&three), Err(Reason::TooFew { n: 3, needed: 4 }));
    let one_size = [1.0, 2.0, 3.0, 4.0].map(|y| point(64.0, y));
    assert_eq!(trends(&one_size), Err(Reason::Constant { n: 4 }));
    let broken = [point(1.0, f64::NAN), point(2.0, 2.0), point(3.0, 1.0), point(4.0, 1.0)];
    assert_eq!(trends(&broken), Err(Reason::NotFinite { n_nonfinite: 1, n: 8 }));
    assert_eq!(rank_correlation(&three[..2]), Err(Reason::TooFew { n: 2, needed: 3 }));
    assert_eq!(rank_correlation(&one_size), Err(Reason::Constant { n: 4 }));
}

#[test]
fn equal_values_have_no_best_trend() {
    let found = trends(&[1.0, 2.0, 4.0, 8.0].map(|x| (x, 3.0))).unwrap();
    assert!(found.iter().all(|trend| trend.r_squared.is_none()));
    assert_eq!((found[0].aic, found[0].intercept), (None, 3.0));
    assert!(best_trend(&found[..1]).is_none());
}

proptest! {
    /// Ranks do not see a monotone transformation, and rho turns its sign with one of the two.
    #[test]
    fn rank_correlation_sees_order_only(pairs in prop::collection::vec((-50.0..50.0, -50.0..50.0), 3..40)) {
        let Ok(rho) = rank_correlation(&pairs) else { return Ok(()) };
        let bent: Vec<(f64, f64)> = pairs.iter().map(|(x, y): &(f64, f64)| (x.exp(), y.powi(3))).collect();
        let turned: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (*x, -y)).collect();
        prop_assert!((-1.0..=1.0).contains(&rho));
        // Distinct values up to 50 stay distinct under exp and cube in f64 unless they differ by roundings only.
        prop_assert!((rank_correlation(&bent).unwrap() - rho).abs() < 1e-9);
        prop_assert!((rank_correlation(&turned).unwrap() + rho).abs() < 1e-12);
    }
}

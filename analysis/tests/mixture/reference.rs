//! Against other implementations; fixtures/README.md says where the numbers are from.

use crate::support::samples::SplitMix64;
use crate::support::{Tolerance, assert_close};
use crate::{assert_sound, fitted};
use layerscope_analysis::mixture::{Family, Parameters, Status, journal_exp_normal, journal_two_gamma};
use layerscope_analysis::{Reason, shape_of, weighted_gamma};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    source: String,
    mixtures: Vec<MaximumCase>,
    one_component: Vec<MaximumCase>,
    shapes: Vec<ShapeCase>,
    weighted: Vec<WeightedCase>,
    densities: Vec<DensityCase>,
    journal: Vec<JournalCase>,
}

/// How a sample is made; fixtures/mixture.py says what the fields mean.
#[derive(Debug, Deserialize)]
struct Recipe {
    seed: u64,
    n: usize,
    weight: f64,
    near_k: usize,
    near_mean: f64,
    far_k: usize,
    far_mean: f64,
    far_std: f64,
    scale: f64,
}

#[derive(Debug, Deserialize)]
struct MaximumCase {
    family: String,
    #[serde(flatten)]
    recipe: Recipe,
    parameters: Vec<f64>,
    log_likelihood: f64,
}

#[derive(Deserialize)]
struct ShapeCase {
    c: f64,
    shape: f64,
}

#[derive(Deserialize)]
struct WeightedCase {
    values: Vec<f64>,
    weights: Vec<f64>,
    c: f64,
    shape: f64,
    scale: f64,
}

#[derive(Debug, Deserialize)]
struct DensityCase {
    family: String,
    parameters: Vec<f64>,
    x: f64,
    ln_density: f64,
    responsibility: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct JournalCase {
    family: String,
    #[serde(flatten)]
    recipe: Recipe,
    parameters: Vec<f64>,
    rounds: u64,
    converged: bool,
    status: String,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../fixtures/mixture.json")).unwrap()
}

impl Recipe {
    fn sample(&self) -> Vec<f64> {
        let mut rng = SplitMix64(self.seed);
        let mut values = Vec::new();
        while values.len() < self.n {
            let gamma = |rng: &mut SplitMix64, k: usize, mean: f64| {
                (0..k).map(|_| rng.exponential()).sum::<f64>() * (mean / k as f64)
            };
            let value = if rng.uniform() < self.weight {
                gamma(&mut rng, self.near_k, self.near_mean)
            } else if self.far_k > 0 {
                gamma(&mut rng, self.far_k, self.far_mean)
            } else {
                self.far_mean + self.far_std * rng.normal()
            };
            let grid = 20.0_f64.exp2();
            let value = (value * grid + 0.5).floor() / grid;
            if value > 0.0 {
                values.push(value * self.scale);
            }
        }
        values
    }
}

fn family(name: &str) -> Family {
    Family::ALL.into_iter().find(|family| family.as_str() == name).unwrap()
}

fn parameters(family: &str, p: &[f64]) -> Parameters {
    match family {
        "exponential" => Parameters::Exponential { mean: p[0] },
        "normal" => Parameters::Normal { mu: p[0], sigma: p[1] },
        "gamma" => Parameters::Gamma { shape: p[0], scale: p[1] },
        "lognormal" => Parameters::LogNormal { mu: p[0], sigma: p[1] },
        "exp_normal" => Parameters::ExpNormal { weight: p[0], exp_mean: p[1], mu: p[2], sigma: p[3] },
        _ => Parameters::TwoGamma { weight: p[0], shape1: p[1], scale1: p[2], shape2: p[3], scale2: p[4] },
    }
}

/// The largest relative difference of the parameters.
fn difference(found: &Parameters, expected: &[f64]) -> f64 {
    let relative = |((_, a), e): ((&str, f64), &f64)| (a - e).abs() / e.abs();
    found.named().into_iter().zip(expected).map(relative).fold(0.0, f64::max)
}

#[test]
fn mixtures_are_as_likely_as_the_best_of_plain_em_and_bfgs() {
    let fixture = fixture();
    let (mut n, mut n_same, mut n_better, mut worst) = (0, 0, 0, 0.0_f64);
    for case in &fixture.mixtures {
        let name = format!("{}: {} {:?}", fixture.source, case.family, case.recipe);
        let sample = case.recipe.sample();
        let fit = fitted(family(&case.family), &sample);
        assert_sound(&name, &fit, &sample);
        assert!(fit.converged, "{name}");
        // Both sums have rounding errors of 1e-15 of their size; the tops agree to the square of the last step.
        let gain = fit.log_likelihood - case.log_likelihood;
        let slack = 1e-9 * (1.0 + case.log_likelihood.abs());
        assert!(gain >= -slack, "{name}: {} below the reference, {:?}", -gain, fit.parameters);
        n += 1;
        if gain <= slack {
            n_same += 1;
            // The reference stops at a slope of 1e-9 or where differences of the likelihood are rounding; found 1e-7.
            worst = worst.max(difference(&fit.parameters, &case.parameters));
        } else {
            n_better += 1;
            println!("{name}: {gain:.3e} better: {:?} {:?}", fit.parameters, case.parameters);
        }
    }
    println!("{n} cases, {n_same} the same maximum, {n_better} a better one, parameters differ by {worst:e} at most");
    assert!(n >= 200, "{n} cases");
    assert!(n_same >= n * 95 / 100, "{n_same} of {n} cases have the reference's maximum");
    assert!(worst < 1e-6, "parameters differ by {worst:e}");
}

#[test]
fn one_component_is_scipys() {
    let fixture = fixture();
    assert!(fixture.one_component.len() >= 90);
    for case in &fixture.one_component {
        let name = format!("{}: {} {:?}", fixture.source, case.family, case.recipe);
        let sample = case.recipe.sample();
        let fit = fitted(family(&case.family), &sample);
        assert_sound(&name, &fit, &sample);
        assert_eq!(fit.status, Status::Ok, "{name}");
        // scipy solves for the gamma's shape by brentq, to 2e-12; its likelihood at the top hides the error's square.
        let tolerance = Tolerance::rel(1e-12);
        assert_close(&name, fit.log_likelihood, case.log_likelihood, tolerance);
        let rel = if case.family == "gamma" { 1e-9 } else { 1e-12 };
        for ((parameter, found), expected) in fit.parameters.named().into_iter().zip(&case.parameters) {
            // ln of the unit is added to a mean near 0.
            let tolerance = Tolerance { abs: if parameter == "mu" { 1e-13 } else { 0.0 }, rel };
            assert_close(format!("{parameter}, {name}"), found, *expected, tolerance);
        }
    }
}

#[test]
fn shapes_are_mpmaths() {
    let fixture = fixture();
    assert!(fixture.shapes.len() >= 100);
    for case in &fixture.shapes {
        // One rounding in ln k - ψ(k) of numbers up to ten times its size, for shapes near 10.
        assert_close(format!("c = {}", case.c), shape_of(case.c), case.shape, Tolerance::rel(1e-13));
    }
    assert_eq!((shape_of(0.0), shape_of(-1.0), shape_of(f64::INFINITY)), (f64::INFINITY, f64::INFINITY, 0.0));
    assert!(shape_of(1e-12) > 4.9e11 && shape_of(1e-300).is_finite());
    assert!(shape_of(1e300) > 0.0);
}

#[test]
fn weighted_gammas_are_mpmaths() {
    for case in &fixture().weighted {
        let found = weighted_gamma(&case.values, &case.weights).unwrap();
        // c is a difference of logarithms of size 1: 1e-15 of them, relative to c.
        let rel = 1e-13 + 4e-15 / case.c;
        let name = format!("c = {}, {:?}", case.c, case.values);
        assert_close(&name, found.shape, case.shape, Tolerance::rel(rel));
        assert_close(&name, found.scale, case.scale, Tolerance::rel(rel));
        // Weights of zero leave no trace, and a common factor of the weights none.
        let values: Vec<f64> = case.values.iter().copied().chain([1e300, 1e-300]).collect();
        let weights: Vec<f64> = case.weights.iter().map(|w| w * 2.0_f64.powi(-900)).chain([0.0, 0.0]).collect();
        let again = weighted_gamma(&values, &weights).unwrap();
        assert_close(&name, again.shape, found.shape, Tolerance::rel(2.0 * rel));
    }
}

#[test]
fn weighted_gammas_have_an_answer_for_everything() {
    let constant = weighted_gamma(&[0.3; 7], &[1.0; 7]).unwrap();
    assert_eq!((constant.shape, constant.scale), (f64::INFINITY, 0.0));
    assert_eq!(weighted_gamma(&[1.0, 2.0], &[0.0, 0.0]), Err(Reason::TooFew { n: 0, needed: 1 }));
    assert_eq!(weighted_gamma(&[], &[]), Err(Reason::TooFew { n: 0, needed: 1 }));
    assert_eq!(weighted_gamma(&[1.0, 0.0], &[1.0, 1.0]), Err(Reason::OutsideSupport { n_outside: 1, n: 2 }));
    assert_eq!(weighted_gamma(&[1.0, 2.0], &[1.0, -1.0]), Err(Reason::OutsideSupport { n_outside: 1, n: 2 }));
    assert_eq!(weighted_gamma(&[1.0, f64::NAN], &[1.0, 1.0]), Err(Reason::NotFinite { n_nonfinite: 1, n: 2 }));
    let tiny = weighted_gamma(&[1e-300, 2e-300, 4e-300], &[1e-300; 3]).unwrap();
    let plain = weighted_gamma(&[1.0, 2.0, 4.0], &[1.0; 3]).unwrap();
    assert_close("tiny", tiny.shape, plain.shape, Tolerance::rel(1e-12));
}

#[test]
fn densities_and_responsibilities_are_mpmaths() {
    let fixture = fixture();
    for case in &fixture.densities {
        let law = parameters(&case.family, &case.parameters);
        // A density is a sum of terms up to k |ln(x / mean)| or x / scale, each rounded; its logarithm keeps the rest.
        let shape = case.parameters.iter().copied().fold(1.0, f64::max);
        let abs = 4e-15 * (1.0 + shape * (1.0 + case.x.ln().abs()));
        assert_close(format!("{case:?}"), law.ln_density(case.x), case.ln_density, Tolerance { abs, rel: 1e-14 });
        match (law.responsibility(case.x), case.responsibility) {
            (Some(found), Some(expected)) => {
                // An error of the logarithms is a relative one of the smaller share.
                let rel = 4.0 * abs + 1e-14 * case.ln_density.abs();
                assert_close(format!("share, {case:?}"), found, expected, Tolerance { abs: 0.0, rel });
            }
            (found, expected) => assert_eq!(found, expected, "{case:?}"),
        }
    }
}

#[test]
fn the_journals_fits_are_the_prototypes() {
    let fixture = fixture();
    let mut rounds_differ = 0;
    for case in &fixture.journal {
        let name = format!("{} {:?}", case.family, case.recipe);
        let sample = case.recipe.sample();
        let fit = match case.family.as_str() {
            "exp_normal" => journal_exp_normal(&sample),
            _ => journal_two_gamma(&sample),
        };
        let fit = fit.unwrap();
        assert_eq!(fit.status == Status::Degenerate, case.status == "degenerate", "{name}: {fit:?}");
        assert_eq!(fit.converged, case.converged, "{name}");
        if fit.iterations != case.rounds {
            // A step of the weight within rounding of the rule.
            rounds_differ += 1;
            continue;
        }
        // A hundred rounds repeat the rounding of each; where the likelihood is flat they do not damp it.
        let worst = difference(&fit.parameters, &case.parameters);
        assert!(worst < 1e-8, "{name}: {worst:e}: {:?} {:?}", fit.parameters, case.parameters);
    }
    assert!(fixture.journal.len() >= 60 && rounds_differ <= 1, "{rounds_differ} of {}", fixture.journal.len());
    let limited = fixture.journal.iter().filter(|case| !case.converged).count();
    assert!(limited >= 3, "{limited} cases reach the prototype's limit of 100 rounds");
}

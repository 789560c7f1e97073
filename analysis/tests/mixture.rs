//! The mixtures against other implementations, the laws that their fits must hold, and samples that break careless ones.
//! fixtures/README.md says where the numbers are from.

mod support;

use layerscope_analysis::mixture::{
    Doubt, Family, Fit, FitError, Floor, Parameters, Params, Status, journal_exp_normal, journal_two_gamma,
};
use layerscope_analysis::{Reason, shape_of, weighted_gamma};
use linfa::ParamGuard;
use linfa::traits::Fit as _;
use ndarray::Array2;
use serde::Deserialize;
use std::collections::BTreeMap;
use support::samples::SplitMix64;
use support::{Tolerance, assert_close};

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
    serde_json::from_str(include_str!("../../fixtures/mixture.json")).unwrap()
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

fn fitted(family: Family, sample: &[f64]) -> Fit {
    Params::new(family).fit_sample(sample).unwrap()
}

/// The largest relative difference of the parameters.
fn difference(found: &Parameters, expected: &[f64]) -> f64 {
    let relative = |((_, a), e): ((&str, f64), &f64)| (a - e).abs() / e.abs();
    found.named().into_iter().zip(expected).map(relative).fold(0.0, f64::max)
}

/// The law that every fit holds: finite, ordered, and its likelihood that of its parameters.
#[track_caller]
fn assert_sound(name: &str, fit: &Fit, sample: &[f64]) {
    let numbers = [fit.log_likelihood, fit.aic, fit.bic, fit.icl];
    let named = fit.parameters.named();
    assert!(named.iter().all(|(_, value)| value.is_finite()), "{name}: {fit:?}");
    assert!(numbers.iter().all(|value| value.is_finite()), "{name}: {fit:?}");
    if let (Some([first, second]), Some(weight)) = (fit.parameters.components(), fit.parameters.weight()) {
        assert!((0.0..=1.0).contains(&weight), "{name}: {fit:?}");
        assert!(first.mean() <= second.mean() * (1.0 + 1e-15), "{name}: {fit:?}");
    }
    let positive: Vec<f64> = sample.iter().copied().filter(|x| *x > 0.0).collect();
    assert_eq!((fit.n, fit.n_zero), (positive.len() as u64, (sample.len() - positive.len()) as u64), "{name}");
    let log_likelihood: f64 = positive.iter().map(|x| fit.parameters.ln_density(*x)).sum();
    // The same terms in another order: rounding of the terms' sizes, not of their sum.
    let size: f64 = positive.iter().map(|x| fit.parameters.ln_density(*x).abs()).sum();
    assert_close(name, fit.log_likelihood, log_likelihood, Tolerance::abs(1e-13 * (1.0 + size)));
    assert!(fit.path.windows(2).all(|pair| pair[0] <= pair[1]), "{name}: the likelihood fell: {:?}", fit.path);
    assert_eq!(fit.status == Status::NotIdentified, fit.doubt.is_some(), "{name}");
    assert!(fit.status == Status::Degenerate || fit.floors.is_empty(), "{name}");
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

/// Distributions that the laws are checked on: apart, overlapping, one component only.
const LAWS: [Parameters; 6] = [
    Parameters::ExpNormal { weight: 0.3, exp_mean: 0.2, mu: 3.0, sigma: 0.6 },
    Parameters::ExpNormal { weight: 0.5, exp_mean: 1.0, mu: 2.5, sigma: 0.8 },
    Parameters::TwoGamma { weight: 0.4, shape1: 1.2, scale1: 0.1, shape2: 30.0, scale2: 0.1 },
    Parameters::TwoGamma { weight: 0.3, shape1: 1.2, scale1: 0.6, shape2: 4.0, scale2: 0.4 },
    Parameters::Gamma { shape: 3.0, scale: 0.5 },
    Parameters::LogNormal { mu: -0.5, sigma: 0.7 },
];

fn positive_draws(law: &Parameters, n: usize, seed: u64) -> Vec<f64> {
    let many = law.draws(4 * n + 50, seed);
    many.into_iter().filter(|x| *x > 0.0).take(n).collect()
}

#[test]
fn a_fit_is_sound_and_depends_on_neither_order_nor_unit() {
    for (at, law) in LAWS.iter().enumerate() {
        for (n, seed) in [(12, 1), (64, 2), (300, 3), (3000, 4)] {
            let sample = positive_draws(law, n, seed + 10 * at as u64);
            let mut turned: Vec<f64> = sample.iter().rev().copied().collect();
            turned.rotate_left(n / 3);
            let scaled: Vec<f64> = sample.iter().map(|x| x * 2.0_f64.powi(-70)).collect();
            for family in Family::ALL {
                let name = format!("{family:?} to {n} of {law:?}");
                let fit = fitted(family, &sample);
                assert_sound(&name, &fit, &sample);
                assert_eq!(fit, fitted(family, &turned), "{name}: order");
                // A power of two rounds nothing: the same path in another unit, up to the last bits of ln x.
                let other = fitted(family, &scaled);
                assert_eq!((fit.status, fit.doubt), (other.status, other.doubt), "{name}: unit");
                let size = 1.0 + fit.log_likelihood.abs() + n as f64 * 70.0;
                let shift = n as f64 * 70.0 * std::f64::consts::LN_2;
                let tolerance = Tolerance::abs(1e-9 * size);
                assert_close(format!("{name}: unit"), other.log_likelihood, fit.log_likelihood + shift, tolerance);
            }
        }
    }
}

#[test]
fn a_mixture_is_never_less_likely_than_a_component_that_it_contains() {
    for (at, law) in LAWS.iter().enumerate() {
        for seed in 0..8 {
            let sample = positive_draws(law, 60, 100 * at as u64 + seed);
            for family in [Family::ExpNormal, Family::TwoGamma] {
                let two = fitted(family, &sample);
                for one in family.contained() {
                    let one = fitted(*one, &sample);
                    assert!(two.log_likelihood >= one.log_likelihood, "{two:?} {one:?}");
                }
            }
        }
    }
}

#[test]
fn a_start_near_the_maximum_finds_it() {
    for (at, law) in LAWS[..4].iter().enumerate() {
        let sample = positive_draws(law, 500, 900 + at as u64);
        let full = fitted(law.family(), &sample);
        let near = Params::new(law.family()).starting_at(full.parameters).fit_sample(&sample).unwrap();
        assert_close("likelihood", near.log_likelihood, full.log_likelihood, Tolerance::rel(1e-10));
        assert_eq!(near.starts.len(), 1);
        let drawn = Params::new(law.family()).starting_at(*law).fit_sample(&sample).unwrap();
        assert!(drawn.log_likelihood <= full.log_likelihood + 1e-7, "{drawn:?} {full:?}");
    }
    // Numbers that are no parameters are no start.
    let broken = Parameters::ExpNormal { weight: 0.5, exp_mean: f64::NAN, mu: 1.0, sigma: 0.0 };
    let sample = positive_draws(&LAWS[0], 200, 7);
    let fit = Params::new(Family::ExpNormal).starting_at(broken).fit_sample(&sample).unwrap();
    assert_eq!(fit, fitted(Family::ExpNormal, &sample));
}

#[test]
fn the_limit_of_rounds_is_told_and_the_best_kept() {
    let sample = positive_draws(&LAWS[3], 400, 5);
    let full = fitted(Family::TwoGamma, &sample);
    let limited = Params::new(Family::TwoGamma).starting_at(LAWS[3]).max_iterations(2).fit_sample(&sample).unwrap();
    assert!(full.converged && !limited.converged);
    assert_eq!((limited.iterations, limited.path.len()), (2, 3));
    assert!(limited.log_likelihood > LAWS[3].log_likelihood(&sample) && limited.log_likelihood < full.log_likelihood);
    assert_sound("limited", &limited, &sample);
}

#[test]
fn criteria_are_what_they_are_defined_as() {
    let sample: Vec<f64> = positive_draws(&LAWS[1], 250, 6).into_iter().chain([0.0; 30]).collect();
    for family in Family::ALL {
        let fit = fitted(family, &sample);
        let k = family.n_parameters() as f64;
        let minus2 = -2.0 * fit.log_likelihood;
        assert_close("aic", fit.aic, minus2 + 2.0 * k, Tolerance::rel(1e-14));
        assert_close("bic", fit.bic, minus2 + k * 250.0_f64.ln(), Tolerance::rel(1e-14));
        let term = |t: f64| if t > 0.0 { -t * t.ln() } else { 0.0 };
        let positive = sample.iter().filter(|x| **x > 0.0);
        let entropy: f64 =
            positive.filter_map(|x| fit.parameters.responsibility(*x)).map(|t| term(t) + term(1.0 - t)).sum();
        assert_close("icl", fit.icl, fit.bic + 2.0 * entropy, Tolerance::rel(1e-12));
        assert_close("zeros", fit.zero_fraction(), 30.0 / 280.0, Tolerance::rel(1e-15));
        let with_zeros = fit.log_likelihood + 30.0 * (30.0_f64 / 280.0).ln() + 250.0 * (250.0_f64 / 280.0).ln();
        assert_close("with zeros", fit.log_likelihood_with_zeros(), with_zeros, Tolerance::rel(1e-14));
    }
}

/// Samples that break careless fits, by name.
fn hostile() -> BTreeMap<&'static str, Vec<f64>> {
    let base = positive_draws(&LAWS[0], 256, 1);
    let with = |more: Vec<f64>| base.iter().copied().chain(more).collect::<Vec<f64>>();
    let times = |factor: f64| base.iter().map(|x| x * factor).collect::<Vec<f64>>();
    BTreeMap::from([
        ("outlier", with(vec![1e4])),
        ("constant", vec![2.5; 50]),
        ("tiny constant", vec![5e-324; 5]),
        ("one value", vec![3.0]),
        ("two values", vec![1.0, 2.0]),
        ("two neighbours", vec![1.0, 1.0 + f64::EPSILON]),
        ("three points", vec![1.0, 2.0, 4.0]),
        ("two values, often", [vec![1.0; 50], vec![2.0; 50]].concat()),
        ("spike near zero", with((0..100).map(|i| 1e-9 * (1.0 + 1e-3 * f64::from(i))).collect())),
        ("spike", with(vec![1e-12; 100])),
        ("one near zero", with(vec![1e-300])),
        ("powers of ten", (0..=240).map(|i| 10.0_f64.powf(-12.0 + 0.1 * f64::from(i))).collect()),
        ("huge", times(1e300)),
        ("tiny", times(1e-308)),
        ("the ends of f64", vec![5e-324, 1e-310, 1.0, 1e300, 1.7e308, 3.0, 2.0, 1e-200]),
        ("nearly constant", (0..100).map(|i| 1.0 + 1e-13 * f64::from(i)).collect()),
        ("integers", (0..200).map(|i| f64::from(i % 5 + 1)).collect()),
        ("zeros and two values", [vec![0.0; 9], vec![-0.0, 1.0, 2.0]].concat()),
    ])
}

#[test]
fn hostile_samples_have_a_fit_with_a_status() {
    for (name, sample) in hostile() {
        for family in Family::ALL {
            let name = format!("{name}, {}", family.as_str());
            let fit = fitted(family, &sample);
            assert_sound(&name, &fit, &sample);
            println!("{name}: {:?} {:?} {:?}", fit.status, fit.doubt, fit.floors);
        }
        for fit in [journal_exp_normal(&sample), journal_two_gamma(&sample)] {
            match fit {
                Ok(fit) => assert!(fit.parameters.named().iter().all(|(_, value)| value.is_finite()), "{name}"),
                Err(reason) => assert_eq!(reason, Reason::Underflow, "{name}"),
            }
        }
    }
}

#[test]
fn statuses_say_what_is_wrong() {
    let hostile = hostile();
    let status = |name: &str, family| {
        let fit = fitted(family, &hostile[name]);
        (fit.status, fit.doubt, fit.floors)
    };
    use Family::{ExpNormal, Gamma, LogNormal, Normal, TwoGamma};
    assert_eq!(status("constant", ExpNormal), (Status::Degenerate, None, vec![Floor::Sigma]));
    assert_eq!(status("constant", TwoGamma), (Status::Degenerate, None, vec![Floor::Width]));
    for (family, floor) in [(Normal, Floor::Sigma), (Gamma, Floor::Width), (LogNormal, Floor::Sigma)] {
        assert_eq!(status("constant", family), (Status::Degenerate, None, vec![floor]));
    }
    assert_eq!(status("two values", ExpNormal), (Status::NotIdentified, Some(Doubt::FewValues), vec![]));
    assert_eq!(status("two values", TwoGamma).0, Status::Degenerate);
    assert_eq!(status("outlier", ExpNormal).0, Status::Degenerate);
    assert_eq!(status("spike near zero", TwoGamma), (Status::Ok, None, vec![]));
    assert_eq!(status("spike", TwoGamma), (Status::Degenerate, None, vec![Floor::Width]));
    assert_eq!(status("powers of ten", TwoGamma).1, Some(Doubt::OneComponent(LogNormal)));
}

#[test]
fn one_population_is_not_taken_for_two() {
    // What the journal's fits got wrong: a share of 0.02 to 0.21 out of single gammas, of 0.56 out of a gamma of shape 2.
    // BIC errs in few cases of 300 values; not one in ten.
    let mut n_ok = 0;
    for seed in 0..40 {
        let shape = [1.0, 2.0, 4.0, 9.0][seed as usize % 4];
        let sample = Parameters::Gamma { shape, scale: 1.0 }.draws(300, seed);
        for family in [Family::TwoGamma, Family::ExpNormal] {
            n_ok += u32::from(fitted(family, &sample).status == Status::Ok);
        }
    }
    assert!(n_ok <= 8, "{n_ok} of 80 fits to one gamma say that there are two populations");
}

#[test]
fn samples_without_a_fit_have_a_reason() {
    let fits = |sample: &[f64]| {
        let mut reasons: Vec<_> =
            Family::ALL.iter().map(|family| Params::new(*family).fit_sample(sample).unwrap_err()).collect();
        reasons.push(journal_exp_normal(sample).unwrap_err());
        reasons.push(journal_two_gamma(sample).unwrap_err());
        reasons.dedup();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        reasons[0]
    };
    assert_eq!(fits(&[]), Reason::TooFew { n: 0, needed: 1 });
    assert_eq!(fits(&[0.0; 9]), Reason::TooFew { n: 0, needed: 1 });
    assert_eq!(fits(&[1.0, -2.0, 0.0]), Reason::Negative { n_negative: 1, n: 3 });
    assert_eq!(fits(&[1.0, f64::NAN, f64::INFINITY]), Reason::NotFinite { n_nonfinite: 2, n: 3 });
}

#[test]
fn the_journals_fits_fail_as_the_prototype_did() {
    // An outlier: 0 / 0 made "pure exponential" of one fit and a crash of the other.
    let sample = &hostile()["outlier"];
    let fit = journal_exp_normal(sample).unwrap();
    assert_eq!((fit.status, fit.parameters.weight()), (Status::Degenerate, Some(1.0)));
    assert_eq!(journal_two_gamma(sample), Err(Reason::Underflow));
    // Its cap: a hundred rounds are not enough where components overlap, and the likelihood is higher farther on.
    let sample = positive_draws(&LAWS[3], 3000, 3);
    let (journal, ours) = (journal_two_gamma(&sample).unwrap(), fitted(Family::TwoGamma, &sample));
    assert!(!journal.converged && ours.converged);
    assert!(journal.log_likelihood < ours.log_likelihood - 0.1, "{journal:?} {ours:?}");
}

#[test]
fn random_values_have_the_distribution_of_their_parameters() {
    use layerscope_analysis::goodness_of_fit::distances;
    for law in LAWS.iter().chain([
        &Parameters::Exponential { mean: 0.3 },
        &Parameters::Normal { mu: 3.0, sigma: 0.4 },
        &Parameters::Gamma { shape: 0.05, scale: 2.0 },
    ]) {
        let n = 20_000;
        let values = law.draws(n, 11);
        assert_eq!(values, law.draws(n, 11));
        assert_ne!(values[..9], law.draws(9, 12)[..]);
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        // Of a true sample √n D exceeds 1.95 once in a thousand.
        let d = distances(&sorted, law).unwrap().kolmogorov_smirnov;
        assert!(d * (n as f64).sqrt() < 1.95, "{law:?}: D = {d}");
    }
}

#[test]
fn linfas_traits_are_there() {
    let sample = positive_draws(&LAWS[2], 120, 8);
    let params = Params::new(Family::TwoGamma);
    let dataset = linfa::DatasetBase::from(Array2::from_shape_vec((120, 1), sample.clone()).unwrap());
    let fit: Fit = params.fit(&dataset).unwrap();
    assert_eq!(fit, params.fit_sample(&sample).unwrap());
    assert_eq!(params.check_ref().unwrap().fit_sample(&sample).unwrap(), fit);
    let two = linfa::DatasetBase::from(Array2::from_shape_vec((60, 2), sample.clone()).unwrap());
    assert!(matches!(params.fit(&two), Err(FitError::Features { found: 2 })));
    let zeros = linfa::DatasetBase::from(Array2::<f64>::zeros((5, 1)));
    assert!(matches!(params.fit(&zeros), Err(FitError::Sample(Reason::TooFew { n: 0, needed: 1 }))));
    assert!(matches!(params.tolerance(f64::NAN).check(), Err(FitError::Tolerance { .. })));
    assert!(matches!(params.tolerance(0.0).check(), Err(FitError::Tolerance { found: 0.0 })));
    assert!(matches!(params.max_iterations(0).check(), Err(FitError::MaxIterations)));
    assert!(matches!(params.starting_at(LAWS[0]).check(), Err(FitError::Start { .. })));
}

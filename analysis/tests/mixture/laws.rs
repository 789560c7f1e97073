//! What every fit must hold, whatever the sample.

use crate::support::{Tolerance, assert_close};
use crate::{LAWS, assert_sound, fitted, positive_draws};
use layerscope_analysis::Reason;
use layerscope_analysis::mixture::{Family, Fit, FitError, Parameters, Params};
use linfa::ParamGuard;
use linfa::traits::Fit as _;
use ndarray::Array2;

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

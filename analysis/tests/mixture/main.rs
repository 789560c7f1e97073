//! The mixtures: against other implementations, the laws that their fits must hold, and samples that break careless ones.

mod hostile;
mod laws;
mod reference;
#[path = "../support/mod.rs"]
mod support;

use layerscope_analysis::mixture::{Family, Fit, Parameters, Params, Status};
use support::{Tolerance, assert_close};

fn fitted(family: Family, sample: &[f64]) -> Fit {
    Params::new(family).fit_sample(sample).unwrap()
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

//! Numbers of other implementations; fixtures/README.md says which, and why the tolerances are what they are.

mod support;

use layerscope_analysis::interval::{clopper_pearson, mean_interval, zero_success_upper};
use layerscope_analysis::{
    Bandwidth, Moments, NeuronMoments, PMethod, Weights, dead, gaussian_kde_at, layer_spread, quantile, shapiro_wilk,
    standard_deviations, summary,
};
use ndarray::Array2;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use support::samples::sample;
use support::{Tolerance, assert_close};

/// How a fixture's sample is made.
#[derive(Debug, Deserialize)]
struct Recipe {
    family: String,
    n: usize,
    seed: u64,
    scale: f64,
    shift: f64,
}

impl Recipe {
    fn sample(&self) -> Vec<f64> {
        sample(&self.family, self.seed, self.n, self.scale, self.shift)
    }
}

#[derive(Deserialize)]
struct Fixture<T> {
    source: String,
    cases: Vec<T>,
}

fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

#[derive(Deserialize)]
struct ShapiroWilkCase {
    #[serde(flatten)]
    recipe: Recipe,
    w: f64,
    /// None where the source has none that is calibrated, beyond n = 5000.
    p: Option<f64>,
}

/// Compares W and p with another implementation's on its fixture; prints the largest errors.
fn check_shapiro_wilk(text: &str, n_least: usize, w: Tolerance, p: Tolerance) {
    let fixture: Fixture<ShapiroWilkCase> = parse(text);
    assert!(fixture.cases.len() >= n_least, "{} cases", fixture.cases.len());
    let (mut w_error, mut p_error) = (0.0_f64, 0.0_f64);
    for case in &fixture.cases {
        let name = format!("{}: {:?}", fixture.source, case.recipe);
        let test = shapiro_wilk(&case.recipe.sample()).unwrap();
        w_error = w_error.max(assert_close(format!("W, {name}"), test.w, case.w, w));
        assert_eq!(test.p_method == PMethod::Royston, case.p.is_some(), "p, {name}");
        let (Some(found), Some(expected)) = (test.p, case.p) else { continue };
        if case.recipe.n == 3 {
            // A difference of numbers near 1, which at W = 3/4 is nothing but rounding: the one p without all its
            // digits.
            assert_close(format!("p, {name}"), found, expected, Tolerance { abs: 1e-14 + w.abs, rel: p.rel });
        } else {
            p_error = p_error.max(assert_close(format!("p, {name}"), found, expected, p) / expected);
        }
    }
    println!("{}: {} cases, max |dW| {w_error:e}, max |dp| / p {p_error:e}", fixture.source, fixture.cases.len());
}

#[test]
fn shapiro_wilk_is_scipys() {
    // The same arithmetic in another order: W is off by some hundred roundings of numbers near 1. The p-value depends
    // on ln(1 - W), so that an error e of W becomes a relative error of about 10 e / (1 - W), and 1 - W goes down to
    // 3e-4.
    let text = include_str!("../../fixtures/shapiro_wilk.json");
    check_shapiro_wilk(text, 200, Tolerance::abs(1e-12), Tolerance::rel(1e-9));
}

#[test]
fn shapiro_wilk_is_rs() {
    // R builds the weights on a better normal quantile than scipy and this program (see `normal_quantile`), and does
    // not move the sample before it sums: W differs by up to 3e-9, the p-value as above.
    let text = include_str!("../../fixtures/shapiro_wilk_r.json");
    check_shapiro_wilk(text, 60, Tolerance::abs(1e-8), Tolerance::rel(1e-6));
}

#[test]
fn shapiro_wilk_worked_example() {
    // Royston (1992), section 4, with the precision printed there.
    let sample = [48.4, 49.0, 59.5, 59.6, 60.7, 88.8, 98.2, 109.4, 169.1, 227.1];
    let test = shapiro_wilk(&sample).unwrap();
    assert_close("a_n", Weights::new(10).unwrap().largest(), 0.5737, Tolerance::abs(5e-5));
    assert_close("W", test.w, 0.8078, Tolerance::abs(5e-5));
    assert_close("p", test.p.unwrap(), 0.018, Tolerance::abs(5e-4));
}

#[derive(Deserialize)]
struct MomentsCase {
    #[serde(flatten)]
    recipe: Recipe,
    mean: f64,
    variance: f64,
    mean_abs: f64,
    skewness: Option<f64>,
    excess_kurtosis: Option<f64>,
    n_active: u64,
    n_zero: u64,
    min: f64,
    max: f64,
}

fn moments_of(columns: &[Vec<f64>]) -> Vec<NeuronMoments> {
    let matrix = Array2::from_shape_fn((columns[0].len(), columns.len()), |(i, j)| columns[j][i] as f32);
    let mut moments = Moments::new(columns.len());
    moments.update(0, matrix.view());
    moments.finish()
}

#[test]
fn moments_are_exact_arithmetics() {
    let fixture: Fixture<MomentsCase> = parse(include_str!("../../fixtures/moments.json"));
    for case in &fixture.cases {
        let name = format!("{:?}", case.recipe);
        // Three neighbours of other values: a value that strays into another neuron shows.
        let column = case.recipe.sample();
        let neighbour: Vec<f64> = (0..column.len()).map(|i| (i % 7) as f64 - 100.0).collect();
        let columns = [neighbour.clone(), neighbour.clone(), column, neighbour];
        let found = moments_of(&columns)[2];
        // The mean may be a small remainder of large values: its error is measured against the spread and mean |x|.
        let mean = Tolerance::abs(1e-14 * (case.mean_abs + case.variance.sqrt()));
        assert_close(format!("mean, {name}"), found.mean, case.mean, mean);
        assert_close(format!("mean |x|, {name}"), found.mean_abs, case.mean_abs, Tolerance::rel(1e-14));
        // Blocks of 256 deviations from one of the values: 256 roundings at worst, 1e-12 is the promise.
        assert_close(format!("variance, {name}"), found.variance, case.variance, Tolerance::rel(1e-12));
        assert_close(format!("std, {name}"), found.std, case.variance.sqrt(), Tolerance::rel(1e-12));
        assert_eq!(found.skewness.is_some(), case.skewness.is_some(), "{name}");
        // Both may vanish by symmetry while their terms are of the size of 1 and of kurtosis 3.
        let shape = Tolerance { abs: 1e-12, rel: 1e-12 };
        if let (Some(skewness), Some(kurtosis)) = (case.skewness, case.excess_kurtosis) {
            assert_close(format!("skewness, {name}"), found.skewness.unwrap(), skewness, shape);
            assert_close(format!("kurtosis, {name}"), found.excess_kurtosis.unwrap(), kurtosis, shape);
        }
        let counts = (found.n, found.n_nonfinite, found.n_active, found.n_zero);
        assert_eq!(counts, (case.recipe.n as u64, 0, case.n_active, case.n_zero), "{name}");
        assert_eq!((f64::from(found.min), f64::from(found.max)), (case.min, case.max), "{name}");
    }
}

#[derive(Deserialize)]
struct DensityCase {
    #[serde(flatten)]
    recipe: Recipe,
    rule: String,
    bandwidth: f64,
    x: Vec<f64>,
    density: Vec<f64>,
}

#[test]
fn densities_are_scipys() {
    let fixture: Fixture<DensityCase> = parse(include_str!("../../fixtures/density.json"));
    for case in &fixture.cases {
        let name = format!("{} {:?}", case.rule, case.recipe);
        let rule = if case.rule == "scott" { Bandwidth::Scott } else { Bandwidth::Silverman };
        let sample = case.recipe.sample();
        let width = rule.width(&sample).unwrap();
        assert_close(format!("bandwidth, {name}"), width, case.bandwidth, Tolerance::rel(1e-13));
        // In the tail the exponent is about -8, and at most -32 beyond the last value: an error of the width or of a
        // difference of 1e-15 becomes 64 times as large.
        for (found, expected) in gaussian_kde_at(&sample, width, &case.x).iter().zip(&case.density) {
            assert_close(format!("density, {name}"), *found, *expected, Tolerance::rel(1e-12));
        }
    }
}

#[derive(Deserialize)]
struct Intervals {
    clopper_pearson: Vec<ClopperPearson>,
    zero_success: Vec<ZeroSuccess>,
    mean_interval: Vec<MeanCase>,
    quantiles: Vec<QuantileCase>,
}

#[derive(Debug, Deserialize)]
struct ClopperPearson {
    successes: u64,
    n: u64,
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Debug, Deserialize)]
struct ZeroSuccess {
    n: u64,
    level: f64,
    upper: f64,
}

#[derive(Debug, Deserialize)]
struct MeanCase {
    seed: u64,
    n: usize,
    scale: f64,
    shift: f64,
    level: f64,
    mean: f64,
    std: f64,
    half: f64,
}

#[derive(Debug, Deserialize)]
struct QuantileCase {
    seed: u64,
    n: usize,
    q: f64,
    value: f64,
}

fn intervals() -> Intervals {
    parse(include_str!("../../fixtures/intervals.json"))
}

#[test]
fn clopper_pearson_to_fifty_digits() {
    for case in &intervals().clopper_pearson {
        let found = clopper_pearson(case.successes, case.n, case.level);
        // Rounding of the level's tail, amplified by at most 1 / √k, and of the density.
        assert_close(format!("low, {case:?}"), found.low, case.low, Tolerance::rel(1e-13));
        assert_close(format!("high, {case:?}"), found.high, case.high, Tolerance::rel(1e-13));
    }
}

#[test]
fn zero_successes_to_fifty_digits() {
    for case in &intervals().zero_success {
        // 1 - level is rounded once; its logarithm is at least 2.
        assert_close(format!("{case:?}"), zero_success_upper(case.n, case.level), case.upper, Tolerance::rel(1e-15));
    }
}

#[test]
fn mean_intervals_are_students() {
    for case in &intervals().mean_interval {
        let values = sample("normal", case.seed, case.n, case.scale, case.shift);
        let found = mean_interval(&values, case.level).unwrap();
        assert_close(format!("mean, {case:?}"), found.mean, case.mean, Tolerance::rel(1e-14));
        // With a shift of 1e6 numpy's mean has an error of 1e-10, which its standard deviation hardly shows.
        assert_close(format!("std, {case:?}"), found.std, case.std, Tolerance::rel(1e-12));
        // The quantile's own accuracy.
        let half = (found.interval.high - found.interval.low) / 2.0;
        let cancellation = 1e-15 * case.mean.abs();
        assert_close(format!("half width, {case:?}"), half, case.half, Tolerance { abs: cancellation, rel: 1e-10 });
        assert_close(format!("centre, {case:?}"), found.interval.low + half, case.mean, Tolerance::rel(1e-14));
    }
}

#[test]
fn quantiles_are_numpys() {
    for case in &intervals().quantiles {
        let mut sorted = sample("gamma2", case.seed, case.n, 1.0, 0.0);
        sorted.sort_by(f64::total_cmp);
        // The same two order statistics and weights; one rounding apart at most.
        assert_close(format!("{case:?}"), quantile(&sorted, case.q).unwrap(), case.value, Tolerance::rel(4e-16));
    }
}

#[derive(Deserialize)]
struct Layer {
    name: String,
    n: usize,
    families: Vec<String>,
    first_seed: u64,
    summary: LayerSummary,
    variance: LayerVariance,
    dead: LayerDead,
}

#[derive(Deserialize)]
struct LayerSummary {
    mean: f64,
    std: f64,
    min: f64,
    max: f64,
    zero_fraction: f64,
}

#[derive(Deserialize)]
struct LayerVariance {
    n_dead: u64,
    sum_variance: f64,
    mean_variance: f64,
    sum_std: f64,
    mean_std: f64,
    std_quantiles: Vec<f64>,
}

#[derive(Deserialize)]
struct LayerDead {
    n_dead: u64,
    n_never_active: u64,
    dormant: [u64; 3],
    firing_rate_upper: f64,
    dead_fraction: f64,
    dead_fraction_interval: [f64; 2],
}

fn column(family: &str, seed: u64, n: usize) -> Vec<f64> {
    match family {
        "zero" => vec![0.0; n],
        "constant" => vec![0.3; n],
        "negative" => sample("exponential", seed, n, 1.0, 0.5).into_iter().map(|x| -x).collect(),
        family => sample(family, seed, n, 1.0, 0.0),
    }
}

#[test]
fn layers_are_numpys() {
    // Sums of at most 48,000 float64 values in another order: 1e-12 is a hundred times the error seen.
    let tolerance = Tolerance::rel(1e-12);
    let fixture: Fixture<Layer> = parse(include_str!("../../fixtures/layers.json"));
    for layer in &fixture.cases {
        let name = &layer.name;
        let seeds = layer.first_seed..;
        let columns: Vec<_> = layer.families.iter().zip(seeds).map(|(f, seed)| column(f, seed, layer.n)).collect();
        let neurons = moments_of(&columns);

        let (found, expected) = (summary(&neurons).unwrap(), &layer.summary);
        assert_eq!((found.n, found.n_nonfinite), ((layer.n * layer.families.len()) as u64, 0), "{name}");
        assert_close(format!("{name}: mean"), found.mean, expected.mean, tolerance);
        assert_close(format!("{name}: std"), found.std, expected.std, tolerance);
        assert_close(format!("{name}: zero fraction"), found.zero_fraction, expected.zero_fraction, tolerance);
        assert_eq!((f64::from(found.min), f64::from(found.max)), (expected.min, expected.max), "{name}");

        let (found, expected) = (layer_spread(&neurons).unwrap(), &layer.variance);
        assert_eq!((found.n_dead, found.n_excluded), (expected.n_dead, 0), "{name}");
        assert_close(format!("{name}: sum of variances"), found.sum_variance, expected.sum_variance, tolerance);
        assert_close(format!("{name}: mean variance"), found.mean_variance, expected.mean_variance, tolerance);
        assert_close(format!("{name}: sum of std"), found.sum_std, expected.sum_std, tolerance);
        assert_close(format!("{name}: mean std"), found.mean_std, expected.mean_std, tolerance);
        for ((q, found), expected) in found.std_quantiles.iter().zip(&expected.std_quantiles) {
            assert_close(format!("{name}: {q} quantile"), *found, *expected, tolerance);
        }

        let alive = standard_deviations(&neurons, false);
        assert_eq!(alive.len() as u64, layer.families.len() as u64 - expected.n_dead, "{name}");
        assert!(alive.iter().all(|std| *std > 0.0), "{name}");
        let all = standard_deviations(&neurons, true);
        assert_eq!(all, neurons.iter().map(|neuron| neuron.std).collect::<Vec<_>>(), "{name}");

        let (found, expected) = (dead(&neurons).unwrap(), &layer.dead);
        assert_eq!((found.n_dead, found.n_never_active), (expected.n_dead, expected.n_never_active), "{name}");
        assert_eq!(found.dormant.map(|(_, n)| n), expected.dormant, "{name}");
        assert_close(format!("{name}: fraction"), found.dead_fraction, expected.dead_fraction, tolerance);
        let bounds = [found.dead_fraction_interval.low, found.dead_fraction_interval.high];
        for (found, expected) in bounds.iter().zip(&expected.dead_fraction_interval) {
            assert_close(format!("{name}: interval of the fraction"), *found, *expected, tolerance);
        }
        // numpy subtracts a power from 1 and keeps 14 digits of the difference.
        let bound = Tolerance::rel(1e-12);
        assert_close(format!("{name}: firing rate"), found.firing_rate_upper, expected.firing_rate_upper, bound);
    }
}

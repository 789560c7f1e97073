//! Laws that hold for every input, over random ones.

mod support;

use layerscope_analysis::interval::{clopper_pearson, zero_success_upper};
use layerscope_analysis::{
    Bandwidth, Moments, NeuronMoments, Reason, Weights, dead, gaussian_kde_at, layer_spread, most_normal, quantile,
    shapiro_wilk, shapiro_wilk_sorted, standard_deviations, summary,
};
use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, s};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use support::samples::{SplitMix64, sample};
use support::{Tolerance, assert_close};

/// A layer whose neurons have offsets, zeros, and a few values that are not finite.
fn layer(n_rows: usize, n_neurons: usize, seed: u64, share_nonfinite: f64) -> Array2<f32> {
    let mut rng = SplitMix64(seed);
    Array2::from_shape_fn((n_rows, n_neurons), |(_, j)| {
        let value = (rng.normal() + 0.1 * j as f64).max(0.0) + if j % 5 == 4 { 1000.0 } else { 0.0 };
        match rng.uniform() {
            u if u < share_nonfinite => [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][(u * 1e9) as usize % 3],
            u if u < 0.4 => [0.0, -0.0][j % 2],
            _ => value as f32,
        }
    })
}

fn moments(matrix: ArrayView2<'_, f32>) -> Vec<NeuronMoments> {
    let mut moments = Moments::new(matrix.ncols());
    moments.update(0, matrix);
    moments.finish()
}

/// Every field as bits, so that -0 and 0 differ and NaN equals itself.
fn bits(neurons: &[NeuronMoments]) -> Vec<Vec<u64>> {
    let of = |m: &NeuronMoments| {
        let options = [m.skewness, m.excess_kurtosis].map(|value| value.map_or(1, f64::to_bits));
        let fields = [m.mean, m.variance, m.std, m.mean_abs, m.active_fraction, m.zero_fraction];
        let counts = [m.n, m.n_nonfinite, m.n_active, m.n_zero, m.min.to_bits().into(), m.max.to_bits().into()];
        [&options[..], &fields.map(f64::to_bits), &counts].concat()
    };
    neurons.iter().map(of).collect()
}

/// Consecutive pieces of the rows, cut at random, in random order: (first row, number of rows).
fn cut(n_rows: usize, n_cuts: usize, rng: &mut SplitMix64) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = (0..n_cuts).map(|_| (rng.uniform() * n_rows as f64) as usize).collect();
    ends.extend([0, n_rows]);
    ends.sort_unstable();
    let mut pieces: Vec<_> = ends.windows(2).map(|w| (w[0], w[1] - w[0])).collect();
    for i in (1..pieces.len()).rev() {
        pieces.swap(i, (rng.uniform() * (i + 1) as f64) as usize);
    }
    pieces
}

/// Seeds of failures go to a file to be committed with the fix.
fn config() -> ProptestConfig {
    let file = FileFailurePersistence::Direct("tests/properties.regressions");
    ProptestConfig { cases: 64, failure_persistence: Some(Box::new(file)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Cuts, their order, the accumulator they go to and the memory layout leave no trace.
    #[test]
    fn merged_moments_equal_whole_bit_for_bit(
        n_rows in 1_usize..1500, n_neurons in prop_oneof![1_usize..40, 250_usize..260], n_cuts in 0_usize..12, n_parts in 1_usize..4,
        seed: u64, share_nonfinite in prop_oneof![Just(0.0), Just(0.003), Just(0.7)],
    ) {
        let matrix = layer(n_rows, n_neurons, seed, share_nonfinite);
        let whole = bits(&moments(matrix.view()));

        let mut columns_first = Array2::zeros(matrix.dim().f());
        columns_first.assign(&matrix);
        let mut rng = SplitMix64(seed ^ 1);
        let mut parts = vec![Moments::new(n_neurons); n_parts];
        for (first, n) in cut(n_rows, n_cuts, &mut rng) {
            let source = if rng.uniform() < 0.5 { &matrix } else { &columns_first };
            let part = (rng.uniform() * n_parts as f64) as usize;
            parts[part].update(first as u64, source.slice(s![first..first + n, ..]));
        }
        let merged = parts.into_iter().reduce(|mut all, part| { all.merge(part); all }).unwrap();
        prop_assert_eq!(bits(&merged.finish()), whole);
    }

    /// A neuron's moments do not depend on its neighbours or its place.
    #[test]
    fn neighbours_do_not_matter(n_rows in 1_usize..700, n_neurons in 2_usize..530, seed: u64) {
        let matrix = layer(n_rows, n_neurons, seed, 0.001);
        let all = bits(&moments(matrix.view()));
        let neuron = (SplitMix64(seed).uniform() * n_neurons as f64) as usize;
        let alone = bits(&moments(matrix.slice(s![.., neuron..neuron + 1])));
        prop_assert_eq!(&alone[0], &all[neuron]);
    }

    /// The moments are those of the finite values, by the textbook's two passes.
    #[test]
    fn moments_are_those_of_the_finite_values(n_rows in 1_usize..900, seed: u64, share in 0.0..0.5) {
        let matrix = layer(n_rows, 6, seed, share);
        for (neuron, column) in moments(matrix.view()).iter().zip(matrix.axis_iter(Axis(1))) {
            let finite: Vec<f64> = column.iter().filter(|x| x.is_finite()).map(|x| f64::from(*x)).collect();
            prop_assert_eq!((neuron.n, neuron.n_nonfinite), (finite.len() as u64, (n_rows - finite.len()) as u64));
            prop_assert_eq!(neuron.reason().is_some(), finite.len() < n_rows);
            if finite.is_empty() {
                prop_assert!(neuron.mean.is_nan() && neuron.variance.is_nan() && neuron.min.is_nan());
                continue;
            }
            let n = finite.len() as f64;
            let mean = finite.iter().sum::<f64>() / n;
            let power = |k| finite.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n;
            // With an offset of 1000 the two passes lose three digits themselves; the promise is 1e-12.
            assert_close("mean", neuron.mean, mean, Tolerance { abs: 1e-12, rel: 1e-12 });
            assert_close("variance", neuron.variance, power(2), Tolerance { abs: 1e-12, rel: 1e-12 });
            if let (Some(skewness), Some(kurtosis)) = (neuron.skewness, neuron.excess_kurtosis) {
                assert_close("skewness", skewness, power(3) / power(2).powf(1.5), Tolerance { abs: 1e-9, rel: 1e-9 });
                let expected = power(4) / power(2).powi(2) - 3.0;
                assert_close("kurtosis", kurtosis, expected, Tolerance { abs: 1e-9, rel: 1e-9 });
            }
        }
    }

    /// A constant is dead, with variance exactly 0, whatever its value and however many samples.
    #[test]
    fn constants_have_no_variance(value in -1e30_f32..1e30, n_rows in 1_usize..1200, hole in 0_usize..1200) {
        let mut matrix = Array2::from_elem((n_rows, 3), value);
        matrix[[hole.min(n_rows - 1), 1]] = f32::NAN;
        let found = moments(matrix.view());
        for neuron in [&found[0], &found[2]] {
            prop_assert_eq!((neuron.variance, neuron.std, neuron.mean), (0.0, 0.0, f64::from(value)));
            prop_assert!(neuron.is_dead() && neuron.skewness.is_none());
            prop_assert_eq!(neuron.never_active(), value <= 0.0);
        }
        prop_assert!(!found[1].is_dead() && !found[1].never_active());
        prop_assert!(found[1].variance == 0.0 || n_rows == 1);
    }

    /// Shapiro and Wilk (1965), lemma 1: W does not depend on location and scale.
    #[test]
    fn w_ignores_shift_and_scale(
        n in 3_usize..300, seed: u64, shift in -1e3..1e3, exponent in -40_i32..40, order: u64,
    ) {
        let plain = sample("gamma2", seed, n, 1.0, 0.0);
        let test = shapiro_wilk(&plain).unwrap();
        let scale = 2.0_f64.powi(exponent);
        // A scale by a power of two is exact; a shift of a thousand rounds the sample at the thirteenth digit.
        let scaled: Vec<f64> = plain.iter().map(|x| x * scale).collect();
        prop_assert_eq!(shapiro_wilk(&scaled).unwrap().w.to_bits(), test.w.to_bits());
        let moved: Vec<f64> = plain.iter().map(|x| 3.0 * x + shift).collect();
        assert_close("W of the moved sample", shapiro_wilk(&moved).unwrap().w, test.w, Tolerance::abs(1e-10));

        let mut rng = SplitMix64(order);
        let mut shuffled = plain.clone();
        for i in (1..n).rev() {
            shuffled.swap(i, (rng.uniform() * (i + 1) as f64) as usize);
        }
        prop_assert_eq!(shapiro_wilk(&shuffled).unwrap(), test);
        shuffled.sort_by(f64::total_cmp);
        prop_assert_eq!(shapiro_wilk_sorted(&shuffled, &Weights::new(n).unwrap()).unwrap(), test);
    }

    /// Shapiro and Wilk (1965), lemmas 2 and 3: n a_1² / (n - 1) <= W <= 1; the sum rule of W and 1 - W.
    #[test]
    fn w_is_within_its_bounds(sample in prop::collection::vec(-1e3_f64..1e3, 3..200)) {
        prop_assume!(sample.iter().any(|x| *x != sample[0]));
        let n = sample.len();
        let test = shapiro_wilk(&sample).unwrap();
        let lowest = n as f64 * Weights::new(n).unwrap().largest().powi(2) / (n as f64 - 1.0);
        prop_assert!(test.w >= lowest - 1e-12 && test.w <= 1.0, "{} <= {} <= 1", lowest, test.w);
        prop_assert!((test.w + test.one_minus_w - 1.0).abs() < 1e-15);
        let p = test.p.unwrap();
        prop_assert!((0.0..=1.0).contains(&p), "p {}", p);
    }

    /// The lower bound is reached by a sample with one value apart (lemma 3).
    #[test]
    fn the_least_normal_sample_has_the_least_w(n in 3_usize..400) {
        let mut sample = vec![0.0; n];
        sample[n / 3] = 7.0;
        let lowest = n as f64 * Weights::new(n).unwrap().largest().powi(2) / (n as f64 - 1.0);
        assert_close("W", shapiro_wilk(&sample).unwrap().w, lowest, Tolerance::rel(1e-12));
    }

    /// A density is one: it integrates to 1, and moves with its sample.
    #[test]
    fn densities_integrate_to_one(
        n in 2_usize..200, seed: u64, rule in prop_oneof![Just(Bandwidth::Scott), Just(Bandwidth::Silverman)],
    ) {
        let sample = sample("gamma2", seed, n, 1.0, 0.0);
        prop_assume!(sample.iter().any(|x| *x != sample[0]));
        let h = rule.width(&sample).unwrap();
        let (low, high) = (-9.0 * h, sample.iter().copied().fold(0.0, f64::max) + 9.0 * h);
        // The trapezoidal rule converges faster than any power for a Gaussian: a step of h / 4 leaves nothing, and
        // beyond nine widths lies 1e-19.
        let n_steps = ((high - low) / h * 4.0).ceil();
        let step = (high - low) / n_steps;
        let points: Vec<f64> = (0..=n_steps as usize).map(|i| low + step * i as f64).collect();
        let integral: f64 = gaussian_kde_at(&sample, h, &points).iter().sum::<f64>() * step;
        assert_close("integral", integral, 1.0, Tolerance::abs(1e-12));
    }

    /// Quantiles grow with q from the smallest value to the largest.
    #[test]
    fn quantiles_are_monotone(
        mut values in prop::collection::vec(-1e6_f64..1e6, 1..50), p in 0.0..=1.0, q in 0.0..=1.0,
    ) {
        values.sort_by(f64::total_cmp);
        let at = |q| quantile(&values, q).unwrap();
        prop_assert!(at(f64::min(p, q)) <= at(f64::max(p, q)));
        prop_assert_eq!((at(0.0), at(1.0)), (values[0], values[values.len() - 1]));
    }

    /// The interval holds the fraction seen, grows with the level, and mirrors when successes and failures swap.
    #[test]
    fn clopper_pearson_behaves(n in 1_u64..3000, share in 0.0..=1.0, level in 0.5..0.99) {
        let k = (share * n as f64) as u64;
        let (inner, outer) = (clopper_pearson(k, n, level), clopper_pearson(k, n, level + 0.009));
        let fraction = k as f64 / n as f64;
        prop_assert!(inner.low <= fraction && fraction <= inner.high);
        prop_assert!(outer.low <= inner.low && inner.high <= outer.high);
        let mirror = clopper_pearson(n - k, n, level);
        assert_close("mirrored", 1.0 - mirror.high, inner.low, Tolerance::abs(1e-13));
    }
}

#[test]
fn threads_and_long_updates_do_not_matter() {
    // More rows than are shared among threads at once, more neurons than stay together.
    let matrix = layer(9000, 260, 7, 0.0001);
    let mut in_pieces = Moments::new(260);
    for first in (0..9000).step_by(100) {
        in_pieces.update(first as u64, matrix.slice(s![first..first + 100, ..]));
    }
    let expected = bits(&in_pieces.finish());
    for n_threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        assert!(bits(&pool.install(|| moments(matrix.view()))) == expected, "{n_threads} threads");
    }
}

/// Every way of sharing seven and a half blocks between two accumulators.
#[test]
fn whoever_has_a_block_does_not_matter() {
    let (n_rows, block) = (7 * 256 + 100, 256);
    let matrix = layer(n_rows, 3, 5, 0.0);
    let whole = bits(&moments(matrix.view()));
    for pattern in 0..256_u32 {
        let mut parts = [Moments::new(3), Moments::new(3)];
        for i in 0..8 {
            let rows = i * block..n_rows.min((i + 1) * block);
            parts[(pattern >> i) as usize & 1].update(rows.start as u64, matrix.slice(s![rows, ..]));
        }
        let [mut one, other] = parts;
        one.merge(other);
        assert_eq!(bits(&one.finish()), whole, "pattern {pattern:08b}");
    }
}

#[test]
fn rows_that_are_missing_are_not_invented() {
    let matrix = layer(1000, 5, 3, 0.0);
    // Rows 100..300 and 700..800 are absent, and what is there comes in two orders.
    let pieces = [(0, 100), (300, 400), (800, 200)];
    let with = |order: [usize; 3]| {
        let mut found = Moments::new(5);
        for (first, n) in order.map(|i| pieces[i]) {
            found.update(first as u64, matrix.slice(s![first..first + n, ..]));
        }
        found.finish()
    };
    let found = with([0, 1, 2]);
    assert_eq!(found[0].n, 700);
    assert_eq!(bits(&with([2, 0, 1])), bits(&found));
    let present: Vec<f64> =
        pieces.iter().flat_map(|&(first, n)| matrix.slice(s![first..first + n, 0]).to_vec()).map(f64::from).collect();
    assert_close("mean", found[0].mean, present.iter().sum::<f64>() / 700.0, Tolerance::rel(1e-13));
}

/// Runs what must not be possible, and returns the message of the panic.
fn panic_of(misuse: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let error = std::panic::catch_unwind(misuse).expect_err("no panic");
    error.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn rows_given_twice_are_refused() {
    let rows = Array2::<f32>::zeros((300, 2));
    for (first, second) in [(0_u64, 0_u64), (0, 100), (0, 299), (1000, 1100), (768, 900)] {
        let message = panic_of(|| {
            let mut found = Moments::new(2);
            found.update(first, rows.view());
            found.update(second, rows.view());
            found.finish();
        });
        assert!(message.contains("twice"), "{first} and {second}: {message}");
        let message = panic_of(|| {
            let (mut one, mut other) = (Moments::new(2), Moments::new(2));
            one.update(first, rows.view());
            other.update(second, rows.view());
            one.merge(other);
            one.finish();
        });
        assert!(message.contains("twice"), "merged {first} and {second}: {message}");
    }
}

#[test]
fn reasons_in_the_place_of_numbers() {
    assert_eq!(shapiro_wilk(&[1.0, 2.0]), Err(Reason::TooFew { n: 2, needed: 3 }));
    assert_eq!(shapiro_wilk(&[4.0; 9]), Err(Reason::Constant { n: 9 }));
    let nonfinite = Reason::NotFinite { n_nonfinite: 2, n: 4 };
    assert_eq!(shapiro_wilk(&[1.0, f64::NAN, 2.0, f64::INFINITY]), Err(nonfinite));
    assert_eq!(nonfinite.to_string(), "2 of 4 values are NaN or infinite");

    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[1.0], 1.5), None);
    assert_eq!(Bandwidth::Scott.width(&[1.0]), Err(Reason::TooFew { n: 1, needed: 2 }));
    assert_eq!(Bandwidth::Scott.width(&[1.0, 1.0]), Err(Reason::Constant { n: 2 }));
    assert_eq!(most_normal([(1, f64::NAN)]), None);
    assert_eq!(most_normal([(1, f64::NAN), (2, 0.5), (3, 0.7), (4, 0.7)]), Some((3, 0.7)));
    assert_eq!(zero_success_upper(0, 0.95), 1.0);

    for found in [summary(&[]).err(), layer_spread(&[]).err(), dead(&[]).err()] {
        assert_eq!(found, Some(Reason::TooFew { n: 0, needed: 1 }));
    }
    let hopeless = moments(Array2::from_elem((4, 2), f32::NAN).view());
    let reason = Some(Reason::NotFinite { n_nonfinite: 8, n: 8 });
    assert_eq!(summary(&hopeless).err(), reason);
    assert_eq!(layer_spread(&hopeless).err(), reason);
    assert_eq!(dead(&hopeless).err(), reason);
    assert!(moments(Array2::zeros((0, 2)).view())[1].reason().is_some());
}

#[test]
fn the_largest_and_the_smallest_values_keep_their_w() {
    let plain = sample("exponential", 11, 40, 1.0, 0.0);
    let expected = shapiro_wilk(&plain).unwrap().w;
    let (low, high) = plain.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (x.min(low), x.max(high)));
    // A range of nearly twice the largest f64, and ones whose square is 0.
    for scale in [1.99 * (f64::MAX / (high - low)), 1e-200, 1e-300] {
        let scaled: Vec<f64> = plain.iter().map(|x| (x - f64::midpoint(low, high)) * scale).collect();
        assert!(scaled.iter().all(|x| x.is_finite()), "{scale}");
        assert_close(scale, shapiro_wilk(&scaled).unwrap().w, expected, Tolerance::abs(1e-12));
    }
}

#[test]
fn neurons_that_are_not_finite_leave_the_rest_as_it_was() {
    let matrix = layer(500, 9, 21, 0.0);
    let without = moments(matrix.view());
    let mut wide = Array2::<f32>::zeros((500, 10));
    wide.slice_mut(s![.., ..9]).assign(&matrix);
    wide[[17, 9]] = f32::INFINITY;
    let with = moments(wide.view());
    assert_eq!(with[9].reason(), Some(Reason::NotFinite { n_nonfinite: 1, n: 500 }));
    let (a, b) = (layer_spread(&without).unwrap(), layer_spread(&with).unwrap());
    assert_eq!((a.sum_std, a.std_quantiles, a.n_neurons, b.n_excluded), (b.sum_std, b.std_quantiles, b.n_neurons, 1));
    let (a, b) = (dead(&without).unwrap(), dead(&with).unwrap());
    assert_eq!((a.dormant, a.dead_fraction_interval, b.n_excluded), (b.dormant, b.dead_fraction_interval, 1));
    assert_eq!(standard_deviations(&without, true), standard_deviations(&with, true));
    assert_eq!(summary(&with).unwrap().n_nonfinite, 1);
}

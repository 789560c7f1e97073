//! What covariances and spectra must hold: no trace of order and threads, noise below its edge, solvers that agree.

use crate::support::samples::SplitMix64;
use crate::support::{Tolerance, assert_close};
use crate::{covariance, normal};
use layerscope_analysis::{Covariance, Reason, Solver, Spectrum, dimensions};
use linfa::traits::Fit;
use ndarray::{Array2, Axis, Slice};

#[test]
fn cuts_order_merging_and_threads_leave_no_trace() {
    // Three leaves of 8,192 rows and a part of a fourth, odd widths, an offset of a thousand standard deviations.
    let n = 3 * 8192 + 1000;
    let mut layer = normal(9, n, &[1.0, 0.5, 2.0, 1e-3, 7.0]);
    layer.column_mut(2).iter_mut().for_each(|x| *x += 2000.0);
    let rows = |from: usize, to: usize| layer.slice_axis(Axis(0), Slice::from(from..to));
    let bits = |covariance: Covariance| -> Vec<u64> {
        let matrix = covariance.finish().unwrap();
        let entries = (0..5).flat_map(|i| (0..5).map(move |j| (i, j))).map(|(i, j)| matrix.get(i, j));
        let fourth = matrix.fourth_moment_sum().unwrap();
        entries.chain(matrix.mean().iter().copied()).chain([fourth]).map(f64::to_bits).collect()
    };
    let mut whole = Covariance::new(5);
    whole.update(0, layer.view());
    let whole = bits(whole);
    let mut pieces = Covariance::new(5);
    let cuts = [0, 1, 511, 513, 5000, 8191, 8193, 20_000, n];
    cuts.windows(2).for_each(|cut| pieces.update(cut[0] as u64, rows(cut[0], cut[1])));
    assert_eq!(bits(pieces), whole);
    let (mut early, mut late) = (Covariance::new(5), Covariance::new(5));
    late.update(16_384, rows(16_384, n));
    early.update(9000, rows(9000, 16_384));
    early.update(0, rows(0, 9000));
    late.merge(early);
    assert_eq!(bits(late), whole);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut alone = Covariance::new(5);
    one.install(|| alone.update(0, layer.view()));
    assert_eq!(bits(alone), whole);
}

#[test]
fn spectra_do_not_depend_on_the_number_of_threads() {
    let scales: Vec<f64> = (0..300).map(|j| 1.0 / (1.0 + f64::from(j))).collect();
    let layer = normal(11, 1000, &scales);
    let bits = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let covariance = covariance(&layer);
            let full = Spectrum::with_vectors(&covariance).unwrap();
            let alone = Spectrum::values(&covariance).unwrap();
            let top = Spectrum::top(&covariance, 5).unwrap();
            assert!(matches!(top.solver(), Solver::Truncated { .. }));
            let values = [&full, &alone, &top].into_iter().flat_map(Spectrum::eigenvalues).copied();
            let vectors = full.vectors().unwrap().col(7).iter().copied().collect::<Vec<_>>();
            let more = top.vectors().unwrap().col(4).iter().copied().collect::<Vec<_>>();
            values.chain(vectors).chain(more).map(f64::to_bits).collect::<Vec<_>>()
        })
    };
    let expected = bits(1);
    for n_threads in [2, 3] {
        let differs: Vec<usize> =
            bits(n_threads).iter().zip(&expected).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
        assert!(
            differs.is_empty(),
            "{n_threads} threads: {} numbers differ, the first {:?}",
            differs.len(),
            differs.first()
        );
    }
}

#[test]
fn offsets_cost_no_digits_and_constants_have_no_covariance() {
    let plain = normal(3, 9000, &[1.0, 2.0, 1.0]);
    // Values on a grid of 2^-10, so that adding 4096 loses nothing in f32.
    let grid = plain.mapv(|x| (x * 1024.0).round() / 1024.0);
    let shifted = grid.mapv(|x| x + 4096.0);
    let (a, b) = (covariance(&grid), covariance(&shifted));
    for (i, j) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
        assert_close(format!("{i} {j}"), b.get(i, j), a.get(i, j), Tolerance { abs: 1e-13, rel: 1e-13 });
    }
    let mut constant = plain.clone();
    constant.column_mut(1).fill(0.1);
    let matrix = covariance(&constant);
    assert_eq!((matrix.get(1, 1), matrix.get(0, 1), matrix.get(2, 1)), (0.0, 0.0, 0.0));
    assert_eq!(matrix.mean()[1], f64::from(0.1_f32));
}

#[test]
fn neurons_with_values_that_are_not_finite_are_left_out() {
    let plain = normal(4, 700, &[1.0, 2.0, 3.0, 4.0]);
    let expected = covariance(&plain);
    let mut damaged = plain.clone();
    damaged[(3, 1)] = f32::NAN;
    damaged[(600, 1)] = f32::INFINITY;
    let found = covariance(&damaged);
    assert_eq!((found.neurons(), found.excluded()), ([0, 2, 3].as_slice(), [(1, 2)].as_slice()));
    for (i, j) in [(0, 0), (1, 2), (2, 2)] {
        let of = |k: usize| found.neurons()[k];
        assert_close(format!("{i} {j}"), found.get(i, j), expected.get(of(i), of(j)), Tolerance::EXACT);
    }
    let spectrum = Spectrum::values(&found).unwrap();
    assert_eq!(
        dimensions(&spectrum).unwrap().participation_ratio_corrected,
        None,
        "norms over all neurons are unknown"
    );
    damaged.fill(f32::NAN);
    let mut all = Covariance::new(4);
    all.update(0, damaged.view());
    assert_eq!(all.finish().unwrap_err(), Reason::NotFinite { n_nonfinite: 2800, n: 2800 });
}

#[test]
fn what_has_no_spectrum_has_a_reason() {
    let mut single = Covariance::new(2);
    single.update(0, Array2::ones((1, 2)).view());
    assert_eq!(single.finish().unwrap_err(), Reason::TooFew { n: 1, needed: 2 });
    assert_eq!(Covariance::new(2).finish().unwrap_err(), Reason::TooFew { n: 0, needed: 2 });
    let constant = Spectrum::with_vectors(&covariance(&Array2::ones((5, 3)))).unwrap();
    assert_eq!(dimensions(&constant).unwrap_err(), Reason::NoVariance { n_neurons: 3 });
}

#[test]
fn white_noise_stays_below_its_edge_and_a_signal_does_not() {
    for (n, u) in [(800, 200), (300, 300), (150, 400)] {
        let mut layer = normal(21, n, &vec![1.5; u]);
        let found = dimensions(&Spectrum::values(&covariance(&layer)).unwrap()).unwrap();
        let edge = 2.25 * (1.0 + (u as f64 / (n as f64 - 1.0)).sqrt()).powi(2);
        // The median of u eigenvalues of noise varies by order 1 / u.
        assert_close(format!("[{n}, {u}]"), found.mp_edge.unwrap(), edge, Tolerance::rel(0.03));
        // The largest passes the edge by order n^(-2/3), Tracy and Widom (1994).
        assert!(found.n_above_mp_edge.unwrap() <= 2, "{:?}", found.n_above_mp_edge);
        // A direction with 9 times the noise is far beyond the threshold 1 + √(u / n) of Baik, Ben Arous, Péché (2005).
        layer.column_mut(0).iter_mut().for_each(|x| *x *= 3.0);
        let found = dimensions(&Spectrum::values(&covariance(&layer)).unwrap()).unwrap();
        assert!((1..=3).contains(&found.n_above_mp_edge.unwrap()), "{:?}", found.n_above_mp_edge);
    }
}

#[test]
fn the_corrected_participation_ratio_has_less_bias() {
    // Population covariance diag(s²): the ratio is (Σ s²)² / Σ s⁴. Values are products of two normals, heavy-tailed, so
    // that a correction which assumes normality would fail.
    let scales: Vec<f64> = (0..40).map(|j| (1.0 + f64::from(j)).powf(-0.25)).collect();
    let (first, second): (f64, f64) = scales.iter().fold((0.0, 0.0), |(a, b), s| (a + s * s, b + s.powi(4)));
    let truth = first * first / second;
    let (mut plain, mut corrected) = (0.0, 0.0);
    let n_runs = 200;
    for run in 0..n_runs {
        let mut rng = SplitMix64(1000 + run);
        let layer = Array2::from_shape_fn((30, 40), |(_, j)| (scales[j] * rng.normal() * rng.normal()) as f32);
        let found = dimensions(&Spectrum::values(&covariance(&layer)).unwrap()).unwrap();
        plain += found.participation_ratio / n_runs as f64;
        corrected += found.participation_ratio_corrected.unwrap() / n_runs as f64;
    }
    // The mean over 200 runs has a standard error near 0.5; a ratio of unbiased estimates keeps a bias of its own.
    assert!((corrected - truth).abs() < 0.1 * truth, "{corrected} of {truth}");
    assert!((plain - truth).abs() > 4.0 * (corrected - truth).abs(), "{plain} and {corrected} of {truth}");
}

#[test]
fn the_rank_of_an_affine_image_is_that_of_its_input() {
    // 40 neurons that see 12 inputs, in f32: below the 12th eigenvalue there is rounding only.
    let inputs = normal(31, 2000, &[1.0; 12]);
    let weights = normal(32, 12, &[0.2; 40]);
    let layer = inputs.dot(&weights) + 0.3;
    let found = dimensions(&Spectrum::values(&covariance(&layer)).unwrap()).unwrap();
    assert_eq!(found.numerical_rank, Some(12));
}

#[test]
fn the_largest_pairs_are_those_of_the_full_solver() {
    let scales: Vec<f64> = (0..400).map(|j| 0.97_f64.powi(j)).collect();
    let layer = normal(41, 1500, &scales);
    let covariance = covariance(&layer);
    let (full, top) = (Spectrum::with_vectors(&covariance).unwrap(), Spectrum::top(&covariance, 20).unwrap());
    let Solver::Truncated { max_residual, n_dimensions } = top.solver() else { panic!("{:?}", top.solver()) };
    assert!(max_residual <= 1e-10 * full.eigenvalues()[0] && n_dimensions <= 200);
    for (k, (found, expected)) in top.eigenvalues().iter().zip(full.eigenvalues()).enumerate() {
        // The error of a Ritz value is of the order of the squared residual: rounding is left.
        assert_close(format!("eigenvalue {k}"), *found, *expected, Tolerance::rel(1e-12));
        let (a, b) = (top.vectors().unwrap().col(k), full.vectors().unwrap().col(k));
        let cosine: f64 = a.iter().zip(b.iter()).map(|(a, b)| a * b).sum();
        assert_close(format!("vector {k}"), cosine, 1.0, Tolerance::rel(1e-12));
    }
    let (a, b) = (top.reconstruction_distance(), full.reconstruction_distance());
    assert_eq!(a.len(), 21);
    (0..=20).for_each(|k| {
        assert_close(format!("distance {k}"), a[k], b[k], Tolerance::rel(1e-12));
    });
    let (a, b) = (dimensions(&top).unwrap(), dimensions(&full).unwrap());
    assert_eq!((a.numerical_rank, a.effective_rank, a.mp_edge), (None, None, None), "these need all eigenvalues");
    assert_close("participation ratio", a.participation_ratio, b.participation_ratio, Tolerance::rel(1e-12));
    assert_eq!(a.components_for[0], b.components_for[0].filter(|&k| k <= 20));
}

#[test]
fn linfas_truncated_solver_finds_the_same_values() {
    let scales: Vec<f64> = (0..60).map(|j| 0.9_f64.powi(j)).collect();
    let layer = normal(47, 500, &scales);
    let dataset = linfa::DatasetBase::from(layer.mapv(f64::from));
    let linfa = linfa_reduction::Pca::params(6).fit(&dataset).unwrap();
    let top = Spectrum::top(&covariance(&layer), 6).unwrap();
    // Its own variances are divided by the number of components less 1; singular values are free of that.
    for (k, (found, sigma)) in top.eigenvalues().iter().zip(linfa.singular_values()).enumerate() {
        // It stops at residuals of 1e-5; a Ritz value is off by their square.
        assert_close(format!("eigenvalue {k}"), *found, sigma * sigma / 499.0, Tolerance::rel(1e-9));
    }
}

#[test]
fn a_flat_spectrum_falls_back_to_the_full_solver() {
    let layer = normal(43, 2000, &[1.0; 120]);
    let covariance = covariance(&layer);
    let top = Spectrum::top(&covariance, 10).unwrap();
    assert_eq!((top.solver(), top.eigenvalues().len()), (Solver::FullAfterTruncated, 10));
    assert_eq!(top.eigenvalues(), &Spectrum::with_vectors(&covariance).unwrap().eigenvalues()[..10]);
}

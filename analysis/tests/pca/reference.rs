//! Values of fixtures/pca.json, from scikit-learn, dimensionality and SciPy's quadrature.

use crate::covariance;
use crate::support::samples::sample;
use crate::support::{Tolerance, assert_close};
use layerscope_analysis::{CovarianceMatrix, Reason, Spectrum, dimensions, marchenko_pastur_median};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
    medians: Vec<Median>,
}

#[derive(Deserialize)]
struct Median {
    gamma: f64,
    median: f64,
}

#[derive(Deserialize)]
struct Case {
    family: String,
    seed: u64,
    n: usize,
    u: usize,
    spread: f64,
    shift: f64,
    eigenvalues: Vec<f64>,
    total: f64,
    rank: usize,
    effective_rank: f64,
    participation_ratio: f64,
    corrected: Option<f64>,
    stable_rank: f64,
    components: [usize; 3],
    saturation_delve: f64,
    mp_edge: f64,
    ks: Vec<usize>,
    distances: Vec<f64>,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { family, seed, n, u, spread, shift, .. } = self;
        write!(f, "{family} seed {seed} [{n}, {u}] spread {spread} shift {shift}")
    }
}

impl Case {
    /// As in fixtures/pca.py.
    fn layer(&self) -> Array2<f32> {
        let a = sample(&self.family, self.seed, self.n * self.u, 1.0, 0.0);
        Array2::from_shape_fn((self.n, self.u), |(i, j)| {
            let next = a[i * self.u + (j + 1) % self.u];
            ((a[i * self.u + j] + 0.5 * next) * self.spread.powf(-(j as f64)) + self.shift) as f32
        })
    }
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../fixtures/pca.json")).unwrap()
}

type Solve = fn(&CovarianceMatrix) -> Result<Spectrum, Reason>;

#[test]
fn spectra_and_dimensions_of_244_layers() {
    let cases = fixture().cases;
    assert_eq!(cases.len(), 244);
    let solvers: [Solve; 2] = [Spectrum::with_vectors, Spectrum::values];
    for (case, solve) in cases.iter().flat_map(|case| solvers.map(|solve| (case, solve))) {
        let spectrum = solve(&covariance(&case.layer())).unwrap();
        let found = dimensions(&spectrum).unwrap();
        let largest = case.eigenvalues[0];
        // A covariance in f64 knows its eigenvalues to some roundings of the largest; the reference's are of an SVD of
        // values that a shift of 1000 has left with 1e-13 of it.
        let close = Tolerance { abs: 1e-13 * largest, rel: 1e-11 };
        for (k, (value, expected)) in spectrum.eigenvalues().iter().zip(&case.eigenvalues).enumerate() {
            assert_close(format!("{case}: eigenvalue {k}"), *value, *expected, close);
        }
        assert_eq!(spectrum.eigenvalues().len(), case.u, "{case}");
        // Sums and ratios of the above; 1e-10: the sum of p ln p is sensitive to eigenvalues of 1e-13 of the largest.
        let ratio = Tolerance::rel(1e-10);
        assert_close(format!("{case}: total"), spectrum.total_variance(), case.total, ratio);
        assert_close(
            format!("{case}: effective rank"),
            found.effective_rank.unwrap(),
            case.effective_rank.exp(),
            ratio,
        );
        assert_close(format!("{case}: ratio"), found.participation_ratio, case.participation_ratio, ratio);
        assert_close(format!("{case}: stable rank"), found.stable_rank, case.stable_rank, ratio);
        assert_eq!(found.numerical_rank, Some(case.rank), "{case}");
        assert_eq!(found.components_for, case.components.map(Some), "{case}");
        let saturation = case.components[2] as f64 / case.u as f64;
        assert_close(format!("{case}: saturation"), found.saturation.unwrap(), saturation, Tolerance::EXACT);
        assert_close(
            format!("{case}: delve"),
            found.saturation_delve.unwrap(),
            case.saturation_delve,
            Tolerance::rel(1e-15),
        );
        // The edge scales the median eigenvalue: 1e-13 of the largest, of which the median is 1e-4 or more here... where
        // the spread is 2 per neuron it is much less, hence the absolute part.
        let edge = Tolerance { abs: 1e-11 * largest, rel: 1e-9 };
        assert_close(format!("{case}: edge"), found.mp_edge.unwrap(), case.mp_edge, edge);
        match case.corrected {
            // The estimate is a difference of sums that agree to one part in n for few samples.
            Some(expected) => {
                let value = found.participation_ratio_corrected.unwrap();
                assert_close(format!("{case}: corrected"), value, expected, Tolerance::rel(1e-8));
            }
            None => assert_eq!(found.participation_ratio_corrected, None, "{case}"),
        }
        let distance = spectrum.reconstruction_distance();
        for (&k, &expected) in case.ks.iter().zip(&case.distances) {
            let close = Tolerance { abs: 1e-12 * case.total, rel: 1e-10 };
            assert_close(format!("{case}: distance at {k}"), distance[k], expected, close);
        }
    }
}

#[test]
fn the_median_of_the_law_of_noise() {
    for Median { gamma, median } in fixture().medians {
        // The reference integrates to 1e-13 and divides by a density of about 1/2.
        assert_close(format!("gamma {gamma}"), marchenko_pastur_median(gamma), median, Tolerance::rel(1e-11));
    }
}

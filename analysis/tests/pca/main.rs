//! Covariances, spectra and reconstructions.

mod laws;
mod reconstruction;
mod reference;
#[path = "../support/mod.rs"]
mod support;

use layerscope_analysis::{Covariance, CovarianceMatrix};
use ndarray::Array2;
use support::samples::SplitMix64;

fn covariance(layer: &Array2<f32>) -> CovarianceMatrix {
    let mut covariance = Covariance::new(layer.ncols());
    covariance.update(0, layer.view());
    covariance.finish().unwrap()
}

fn normal(seed: u64, n: usize, scales: &[f64]) -> Array2<f32> {
    let mut rng = SplitMix64(seed);
    Array2::from_shape_fn((n, scales.len()), |(_, j)| (scales[j] * rng.normal()) as f32)
}

//! Covariance in f64 and all eigenvalues of a layer, in seconds, for `benches/run`.
//!
//! `cargo bench --workspace --bench pca -- [--neurons 2896] [--samples 60000] [--threads 2] [--rounds 3] [--json]`. The same
//! work as `benches/peers/pca.py`: f32 values in, in chunks of 4,096 rows. Of the covariance, `gflops` counts U(U + 1)N
//! operations: its lower triangle.

use layerscope_analysis::{Covariance, Spectrum};
use ndarray::{Array2, Axis};
use serde_json::json;
use std::time::Instant;

/// Rows that arrive at once, as from a reader.
const CHUNK_ROWS: usize = 4096;

fn value(name: &str, default: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    let given = at.and_then(|at| arguments.get(at + 1));
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
}

/// [N, U]: uniform noise, and a part that all neurons share.
fn layer(n_samples: usize, n_neurons: usize) -> Array2<f32> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut layer = Array2::zeros((n_samples, n_neurons));
    for mut row in layer.rows_mut() {
        let shared = uniform();
        row.iter_mut().for_each(|x| *x = shared + uniform());
    }
    layer
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn main() {
    let (n_neurons, n_samples) = (value("--neurons", 2896), value("--samples", 60_000));
    let (threads, rounds) = (value("--threads", 2), value("--rounds", 3));
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("one pool");
    let layer = layer(n_samples, n_neurons);
    let (mut covariance_s, mut eigenvalues_s, mut largest) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..rounds {
        let started = Instant::now();
        let mut covariance = Covariance::new(n_neurons);
        for (at, rows) in layer.axis_chunks_iter(Axis(0), CHUNK_ROWS).enumerate() {
            covariance.update((at * CHUNK_ROWS) as u64, rows);
        }
        let covariance = covariance.finish().expect("finite values");
        covariance_s.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        largest = Spectrum::values(&covariance).expect("eigenvalues").eigenvalues()[0];
        eigenvalues_s.push(started.elapsed().as_secs_f64());
    }
    let (covariance_s, eigenvalues_s) = (median(covariance_s), median(eigenvalues_s));
    let operations = (n_neurons * (n_neurons + 1) * n_samples) as f64;
    let report = json!({
        "threads": threads, "neurons": n_neurons, "samples": n_samples, "covariance_s": covariance_s,
        "eigenvalues_s": eigenvalues_s, "gflops": operations / covariance_s / 1e9, "largest": largest,
    });
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}

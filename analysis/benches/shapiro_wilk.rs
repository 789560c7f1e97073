//! Shapiro-Wilk and its companions on every neuron of a layer: the work of `normality --target activations` without the
//! reading, in seconds, for `benches/run`.
//!
//! `cargo bench --workspace --bench shapiro_wilk -- [--neurons 2896] [--samples 10000] [--threads 2] [--rounds 3]
//! [--json]`. The same layers as `benches/peers/shapiro_wilk.py`: normal values as before a ReLU, and the same with
//! their negative half set to 0, as behind it. Sorting is part of the work.

use layerscope_analysis::normality::Battery;
use layerscope_analysis::{Weights, shapiro_wilk_of_activations};
use rayon::prelude::*;
use serde_json::json;
use std::time::Instant;

fn value(name: &str, default: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    let given = at.and_then(|at| arguments.get(at + 1));
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
}

/// [U, N] row-major: each row is a neuron, near-normal as a sum of eight uniform numbers.
fn layer(n_neurons: usize, n_samples: usize, relu: bool) -> Vec<f32> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut draw = || (0..8).map(|_| uniform()).sum::<f32>();
    (0..n_neurons * n_samples).map(|_| draw()).map(|x| if relu { x.max(0.0) } else { x }).collect()
}

/// Seconds that `test` takes for all columns, the median of `rounds`, each on a fresh copy; and every W.
fn measure(layer: &[f32], n_samples: usize, rounds: usize, test: impl Fn(&mut [f32]) -> f64 + Sync) -> (f64, Vec<f64>) {
    let mut seconds = Vec::new();
    let mut found = Vec::new();
    for _ in 0..rounds {
        let mut columns = layer.to_vec();
        let started = Instant::now();
        found = columns.par_chunks_exact_mut(n_samples).map(&test).collect();
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    (seconds[rounds / 2], found)
}

fn main() {
    let (n_neurons, n_samples) = (value("--neurons", 2896), value("--samples", 10_000));
    let (threads, rounds) = (value("--threads", 2), value("--rounds", 3));
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("one pool");
    let weights = Weights::new(n_samples).expect("at least three samples");
    let mut report = json!({"threads": threads, "neurons": n_neurons, "samples": n_samples});
    for (stage, relu) in [("pre", false), ("post", true)] {
        let layer = layer(n_neurons, n_samples, relu);
        let w = |column: &mut [f32]| shapiro_wilk_of_activations(column, &weights).expect("no constant neuron").w;
        let (seconds, found) = measure(&layer, n_samples, rounds, w);
        report[format!("shapiro_wilk_{stage}_s")] = seconds.into();
        report[format!("mean_w_{stage}")] = (found.iter().sum::<f64>() / n_neurons as f64).into();
        let all = |column: &mut [f32]| Battery::of_activations(column, &weights).expect("the same").shapiro_wilk.w;
        let (seconds, of_all) = measure(&layer, n_samples, rounds, all);
        assert!(found == of_all, "the battery has another W");
        report[format!("battery_{stage}_s")] = seconds.into();
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}

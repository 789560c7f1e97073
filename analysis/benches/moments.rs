//! Moments of a layer that arrives in chunks, in bytes of activations per second.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layerscope_analysis::Moments;
use ndarray::{Array2, s};
use std::hint::black_box;

/// Bytes of one layer: more than the caches hold.
const LAYER_BYTES: usize = 96 << 20;
/// Bytes of one chunk, as a reader hands them over.
const CHUNK_BYTES: usize = 8 << 20;

fn moments(c: &mut Criterion) {
    let mut group = c.benchmark_group("moments");
    group.sample_size(10);
    for n_neurons in [64, 181, 512, 2048, 2896] {
        let n_rows = LAYER_BYTES / 4 / n_neurons;
        let chunk_rows = CHUNK_BYTES / 4 / n_neurons;
        // Half zeros, as after a ReLU.
        let layer = Array2::from_shape_fn((n_rows, n_neurons), |(i, j)| {
            let mixed = (i * 2_654_435_761 + j * 40_503) % 65_536;
            (mixed as f32 - 32_768.0).max(0.0) * 1e-4
        });
        for n_threads in [1, rayon::current_num_threads()] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("a thread pool");
            group.throughput(Throughput::Bytes((n_rows * n_neurons * 4) as u64));
            group.bench_function(BenchmarkId::new(format!("threads={n_threads}"), n_neurons), |b| {
                b.iter(|| {
                    pool.install(|| {
                        let mut moments = Moments::new(n_neurons);
                        for first in (0..n_rows).step_by(chunk_rows) {
                            let rows = first..n_rows.min(first + chunk_rows);
                            moments.update(first as u64, layer.slice(s![rows, ..]));
                        }
                        black_box(moments.finish())
                    })
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, moments);
criterion_main!(benches);

//! The Shapiro-Wilk test, with weights made anew and with shared weights of a sorted sample.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layerscope_analysis::{Weights, shapiro_wilk, shapiro_wilk_sorted};
use std::hint::black_box;

fn shapiro_wilk_of(c: &mut Criterion) {
    let mut group = c.benchmark_group("shapiro_wilk");
    for n in [64_usize, 2896, 60_000] {
        let sample: Vec<f64> = (0..n).map(|i| ((i * 7919 + 13) % n) as f64).map(|x| x * x).collect();
        let mut sorted = sample.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let weights = Weights::new(n).expect("a sample size above 2");
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("sample", n), |b| b.iter(|| shapiro_wilk(black_box(&sample))));
        group.bench_function(BenchmarkId::new("sorted, weights shared", n), |b| {
            b.iter(|| shapiro_wilk_sorted(black_box(&sorted), &weights));
        });
    }
    group.finish();
}

criterion_group!(benches, shapiro_wilk_of);
criterion_main!(benches);

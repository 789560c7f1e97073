//! The fits of mixtures: samples of the size of a sweep's widest layer over eleven replicates, all starts included.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use layerscope_analysis::mixture::{Family, Parameters, Params};
use std::hint::black_box;

/// Two populations apart, two that overlap, and one alone, where the likelihood of two is flat.
const LAWS: [(&str, Parameters); 3] = [
    ("apart", Parameters::TwoGamma { weight: 0.3, shape1: 1.2, scale1: 0.1, shape2: 30.0, scale2: 0.1 }),
    ("overlapping", Parameters::TwoGamma { weight: 0.3, shape1: 1.2, scale1: 0.6, shape2: 4.0, scale2: 0.4 }),
    ("one population", Parameters::Gamma { shape: 4.0, scale: 0.4 }),
];

fn mixture(c: &mut Criterion) {
    let mut group = c.benchmark_group("mixture");
    group.sample_size(10);
    for (name, law) in LAWS {
        let sample = law.draws(30_000, 5);
        for family in [Family::TwoGamma, Family::ExpNormal] {
            let params = Params::new(family);
            let id = BenchmarkId::new(family.as_str(), name);
            group.bench_function(id, |b| b.iter(|| params.fit_sample(black_box(&sample))));
        }
    }
    let (_, apart) = LAWS[0];
    let sample = apart.draws(30_000, 5);
    let near = Params::new(Family::TwoGamma).starting_at(apart);
    group.bench_function("two_gamma/apart, near", |b| b.iter(|| near.fit_sample(black_box(&sample))));
    group.finish();
}

criterion_group!(benches, mixture);
criterion_main!(benches);

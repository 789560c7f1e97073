//! Writing and reading speed in raw bytes of f32 values, beside the parquet crate's own writer and reader.
//!
//! Values as a ReLU layer has them: `pre` near normal, `post` zero for half of them. Set `RAYON_NUM_THREADS` to choose
//! the threads. Writing ends with the file complete under its name, without the wait for the disk.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float32Array, ListArray, RecordBatch, cast::AsArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layerscope_recorder::recording::{
    Checks, Chunk, Manifest, Recording, RecordingError, Stage, UnitKey, Writer, WriterOptions,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// Samples and neurons: a layer of the sweep's largest size on `mnist-5k`, and of its smallest on full MNIST.
const SHAPES: [(usize, usize); 2] = [(5_000, 2_896), (60_000, 64)];

struct Layer {
    key: UnitKey,
    n_samples: usize,
    n_neurons: usize,
    labels: Vec<i32>,
    pre: Vec<f32>,
    post: Vec<f32>,
}

impl Layer {
    fn new(n_samples: usize, n_neurons: usize) -> Self {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let pre: Vec<f32> = (0..n_samples * n_neurons).map(|_| 2.0 * (uniform() + uniform() + uniform())).collect();
        let post = pre.iter().map(|value| value.max(0.0)).collect();
        let labels = (0..n_samples as i32).map(|sample| sample % 10).collect();
        let key = UnitKey { size: n_neurons as i32, layer: "hidden".to_owned(), ..UnitKey::default() };
        Self { key, n_samples, n_neurons, labels, pre, post }
    }

    fn bytes(&self) -> u64 {
        4 * (self.pre.len() + self.post.len()) as u64
    }

    fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let options = WriterOptions { overwrite: true, sync: false, ..WriterOptions::default() };
        let mut writer = Writer::create(path, options)?;
        writer.append(&Chunk {
            key: &self.key,
            first_sample: 0,
            labels: Some(&self.labels),
            n_neurons: self.n_neurons,
            pre: Some(&self.pre),
            post: Some(&self.post),
        })?;
        writer.finish(Manifest::new()).map(drop)
    }

    /// The same values through the parquet crate's writer with the same encoding and compression.
    fn write_plain(&self, path: &Path) {
        let element = Arc::new(Field::new("element", DataType::Float32, false));
        let list = |name: &str| Field::new(name, DataType::List(element.clone()), false);
        let schema = Arc::new(Schema::new(vec![list("pre"), list("post")]));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_encoding(Encoding::BYTE_STREAM_SPLIT)
            .build();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), Some(properties)).unwrap();
        let rows = (8 << 20) / (4 * self.n_neurons);
        for first in (0..self.n_samples).step_by(rows) {
            let last = self.n_samples.min(first + rows);
            let column = |values: &[f32]| -> ArrayRef {
                let values = Float32Array::from(values[first * self.n_neurons..last * self.n_neurons].to_vec());
                let offsets = (0..=last - first).map(|row| (row * self.n_neurons) as i32).collect::<Vec<_>>();
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(ListArray::new(element.clone(), offsets, Arc::new(values), None))
            };
            let columns = vec![column(&self.pre), column(&self.post)];
            writer.write(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        }
        writer.close().unwrap();
    }
}

fn read(path: &Path, stages: &[Stage], checks: Checks) -> f32 {
    let recording = Recording::open_with(path, checks).unwrap();
    let mut last = 0.0;
    for unit in recording.units() {
        recording
            .read(unit, stages, 64 << 20, |chunk| {
                for values in [chunk.pre, chunk.post].into_iter().flatten() {
                    last += values[[values.nrows() - 1, 0]];
                }
                Ok::<_, RecordingError>(())
            })
            .unwrap();
    }
    last
}

fn read_plain(path: &Path, stages: &[Stage]) -> f32 {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let names = stages.iter().map(|stage| stage.as_str());
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let mut last = 0.0;
    for batch in builder.with_projection(mask).with_batch_size(700).build().unwrap() {
        for column in batch.unwrap().columns() {
            let values = column.as_list::<i32>().values();
            last += values.as_primitive::<Float32Type>().value(values.len() - 1);
        }
    }
    last
}

fn recording(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("recording");
    group.sample_size(10);
    for (n_samples, n_neurons) in SHAPES {
        let layer = Layer::new(n_samples, n_neurons);
        let shape = format!("{n_samples}x{n_neurons}");
        let (ours, plain) = (folder.path().join("ours.parquet"), folder.path().join("plain.parquet"));
        group.throughput(Throughput::Bytes(layer.bytes()));
        group.bench_function(BenchmarkId::new("write", &shape), |b| b.iter(|| layer.write(&ours).unwrap()));
        group
            .bench_function(BenchmarkId::new("write, parquet crate", &shape), |b| b.iter(|| layer.write_plain(&plain)));
        for (name, stages) in [("both", &Stage::ALL[..]), ("post", &[Stage::Post])] {
            group.throughput(Throughput::Bytes(layer.bytes() / 2 * stages.len() as u64));
            let id = BenchmarkId::new(format!("read {name}"), &shape);
            group.bench_function(id, |b| b.iter(|| black_box(read(&ours, stages, Checks::Digests))));
            let id = BenchmarkId::new(format!("read {name}, no digests"), &shape);
            group.bench_function(id, |b| b.iter(|| black_box(read(&ours, stages, Checks::None))));
            let id = BenchmarkId::new(format!("read {name}, parquet crate"), &shape);
            group.bench_function(id, |b| b.iter(|| black_box(read_plain(&ours, stages))));
        }
    }
    group.finish();
}

criterion_group!(benches, recording);
criterion_main!(benches);

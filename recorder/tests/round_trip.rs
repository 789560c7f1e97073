//! The recording format: bits survive, nothing half-written stays, readers touch only what they are asked for.

use std::fs;
use std::path::Path;

use layerscope_recorder::recording::{
    Chunk, Companions, Manifest, Recording, RecordingError, Stage, Unit, UnitKey, Writer, WriterOptions,
};

/// Everything of one unit, as read.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    samples: Vec<i64>,
    labels: Vec<Option<i32>>,
    pre: Vec<u32>,
    post: Vec<u32>,
    n_chunks: usize,
}

fn read(recording: &Recording, unit: &Unit, stages: &[Stage], memory_bytes: usize) -> Result<Rows, RecordingError> {
    let mut rows = Rows::default();
    recording.read(unit, stages, memory_bytes, |chunk| {
        assert!(!chunk.samples.is_empty());
        rows.samples.extend(chunk.samples);
        match chunk.labels {
            Some(labels) => rows.labels.extend(labels.iter().map(|label| Some(*label))),
            None => rows.labels.extend(chunk.samples.iter().map(|_| None)),
        }
        for (values, out) in [(chunk.pre, &mut rows.pre), (chunk.post, &mut rows.post)] {
            let Some(values) = values else { continue };
            assert_eq!(values.dim(), (chunk.samples.len(), unit.n_neurons));
            out.extend(values.iter().map(|value| value.to_bits()));
        }
        rows.n_chunks += 1;
        Ok::<_, RecordingError>(())
    })?;
    Ok(rows)
}

fn key(size: i32, replicate: i32) -> UnitKey {
    UnitKey {
        model: "mnist_h1".to_owned(),
        dataset: "mnist-5k".to_owned(),
        split: "test".to_owned(),
        size,
        replicate,
        epoch: 15,
        layer: "hidden".to_owned(),
    }
}

/// All bit patterns of f32 are possible, special ones included; every value is different from its neighbours.
fn awkward_values(n: usize, seed: u32) -> Vec<f32> {
    const SPECIAL: [f32; 8] =
        [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, 1e-45, f32::MAX];
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    (0..n)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if i % 5 == 0 { SPECIAL[i / 5 % 8] } else { f32::from_bits(state) }
        })
        .collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

struct Written {
    size: i32,
    replicate: i32,
    labels: Vec<i32>,
    pre: Vec<f32>,
    post: Vec<f32>,
}

/// Sizes and numbers of samples that end inside pages, chunks and row groups.
fn write(path: &Path, members: &[(i32, i32, usize)], options: WriterOptions) -> Vec<Written> {
    let mut writer = Writer::create(path, options).unwrap();
    let mut all = Vec::new();
    for (i, (size, replicate, n)) in members.iter().copied().enumerate() {
        let width = size as usize;
        let values = |seed: u32| awkward_values(n * width, seed + 10 * i as u32);
        let (pre, post) = (values(1), values(2));
        let labels: Vec<i32> = (0..n as i32).map(|row| row * 7 % 10).collect();
        let key = key(size, replicate);
        let mut first = 0_usize;
        for step in [1, 50, 7, usize::MAX] {
            let last = n.min(first.saturating_add(step));
            let part = first * width..last * width;
            writer
                .append(&Chunk {
                    key: &key,
                    first_sample: first as i64,
                    labels: Some(&labels[first..last]),
                    n_neurons: width,
                    pre: Some(&pre[part.clone()]),
                    post: Some(&post[part]),
                })
                .unwrap();
            first = last;
        }
        all.push(Written { size, replicate, labels, pre, post });
    }
    writer.finish(Manifest::new()).unwrap();
    all
}

#[test]
fn bits_survive_in_every_size_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    // Row groups of 40 KB, so that the larger members take several.
    let options = WriterOptions { row_group_bytes: 40_000, sync: false, ..WriterOptions::default() };
    let written = write(&path, &[(1, 0, 300), (3, 0, 1), (64, 0, 211), (64, 1, 211), (181, 0, 97)], options);
    let recording = Recording::open(&path).unwrap();
    assert_eq!(recording.warnings(), [""; 0]);
    assert_eq!(recording.units().len(), written.len());
    for (unit, member) in recording.units().iter().zip(&written) {
        assert_eq!((unit.key.clone(), unit.n_neurons), (key(member.size, member.replicate), member.size as usize));
        assert_eq!(unit.n_samples as usize, member.labels.len());
        for memory in [1, 20_000, 1 << 30] {
            let rows = read(&recording, unit, &Stage::ALL, memory).unwrap();
            assert_eq!(rows.samples, (0..member.labels.len() as i64).collect::<Vec<_>>());
            assert_eq!(rows.labels, member.labels.iter().map(|label| Some(*label)).collect::<Vec<_>>());
            assert_eq!((rows.pre, rows.post), (bits(&member.pre), bits(&member.post)), "{} at {memory}", unit.key);
        }
    }
    assert_eq!(recording.statistics().general_row_groups, 0, "our own files take the fast path");
}

#[test]
fn nothing_appears_before_finish_and_nothing_stays_after_drop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let key = key(2, 0);
    let chunk = Chunk {
        key: &key,
        first_sample: 0,
        labels: None,
        n_neurons: 2,
        pre: Some(&[1.0, 2.0]),
        post: Some(&[0.0, 2.0]),
    };
    let mut writer = Writer::create(&path, WriterOptions::default()).unwrap();
    writer.append(&chunk).unwrap();
    assert_eq!(names(), ["out.parquet.tmp"]);
    assert!(matches!(Writer::create(&path, WriterOptions::default()), Err(RecordingError::Busy { .. })));
    drop(writer);
    assert_eq!(names(), [""; 0]);

    let mut writer = Writer::create(&path, WriterOptions::default()).unwrap();
    writer.append(&chunk).unwrap();
    let manifest = Manifest { command: vec!["record".to_owned()], seed: Some(3), ..Manifest::new() };
    let written = writer.finish(manifest).unwrap();
    assert_eq!(names(), ["out.manifest.json", "out.parquet"]);
    assert_eq!(written.bytes, fs::metadata(&path).unwrap().len());
    assert_eq!(Manifest::read(&Companions::of(&path).manifest).unwrap(), Some(written.manifest.clone()));
    let embedded = Recording::open(&path).unwrap().manifest().unwrap().unwrap();
    assert_eq!(embedded, Manifest { bytes: None, footer: None, manifest_blake3: None, ..written.manifest });

    // A recording that is there is refused, or replaced at the end and not before.
    let before = fs::read(&path).unwrap();
    assert!(matches!(Writer::create(&path, WriterOptions::default()), Err(RecordingError::Exists { .. })));
    let options = WriterOptions { overwrite: true, ..WriterOptions::default() };
    let mut writer = Writer::create(&path, options.clone()).unwrap();
    writer.append(&chunk).unwrap();
    drop(writer);
    assert_eq!(fs::read(&path).unwrap(), before);
    let writer = Writer::create(&path, options).unwrap();
    writer.finish(Manifest::new()).unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    assert_eq!(names(), ["out.manifest.json", "out.parquet"]);
}

#[test]
fn reading_one_size_touches_only_its_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let options = WriterOptions { sync: false, ..WriterOptions::default() };
    write(&path, &[(64, 0, 1_000), (512, 0, 200), (1024, 0, 200)], options);
    let recording = Recording::open(&path).unwrap();
    let after_open = recording.statistics().bytes;
    assert!(after_open < 40_000, "opening reads footers only: {after_open} bytes");
    let ranges = recording.manifest().unwrap().unwrap().row_groups;
    assert_eq!(ranges.len(), 3);
    read(&recording, &recording.units()[0], &[Stage::Post], 1 << 20).unwrap();
    let statistics = recording.statistics();
    assert_eq!(statistics.fast_row_groups + statistics.general_row_groups, 1);
    // One of two stages, and little else: small columns and page headers, read through buffers of 8 KiB.
    let bytes = statistics.bytes - after_open;
    assert!(bytes < ranges[0].bytes / 2 + 32_000, "{bytes} bytes of a row group of {}", ranges[0].bytes);
}

#[test]
fn a_recording_of_one_stage_has_one_value_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let options = WriterOptions { stages: vec![Stage::Post], sync: false, ..WriterOptions::default() };
    let written = write(&path, &[(5, 0, 9)], options);
    let recording = Recording::open(&path).unwrap();
    let unit = &recording.units()[0];
    assert_eq!((unit.has_pre, unit.has_post), (false, true));
    assert_eq!(read(&recording, unit, &[Stage::Post], 1).unwrap().post, bits(&written[0].post));
    // Samples and labels alone.
    let rows = read(&recording, unit, &[], 1 << 20).unwrap();
    assert_eq!((rows.samples.len(), rows.labels[3], rows.post.len()), (9, Some(1), 0));
}

#[test]
fn the_frozen_file_of_version_1_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording_v1.parquet");
    fs::write(&path, include_bytes!("../../fixtures/recording_v1.parquet")).unwrap();
    let recording = Recording::open(&path).unwrap();
    let keys: Vec<_> = recording.units().iter().map(|unit| unit.key.clone()).collect();
    assert_eq!(keys, [key(3, 0), key(3, 1), key(8, 0), key(8, 1)]);
    let rows = read(&recording, &recording.units()[3], &Stage::ALL, 1 << 20).unwrap();
    assert_eq!(rows.samples, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(rows.labels, [7, 2, 1, 0, 4, 1, 4].map(Some));
    // Written by the rule of examples/recording_fixture.rs.
    let mut pre: Vec<f32> = (0..56).map(|i| (i as f32 - 9.0) * 0.25 + 1.0).collect();
    pre[..5].copy_from_slice(&[f32::NAN, 0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY]);
    let post: Vec<f32> = pre.iter().map(|value| if *value <= 0.0 { 0.0 } else { *value }).collect();
    assert_eq!((rows.pre, rows.post), (bits(&pre), bits(&post)));
    assert!(recording.verify(1 << 20).is_sound());
}

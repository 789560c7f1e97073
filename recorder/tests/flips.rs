//! Flipped bits: `verify` finds every single one and says where; reading returns the values written or an error.
//!
//! `LAYERSCOPE_FLIPS` sets how many bits are flipped per test (CI: a few hundred; 10,000 and more for a thorough run). The
//! counts are printed with `--nocapture`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layerscope_recorder::recording::digest::RowGroupDigest;
use layerscope_recorder::recording::history::{HistoryRow, HistoryWriter};
use layerscope_recorder::recording::weights::{WeightsWriter, member_tensors};
use layerscope_recorder::recording::{
    Checks, Chunk, Companions, Manifest, Recording, RecordingError, Stage, UnitKey, Writer, WriterOptions,
};

const MEMORY: usize = 1 << 20;

fn n_flips() -> usize {
    let text = std::env::var("LAYERSCOPE_FLIPS").unwrap_or_else(|_| "300".to_owned());
    text.parse().unwrap_or_else(|_| panic!("LAYERSCOPE_FLIPS={text}: expected a number"))
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) >> 11) as usize % n
    }
}

/// A recording of sizes 3 and 7, the wider one in several row groups, with companions if wanted.
fn write(path: &Path, stages: &[Stage], with_companions: bool) {
    let files = Companions::of(path);
    let mut manifest = Manifest { seed: Some(11), command: vec!["record".to_owned()], ..Manifest::new() };
    if with_companions {
        let tensors = member_tensors(3, 0, 5, 10);
        let mut weights = WeightsWriter::create(&files.weights, &tensors, false).unwrap();
        for (at, tensor) in tensors.iter().enumerate() {
            let n_values: usize = tensor.shape.iter().product();
            let values: Vec<f32> = (0..n_values).map(|i| (at * 100 + i) as f32 / 7.0).collect();
            weights.write(&tensor.name, &values).unwrap();
        }
        let mut history = HistoryWriter::create(&files.history, false).unwrap();
        for epoch in 1..=9 {
            let (model, dataset, measure) = ("m".to_owned(), "d".to_owned(), "test_loss".to_owned());
            let (step, value) = (i64::from(epoch) * 10, f64::from(epoch) / 3.0);
            history.append(HistoryRow { model, dataset, size: 3, replicate: 0, epoch, step, measure, value }).unwrap();
        }
        manifest.files = vec![weights.finish().unwrap(), history.finish().unwrap()];
    }
    let options = WriterOptions { stages: stages.to_vec(), row_group_bytes: 6_000, sync: false, overwrite: false };
    let mut writer = Writer::create(path, options).unwrap();
    for (size, n_rows) in [(3, 101_usize), (7, 333)] {
        let key = UnitKey { model: "m".to_owned(), size, layer: "hidden".to_owned(), ..UnitKey::default() };
        let n_values = n_rows * size as usize;
        let pre: Vec<f32> =
            (0..n_values as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e6 - 8.0).collect();
        let post: Vec<f32> = pre.iter().map(|value| value.max(0.0)).collect();
        let labels: Vec<i32> = (0..n_rows as i32).map(|row| row * row % 10).collect();
        writer
            .append(&Chunk {
                key: &key,
                first_sample: 0,
                labels: with_companions.then_some(labels.as_slice()),
                n_neurons: size as usize,
                pre: stages.contains(&Stage::Pre).then_some(&pre),
                post: stages.contains(&Stage::Post).then_some(&post),
            })
            .unwrap();
    }
    assert!(writer.finish(manifest).unwrap().manifest.row_groups.len() > 2);
}

/// Samples, labels and values of everything.
type Content = (Vec<i64>, Vec<Vec<i32>>, Vec<u32>);

fn read(path: &Path, checks: Checks) -> Result<Content, RecordingError> {
    let recording = Recording::open_with(path, checks)?;
    let mut content = Content::default();
    for unit in recording.units() {
        let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| unit.has(*stage)).collect();
        recording.read(unit, &stages, MEMORY, |chunk| {
            content.0.extend(chunk.samples);
            content.1.extend(chunk.labels.map(<[i32]>::to_vec));
            content.2.extend([chunk.pre, chunk.post].into_iter().flatten().flatten().map(|value| value.to_bits()));
            Ok::<_, RecordingError>(())
        })?;
    }
    Ok(content)
}

/// What `verify` says, the error of opening included.
fn findings(path: &Path) -> Vec<String> {
    match Recording::open(path) {
        Ok(recording) => recording.verify(MEMORY).findings.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// Row group and column that byte `at` belongs to; `None` for the magic bytes and the footer.
fn column_at(row_groups: &[RowGroupDigest], at: u64) -> Option<(usize, &str)> {
    row_groups.iter().enumerate().find_map(|(row_group, digests)| {
        digests.columns.iter().find_map(|column| {
            let (offset, found) = digests.column(&column.name)?;
            (offset..offset + found.bytes).contains(&at).then_some((row_group, column.name.as_str()))
        })
    })
}

/// Flips one bit of `file`, and returns where `verify` of the recording at `path` found it.
fn check_flip(path: &Path, file: &Path, row_groups: &[RowGroupDigest], bit: usize) -> &'static str {
    let whole = fs::read(file).unwrap();
    fs::write(file, flip(&whole, bit)).unwrap();
    let found = findings(path);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(!found.is_empty(), "bit {bit} of {name} went unseen");
    let named = |words: &[&str]| {
        let all = |line: &&String| words.iter().all(|word| line.contains(word)) && !line.contains('\n');
        assert!(found.iter().any(|line| all(&line)), "bit {bit} of {name}: {words:?} in {found:?}");
    };
    named(&[name]);
    let place = match column_at(row_groups, (bit / 8) as u64).filter(|_| path == file) {
        Some((row_group, column)) => {
            named(&[&format!("row group {row_group}, column {column}: the bytes differ")]);
            if matches!(column, "pre" | "post") { "values" } else { "other columns" }
        }
        None if path == file => "magic and footer",
        None if name.ends_with(".json") => "manifest",
        None => "weights and history",
    };
    fs::write(file, whole).unwrap();
    place
}

#[test]
fn verify_finds_every_flipped_bit_of_recordings_and_companions() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (name, stages, with_companions) in [("a", &Stage::ALL[..], true), ("b", &[Stage::Post], false)] {
        let path = folder.path().join(format!("{name}.parquet"));
        write(&path, stages, with_companions);
        let beside = Companions::of(&path);
        files.extend([path.clone(), beside.weights, beside.history, beside.manifest].map(|file| (path.clone(), file)));
    }
    files.retain(|(_, file)| file.is_file());
    assert_eq!(files.len(), 6);
    let (mut random, mut counts) = (Random(1), BTreeMap::new());
    for _ in 0..n_flips() {
        let (path, file) = &files[random.below(files.len())];
        let bit = random.below(fs::metadata(file).unwrap().len() as usize * 8);
        let row_groups = Recording::open(path).unwrap().manifest().unwrap().unwrap().row_groups;
        *counts.entry(check_flip(path, file, &row_groups, bit)).or_insert(0) += 1;
    }
    println!("bits flipped and found: {counts:?}");
    assert!(files.iter().all(|(path, _)| findings(path).is_empty()), "put back");
}

#[test]
fn a_lone_file_shows_every_flipped_bit_without_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lone.parquet");
    write(&path, &[Stage::Post], false);
    fs::remove_file(Companions::of(&path).manifest).unwrap();
    assert_eq!(findings(&path), [""; 0]);
    let row_groups = Recording::open(&path).unwrap().manifest().unwrap().unwrap().row_groups;
    let n_bits = fs::metadata(&path).unwrap().len() as usize * 8;
    // A step without a factor of eight, so that every bit of a byte has its turn.
    let step = (n_bits / n_flips()).max(1) | 1;
    let mut counts = BTreeMap::new();
    for bit in (0..n_bits).step_by(step) {
        *counts.entry(check_flip(&path, &path, &row_groups, bit)).or_insert(0) += 1;
    }
    println!("every {step}th of {n_bits} bits flipped and found: {counts:?}");
}

#[test]
fn reading_returns_what_was_written_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    write(&path, &Stage::ALL, true);
    let whole = fs::read(&path).unwrap();
    let right = read(&path, Checks::Digests).unwrap();
    assert_eq!(read(&path, Checks::None).unwrap(), right);
    let (mut random, mut errors, mut unread) = (Random(2), 0, 0);
    for _ in 0..n_flips() {
        let bit = random.below(whole.len() * 8);
        fs::write(&path, flip(&whole, bit)).unwrap();
        match read(&path, Checks::Digests) {
            Err(error) => {
                let line = error.to_string();
                assert!(line.starts_with(path.to_str().unwrap()) && !line.contains('\n'), "{line}");
                errors += 1;
            }
            // Columns that are not read: model, dataset, ...
            Ok(content) => {
                assert!(content == right, "bit {bit} changed what was read");
                unread += 1;
            }
        }
        // Without digests: whatever is read, and no panic.
        let _ = read(&path, Checks::None);
    }
    println!("errors {errors}, flips in columns that were not read {unread}");
    assert!(errors > unread);
}

#[test]
fn companions_of_another_recording_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    write(&a, &Stage::ALL, true);
    write(&b, &[Stage::Post], true);
    let (of_a, of_b) = (Companions::of(&a), Companions::of(&b));
    fs::copy(&of_b.manifest, &of_a.manifest).unwrap();
    assert!(findings(&a).iter().any(|line| line.contains("a.manifest.json expects")), "{:?}", findings(&a));
    let mut weights = fs::read(&of_b.weights).unwrap();
    weights.reverse();
    fs::write(&of_a.weights, weights).unwrap();
    assert!(findings(&a).iter().any(|line| line.contains("a.weights.safetensors: the bytes differ")));
    let recording = Recording::open(&a).unwrap();
    assert!(matches!(recording.check_companion(&of_a.weights), Err(RecordingError::Digest { .. })));
    recording.check_companion(&of_a.history).unwrap();
    let careless = Recording::open_with(&a, Checks::None).unwrap();
    careless.check_companion(&of_a.weights).unwrap();
}

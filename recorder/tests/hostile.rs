//! Damaged files: an error or the right values, never a panic, never wrong values.

use std::fs;
use std::path::Path;

use layerscope_recorder::recording::history::{self, HistoryRow, HistoryWriter};
use layerscope_recorder::recording::weights::{Weights, WeightsWriter, member_tensors, tensor_name};
use layerscope_recorder::recording::{
    Chunk, Companions, Manifest, Recording, RecordingError, Stage, UnitKey, Writer, WriterOptions,
};

/// A recording of two row groups of one unit, with several pages each.
fn write(path: &Path) {
    let options = WriterOptions { row_group_bytes: 200 * 4 * 2 * 5, sync: false, ..WriterOptions::default() };
    let mut writer = Writer::create(path, options).unwrap();
    let key = UnitKey { model: "m".to_owned(), size: 5, layer: "hidden".to_owned(), ..UnitKey::default() };
    let pre: Vec<f32> = (0..2_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e6 - 8.0).collect();
    let post: Vec<f32> = pre.iter().map(|value| value.max(0.0)).collect();
    let labels: Vec<i32> = (0..400).map(|i| i % 10).collect();
    writer
        .append(&Chunk {
            key: &key,
            first_sample: 0,
            labels: Some(&labels),
            n_neurons: 5,
            pre: Some(&pre),
            post: Some(&post),
        })
        .unwrap();
    assert_eq!(writer.finish(Manifest::new()).unwrap().manifest.row_groups.len(), 2);
}

/// Everything that can be read.
fn read(path: &Path) -> Result<(Vec<i64>, Vec<u32>), RecordingError> {
    let recording = Recording::open(path)?;
    let (mut samples, mut values) = (Vec::new(), Vec::new());
    for unit in recording.units() {
        let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| unit.has(*stage)).collect();
        recording.read(unit, &stages, 1 << 20, |chunk| {
            samples.extend(chunk.samples);
            values.extend([chunk.pre, chunk.post].into_iter().flatten().flatten().map(|value| value.to_bits()));
            Ok::<_, RecordingError>(())
        })?;
    }
    Ok((samples, values))
}

fn assert_one_line(error: &RecordingError, path: &Path) {
    let message = error.to_string();
    assert!(message.starts_with(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
}

#[test]
fn every_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    write(&path);
    let whole = fs::read(&path).unwrap();
    let step = whole.len() / 97;
    for n in (0..16).chain((0..whole.len()).step_by(step)).chain(whole.len() - 16..whole.len()) {
        fs::write(&path, &whole[..n]).unwrap();
        assert_one_line(&read(&path).unwrap_err(), &path);
    }
}

#[test]
fn flipped_bits_never_panic_and_never_change_values_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    write(&path);
    let whole = fs::read(&path).unwrap();
    let right = read(&path).unwrap();
    let ranges = Recording::open(&path).unwrap().manifest().unwrap().unwrap().row_groups;
    let mut state = 12_345_u64;
    for flip in 0..400 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bit = (state >> 33) as usize % (whole.len() * 8);
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &damaged).unwrap();
        match read(&path) {
            Err(error) => assert_one_line(&error, &path),
            // Pages of values carry checksums; those of sample numbers do not.
            Ok((_, values)) if !values.is_empty() => assert_eq!(values, right.1, "flip {flip}, bit {bit}"),
            Ok(_) => {}
        }
        // verify sees every flip, of the row groups, of the footer and of the magic bytes.
        let findings = Recording::open(&path).map(|recording| recording.verify(1 << 20).findings);
        match findings {
            Ok(findings) => {
                assert!(!findings.is_empty(), "flip {flip} of bit {bit} went unseen");
                findings.iter().for_each(|finding| assert_one_line(finding, &path));
                let at = (bit / 8) as u64;
                if let Some(group) =
                    ranges.iter().position(|range| (range.offset..range.offset + range.bytes).contains(&at))
                {
                    let named =
                        findings.iter().any(|finding| finding.to_string().contains(&format!("row group {group}")));
                    assert!(named, "{findings:?}");
                }
            }
            Err(error) => assert_one_line(&error, &path),
        }
    }
}

#[test]
fn a_sound_recording_is_verified_with_its_companions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    write(&path);
    let verification = Recording::open(&path).unwrap().verify(1 << 20);
    assert_eq!((verification.n_digests, verification.n_row_groups), (2, 2));
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(verification.notes, [""; 0]);
    fs::remove_file(Companions::of(&path).manifest).unwrap();
    let verification = Recording::open(&path).unwrap().verify(1 << 20);
    assert!(verification.is_sound());
    assert_eq!(verification.notes.len(), 1, "the footer's digest is in the manifest file");
}

#[test]
fn files_that_are_no_recordings_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    for (bytes, reason) in [
        (&b""[..], "0 bytes"),
        (b"short", "5 bytes"),
        (b"label,pixel\n1,2\n3,4\n", "it does not begin with PAR1"),
        (b"PAR1 and then something else", "it does not end with PAR1: truncated?"),
    ] {
        fs::write(&path, bytes).unwrap();
        let message = Recording::open(&path).unwrap_err().to_string();
        assert_eq!(message, format!("{}: not a Parquet file ({reason})", path.display()));
    }
    // A footer length that points before the file.
    fs::write(&path, b"PAR1\xff\xff\xff\x7fPAR1").unwrap();
    assert!(matches!(Recording::open(&path), Err(RecordingError::Damaged { .. })));
    let missing = Writer::create(&folder.path().join("no/out.parquet"), WriterOptions::default());
    assert!(matches!(missing, Err(RecordingError::NoFolder { .. })));
    let taken = Writer::create(folder.path(), WriterOptions { overwrite: true, ..WriterOptions::default() });
    assert!(matches!(taken, Err(RecordingError::Io { .. })));
}

#[test]
fn chunks_that_contradict_themselves_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let mut writer = Writer::create(&path, WriterOptions::default()).unwrap();
    let key = UnitKey::default();
    let values = [0.0; 6];
    let sound =
        Chunk { key: &key, first_sample: 0, labels: None, n_neurons: 3, pre: Some(&values), post: Some(&values) };
    for bad in [
        Chunk { n_neurons: 0, ..sound },
        Chunk { n_neurons: 4, ..sound },
        Chunk { pre: None, ..sound },
        Chunk { post: Some(&values[..3]), ..sound },
        Chunk { labels: Some(&[1, 2, 3]), ..sound },
    ] {
        assert!(matches!(writer.append(&bad), Err(RecordingError::Shape { .. })), "{bad:?}");
    }
    writer.append(&sound).unwrap();
    assert_eq!(writer.finish(Manifest::new()).unwrap().n_rows, 2);
}

#[test]
fn weights_survive_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Companions::of(&folder.path().join("out.parquet")).weights;
    let tensors: Vec<_> = [(3, 0), (2, 1)].iter().flat_map(|(size, r)| member_tensors(*size, *r, 4, 10)).collect();
    let values = |name: &str, n: usize| -> Vec<f32> { (0..n).map(|i| i as f32 + name.len() as f32 / 7.0).collect() };
    let mut writer = WeightsWriter::create(&path, &tensors, false).unwrap();
    for tensor in tensors.iter().rev() {
        writer.write(&tensor.name, &values(&tensor.name, tensor.shape.iter().product())).unwrap();
    }
    let again = writer.write(&tensors[0].name, &[]).unwrap_err().to_string();
    assert!(again.contains("was not announced or is written already"), "{again}");
    assert_eq!(writer.finish().unwrap().bytes, fs::metadata(&path).unwrap().len());
    let weights = Weights::open(&path).unwrap();
    assert_eq!(weights.names().len(), 8);
    for tensor in &tensors {
        let found = weights.tensor(&tensor.name).unwrap();
        assert_eq!(found.shape, tensor.shape);
        assert_eq!(found.values, values(&tensor.name, found.values.len()));
    }
    assert_eq!(weights.tensor(&tensor_name(3, 0, "hidden.weight")).unwrap().shape, [3, 4]);
    assert!(weights.tensor("none").unwrap_err().to_string().ends_with("no tensor none"));

    // The crate that defined the format reads it too.
    let bytes = fs::read(&path).unwrap();
    let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(parsed.tensor("size=2/replicate=1/output.bias").unwrap().shape(), [10]);
    for n in [0, 7, 8, 100, bytes.len() - 1] {
        fs::write(&path, &bytes[..n]).unwrap();
        assert_one_line(&Weights::open(&path).unwrap_err(), &path);
    }
    let unfinished = WeightsWriter::create(&path, &tensors, true).unwrap();
    assert!(matches!(unfinished.finish(), Err(RecordingError::Weights { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn history_survives_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Companions::of(&folder.path().join("out.parquet")).history;
    let rows: Vec<HistoryRow> = (0..40)
        .map(|i| HistoryRow {
            model: "mnist_h1".to_owned(),
            dataset: "mnist-5k".to_owned(),
            size: 64 + i,
            replicate: i % 2,
            epoch: i / 2,
            step: i64::from(i) << 33,
            measure: ["train_loss", "seconds"][i as usize % 2].to_owned(),
            value: f64::from(i) / 3.0,
        })
        .collect();
    let mut writer = HistoryWriter::create(&path, false).unwrap();
    rows.iter().for_each(|row| writer.append(row.clone()).unwrap());
    writer.finish().unwrap();
    assert_eq!(history::read(&path).unwrap(), rows);
    assert!(matches!(Recording::open(&path), Err(RecordingError::NoStage { .. })), "a history is no recording");
    let bytes = fs::read(&path).unwrap();
    for n in [0, 3, 11, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..n]).unwrap();
        assert_one_line(&history::read(&path).unwrap_err(), &path);
    }
}

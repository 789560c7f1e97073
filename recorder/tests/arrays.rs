//! Matrices in `.npy`, `.npz` and `.safetensors`: every type and order, bounded blocks, hostile files.
//!
//! Files are made here byte by byte; `tests/interop/arrays.py` reads those that NumPy itself writes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use half::{bf16, f16};
use layerscope_recorder::recording::{Recording, RecordingError, Stage};
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Values that tell all places apart, and that 16 bits hold: [N, U].
fn value(sample: usize, neuron: usize) -> f32 {
    sample as f32 - 0.25 * neuron as f32
}

fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// The bytes of a matrix [n, u] in a NumPy type.
fn bytes(descr: &str, fortran: bool, (n, u): (usize, usize)) -> Vec<u8> {
    let at = |i: usize| if fortran { value(i % n, i / n) } else { value(i / u, i % u) };
    let one = |i: usize| {
        let mut bytes = match &descr[1..] {
            "f2" => f16::from_f32(at(i)).to_le_bytes().to_vec(),
            "f4" => at(i).to_le_bytes().to_vec(),
            "f8" => f64::from(at(i)).to_le_bytes().to_vec(),
            "bf" => bf16::from_f32(at(i)).to_le_bytes().to_vec(),
            other => panic!("{other}"),
        };
        if descr.starts_with('>') {
            bytes.reverse();
        }
        bytes
    };
    (0..n * u).flat_map(one).collect()
}

fn write_npz(path: &Path, method: CompressionMethod, members: &[(&str, Vec<u8>)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, data) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(data).unwrap();
    }
    zip.finish().unwrap();
}

fn write_safetensors(path: &Path, header: &serde_json::Value, data: &[u8]) {
    let text = header.to_string();
    fs::write(path, [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), data].concat()).unwrap();
}

/// Reads every unit and compares all values with [`value`]; the number of chunks of the first unit.
fn check(path: &Path, memory: usize, expected: &[(&str, usize, usize)]) -> usize {
    let recording = Recording::open(path).unwrap_or_else(|error| panic!("{error}"));
    let units: Vec<_> = recording
        .units()
        .iter()
        .map(|unit| (unit.key.layer.as_str(), unit.n_samples as usize, unit.n_neurons))
        .collect();
    assert_eq!(units, expected, "{}", path.display());
    let mut n_chunks = 0;
    for (i, unit) in recording.units().iter().enumerate() {
        assert_eq!((unit.has_pre, unit.has_post, unit.key.size as usize), (false, true, unit.n_neurons));
        let mut row = 0;
        recording
            .read(unit, &[Stage::Post], memory, |chunk| {
                for (sample, values) in chunk.samples.iter().zip(chunk.post.unwrap().rows()) {
                    assert_eq!(*sample, row as i64);
                    for (neuron, found) in values.iter().enumerate() {
                        assert_eq!(*found, value(row, neuron), "{}: row {row}, neuron {neuron}", path.display());
                    }
                    row += 1;
                }
                n_chunks += usize::from(i == 0);
                Ok::<_, RecordingError>(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(row as u64, unit.n_samples);
        let mut samples = 0;
        recording
            .read(unit, &[], memory, |chunk| {
                assert!(chunk.post.is_none());
                samples += chunk.samples.len();
                Ok::<_, RecordingError>(())
            })
            .unwrap();
        assert_eq!(samples as u64, unit.n_samples);
        let error = recording.read(unit, &[Stage::Pre], memory, |_| Ok::<_, RecordingError>(())).unwrap_err();
        assert!(matches!(error, RecordingError::StageMissing { .. }));
    }
    n_chunks
}

#[test]
fn every_type_and_order_of_npy_reads_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matrix.npy");
    let (n, u) = (37, 5);
    for fortran in [false, true] {
        for descr in ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"] {
            fs::write(&path, npy(descr, fortran, "(37, 5)", &bytes(descr, fortran, (n, u)))).unwrap();
            assert_eq!(check(&path, 1 << 20, &[("hidden", n, u)]), 1, "{descr}");
            // One row at a time, and four of f4.
            assert_eq!(check(&path, 1, &[("hidden", n, u)]), n, "{descr}");
            if descr == "<f4" {
                assert_eq!(check(&path, 2 * 4 * u * 8, &[("hidden", n, u)]), n.div_ceil(4));
            }
        }
    }
    // The name does not matter where the beginning tells.
    let other = folder.path().join("activations");
    fs::copy(&path, &other).unwrap();
    check(&other, 1 << 20, &[("hidden", n, u)]);
}

#[test]
fn later_axes_are_flattened_with_the_last_fastest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.npy");
    let (n, axes) = (7, [2, 3, 4]);
    fs::write(&path, npy("<f4", false, "(7, 2, 3, 4)", &bytes("<f4", false, (n, 24)))).unwrap();
    check(&path, 200, &[("hidden", n, 24)]);
    // Fortran order: the first axis fastest, then the second, ...
    let mut data = Vec::new();
    for w in 0..axes[2] {
        for h in 0..axes[1] {
            for c in 0..axes[0] {
                for sample in 0..n {
                    data.extend(value(sample, (c * axes[1] + h) * axes[2] + w).to_le_bytes());
                }
            }
        }
    }
    fs::write(&path, npy("<f4", true, "(7, 2, 3, 4)", &data)).unwrap();
    check(&path, 200, &[("hidden", n, 24)]);
}

#[test]
fn the_arrays_of_an_npz_are_layers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layers.npz");
    let member =
        |descr: &str, fortran, (n, u)| npy(descr, fortran, &format!("({n}, {u})"), &bytes(descr, fortran, (n, u)));
    let labels = npy("<i8", false, "(9,)", &[0; 72]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let members = [
            ("wide.npy", member("<f4", false, (9, 12))),
            ("conv/1.npy", member(">f8", true, (9, 3))),
            ("labels.npy", labels.clone()),
            ("readme.txt", b"not an array".to_vec()),
            ("half.npy", member("<f2", false, (11, 4))),
        ];
        write_npz(&path, method, &members);
        // The order of the keys: by size, then by layer.
        let expected = [("conv/1", 9, 3), ("half", 11, 4), ("wide", 9, 12)];
        check(&path, 1 << 20, &expected);
        check(&path, 100, &expected);
        let recording = Recording::open(&path).unwrap();
        let warnings = recording.warnings().join("\n");
        assert!(warnings.contains("labels") && warnings.contains("readme.txt"), "{warnings}");
        assert!(recording.verify(1 << 20).is_sound());
    }
}

#[test]
fn the_matrices_of_safetensors_are_layers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut data = bytes("<f4", false, (6, 4));
    data.extend(bytes("<bf", false, (6, 5)));
    data.extend(bytes("<f8", false, (3, 6)));
    data.extend([0; 16]);
    let header = json!({
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "F32", "shape": [6, 2, 2], "data_offsets": [0, 96]},
        "a": {"dtype": "BF16", "shape": [6, 5], "data_offsets": [96, 156]},
        "c": {"dtype": "F64", "shape": [3, 6], "data_offsets": [156, 300]},
        "bias": {"dtype": "F32", "shape": [4], "data_offsets": [300, 316]},
    });
    write_safetensors(&path, &header, &data);
    check(&path, 64, &[("b", 6, 4), ("a", 6, 5), ("c", 3, 6)]);
    assert!(Recording::open(&path).unwrap().warnings()[0].contains("bias"));
}

fn refused(path: &Path, contents: &[u8], words: &[&str]) {
    fs::write(path, contents).unwrap();
    let message = match Recording::open(path) {
        Err(error) => error.to_string(),
        Ok(recording) => {
            let found = recording.verify(1 << 20).findings;
            found.first().unwrap_or_else(|| panic!("{}: nothing found wrong", path.display())).to_string()
        }
    };
    assert!(message.starts_with(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
    assert!(words.iter().all(|word| message.contains(word)), "{words:?} in {message}");
}

#[test]
fn files_that_are_no_matrices_are_named_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    refused(&path, b"PAR1", &["not a NumPy array"]);
    refused(&path, b"", &["not a NumPy array"]);
    refused(&path, &npy("<f4", false, "(5,)", &[0; 20]), &["samples x neurons", "(5, 1)"]);
    refused(&path, &npy("<f4", false, "()", &[0; 4]), &["single number"]);
    refused(&path, &npy("<f4", false, "(0, 5)", &[]), &["no values"]);
    refused(&path, &npy("<f4", false, "(6, 5)", &[0; 119]), &["needs", "found"]);
    refused(&path, &npy("|O", false, "(6, 5)", &[0; 120]), &["Python objects"]);
    refused(&path, &npy("<f4", false, "(99999999999, 99999999999)", &[0; 120]), &["machine"]);
    refused(&path, &npy("<f4", true, "(1, 9999999999999)", &[0; 120]), &["needs"]);
    let path = folder.path().join("x.npz");
    refused(&path, b"PK\x03\x04", &["not a NumPy .npz"]);
    write_npz(&path, CompressionMethod::Stored, &[]);
    let empty = fs::read(&path).unwrap();
    refused(&path, &empty, &["no array"]);
    let labels = npy("<i4", false, "(3,)", &[0; 12]);
    write_npz(&path, CompressionMethod::Stored, &[("labels.npy", labels)]);
    let only_labels = fs::read(&path).unwrap();
    refused(&path, &only_labels, &["no matrix", "labels", "<i4"]);
    let path = folder.path().join("x.safetensors");
    refused(&path, &[0xff; 40], &["not a safetensors"]);
    let header = json!({"a": {"dtype": "F32", "shape": [1u64 << 40, 1u64 << 40], "data_offsets": [0, 4]}});
    let text = header.to_string();
    let file = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &[0; 4]].concat();
    refused(&path, &file, &["safetensors"]);
}

/// A small member that says it unpacks to a terabyte: refused, not allocated.
#[test]
fn absurd_sizes_in_a_zip_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.npz");
    let header_only = npy("<f4", false, "(1, 274877906944)", &[]);
    write_npz(&path, CompressionMethod::Deflated, &[("a.npy", header_only)]);
    let contents = fs::read(&path).unwrap();
    refused(&path, &contents, &["needs", "found"]);
    // The directory's sizes are believed by nobody either: every field of it overwritten with ones.
    let at = contents.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let mut lying = contents.clone();
    lying[at + 24..at + 28].fill(0xfe);
    refused(&path, &lying, &[]);
}

/// Any single byte changed: the right values, or an error that names the file.
#[test]
fn flips_and_truncations_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let one = npy("<f4", false, "(40, 3)", &bytes("<f4", false, (40, 3)));
    let two = npy("<f8", true, "(5, 2)", &bytes("<f8", true, (5, 2)));
    let read = |path: &Path| -> Result<Vec<f32>, RecordingError> {
        let recording = Recording::open(path)?;
        let mut values = Vec::new();
        for unit in recording.units() {
            recording.read(unit, &[Stage::Post], 256, |chunk| {
                values.extend(chunk.post.unwrap().iter());
                Ok::<_, RecordingError>(())
            })?;
        }
        Ok(values)
    };
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        write_npz(&path, method, &[("one.npy", one.clone()), ("two.npy", two.clone())]);
        let whole = fs::read(&path).unwrap();
        assert_eq!(read(&path).unwrap().len(), 130);
        for at in (0..whole.len()).step_by(2) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for (damaged, must_fail) in [(&flipped[..], false), (&whole[..at], true)] {
                fs::write(&path, damaged).unwrap();
                match read(&path) {
                    // Dates and the like mean nothing here, and values of columns have no checksum.
                    Ok(values) => assert!(!must_fail && values.len() <= 130, "{at} bytes of {} pass", whole.len()),
                    Err(error) => {
                        let message = error.to_string();
                        assert!(message.starts_with(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
                    }
                }
            }
        }
    }
}

/// Checksums of a zip find every changed byte of values that are read from first to last.
#[test]
fn a_changed_value_in_an_npz_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let data = npy("<f4", false, "(40, 3)", &bytes("<f4", false, (40, 3)));
    write_npz(&path, CompressionMethod::Stored, &[("one.npy", data.clone())]);
    let whole = fs::read(&path).unwrap();
    let start = whole.windows(6).position(|bytes| bytes == b"\x93NUMPY").unwrap();
    for at in [start + data.len() - 1, start + 130, start + data.len() / 2] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        refused(&path, &flipped, &["array one", "checksum"]);
    }
}

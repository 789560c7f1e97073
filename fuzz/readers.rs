//! What the readers do with bytes from a stranger: nothing may panic, whatever they are.
//!
//! The fuzz targets feed these functions with inputs of the fuzzer, `tests/fuzz_corpus.rs` with the corpus.
#![allow(dead_code, missing_docs)]

use std::fs;

use layerscope_recorder::dataset::idx::{Kind, read_bytes};
use layerscope_recorder::recording::weights::Weights;
use layerscope_recorder::recording::{Checks, Recording, RecordingError, Stage};

/// Memory for the values of a recording.
const MEMORY: usize = 1 << 20;

/// An IDX file, plain or gzipped.
pub fn idx(data: &[u8]) {
    for kind in [Kind::Images, Kind::Labels] {
        if let Ok(idx) = read_bytes(data, "fuzz", kind, None) {
            assert_eq!(idx.data.len(), idx.shape.iter().product::<usize>());
        }
    }
}

/// A recording: opened, read in full, verified. Without digests, since no mutation would get past them.
pub fn recording(data: &[u8]) {
    let file = file(data);
    let Ok(recording) = Recording::open_with(file.path(), Checks::None) else { return };
    for unit in recording.units() {
        let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| unit.has(*stage)).collect();
        let _ = recording.read(unit, &stages, MEMORY, |chunk| {
            for values in [chunk.pre, chunk.post].into_iter().flatten() {
                assert_eq!(values.dim(), (chunk.samples.len(), unit.n_neurons));
            }
            Ok::<_, RecordingError>(())
        });
    }
    let _ = recording.verify(MEMORY);
}

/// A safetensors file.
pub fn weights(data: &[u8]) {
    let file = file(data);
    let Ok(weights) = Weights::open(file.path()) else { return };
    for name in weights.names() {
        if let Ok(tensor) = weights.tensor(&name) {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
        }
    }
}

/// `data` as a file; the readers take paths.
fn file(data: &[u8]) -> tempfile::NamedTempFile {
    let folder = ["/dev/shm", "/tmp"].into_iter().find(|folder| fs::metadata(folder).is_ok());
    let file = match folder {
        Some(folder) => tempfile::NamedTempFile::new_in(folder),
        None => tempfile::NamedTempFile::new(),
    };
    let file = file.expect("a temporary file");
    fs::write(file.path(), data).expect("a temporary file");
    file
}

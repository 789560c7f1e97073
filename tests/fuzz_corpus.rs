//! The corpus of the fuzz targets, input by input: what once was found stays mended, without a fuzzer.

#[path = "../fuzz/inputs.rs"]
mod inputs;

use std::fs;
use std::path::Path;

/// Runs `target` on every input of its corpus, and on every prefix of the small ones; returns how many runs.
fn replay(name: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut runs = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let data = fs::read(&path).unwrap();
        // A panic names the input.
        println!("{}", path.display());
        target(&data);
        let step = data.len() / 16 + 1;
        (0..data.len()).step_by(step).for_each(|n| target(&data[..n]));
        runs += 1;
    }
    assert!(runs >= 5, "{name}: {runs} inputs");
    runs
}

#[test]
fn the_idx_reader_survives_its_corpus() {
    replay("idx", inputs::idx);
}

#[test]
fn the_recording_reader_survives_its_corpus() {
    replay("recording", inputs::recording);
}

#[test]
fn the_safetensors_reader_survives_its_corpus() {
    replay("weights", inputs::weights);
}

#[test]
fn the_arguments_survive_their_corpus() {
    replay("arguments", inputs::arguments);
}

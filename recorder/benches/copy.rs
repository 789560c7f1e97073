//! Reads a real recording into matrices and writes it anew: MB of raw values per second, for `benches/run`.
//!
//! `cargo bench -p layerscope-recorder --bench copy -- --recording out.parquet [--threads 2] [--json]`. The same work as
//! `benches/peers/parquet.py`. Writing counts the time inside the writer only, without the wait for the disk, as there;
//! reading counts everything from opening the file.

use layerscope_recorder::recording::{Chunk, Manifest, Recording, RecordingError, Stage, Writer, WriterOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bound on the reader's buffers.
const MEMORY_BYTES: usize = 256 << 20;

fn value(name: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1).cloned())
}

/// Seconds and raw bytes of reading `pre` and `post` of every unit.
fn read(path: &Path) -> Result<(Duration, usize), RecordingError> {
    let started = Instant::now();
    let recording = Recording::open(path)?;
    let mut n_values = 0;
    for unit in recording.units() {
        recording.read(unit, &Stage::ALL, MEMORY_BYTES, |chunk| {
            n_values += [chunk.pre, chunk.post].iter().flatten().map(|matrix| matrix.len()).sum::<usize>();
            Ok::<_, RecordingError>(())
        })?;
    }
    Ok((started.elapsed(), 4 * n_values))
}

/// Seconds inside the writer for the values of `source`.
fn write(source: &Path, target: &Path) -> Result<Duration, RecordingError> {
    let recording = Recording::open(source)?;
    let started = Instant::now();
    let mut writer = Writer::create(target, WriterOptions { sync: false, ..WriterOptions::default() })?;
    let mut seconds = started.elapsed();
    for unit in recording.units() {
        recording.read(unit, &Stage::ALL, MEMORY_BYTES, |chunk| {
            let [pre, post] = [&chunk.pre, &chunk.post].map(|matrix| matrix.as_ref().and_then(|m| m.as_slice()));
            let started = Instant::now();
            writer.append(&Chunk {
                key: &unit.key,
                first_sample: chunk.samples[0],
                labels: chunk.labels,
                n_neurons: unit.n_neurons,
                pre,
                post,
            })?;
            seconds += started.elapsed();
            Ok::<_, RecordingError>(())
        })?;
    }
    let started = Instant::now();
    writer.finish(Manifest::new())?;
    Ok(seconds + started.elapsed())
}

fn main() {
    let threads = value("--threads").map_or(2, |text| text.parse().expect("--threads takes a number"));
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("one pool");
    // A plain `cargo bench` has no recording to measure.
    let Some(source) = value("--recording").map(PathBuf::from) else {
        eprintln!("copy: SKIPPED: needs --recording FILE");
        return;
    };
    let folder = tempfile::tempdir_in(source.parent().expect("a file has a folder")).expect("a writable folder");
    let written = write(&source, &folder.path().join("copy.parquet")).expect("writing");
    let (elapsed, raw_bytes) = read(&source).expect("reading");
    let rate = |seconds: Duration| raw_bytes as f64 / seconds.as_secs_f64() / 1e6;
    let report = serde_json::json!({
        "threads": threads,
        "raw_bytes": raw_bytes,
        "write_mb_per_s": rate(written),
        "read_mb_per_s": rate(elapsed),
    });
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}

//! Writes `fixtures/recording_v1.parquet`, the frozen file that every later version must read:
//! `cargo run -p layerscope-recorder --example recording_fixture -- fixtures/recording_v1.parquet`.
//!
//! Two sizes, two replicates, seven samples, values that are exact in decimal, with NaN, both zeros and both infinities
//! in the first row of the last unit. The committed file stays as it is; a run shows what this version would write.

use std::error::Error;
use std::path::PathBuf;

use layerscope_recorder::recording::{Chunk, Manifest, UnitKey, Writer, WriterOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("give the path of the file to write")?);
    let mut writer = Writer::create(&path, WriterOptions::default())?;
    for size in [3, 8] {
        for replicate in [0, 1] {
            let key = UnitKey {
                model: "mnist_h1".to_owned(),
                dataset: "mnist-5k".to_owned(),
                split: "test".to_owned(),
                size,
                replicate,
                epoch: 15,
                layer: "hidden".to_owned(),
            };
            let n_neurons = size as usize;
            let mut pre: Vec<f32> = (0..7 * n_neurons).map(|i| (i as f32 - 9.0) * 0.25 + replicate as f32).collect();
            if (size, replicate) == (8, 1) {
                pre[..5].copy_from_slice(&[f32::NAN, 0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY]);
            }
            let post: Vec<f32> = pre.iter().map(|value| if *value <= 0.0 { 0.0 } else { *value }).collect();
            let labels = [7, 2, 1, 0, 4, 1, 4];
            writer.append(&Chunk {
                key: &key,
                first_sample: 0,
                labels: Some(&labels),
                n_neurons,
                pre: Some(&pre),
                post: Some(&post),
            })?;
        }
    }
    let written = writer.finish(Manifest { seed: Some(0), backend: Some("cpu".to_owned()), ..Manifest::new() })?;
    println!("{}: {} bytes, {} rows", written.path.display(), written.bytes, written.n_rows);
    Ok(())
}

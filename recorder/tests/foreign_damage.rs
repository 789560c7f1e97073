//! Flipped bits in files made elsewhere, which have no digests: an error in one line or some values, never a panic.
//!
//! `LAYERSCOPE_FLIPS` sets how many bits are flipped (CI: a few hundred).

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Int32Array, ListArray, RecordBatch, StringArray};
use layerscope_recorder::recording::{Checks, Recording, RecordingError, Stage};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

const MEMORY: usize = 1 << 20;

fn n_flips() -> usize {
    let text = std::env::var("LAYERSCOPE_FLIPS").unwrap_or_else(|_| "600".to_owned());
    text.parse().unwrap_or_else(|_| panic!("LAYERSCOPE_FLIPS={text}: expected a number"))
}

fn write(path: &Path, compression: Compression, dictionary: bool, version: WriterVersion) {
    let rows = (0..120).map(|row| Some((0..5).map(move |neuron| Some((row * neuron % 7) as f32 / 4.0))));
    let post: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
    let layer: ArrayRef = Arc::new(StringArray::from_iter_values((0..120).map(|row| ["a", "b"][row / 60])));
    let label: ArrayRef = Arc::new(Int32Array::from_iter((0..120).map(|row| (row != 7).then_some(row % 10))));
    let batch = RecordBatch::try_from_iter([("layer", layer), ("post", post), ("label", label)]).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(dictionary)
        .set_writer_version(version)
        .set_max_row_group_row_count(Some(70))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Opens, reads and verifies; the first error, if there is one.
fn use_it(path: &Path) -> Option<RecordingError> {
    let recording = match Recording::open_with(path, Checks::Digests) {
        Ok(recording) => recording,
        Err(error) => return Some(error),
    };
    let read = recording.units().iter().try_for_each(|unit| {
        recording.read(unit, &[Stage::Post], MEMORY, |chunk| {
            assert_eq!(chunk.post.map(|values| values.dim()), Some((chunk.samples.len(), unit.n_neurons)));
            Ok::<_, RecordingError>(())
        })
    });
    read.err().or_else(|| recording.verify(MEMORY).findings.into_iter().next())
}

#[test]
fn flips_in_foreign_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.parquet");
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let versions = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
    let mut state = 99_u64;
    let (mut errors, mut unseen) = (0, 0);
    for (at, codec) in codecs.into_iter().enumerate() {
        for (version, dictionary) in versions.into_iter().zip([at % 2 == 0, at % 2 == 1]) {
            write(&path, codec, dictionary, version);
            let whole = fs::read(&path).unwrap();
            assert!(use_it(&path).is_none(), "{codec:?} {version:?}");
            let tail: [u8; 4] = whole[whole.len() - 8..whole.len() - 4].try_into().unwrap();
            let footer = whole.len() - 8 - u32::from_le_bytes(tail) as usize;
            for flip in 0..n_flips() / 12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let random = (state >> 20) as usize;
                // Pages and footer in turn.
                let byte = if flip % 2 == 0 { random % footer } else { footer + random % (whole.len() - footer) };
                let mut damaged = whole.clone();
                damaged[byte] ^= 1 << (state >> 61);
                fs::write(&path, damaged).unwrap();
                match use_it(&path) {
                    Some(error) => {
                        let line = error.to_string();
                        assert!(line.starts_with(path.to_str().unwrap()) && !line.contains('\n'), "{line}");
                        errors += 1;
                    }
                    None => unseen += 1,
                }
            }
        }
    }
    println!("foreign files: {errors} flips were errors, {unseen} went unseen (no digests there)");
    assert!(errors > 0);
}

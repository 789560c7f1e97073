//! Recordings made elsewhere: every list type, float width, key type, folder layout; and what cannot be read.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int8Type};
use arrow_array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float64Array, Int16Array, Int64Array, LargeListArray,
    LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, UInt64Array,
};
use arrow_schema::{DataType, Field};
use half::f16;
use layerscope_recorder::recording::{Recording, RecordingError, Stage, Unit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    write_with(path, columns, WriterProperties::builder().build());
}

fn write_with(path: &Path, columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Rows as lists of f32.
fn lists(rows: &[&[f32]]) -> ArrayRef {
    let rows = rows.iter().map(|row| Some(row.iter().map(|value| Some(*value))));
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
}

fn read(recording: &Recording, unit: &Unit, stage: Stage) -> Result<(Vec<i64>, Vec<f32>), RecordingError> {
    let (mut samples, mut values) = (Vec::new(), Vec::new());
    recording.read(unit, &[stage], 1 << 20, |chunk| {
        samples.extend(chunk.samples);
        let matrix = match stage {
            Stage::Pre => chunk.pre,
            Stage::Post => chunk.post,
        };
        values.extend(matrix.unwrap().iter());
        Ok::<_, RecordingError>(())
    })?;
    Ok((samples, values))
}

const ROWS: [[f32; 3]; 2] = [[1.5, -0.25, 3.0], [0.0, 65504.0, -2.0]];

#[test]
fn every_list_type_and_float_width_reads_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.parquet");
    let rows = || ROWS.iter().map(|row| Some(row.iter().map(|value| Some(*value))));
    let field = Arc::new(Field::new("item", DataType::Float32, true));
    let flat = Arc::new(arrow_array::Float32Array::from(ROWS.concat()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("list f32", lists(&ROWS.each_ref().map(|row| &row[..]))),
        ("large list f32", Arc::new(LargeListArray::from_iter_primitive::<Float32Type, _, _>(rows()))),
        ("fixed size list f32", Arc::new(FixedSizeListArray::new(field, 3, flat, None))),
        (
            "list f64",
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(
                ROWS.iter().map(|row| Some(row.iter().map(|value| Some(f64::from(*value))))),
            )),
        ),
        (
            "list f16",
            Arc::new(ListArray::from_iter_primitive::<Float16Type, _, _>(
                ROWS.iter().map(|row| Some(row.iter().map(|value| Some(f16::from_f32(*value))))),
            )),
        ),
    ];
    for (name, column) in columns {
        for properties in [
            WriterProperties::builder().build(),
            WriterProperties::builder()
                .set_dictionary_enabled(false)
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .build(),
        ] {
            write_with(
                &path,
                vec![("post", column.clone()), ("colour", Arc::new(StringArray::from(vec!["r", "g"])))],
                properties,
            );
            let recording = Recording::open(&path).unwrap();
            let [unit] = recording.units() else { panic!("{name}: {} units", recording.units().len()) };
            // Every missing key column takes its default.
            let key = &unit.key;
            assert_eq!((key.size, key.replicate, key.epoch, key.layer.as_str()), (3, 0, 0, "hidden"), "{name}");
            assert_eq!((key.model.as_str(), key.dataset.as_str(), key.split.as_str()), ("", "", ""));
            assert_eq!((unit.n_neurons, unit.n_samples, unit.has_pre, unit.has_post), (3, 2, false, true));
            let (samples, values) = read(&recording, unit, Stage::Post).unwrap();
            assert_eq!((samples, values), (vec![0, 1], ROWS.concat()), "{name}");
            let missing = read(&recording, unit, Stage::Pre);
            assert!(matches!(missing, Err(RecordingError::StageMissing { stage: "pre", .. })));
        }
    }
}

#[test]
fn plain_foreign_floats_take_the_fast_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.parquet");
    // Nullable lists of nullable values in small pages that end within rows of 700 values.
    let rows: Vec<Vec<f32>> = (0..40).map(|row| (0..700).map(|i| (row * 700 + i) as f32).collect()).collect();
    let column = lists(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
    for version in
        [parquet::file::properties::WriterVersion::PARQUET_1_0, parquet::file::properties::WriterVersion::PARQUET_2_0]
    {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_writer_version(version)
            .set_encoding(parquet::basic::Encoding::PLAIN)
            .set_data_page_size_limit(4_000)
            .set_write_batch_size(100)
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        write_with(&path, vec![("pre", column.clone())], properties);
        let recording = Recording::open(&path).unwrap();
        let (samples, values) = read(&recording, &recording.units()[0], Stage::Pre).unwrap();
        assert_eq!(samples, (0..40).collect::<Vec<_>>());
        assert_eq!(values, rows.concat());
        assert_eq!(recording.statistics().fast_row_groups, 1, "{version:?}");
    }
}

#[test]
fn units_mixed_within_one_row_group_are_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.parquet");
    // Layers alternate; sizes differ; keys of odd types, one of them null.
    let layers: DictionaryArray<Int8Type> = ["a", "b", "a", "b", "a"].into_iter().collect();
    write(
        &path,
        vec![
            ("layer", Arc::new(layers)),
            ("size", Arc::new(UInt64Array::from(vec![Some(2), Some(3), Some(2), None, Some(2)]))),
            ("epoch", Arc::new(Int16Array::from(vec![1, 1, 1, 1, 2]))),
            ("model", Arc::new(LargeStringArray::from(vec!["m"; 5]))),
            ("split", Arc::new(StringViewArray::from(vec!["a split name longer than twelve bytes"; 5]))),
            ("sample", Arc::new(Int16Array::from(vec![Some(10), Some(11), Some(12), Some(13), None]))),
            ("post", lists(&[&[1.0, 2.0], &[3.0, 4.0, 5.0], &[6.0, 7.0], &[8.0, 9.0, 10.0], &[11.0, 12.0]])),
        ],
    );
    let recording = Recording::open(&path).unwrap();
    let found: Vec<_> = recording
        .units()
        .iter()
        .map(|unit| {
            assert_eq!(unit.key.split, "a split name longer than twelve bytes");
            let (samples, values) = read(&recording, unit, Stage::Post).unwrap();
            (unit.key.size, unit.key.epoch, unit.key.layer.as_str(), samples, values)
        })
        .collect();
    assert_eq!(
        found,
        [
            (2, 1, "a", vec![10, 12], vec![1.0, 2.0, 6.0, 7.0]),
            // No sample number: the row's number in its unit.
            (2, 2, "a", vec![0], vec![11.0, 12.0]),
            // A null size is the list's length.
            (3, 1, "b", vec![11, 13], vec![3.0, 4.0, 5.0, 8.0, 9.0, 10.0]),
        ]
    );
}

#[test]
fn lists_of_two_lengths_without_a_size_are_two_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.parquet");
    // The mean length is a whole number, so that counts alone would not tell.
    write(&path, vec![("pre", lists(&[&[1.0, 2.0, 3.0], &[4.0; 5]]))]);
    let recording = Recording::open(&path).unwrap();
    let sizes: Vec<_> = recording.units().iter().map(|unit| (unit.key.size, unit.n_samples)).collect();
    assert_eq!(sizes, [(3, 1), (5, 1)]);
}

#[test]
fn folders_give_keys() {
    let folder = tempfile::tempdir().unwrap();
    for (size, replicate) in [(2, 0), (2, 1), (3, 0)] {
        let inner = folder.path().join(format!("size={size}/replicate={replicate}"));
        fs::create_dir_all(&inner).unwrap();
        for part in 0..2 {
            let row = vec![(10 * replicate + part) as f32; size];
            write(&inner.join(format!("part-{part}.parquet")), vec![("post", lists(&[&row]))]);
        }
        write(&inner.join("out.history.parquet"), vec![("value", Arc::new(Float64Array::from(vec![1.0])))]);
        fs::write(inner.join("_SUCCESS"), "").unwrap();
    }
    let recording = Recording::open(folder.path()).unwrap();
    let keys: Vec<_> =
        recording.units().iter().map(|unit| (unit.key.size, unit.key.replicate, unit.n_samples)).collect();
    assert_eq!(keys, [(2, 0, 2), (2, 1, 2), (3, 0, 2)]);
    // One unit over two files: rows are numbered through.
    let (samples, values) = read(&recording, &recording.units()[1], Stage::Post).unwrap();
    assert_eq!((samples, values), (vec![0, 1], vec![10.0, 10.0, 11.0, 11.0]));
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    let message = |columns: Vec<(&str, ArrayRef)>| -> String {
        write(&path, columns);
        let result = Recording::open(&path).and_then(|recording| {
            let stage = if recording.units()[0].has_pre { Stage::Pre } else { Stage::Post };
            recording.units().iter().try_for_each(|unit| read(&recording, unit, stage).map(drop))
        });
        let message = result.unwrap_err().to_string();
        assert!(message.starts_with(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
        message.replace(path.to_str().unwrap(), "PATH")
    };
    let size = |n: i64, rows: usize| -> (&str, ArrayRef) { ("size", Arc::new(Int64Array::from(vec![n; rows]))) };
    assert_eq!(message(vec![size(1, 1)]), "PATH: no column pre or post (columns found: size)");
    assert_eq!(
        message(vec![size(4, 2), ("post", lists(&[&[1.0; 3], &[1.0; 5]]))]),
        "PATH, row group 0, column post: lists of unequal length in one unit (size 4, replicate 0, epoch 0, layer hidden): \
         expected 4 values, found 3"
    );
    assert_eq!(
        message(vec![size(4, 2), ("post", lists(&[&[1.0; 3], &[1.0; 4]]))]),
        "PATH, row group 0, column post: lists of unequal length in one unit (size 4, replicate 0, epoch 0, layer hidden): \
         expected 3 values, found 4"
    );
    let null_list = ListArray::from_iter_primitive::<Float32Type, _, _>([Some(vec![Some(1.0)]), None]);
    assert_eq!(
        message(vec![size(1, 2), ("pre", Arc::new(null_list))]),
        "PATH, row group 0, column pre: row 1 is null or holds a null"
    );
    let null_value = ListArray::from_iter_primitive::<Float32Type, _, _>([Some(vec![Some(1.0)]), Some(vec![None])]);
    assert_eq!(
        message(vec![size(1, 2), ("pre", Arc::new(null_value))]),
        "PATH, row group 0, column pre: row 1 is null or holds a null"
    );
    let text: ArrayRef = Arc::new(StringArray::from(vec!["64"]));
    assert_eq!(
        message(vec![("size", text.clone()), ("pre", lists(&[&[1.0]]))]),
        "PATH, column size: expected an integer column, found Utf8"
    );
    assert_eq!(
        message(vec![("pre", text)]),
        "PATH, column pre: expected a list of 16, 32 or 64 bit floats, found Utf8"
    );
    assert_eq!(
        message(vec![size(1 << 40, 1), ("pre", lists(&[&[1.0]]))]),
        "PATH, row group 0, column size: 1099511627776 is out of range"
    );
    assert!(matches!(
        Recording::open(folder.path().join("no").as_ref()),
        Err(RecordingError::Io { action: "open", .. })
    ));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(matches!(Recording::open(&empty), Err(RecordingError::NoFiles { .. })));
}

#[test]
fn labels_with_gaps_may_be_floats() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pandas.parquet");
    let labels = |found: Vec<f64>| {
        write(&path, vec![("label", Arc::new(Float64Array::from(found))), ("pre", lists(&[&[1.0], &[2.0]]))]);
        let recording = Recording::open(&path).unwrap();
        let mut labels = Vec::new();
        recording.read(&recording.units()[0], &[], 1 << 20, |chunk| {
            labels.push(chunk.labels.map(<[i32]>::to_vec));
            Ok::<_, RecordingError>(())
        })?;
        Ok::<_, RecordingError>(labels)
    };
    assert_eq!(labels(vec![3.0, 9.0]).unwrap(), [Some(vec![3, 9])]);
    assert_eq!(labels(vec![3.0, f64::NAN]).unwrap(), [None]);
    assert!(labels(vec![3.0, 0.5]).unwrap_err().to_string().ends_with("column label: 0.5 is out of range"));
    write(&path, vec![("label", Arc::new(StringArray::from(vec!["cat"]))), ("pre", lists(&[&[1.0]]))]);
    let recording = Recording::open(&path).unwrap();
    assert_eq!(recording.warnings(), [format!("{}: column label is Utf8, not a number: ignored", path.display())]);
}

#[test]
fn damage_in_foreign_files_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.parquet");
    let rows: Vec<Vec<f32>> = (0..60).map(|row| (0..9).map(|i| ((row * 9 + i) % 50) as f32).collect()).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("size", Arc::new(Int64Array::from_iter_values((0..60).map(|row| 9 + row % 2)))),
        ("layer", Arc::new(StringArray::from_iter_values((0..60).map(|row| format!("layer {}", row % 3))))),
        ("label", Arc::new(Int16Array::from_iter_values((0..60).map(|row| row % 10)))),
        ("post", lists(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())),
    ];
    let zstd = Compression::ZSTD(ZstdLevel::default());
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW, zstd] {
        let properties = WriterProperties::builder().set_compression(compression).build();
        write_with(&path, columns.clone(), properties);
        let whole = fs::read(&path).unwrap();
        let mut state = 99_u64;
        for _ in 0..300 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut damaged = whole.clone();
            let at = (state >> 33) as usize % damaged.len();
            damaged[at] ^= (state >> 20) as u8 | 1;
            fs::write(&path, &damaged).unwrap();
            let result = Recording::open(&path).and_then(|recording| {
                recording.verify(1 << 20);
                let units = recording.units().iter().filter(|unit| unit.has_post);
                units.map(|unit| read(&recording, unit, Stage::Post)).try_for_each(|rows| rows.map(drop))
            });
            if let Err(error) = result {
                let message = error.to_string();
                assert!(message.starts_with(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
            }
        }
    }
}

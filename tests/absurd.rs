//! Files that claim what cannot be: `analyze` answers with one line that names the file, takes no memory for the claim,
//! and never panics.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Int32Array, ListArray, RecordBatch};
use layerscope_recorder::recording::{Chunk, Manifest, UnitKey, Writer, WriterOptions};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

const ANALYZE: &str = env!("CARGO_BIN_EXE_analyze");

/// Address space of the program in KiB: what a claim would cost does not fit, what the program needs does.
const ADDRESS_SPACE: u32 = 1 << 20;

/// Exit code and stderr of `analyze LINE`, in `folder`, with little memory.
fn run(folder: &Path, line: &str) -> (Option<i32>, String) {
    let script =
        format!("ulimit -v {ADDRESS_SPACE} && exec '{ANALYZE}' {line} --threads 2 --memory 64MiB --format csv");
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// `analyze` fails with 2 and one line that names `bad.parquet`; `verify` may have more than one to say.
#[track_caller]
fn assert_refused(folder: &Path, command: &str, what: &str) -> String {
    let (code, stderr) = run(folder, &format!("{command} bad.parquet"));
    assert_eq!(code, Some(2), "{command}, {what}: {stderr}");
    assert!(stderr.lines().count() == 1 || command == "verify", "{command}, {what}: {stderr}");
    assert!(
        !stderr.is_empty() && stderr.lines().all(|line| line.contains("bad.parquet")),
        "{command}, {what}: {stderr}"
    );
    stderr
}

const N_ROWS: usize = 50;
const N_NEURONS: usize = 6;

/// A foreign file: `post` of 50 rows of six values, and `label`.
fn write_foreign(path: &Path, dictionary: bool) {
    let rows = (0..N_ROWS).map(|row| Some((0..N_NEURONS).map(move |neuron| Some((row * neuron % 5) as f32))));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
    let labels: ArrayRef = Arc::new(Int32Array::from_iter_values(0..N_ROWS as i32));
    let batch = RecordBatch::try_from_iter([("post", lists), ("label", labels)]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(dictionary)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn footer(path: &Path) -> ParquetMetaData {
    ParquetMetaDataReader::new().parse_and_finish(&File::open(path).unwrap()).unwrap()
}

/// `body` with the footer of `metadata`, changed: its row group and its first column chunk.
fn rewrite(
    path: &Path,
    body: &[u8],
    metadata: &ParquetMetaData,
    n_rows: i64,
    column: impl Fn(ColumnChunkMetaData) -> ColumnChunkMetaData,
) {
    let row_groups = metadata.row_groups().iter().map(|row_group| {
        let mut columns = row_group.columns().to_vec();
        columns[0] = column(columns[0].clone());
        let builder = RowGroupMetaData::builder(row_group.schema_descr_ptr());
        let total = row_group.total_byte_size();
        builder.set_num_rows(n_rows).set_total_byte_size(total).set_column_metadata(columns).build().unwrap()
    });
    let old = metadata.file_metadata();
    let file = FileMetaData::new(2, n_rows, None, old.key_value_metadata().cloned(), old.schema_descr_ptr(), None);
    let changed = ParquetMetaData::new(file, row_groups.collect());
    let mut bytes = body.to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &changed).finish().unwrap();
    fs::write(path, bytes).unwrap();
}

/// What stands before the footer.
fn body(whole: &[u8]) -> &[u8] {
    let tail: [u8; 4] = whole[whole.len() - 8..whole.len() - 4].try_into().unwrap();
    &whole[..whole.len() - 8 - u32::from_le_bytes(tail) as usize]
}

#[test]
fn absurd_counts_in_the_footer_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    write_foreign(&path, false);
    let (whole, metadata) = (fs::read(&path).unwrap(), footer(&path));
    let (code, stderr) = run(folder.path(), "summary bad.parquet");
    assert_eq!(code, Some(0), "sound as yet: {stderr}");
    let (rows, values) = (N_ROWS as i64, (N_ROWS * N_NEURONS) as i64);
    for n_rows in [-1, 1, rows + 1, 1 << 40, i64::MAX] {
        rewrite(&path, body(&whole), &metadata, n_rows, |column| column);
        for command in ["summary", "normality --target activations", "pca", "verify"] {
            assert_refused(folder.path(), command, &format!("{n_rows} rows"));
        }
    }
    for n_values in [-1, 0, values - 1, values + rows, 1 << 40, i64::MAX] {
        let change = |column: ColumnChunkMetaData| column.into_builder().set_num_values(n_values).build().unwrap();
        rewrite(&path, body(&whole), &metadata, rows, change);
        for command in ["summary", "verify"] {
            assert_refused(folder.path(), command, &format!("{n_values} values"));
        }
    }
    for bytes in [-1, 0, 1, 1 << 31, i64::MAX / 2] {
        let change =
            |column: ColumnChunkMetaData| column.into_builder().set_total_compressed_size(bytes).build().unwrap();
        rewrite(&path, body(&whole), &metadata, rows, change);
        assert_refused(folder.path(), "summary", &format!("a column chunk of {bytes} bytes"));
    }
    for offset in [-1, 0, 1 << 40, i64::MAX] {
        let change = |column: ColumnChunkMetaData| column.into_builder().set_data_page_offset(offset).build().unwrap();
        rewrite(&path, body(&whole), &metadata, rows, change);
        assert_refused(folder.path(), "summary", &format!("a column chunk at byte {offset}"));
    }
    for length in [0, 1, whole.len() as u32 - 11, 1 << 30, u32::MAX] {
        let mut bytes = whole.clone();
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        assert_refused(folder.path(), "summary", &format!("a footer of {length} bytes"));
    }
}

/// A page header: Thrift, compact protocol.
fn page_header(uncompressed: i64, compressed: i64, n_values: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let put = |out: &mut Vec<u8>, value: i64| {
        out.push(0x15);
        let mut left = ((value << 1) ^ (value >> 63)) as u64;
        while left >= 0x80 {
            out.push(left as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    };
    [0, uncompressed, compressed].into_iter().for_each(|value| put(&mut out, value));
    out.push(0x2c);
    // Plain values, run lengths for both levels.
    [n_values, 0, 3, 3].into_iter().for_each(|value| put(&mut out, value));
    out.extend([0, 0]);
    out
}

#[test]
fn absurd_pages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    write_foreign(&path, false);
    let (whole, metadata) = (fs::read(&path).unwrap(), footer(&path));
    let chunk = metadata.row_group(0).column(0);
    let (start, length) = (chunk.data_page_offset() as usize, chunk.compressed_size() as usize);
    let values = (N_ROWS * N_NEURONS) as i64;
    // The body of the only page: its header's length follows from its size.
    let body_bytes = (0..length as i64).rev().find(|n| page_header(*n, *n, values).len() as i64 + n == length as i64);
    let bytes = body_bytes.expect("a header as it is written here");
    let page = &whole[start + length - bytes as usize..start + length];
    let most = i64::from(i32::MAX);
    for (header, sound) in [
        (page_header(bytes, bytes, values), true),
        (page_header(most, bytes, values), false),
        (page_header(bytes, most, values), false),
        (page_header(bytes, -5, values), false),
        (page_header(-5, bytes, values), false),
        (page_header(bytes, bytes, most), false),
        (page_header(bytes, bytes, -1), false),
        (page_header(1 << 40, bytes, values), false),
        (vec![0xff; 40], false),
        (vec![0; 40], false),
    ] {
        // The changed column chunk goes behind the others.
        let mut changed = body(&whole).to_vec();
        let offset = changed.len() as i64;
        changed.extend([&header, page].concat());
        let length = (header.len() + page.len()) as i64;
        rewrite(&path, &changed, &metadata, N_ROWS as i64, |column| {
            column.into_builder().set_data_page_offset(offset).set_total_compressed_size(length).build().unwrap()
        });
        if sound {
            let (code, stderr) = run(folder.path(), "summary bad.parquet");
            assert_eq!(code, Some(0), "{stderr}");
        } else {
            for command in ["summary", "verify"] {
                assert_refused(folder.path(), command, &format!("{header:02x?}"));
            }
        }
    }
}

#[test]
fn lists_wider_than_memory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    // Honest: one row of three million values, which 64 MiB cannot add up (600 bytes a neuron).
    let rows = [Some((0..3_000_000).map(|i| Some((i % 7) as f32)))];
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
    let batch = RecordBatch::try_from_iter([("post", lists)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let (code, stderr) = run(folder.path(), "variance bad.parquet");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("3000000 neurons") && stderr.contains("--memory"), "{stderr}");
}

#[test]
fn truncations_at_every_kibibyte_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    let options = WriterOptions { row_group_bytes: 16 << 10, sync: false, ..WriterOptions::default() };
    let mut writer = Writer::create(&path, options).unwrap();
    let key = UnitKey { size: 9, layer: "hidden".to_owned(), ..UnitKey::default() };
    let pre: Vec<f32> = (0..9 * 700_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e6 - 8.0).collect();
    let post: Vec<f32> = pre.iter().map(|value| value.max(0.0)).collect();
    let (pre, post) = (Some(pre.as_slice()), Some(post.as_slice()));
    writer.append(&Chunk { key: &key, first_sample: 0, labels: None, n_neurons: 9, pre, post }).unwrap();
    writer.finish(Manifest::new()).unwrap();
    write_foreign(&folder.path().join("foreign.parquet"), true);
    for name in ["bad.parquet", "foreign.parquet"] {
        let whole = fs::read(folder.path().join(name)).unwrap();
        assert!(name != "bad.parquet" || whole.len() > 32 << 10);
        for n in (0..whole.len()).step_by(1024).chain([whole.len() - 1]) {
            fs::write(&path, &whole[..n]).unwrap();
            for command in ["summary", "verify", "summary --no-verify"] {
                if command != "summary --no-verify" || n % 4096 == 0 {
                    assert_refused(folder.path(), command, &format!("{n} bytes of {name}"));
                }
            }
        }
    }
}

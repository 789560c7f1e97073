//! The Parquet files of a folder and the key values in its subfolders' names (Hive partitions).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::companions::{HISTORY_SUFFIX, NEURONS_SUFFIX};
use super::super::{RecordingError, schema};

/// Folders within folders that are searched; deeper ones are a cycle of links.
const MAX_DEPTH: usize = 32;

/// What Hive names the folder of rows whose value is null.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Key values given by folder names, by column.
pub(super) type Partition = BTreeMap<&'static str, String>;

/// One file and the key values of its folders.
pub(super) struct PartitionedFile {
    pub path: PathBuf,
    pub partition: Partition,
}

/// The recording files at `path`: the file itself, or every `*.parquet` below the folder in the order of their paths.
///
/// Hidden names (`.` or `_` first), history files and tables of neurons are left out, as other readers do.
pub(super) fn files(path: &Path) -> Result<Vec<PartitionedFile>, RecordingError> {
    let metadata = fs::metadata(path).map_err(|source| RecordingError::io(path, "open", source))?;
    if !metadata.is_dir() {
        return Ok(vec![PartitionedFile { path: path.to_path_buf(), partition: Partition::new() }]);
    }
    let mut found = Vec::new();
    collect(path, &Partition::new(), 0, &mut found)?;
    if found.is_empty() {
        return Err(RecordingError::NoFiles { path: path.to_path_buf() });
    }
    Ok(found)
}

fn collect(
    folder: &Path,
    partition: &Partition,
    depth: usize,
    found: &mut Vec<PartitionedFile>,
) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::io(folder, "read the folder", source);
    let mut entries = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            if depth < MAX_DEPTH {
                let mut inner = partition.clone();
                inner.extend(key_value(&name));
                collect(&path, &inner, depth + 1, found)?;
            }
        } else if name.ends_with(".parquet") && ![HISTORY_SUFFIX, NEURONS_SUFFIX].iter().any(|end| name.ends_with(end))
        {
            found.push(PartitionedFile { path, partition: partition.clone() });
        }
    }
    Ok(())
}

/// `size=64` as a key column and its value; `None` for other names, other columns and Hive's null.
fn key_value(name: &str) -> Option<(&'static str, String)> {
    let (column, value) = name.split_once('=')?;
    let column = schema::KEYS.into_iter().find(|key| *key == column)?;
    (value != HIVE_NULL).then(|| (column, percent_decoded(value)))
}

/// Hive writes characters that folder names cannot hold as `%2F`.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let digits =
            bytes.get(i + 1..i + 3).filter(|_| bytes[i] == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_give_key_values() {
        assert_eq!(key_value("size=64"), Some(("size", "64".to_owned())));
        assert_eq!(key_value("layer=a%2Fb%20c%zz"), Some(("layer", "a/b c%zz".to_owned())));
        assert_eq!(key_value("epoch=__HIVE_DEFAULT_PARTITION__"), None);
        assert_eq!(key_value("colour=red"), None);
        assert_eq!(key_value("size"), None);
    }
}

//! The IDX format of MNIST: a big-endian header with a magic number and sizes, then the bytes; plain or gzipped.
//!
//! Whether a file is gzipped is seen from its first two bytes, not from its name. Sizes in the header are checked against
//! the length there really is before memory is taken: exactly for plain files, by deflate's best ratio for gzipped ones,
//! whose content is then inflated no further than the header says.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::DatasetError;

/// What a file should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Magic 2051: unsigned bytes in three dimensions, [N, rows, columns].
    Images,
    /// Magic 2049: unsigned bytes in one dimension, `[N]`.
    Labels,
}

impl Kind {
    /// The first four bytes of such a file, read big-endian.
    pub fn magic(self) -> u32 {
        match self {
            Self::Images => 2051,
            Self::Labels => 2049,
        }
    }

    fn n_dimensions(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }
}

/// An IDX file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Sizes of the dimensions: `[N, rows, columns]` or `[N]`.
    pub shape: Vec<usize>,
    /// The bytes, last dimension fastest.
    pub data: Vec<u8>,
    /// SHA-256 of the uncompressed file, header included, in hexadecimal.
    pub sha256: String,
}

/// Deflate's best: a stored byte becomes at most 1032 (zlib's documentation, "Maximum Expansion Factor").
const MAX_RATIO: u64 = 1032;

/// The IDX file at `path`.
///
/// # Errors
/// [`DatasetError::Read`], [`Magic`](DatasetError::Magic), [`Truncated`](DatasetError::Truncated),
/// [`Surplus`](DatasetError::Surplus), and [`Shape`](DatasetError::Shape) when `shape` is given and the header differs.
pub fn read_file(path: &Path, kind: Kind, shape: Option<&[usize]>) -> Result<Idx, DatasetError> {
    let name = path.display().to_string();
    let failed = |source| DatasetError::Read { file: name.clone(), source };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    read(BufReader::with_capacity(1 << 16, file), metadata.len(), &name, kind, shape)
}

/// The IDX file in `bytes`; `name` stands in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read_bytes(bytes: &[u8], name: &str, kind: Kind, shape: Option<&[usize]>) -> Result<Idx, DatasetError> {
    read(bytes, bytes.len() as u64, name, kind, shape)
}

fn read(
    mut stored: impl Read,
    stored_length: u64,
    name: &str,
    kind: Kind,
    shape: Option<&[usize]>,
) -> Result<Idx, DatasetError> {
    let mut start = Vec::with_capacity(2);
    let failed = |source| DatasetError::Read { file: name.to_owned(), source };
    stored.by_ref().take(2).read_to_end(&mut start).map_err(failed)?;
    let gzipped = start == [0x1f, 0x8b];
    let whole = Cursor::new(start).chain(stored);
    if gzipped {
        let bound = stored_length.saturating_mul(MAX_RATIO);
        read_plain(MultiGzDecoder::new(whole), Length::AtMost(bound), name, kind, shape)
    } else {
        read_plain(whole, Length::Exactly(stored_length), name, kind, shape)
    }
}

/// What is known of the uncompressed length before it is read.
enum Length {
    Exactly(u64),
    AtMost(u64),
}

fn read_plain(
    mut reader: impl Read,
    length: Length,
    name: &str,
    kind: Kind,
    shape: Option<&[usize]>,
) -> Result<Idx, DatasetError> {
    let file = || name.to_owned();
    let failed = |source| DatasetError::Read { file: file(), source };

    let header_length = 4 + 4 * kind.n_dimensions();
    let mut header = Vec::with_capacity(header_length);
    reader.by_ref().take(header_length as u64).read_to_end(&mut header).map_err(failed)?;
    let words: Vec<u32> =
        header.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect();
    if let Some(&found) = words.first()
        && found != kind.magic()
    {
        return Err(DatasetError::Magic { file: file(), expected: kind.magic(), found, hint: hint(kind, found) });
    }
    if header.len() < header_length {
        let (expected, found) = (header_length as u64, header.len() as u64);
        return Err(DatasetError::Truncated { file: file(), expected, found });
    }

    let found: Vec<usize> = words[1..].iter().map(|&size| size as usize).collect();
    if let Some(expected) = shape
        && expected != found
    {
        return Err(DatasetError::Shape { file: file(), expected: times(expected), found: times(&found) });
    }
    // Three sizes below 2^32 can overflow 64 bits; such a header promises more than any file holds.
    let n_bytes = found.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
    let expected = n_bytes.and_then(|bytes| bytes.checked_add(header_length as u64)).unwrap_or(u64::MAX);
    match length {
        Length::Exactly(found) | Length::AtMost(found) if found < expected => {
            return Err(DatasetError::Truncated { file: file(), expected, found });
        }
        Length::Exactly(found) if found > expected => return Err(DatasetError::Surplus { file: file(), expected }),
        Length::Exactly(_) | Length::AtMost(_) => {}
    }

    // Grown by what really arrives: a gzipped file that promises more than it holds costs no more than it holds.
    let mut data = Vec::new();
    let n_bytes = expected - header_length as u64;
    if let Length::Exactly(_) = length {
        data.reserve_exact(n_bytes as usize);
    }
    let ended = reader.by_ref().take(n_bytes).read_to_end(&mut data);
    let found_length = header_length as u64 + data.len() as u64;
    match ended {
        Ok(_) if found_length == expected => {}
        Err(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => return Err(failed(source)),
        _ => return Err(DatasetError::Truncated { file: file(), expected, found: found_length }),
    }
    // One more byte is asked for: it must not be there, and asking makes the gzip reader check its own checksum.
    if reader.read(&mut [0]).map_err(failed)? != 0 {
        return Err(DatasetError::Surplus { file: file(), expected });
    }
    let sha256 = hexadecimal(&Sha256::new().chain_update(&header).chain_update(&data).finalize());
    Ok(Idx { shape: found, data, sha256 })
}

fn hint(kind: Kind, found: u32) -> &'static str {
    match (kind, found) {
        (Kind::Images, 2049) => " (is this the label file?)",
        (Kind::Labels, 2051) => " (is this the image file?)",
        (_, 0x504b_0304) => " (is this a ZIP archive?)",
        (_, 0x3c21_444f | 0x3c68_746d | 0x3c48_544d | 0x3c3f_786d) => " (is this a web page?)",
        _ => " (is this an IDX file?)",
    }
}

fn times(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Two images of 2 x 3 pixels, all bytes different.
    fn images() -> Vec<u8> {
        let mut file = Vec::new();
        for word in [2051u32, 2, 2, 3] {
            file.extend(word.to_be_bytes());
        }
        file.extend(1..=12u8);
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn message(bytes: &[u8], kind: Kind) -> String {
        read_bytes(bytes, "some-file", kind, None).unwrap_err().to_string()
    }

    #[test]
    fn plain_and_gzipped_give_the_same() {
        let plain = read_bytes(&images(), "a", Kind::Images, Some(&[2, 2, 3])).unwrap();
        assert_eq!(plain.shape, [2, 2, 3]);
        assert_eq!(plain.data, (1..=12).collect::<Vec<u8>>());
        // sha256sum of the 28 bytes above
        assert_eq!(plain.sha256, "f7169b91c01c82a1c0c44aee0f6db5b5a609be8d0ba16e2ded674fe748c45dfe");
        assert_eq!(read_bytes(&gzip(&images()), "a", Kind::Images, None).unwrap(), plain);
    }

    #[test]
    fn a_gzip_file_of_two_members_is_one_file() {
        let all = images();
        let joined = [gzip(&all[..15]), gzip(&all[15..])].concat();
        assert_eq!(read_bytes(&joined, "a", Kind::Images, None).unwrap().data, all[16..]);
    }

    #[test]
    fn a_wrong_magic_says_what_it_may_be() {
        let mut labels = Vec::new();
        labels.extend(2049u32.to_be_bytes());
        labels.extend(1u32.to_be_bytes());
        labels.push(7);
        assert_eq!(read_bytes(&labels, "l", Kind::Labels, None).unwrap().data, [7]);
        assert_eq!(
            message(&labels, Kind::Images),
            "some-file: expected magic 2051, found 2049 (is this the label file?)"
        );
        assert_eq!(
            message(&images(), Kind::Labels),
            "some-file: expected magic 2049, found 2051 (is this the image file?)"
        );
        assert!(message(b"<html>", Kind::Labels).ends_with("(is this a web page?)"));
    }

    #[test]
    fn every_truncation_is_seen() {
        let (whole, packed) = (images(), gzip(&images()));
        for length in 0..whole.len() {
            let error = read_bytes(&whole[..length], "a", Kind::Images, None).unwrap_err();
            assert!(matches!(error, DatasetError::Truncated { .. }), "plain, {length} bytes: {error}");
        }
        for length in 0..packed.len() {
            let error = read_bytes(&packed[..length], "a", Kind::Images, None).unwrap_err();
            assert!(
                matches!(error, DatasetError::Truncated { .. } | DatasetError::Read { .. }),
                "gzipped, {length} bytes: {error}"
            );
        }
    }

    #[test]
    fn a_longer_file_is_refused() {
        let mut long = images();
        long.push(0);
        assert_eq!(message(&long, Kind::Images), "some-file: expected 28 bytes, found more");
        assert_eq!(message(&gzip(&long), Kind::Images), "some-file: expected 28 bytes, found more");
    }

    #[test]
    fn a_header_that_promises_too_much_takes_no_memory() {
        for words in [[2051u32, u32::MAX, u32::MAX, u32::MAX], [2051, 1 << 20, 1 << 10, 1 << 10]] {
            let file: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            for bytes in [file.clone(), gzip(&file)] {
                let error = read_bytes(&bytes, "a", Kind::Images, None).unwrap_err();
                assert!(matches!(error, DatasetError::Truncated { .. }), "{error}");
            }
        }
    }

    #[test]
    fn a_gzip_bomb_is_read_no_further_than_its_header() {
        let mut bomb = images();
        bomb.resize(64 << 20, 0);
        let packed = gzip(&bomb);
        assert!(packed.len() < 1 << 17);
        assert_eq!(message(&packed, Kind::Images), "some-file: expected 28 bytes, found more");
    }

    #[test]
    fn a_shape_that_differs_is_named() {
        let error = read_bytes(&images(), "a", Kind::Images, Some(&[2, 3, 2])).unwrap_err();
        assert_eq!(error.to_string(), "a: expected 2x3x2 items, found 2x2x3");
    }

    #[test]
    fn damage_inside_the_gzip_stream_is_an_error() {
        let mut packed = gzip(&images());
        let middle = packed.len() / 2;
        packed[middle] ^= 0x55;
        assert!(read_bytes(&packed, "a", Kind::Images, None).is_err());
        let mut packed = gzip(&images());
        let crc = packed.len() - 8;
        packed[crc] ^= 1;
        assert!(matches!(read_bytes(&packed, "a", Kind::Images, None), Err(DatasetError::Read { .. })));
    }
}

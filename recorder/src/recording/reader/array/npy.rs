//! NumPy's `.npy`: a header that is a Python dictionary, then the values.
//!
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, versions 1.0, 2.0 and 3.0.

use std::io::{self, Read};
use std::path::Path;

use parquet::file::reader::Length;

use super::super::super::RecordingError;
use super::super::file::PositionedFile;
use super::Found;
use super::float::{Float, Kind};
use super::matrix::{Matrix, Stored};

/// What a `.npy` begins with.
pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read. A dictionary of three entries takes about a hundred bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// Array axes at most, as in NumPy.
const MAX_AXES: usize = 64;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub float: Float,
    pub fortran: bool,
    pub shape: Vec<u64>,
    /// Bytes of magic, version and dictionary.
    pub bytes: u64,
}

/// The matrix of the file at `path`.
pub(super) fn find(path: &Path, file: &PositionedFile) -> Result<Found, RecordingError> {
    let error = |reason| RecordingError::Array { path: path.to_path_buf(), array: None, reason };
    let header = header(&mut file.reader_at(0)).map_err(error)?;
    let stored = Stored { offset: 0, skip: header.bytes, packed: None, crc: None, available: file.len() };
    let matrix = Matrix::new(None, &header.shape, header.float, header.fortran, stored).map_err(error)?;
    Ok(Found { matrices: vec![matrix], skipped: Vec::new() })
}

/// Reads the header; the values follow.
///
/// # Errors
/// What is wrong with it, in half a sentence.
pub(super) fn header(bytes: &mut impl Read) -> Result<Header, String> {
    let ended = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "not a NumPy array: it ends within its header".to_owned(),
        _ => format!("cannot read: {error}"),
    };
    let mut start = [0; 8];
    bytes.read_exact(&mut start).map_err(ended)?;
    if start[..6] != *MAGIC {
        return Err("not a NumPy array: it does not begin with \\x93NUMPY".to_owned());
    }
    let (length, before) = match start[6] {
        1 => {
            let mut length = [0; 2];
            bytes.read_exact(&mut length).map_err(ended)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            bytes.read_exact(&mut length).map_err(ended)?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        version => return Err(format!("version {version} of the .npy format, expected 1, 2 or 3")),
    };
    if length > MAX_HEADER_BYTES {
        return Err(format!("not a NumPy array: a header of {length} bytes"));
    }
    let mut text = vec![0; length];
    bytes.read_exact(&mut text).map_err(ended)?;
    let (mut float, mut fortran, mut shape) = (None, None, None);
    let mut rest = Literals { bytes: &text };
    rest.expect(b'{')?;
    while !rest.take(b'}') {
        let key = rest.string()?;
        rest.expect(b':')?;
        match key.as_str() {
            "descr" => float = Some(rest.descr()?),
            "fortran_order" => fortran = Some(rest.boolean()?),
            "shape" => shape = Some(rest.integers()?),
            _ => return Err(format!("its header has an unknown entry {key:?}")),
        }
        if !rest.take(b',') {
            rest.expect(b'}')?;
            break;
        }
    }
    match (float, fortran, shape) {
        (Some(float), Some(fortran), Some(shape)) => {
            Ok(Header { float, fortran, shape, bytes: (before + length) as u64 })
        }
        _ => Err("its header lacks descr, fortran_order or shape".to_owned()),
    }
}

/// Python literals one after the other, as far as such a header needs them.
struct Literals<'a> {
    bytes: &'a [u8],
}

impl Literals<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.bytes = self.bytes.trim_ascii_start();
        self.bytes.first().copied()
    }

    /// Takes the character if it comes next.
    fn take(&mut self, character: u8) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.bytes = &self.bytes[1..];
        }
        found
    }

    fn expect(&mut self, character: u8) -> Result<(), String> {
        match self.take(character) {
            true => Ok(()),
            false => Err(self.damaged(&format!("`{}`", char::from(character)))),
        }
    }

    fn damaged(&self, expected: &str) -> String {
        let found: String = String::from_utf8_lossy(self.bytes).chars().take(20).collect();
        format!("its header is no dictionary of NumPy: expected {expected}, found {:?}", found.trim_end())
    }

    fn word(&mut self, of: impl Fn(u8) -> bool) -> String {
        self.peek();
        let length = self.bytes.iter().take_while(|byte| of(**byte)).count();
        let (word, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8_lossy(word).into_owned()
    }

    fn string(&mut self) -> Result<String, String> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else { return Err(self.damaged("a string")) };
        self.take(quote);
        let text = self.word(|byte| byte != quote && byte != b'\\');
        self.expect(quote)?;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        match self.word(|byte| byte.is_ascii_alphabetic()).as_str() {
            "True" => Ok(true),
            "False" => Ok(false),
            _ => Err(self.damaged("True or False")),
        }
    }

    fn integers(&mut self) -> Result<Vec<u64>, String> {
        self.expect(b'(')?;
        let mut integers = Vec::new();
        while !self.take(b')') {
            let digits = self.word(|byte| byte.is_ascii_digit());
            integers.push(digits.parse().map_err(|_| self.damaged("a length"))?);
            // Python 2 wrote 3L.
            self.take(b'L');
            if integers.len() > MAX_AXES {
                return Err(format!("more than {MAX_AXES} axes"));
            }
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(integers)
    }

    fn descr(&mut self) -> Result<Float, String> {
        const EXPECTED: &str = "16, 32 or 64 bit floats";
        if self.peek() == Some(b'[') {
            return Err(format!("a structured array, expected {EXPECTED}"));
        }
        let text = self.string()?;
        let (order, kind) = match text.strip_prefix(['<', '>', '=', '|']) {
            Some(kind) => (text.as_bytes()[0], kind),
            None => (b'=', text.as_str()),
        };
        let kind = match kind {
            "f2" => Kind::Half,
            "f4" => Kind::Single,
            "f8" => Kind::Double,
            "O" => return Err(format!("Python objects, which are not read; expected {EXPECTED}")),
            _ => return Err(format!("values of type {text}, expected {EXPECTED}")),
        };
        let big_endian = match order {
            b'>' => true,
            b'<' => false,
            _ => cfg!(target_endian = "big"),
        };
        Ok(Float { kind, big_endian })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, dictionary: &str) -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &[version, 0]].concat();
        match version {
            1 => bytes.extend((dictionary.len() as u16).to_le_bytes()),
            _ => bytes.extend((dictionary.len() as u32).to_le_bytes()),
        }
        bytes.extend(dictionary.as_bytes());
        bytes
    }

    #[test]
    fn headers_as_numpy_writes_them() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4, 5), }          \n";
        let expected = Header {
            float: Float { kind: Kind::Single, big_endian: false },
            fortran: false,
            shape: vec![3, 4, 5],
            bytes: 10 + text.len() as u64,
        };
        assert_eq!(header(&mut &file(1, text)[..]), Ok(expected.clone()));
        let later = Header { bytes: expected.bytes + 2, ..expected };
        assert_eq!(header(&mut &file(3, text)[..]), Ok(later));
        let other = header(&mut &file(2, "{\"shape\":(7L,),'fortran_order':True,'descr':'>f8'}")[..]).unwrap();
        assert_eq!((other.shape, other.fortran), (vec![7], true));
        assert_eq!(other.float, Float { kind: Kind::Double, big_endian: true });
        let scalar = header(&mut &file(1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}")[..]).unwrap();
        assert!(scalar.shape.is_empty());
    }

    #[test]
    fn wrong_headers_say_what_is_wrong() {
        let refused = |text: &str| header(&mut &file(1, text)[..]).unwrap_err();
        assert!(refused("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}").contains("Python objects"));
        assert!(refused("{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}").contains("type <i8"));
        assert!(refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}").contains("structured"));
        assert!(refused("{'descr': '<f4', 'fortran_order': False}").contains("lacks"));
        assert!(refused("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}").contains("True or False"));
        assert!(refused("{'shape': (99999999999999999999999,)}").contains("a length"));
        assert!(refused(&format!("{{'shape': ({})}}", "1,".repeat(100))).contains("axes"));
        assert!(refused("{'shape': (-1, 2)}").contains("a length"));
        for text in ["", "{", "{'descr'", "{'descr': '<f4", "{'descr': '<f4' 'x'", "[1]", "{'shape': (3", "{1: 2}"] {
            assert!(refused(text).contains("header"), "{text}");
        }
        assert!(header(&mut &b"\x93NUMPY"[..]).unwrap_err().contains("ends"));
        assert!(header(&mut &b"PK\x03\x04\0\0\0\0"[..]).unwrap_err().contains("begin"));
        let huge = [&MAGIC[..], &[2, 0], &u32::MAX.to_le_bytes()].concat();
        assert!(header(&mut &huge[..]).unwrap_err().contains("4294967295"));
        assert!(header(&mut &file(9, "{}")[..]).unwrap_err().contains("version 9"));
    }
}

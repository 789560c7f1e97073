//! The page header: a Thrift struct in the compact protocol (parquet-format, `PageHeader`).
//!
//! Read and written here because the parquet crate writes no page checksums and decodes pages one after the other only.

/// The encodings and page types of the value columns, with their numbers in `parquet.thrift`.
pub(crate) const PLAIN: i32 = 0;
/// Run lengths and bit packing, of levels.
pub(crate) const RLE: i32 = 3;
/// Byte k of all values together.
pub(crate) const BYTE_STREAM_SPLIT: i32 = 9;
/// A data page of version 1: levels and values compressed together.
pub(crate) const DATA_PAGE: i32 = 0;
/// The page of the distinct values of a column chunk.
pub(crate) const DICTIONARY_PAGE: i32 = 2;
/// A data page of version 2: levels uncompressed before the values.
pub(crate) const DATA_PAGE_V2: i32 = 3;

/// What the header of a data page says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageHeader {
    /// [`DATA_PAGE`] or another type.
    pub page_type: i32,
    /// Bytes of the page's body after decompression.
    pub uncompressed_size: i32,
    /// Bytes of the page's body in the file.
    pub compressed_size: i32,
    /// CRC-32 (of zlib) of the body's bytes in the file.
    pub crc: Option<i32>,
    /// Values, nulls included.
    pub n_values: i32,
    /// Encoding of the values.
    pub encoding: i32,
    /// Version 1: encodings of the definition and repetition levels.
    pub level_encodings: [i32; 2],
    /// Version 2: nulls, rows, bytes of the definition and repetition levels.
    pub v2: [i32; 4],
    /// Version 2: whether the values are compressed.
    pub v2_compressed: bool,
}

impl PageHeader {
    /// The header's bytes; only dictionaries and data pages of version 1 are ever written.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        let mut field = |id_step: u8, value: i32| {
            out.push((id_step << 4) | TYPE_I32);
            put_varint(&mut out, zigzag(value));
        };
        field(1, self.page_type);
        field(1, self.uncompressed_size);
        field(1, self.compressed_size);
        let last = match self.crc {
            Some(crc) => {
                field(1, crc);
                4
            }
            None => 3,
        };
        let dictionary = self.page_type == DICTIONARY_PAGE;
        let of_type = if dictionary { 7 } else { 5 };
        out.push(((of_type - last) << 4) | TYPE_STRUCT);
        let mut field = |value: i32| {
            out.push((1 << 4) | TYPE_I32);
            put_varint(&mut out, zigzag(value));
        };
        field(self.n_values);
        field(self.encoding);
        if !dictionary {
            field(self.level_encodings[0]);
            field(self.level_encodings[1]);
        }
        out.extend([0, 0]);
        out
    }

    /// The header at the start of `bytes` and its length. `None` if it does not end there or is not a page header.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut input = Input { bytes, at: 0 };
        let mut header = Self { v2_compressed: true, ..Self::default() };
        let mut id = 0;
        let mut required = 0;
        while let Some((field, kind)) = input.field(id)? {
            id = field;
            match (field, kind) {
                (1, TYPE_I32) => header.page_type = input.i32()?,
                (2, TYPE_I32) => header.uncompressed_size = input.i32()?,
                (3, TYPE_I32) => header.compressed_size = input.i32()?,
                (4, TYPE_I32) => header.crc = Some(input.i32()?),
                // A dictionary's header is the first two fields of a data page's.
                (5 | 7, TYPE_STRUCT) => header.parse_v1(&mut input)?,
                (8, TYPE_STRUCT) => header.parse_v2(&mut input)?,
                _ => input.skip(kind, 0)?,
            }
            required += u32::from((1..=3).contains(&field));
        }
        (required == 3).then_some((header, input.at))
    }

    fn parse_v1(&mut self, input: &mut Input<'_>) -> Option<()> {
        let mut id = 0;
        while let Some((field, kind)) = input.field(id)? {
            id = field;
            match (field, kind) {
                (1, TYPE_I32) => self.n_values = input.i32()?,
                (2, TYPE_I32) => self.encoding = input.i32()?,
                (3, TYPE_I32) => self.level_encodings[0] = input.i32()?,
                (4, TYPE_I32) => self.level_encodings[1] = input.i32()?,
                _ => input.skip(kind, 0)?,
            }
        }
        Some(())
    }

    fn parse_v2(&mut self, input: &mut Input<'_>) -> Option<()> {
        let mut id = 0;
        while let Some((field, kind)) = input.field(id)? {
            id = field;
            match (field, kind) {
                (1, TYPE_I32) => self.n_values = input.i32()?,
                (2, TYPE_I32) => self.v2[0] = input.i32()?,
                (3, TYPE_I32) => self.v2[1] = input.i32()?,
                (4, TYPE_I32) => self.encoding = input.i32()?,
                (5, TYPE_I32) => self.v2[2] = input.i32()?,
                (6, TYPE_I32) => self.v2[3] = input.i32()?,
                (7, TYPE_TRUE) => self.v2_compressed = true,
                (7, TYPE_FALSE) => self.v2_compressed = false,
                _ => input.skip(kind, 0)?,
            }
        }
        Some(())
    }
}

// Types of the compact protocol; a boolean field carries its value in its type.
const TYPE_TRUE: u8 = 1;
const TYPE_FALSE: u8 = 2;
const TYPE_BYTE: u8 = 3;
const TYPE_I16: u8 = 4;
const TYPE_I32: u8 = 5;
const TYPE_I64: u8 = 6;
const TYPE_DOUBLE: u8 = 7;
const TYPE_BINARY: u8 = 8;
const TYPE_LIST: u8 = 9;
const TYPE_SET: u8 = 10;
const TYPE_STRUCT: u8 = 12;

/// Structs within structs that are skipped at most; a hostile header must not exhaust the stack.
const MAX_DEPTH: usize = 8;

fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)) as u32)
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes and a position; every read is checked.
pub(crate) struct Input<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl Input<'_> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn i32(&mut self) -> Option<i32> {
        let value = u32::try_from(self.varint()?).ok()?;
        Some(((value >> 1) as i32) ^ -((value & 1) as i32))
    }

    /// The next field's number and type; `Some(None)` at the end of the struct.
    fn field(&mut self, previous: i16) -> Option<Option<(i16, u8)>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let id = match byte >> 4 {
            0 => i16::try_from(self.i32()?).ok()?,
            step => previous.checked_add(i16::from(step))?,
        };
        Some(Some((id, byte & 0x0f)))
    }

    fn advance(&mut self, n: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(n).ok()?).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            TYPE_TRUE | TYPE_FALSE => Some(()),
            TYPE_BYTE => self.advance(1),
            TYPE_I16 | TYPE_I32 | TYPE_I64 => self.varint().map(drop),
            TYPE_DOUBLE => self.advance(8),
            TYPE_BINARY => {
                let n = self.varint()?;
                self.advance(n)
            }
            TYPE_LIST | TYPE_SET => {
                let byte = self.byte()?;
                let n = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                for _ in 0..n {
                    match byte & 0x0f {
                        // Elements that are booleans take a byte each, unlike fields.
                        TYPE_TRUE | TYPE_FALSE => self.advance(1)?,
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
                Some(())
            }
            TYPE_STRUCT => {
                let mut id = 0;
                while let Some((field, kind)) = self.field(id)? {
                    id = field;
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> PageHeader {
        PageHeader {
            page_type: DATA_PAGE,
            uncompressed_size: 1_048_700,
            compressed_size: 730_001,
            crc: Some(-1_234_567),
            n_values: 262_144,
            encoding: BYTE_STREAM_SPLIT,
            level_encodings: [RLE, RLE],
            v2_compressed: true,
            ..PageHeader::default()
        }
    }

    #[test]
    fn a_header_survives_with_and_without_checksum() {
        let dictionary =
            PageHeader { page_type: DICTIONARY_PAGE, encoding: PLAIN, level_encodings: [0; 2], ..sample() };
        for header in
            [sample(), PageHeader { crc: None, ..sample() }, dictionary, PageHeader { crc: None, ..dictionary }]
        {
            let mut bytes = header.to_bytes();
            let n = bytes.len();
            bytes.extend([9; 5]);
            assert_eq!(PageHeader::parse(&bytes), Some((header, n)));
        }
    }

    #[test]
    fn damaged_headers_are_refused_without_a_panic() {
        let bytes = sample().to_bytes();
        for n in 0..bytes.len() {
            assert_eq!(PageHeader::parse(&bytes[..n]), None, "cut at {n}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let _ = PageHeader::parse(&damaged);
            }
        }
        // A struct nested without end.
        assert_eq!(PageHeader::parse(&[0x9c; 1000]), None);
    }
}

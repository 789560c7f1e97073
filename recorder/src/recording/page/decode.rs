//! Data pages to values, for columns whose lists all have one length.

use zstd::bulk::Decompressor;

use super::encode::checksum;
use super::header::{BYTE_STREAM_SPLIT, DATA_PAGE, DATA_PAGE_V2, PLAIN, PageHeader, RLE};
use super::{levels, split};

/// What a page is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnShape {
    /// Values of every row.
    pub n_neurons: u64,
    /// Definition level of a value that is there: 0 (no levels stored) to 3.
    pub max_definition: u8,
    /// Whether bodies are compressed with zstd.
    pub zstd: bool,
}

/// Why a page could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageError {
    /// The page is not one of rows of one length without nulls, or it is damaged; the general reader can tell.
    Irregular,
    /// The page's checksum is wrong.
    Checksum,
    /// There is no memory for the page.
    Memory,
}

/// Whether pages with this header can be decoded here at all.
pub(crate) fn is_supported(header: &PageHeader) -> bool {
    let n = i64::from(header.n_values);
    // No honest page spends more than two bytes of levels on a value; the limit keeps allocations in proportion.
    let size_fits = (4 * n..=6 * n + 4096).contains(&i64::from(header.uncompressed_size));
    let layout = match header.page_type {
        DATA_PAGE => header.level_encodings == [RLE, RLE],
        DATA_PAGE_V2 => header.v2[0] == 0 && header.v2[2] >= 0 && header.v2[3] >= 0,
        _ => false,
    };
    n > 0 && size_fits && layout && matches!(header.encoding, PLAIN | BYTE_STREAM_SPLIT)
}

/// Buffers and a decompression context that serve one page after the other.
#[derive(Default)]
pub(crate) struct Decoder {
    decompressor: Option<Decompressor<'static>>,
    body: Vec<u8>,
}

impl Decoder {
    /// Decodes the page whose body in the file is `compressed` and whose first value has the number `first_value` in its
    /// column, and copies its values `skip..skip + values.len()`.
    pub(crate) fn decode(
        &mut self,
        header: &PageHeader,
        shape: ColumnShape,
        compressed: &[u8],
        first_value: u64,
        skip: usize,
        values: &mut [f32],
    ) -> Result<(), PageError> {
        if header.crc.is_some_and(|expected| checksum(compressed) != expected) {
            return Err(PageError::Checksum);
        }
        let n = header.n_values as u64;
        let body_bytes = header.uncompressed_size as usize;
        let [_, _, definition_bytes, repetition_bytes] = header.v2.map(|n| n as usize);
        let (repetition, definition, encoded);
        if header.page_type == DATA_PAGE {
            let body = decompressed(&mut self.decompressor, shape.zstd, compressed, body_bytes, &mut self.body)?;
            let (levels, rest) = with_length(body)?;
            repetition = levels;
            (definition, encoded) = if shape.max_definition == 0 { (&[][..], rest) } else { with_length(rest)? };
        } else {
            let levels_bytes = repetition_bytes.checked_add(definition_bytes).ok_or(PageError::Irregular)?;
            let levels = compressed.get(..levels_bytes).ok_or(PageError::Irregular)?;
            (repetition, definition) = levels.split_at(repetition_bytes);
            let values_bytes = body_bytes.checked_sub(levels_bytes).ok_or(PageError::Irregular)?;
            let zstd = shape.zstd && header.v2_compressed;
            let packed = &compressed[levels_bytes..];
            encoded = decompressed(&mut self.decompressor, zstd, packed, values_bytes, &mut self.body)?;
        }
        let regular = levels::is_repetition(repetition, first_value, n, shape.n_neurons)
            && (shape.max_definition == 0 || levels::is_definition(definition, n, shape.max_definition))
            && encoded.len() as u64 == 4 * n;
        if !regular || skip + values.len() > n as usize {
            return Err(PageError::Irregular);
        }
        match header.encoding {
            BYTE_STREAM_SPLIT if values.len() as u64 == n => split::join(encoded, values),
            BYTE_STREAM_SPLIT => split::join_part(encoded, n as usize, skip, values),
            _ => {
                let (all, _) = encoded.as_chunks::<4>();
                for (value, bytes) in values.iter_mut().zip(&all[skip..]) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
        }
        Ok(())
    }
}

/// The body of `body_bytes`, decompressed into `buffer` if it is compressed.
fn decompressed<'a>(
    decompressor: &mut Option<Decompressor<'static>>,
    zstd: bool,
    packed: &'a [u8],
    body_bytes: usize,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], PageError> {
    if !zstd {
        return if packed.len() == body_bytes { Ok(packed) } else { Err(PageError::Irregular) };
    }
    let decompressor = match decompressor {
        Some(decompressor) => decompressor,
        none => none.insert(Decompressor::new().map_err(|_| PageError::Memory)?),
    };
    buffer.clear();
    reserve(buffer, body_bytes)?;
    match decompressor.decompress_to_buffer(packed, buffer) {
        Ok(n) if n == body_bytes => Ok(buffer),
        _ => Err(PageError::Irregular),
    }
}

/// Levels with their length in four bytes in front, and what follows them.
fn with_length(bytes: &[u8]) -> Result<(&[u8], &[u8]), PageError> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(PageError::Irregular)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(PageError::Irregular)
}

fn reserve(buffer: &mut Vec<u8>, n: usize) -> Result<(), PageError> {
    buffer.try_reserve(n.saturating_sub(buffer.len())).map_err(|_| PageError::Memory)
}

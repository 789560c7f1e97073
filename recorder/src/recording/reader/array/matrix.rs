//! One array as a matrix of samples x neurons, and its rows in blocks.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::OnceLock;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::super::super::RecordingError;
use super::super::file::PositionedFile;
use super::float::Float;

/// Bytes of values in a block at most: they stay in the last-level cache between decoding and use.
const BLOCK_BYTES: usize = 8 << 20;

/// Bytes copied at a time.
const PIECE: usize = 1 << 18;

/// Deflate cannot pack more bytes into one (zlib's technical notes: 1032 : 1).
const MOST_PACKED: u64 = 1032;

/// An array in a file. Its values are not in memory.
#[derive(Debug)]
pub(super) struct Matrix {
    /// Name in the file; `None` where the file is the array.
    pub name: Option<String>,
    pub n_samples: u64,
    /// Neurons: the product of all axes but the first.
    pub n_neurons: usize,
    float: Float,
    stored: Stored,
    /// Number of the stored column of each neuron, where columns are stored one after the other (Fortran order).
    columns: Option<Vec<u64>>,
    /// A packed array in Fortran order, unpacked on first use.
    unpacked: OnceLock<PositionedFile>,
}

/// Where the bytes of an array are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    /// First byte in the file: of the values, or of the packed bytes.
    pub offset: u64,
    /// Bytes that stand before the values once unpacked.
    pub skip: u64,
    /// Packed bytes; `None` where they are not packed.
    pub packed: Option<u64>,
    /// Checksum of everything that is unpacked.
    pub crc: Option<u32>,
    /// Bytes there are from `offset`, unpacked: at least `skip` and the values.
    pub available: u64,
}

impl Matrix {
    /// The matrix of that shape at that place, checked against the bytes that are there.
    ///
    /// # Errors
    /// Why it is none, in half a sentence.
    pub(super) fn new(
        name: Option<String>,
        shape: &[u64],
        float: Float,
        fortran: bool,
        stored: Stored,
    ) -> Result<Self, String> {
        let [n_samples, axes @ ..] = shape else { return Err("a single number".to_owned()) };
        if axes.is_empty() {
            return Err(format!(
                "one axis of {n_samples}, expected samples x neurons: reshape it to ({n_samples}, 1) or (1, {n_samples})"
            ));
        }
        let too_large = || format!("its shape {shape:?} is beyond this machine");
        let product = |axes: &[u64]| axes.iter().try_fold(1u64, |product, axis| product.checked_mul(*axis));
        let n_neurons = product(axes).ok_or_else(too_large)?;
        let n_values = n_neurons.checked_mul(*n_samples).ok_or_else(too_large)?;
        if n_values == 0 {
            return Err(format!("its shape {shape:?} has no values"));
        }
        let needed = n_values.checked_mul(float.bytes() as u64).and_then(|bytes| bytes.checked_add(stored.skip));
        let needed = needed.filter(|bytes| i64::try_from(*bytes).is_ok()).ok_or_else(too_large)?;
        if needed > stored.available {
            return Err(format!("its shape {shape:?} needs {needed} bytes, found {}", stored.available));
        }
        if stored.packed.is_some_and(|packed| needed > packed.saturating_mul(MOST_PACKED)) {
            return Err(format!("its {needed} bytes cannot have been packed into {}", stored.packed.unwrap_or(0)));
        }
        let columns = fortran.then(|| columns(axes, n_neurons));
        let n_neurons = usize::try_from(n_neurons).map_err(|_| too_large())?;
        Ok(Self { name, n_samples: *n_samples, n_neurons, float, stored, columns, unpacked: OnceLock::new() })
    }

    /// Rows that a block within `memory_bytes` has: raw bytes and values together; at least one.
    pub(super) fn rows_within(&self, memory_bytes: usize) -> usize {
        let row_bytes = self.n_neurons.saturating_mul(self.float.bytes() + size_of::<f32>());
        // Of columns a block takes a piece each, which should be long.
        let most = if self.columns.is_some() { usize::MAX } else { BLOCK_BYTES };
        ((memory_bytes / 2).min(most) / row_bytes).max(1)
    }

    /// The rows from the first on.
    pub(super) fn rows<'a>(&'a self, file: &'a PositionedFile) -> io::Result<Rows<'a>> {
        let way = match &self.columns {
            None => Way::Rows(self.unpack(file)?),
            Some(columns) if self.stored.packed.is_none() => {
                Way::Columns { file, first: self.stored.offset + self.stored.skip, columns }
            }
            Some(columns) => {
                let file = match self.unpacked.get() {
                    Some(file) => file,
                    None => {
                        let file = self.unpack_to_disk(file)?;
                        self.unpacked.get_or_init(|| file)
                    }
                };
                Way::Columns { file, first: 0, columns }
            }
        };
        Ok(Rows { matrix: self, way, next_row: 0, bytes: Vec::new() })
    }

    /// The values as a stream of bytes, checked against the checksum where there is one.
    fn unpack(&self, file: &PositionedFile) -> io::Result<Box<dyn Read>> {
        let stored = self.stored;
        let raw = file.reader_at(stored.offset);
        let checked = |bytes: Box<dyn Read>| match stored.crc {
            Some(expected) => {
                Box::new(Checked { bytes, left: stored.available, crc: Crc::new(), expected }) as Box<dyn Read>
            }
            None => bytes,
        };
        let mut bytes = checked(match stored.packed {
            Some(packed) => Box::new(DeflateDecoder::new(BufReader::with_capacity(PIECE, raw.take(packed)))),
            None => Box::new(raw),
        });
        let skipped = io::copy(&mut bytes.by_ref().take(stored.skip), &mut io::sink())?;
        if skipped != stored.skip {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// All values in a file without a name, which vanishes with the recording.
    fn unpack_to_disk(&self, file: &PositionedFile) -> io::Result<PositionedFile> {
        log::info!(
            "{}: packed column by column, unpacked to a temporary file",
            self.name.as_deref().unwrap_or("array")
        );
        let mut disk = tempfile::tempfile()?;
        let length = io::copy(&mut self.unpack(file)?, &mut disk)?;
        disk.flush()?;
        disk.seek(SeekFrom::Start(0))?;
        Ok(PositionedFile::of(disk, length))
    }

    /// What went wrong while reading, with the places.
    pub(super) fn error(&self, path: &Path, error: io::Error) -> RecordingError {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends before its last value".to_owned(),
            _ => error.to_string(),
        };
        RecordingError::Array { path: path.to_path_buf(), array: self.name.clone(), reason }
    }
}

/// The number of the stored column of each neuron: neurons are counted with the last axis fastest, Fortran order has
/// the first fastest.
fn columns(axes: &[u64], n_neurons: u64) -> Vec<u64> {
    let of = |mut neuron: u64| {
        let mut column = 0;
        let mut step = n_neurons;
        for axis in axes.iter().rev() {
            step /= axis;
            column += neuron % axis * step;
            neuron /= axis;
        }
        column
    };
    (0..n_neurons).map(of).collect()
}

/// A matrix, read from its first row to its last.
pub(super) struct Rows<'a> {
    matrix: &'a Matrix,
    way: Way<'a>,
    next_row: u64,
    bytes: Vec<u8>,
}

enum Way<'a> {
    /// Row after row.
    Rows(Box<dyn Read>),
    /// Column after column: a block takes a piece of each.
    Columns { file: &'a PositionedFile, first: u64, columns: &'a [u64] },
}

impl Rows<'_> {
    /// The next `n_rows` rows, [N, U] row-major, in `values`.
    pub(super) fn next(&mut self, n_rows: usize, values: &mut Vec<f32>) -> io::Result<()> {
        let Matrix { n_neurons, float, n_samples, .. } = *self.matrix;
        values.clear();
        match &mut self.way {
            Way::Rows(bytes) => {
                self.bytes.resize(n_rows * n_neurons * float.bytes(), 0);
                bytes.read_exact(&mut self.bytes)?;
                float.decode(&self.bytes, values);
            }
            Way::Columns { file, first, columns } => {
                values.resize(n_rows * n_neurons, 0.0);
                self.bytes.resize(n_rows * float.bytes(), 0);
                let mut column = Vec::with_capacity(n_rows);
                for (neuron, at) in columns.iter().enumerate() {
                    let offset = (at * n_samples + self.next_row) * float.bytes() as u64;
                    file.read_exact_at(&mut self.bytes, *first + offset)?;
                    column.clear();
                    float.decode(&self.bytes, &mut column);
                    let places = values[neuron..].iter_mut().step_by(n_neurons);
                    places.zip(&column).for_each(|(place, value)| *place = *value);
                }
            }
        }
        self.next_row += n_rows as u64;
        if self.next_row == n_samples
            && let Way::Rows(bytes) = &mut self.way
        {
            // What follows the values belongs to the checksum.
            io::copy(bytes, &mut io::sink())?;
        }
        Ok(())
    }
}

/// Bytes that are checked against their checksum at the end.
struct Checked {
    bytes: Box<dyn Read>,
    left: u64,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.bytes.read(&mut buffer[..most])?;
        self.crc.update(&buffer[..n]);
        self.left -= n as u64;
        if n == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.left == 0 && self.crc.sum() != self.expected {
            let (expected, found) = (self.expected, self.crc.sum());
            return Err(io::Error::other(format!("its checksum is {found:08x}, expected {expected:08x}")));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::super::float::Kind;
    use super::*;

    #[test]
    fn fortran_columns_by_hand() {
        assert_eq!(columns(&[3], 3), [0, 1, 2]);
        // Axes 2 x 3: neuron (i, j) is number 3 i + j, its column i + 2 j.
        assert_eq!(columns(&[2, 3], 6), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn absurd_shapes_are_refused_before_anything_is_allocated() {
        let float = Float { kind: Kind::Single, big_endian: false };
        let stored = Stored { offset: 0, skip: 10, packed: None, crc: None, available: 100 };
        let refused = |shape: &[u64], stored| Matrix::new(None, shape, float, true, stored).unwrap_err();
        assert!(refused(&[], stored).contains("single number"));
        assert!(refused(&[7], stored).contains("(7, 1)"));
        assert!(refused(&[3, 0], stored).contains("no values"));
        assert!(refused(&[23, 1], stored).contains("needs 102 bytes, found 100"));
        for huge in [[u64::MAX, 2], [1 << 31, 1 << 31], [1, u64::MAX], [1 << 61, 1]] {
            assert!(refused(&huge, stored).contains("beyond") || refused(&huge, stored).contains("needs"), "{huge:?}");
        }
        let packed = Stored { packed: Some(20), available: u64::MAX, ..stored };
        assert!(refused(&[1, 1 << 20], packed).contains("cannot have been packed into 20"));
        let fits = Matrix::new(None, &[2, 11], float, false, stored).unwrap();
        assert_eq!((fits.rows_within(0), fits.rows_within(4 * 11 * 8)), (1, 2));
    }
}

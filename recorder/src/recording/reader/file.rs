//! A file read at given positions, by many threads at once, with a count of the bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};

use super::super::RecordingError;

/// An open file without a position of its own. Clones share the file and the count.
#[derive(Clone, Debug)]
pub(in crate::recording) struct PositionedFile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    length: u64,
    bytes_read: AtomicU64,
}

impl PositionedFile {
    pub(super) fn open(path: &Path) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::io(path, "open", source);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self::of(file, length))
    }

    /// The first `length` bytes of an open file.
    pub(super) fn of(file: File, length: u64) -> Self {
        Self { inner: Arc::new(Inner { file, length, bytes_read: AtomicU64::new(0) }) }
    }

    /// Reads on from `offset`.
    pub(super) fn reader_at(&self, offset: u64) -> Cursor {
        Cursor { file: self.clone(), offset }
    }

    /// Bytes read so far through this file and its clones.
    pub(super) fn bytes_read(&self) -> u64 {
        self.inner.bytes_read.load(Ordering::Relaxed)
    }

    /// Fills `buffer` from `offset`.
    pub(super) fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    buffer = &mut buffer[n..];
                    offset += n as u64;
                }
            }
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            #[cfg(unix)]
            let result = std::os::unix::fs::FileExt::read_at(&self.inner.file, buffer, offset);
            #[cfg(windows)]
            let result = std::os::windows::fs::FileExt::seek_read(&self.inner.file, buffer, offset);
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(n) => {
                    self.inner.bytes_read.fetch_add(n as u64, Ordering::Relaxed);
                    return Ok(n);
                }
            }
        }
    }
}

/// Reads on from a position.
pub(in crate::recording) struct Cursor {
    file: PositionedFile,
    offset: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.inner.length
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<Cursor>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(self.reader_at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A length from a damaged footer must not become an allocation.
        if start.checked_add(length as u64).is_none_or(|end| end > self.inner.length) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mut buffer = vec![0; length];
        self.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
    }
}

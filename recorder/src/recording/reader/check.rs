//! Digests compared while reading: column chunks are hashed as their bytes pass by.

use std::io;

use super::super::RecordingError;
use super::super::digest::ColumnDigest;
use super::super::error::Place;
use super::file::PositionedFile;

/// Whether the bytes that are read are compared with the digests in the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// They are: the footer when the recording is opened, each column chunk when its last byte is read, the companion
    /// files when they are asked for. Recordings without digests are read without.
    #[default]
    Digests,
    /// They are not.
    None,
}

/// Bytes hashed at a time where nothing else reads them.
const PIECE: u64 = 1 << 20;

/// The hash of one column chunk, taken in file order.
#[derive(Debug)]
pub(super) struct ColumnCheck {
    place: Place,
    hasher: blake3::Hasher,
    /// The next byte to hash.
    at: u64,
    end: u64,
    expected: String,
}

impl ColumnCheck {
    /// A check of the column chunk at `offset`; `place` stands in the error.
    pub(super) fn new(place: Place, offset: u64, digest: &ColumnDigest) -> Self {
        let end = offset.saturating_add(digest.bytes);
        Self { place, hasher: blake3::Hasher::new(), at: offset, end, expected: digest.blake3.clone() }
    }

    /// Hashes `bytes`, which stand at `offset` of the file; what was hashed before is skipped, so that a page may come
    /// again.
    pub(super) fn update(&mut self, offset: u64, bytes: &[u8]) {
        let Some(skip) = self.at.checked_sub(offset).and_then(|skip| usize::try_from(skip).ok()) else { return };
        if let Some(bytes) = bytes.get(skip..).filter(|bytes| !bytes.is_empty()) {
            self.hasher.update(bytes);
            self.at += bytes.len() as u64;
        }
    }

    /// Reads and hashes what is left of the column chunk.
    pub(super) fn read_rest(&mut self, file: &PositionedFile) -> io::Result<()> {
        let mut buffer = vec![0; PIECE.min(self.end.saturating_sub(self.at)) as usize];
        while self.at < self.end {
            let n = PIECE.min(self.end - self.at) as usize;
            let piece = &mut buffer[..n];
            file.read_exact_at(piece, self.at)?;
            self.hasher.update(piece);
            self.at += n as u64;
        }
        Ok(())
    }

    /// Compares, after the last byte.
    ///
    /// # Errors
    /// [`RecordingError::Digest`] with row group and column.
    pub(super) fn finish(&self) -> Result<(), RecordingError> {
        let found = self.hasher.finalize().to_hex();
        if self.at == self.end && found.as_str() == self.expected {
            return Ok(());
        }
        let expected = super::super::error::one_line(&self.expected);
        Err(RecordingError::Digest { place: self.place.clone(), expected, found: found.to_string() })
    }
}

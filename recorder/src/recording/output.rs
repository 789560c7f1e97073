//! An output file that appears under its final name only when it is complete.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};

use super::RecordingError;

/// Bytes collected before they go to the hasher and the file. Large, because BLAKE3 hashes sixteen kibibytes at a time
/// on wide vector units and because the parquet crate writes in pieces of 8 KiB.
const BUFFER_BYTES: usize = 1 << 20;

/// A file under construction: `<final name>.tmp` beside its final place, removed on drop unless committed.
#[derive(Debug)]
pub(super) struct OutputFile {
    target: PathBuf,
    temporary: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    /// Bytes written in order so far.
    length: u64,
    hasher: blake3::Hasher,
    /// Bytes kept back between [`Self::hold`] and [`Self::release`].
    held: Option<Vec<u8>>,
}

impl OutputFile {
    /// Opens the temporary file; refuses an existing target unless `overwrite`.
    pub(super) fn create(target: &Path, overwrite: bool) -> Result<Self, RecordingError> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(RecordingError::NoFolder { path: target.to_path_buf(), folder: folder.to_path_buf() });
        }
        if target.is_dir() {
            let source = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(RecordingError::io(target, "write", source));
        }
        check_absent(target, overwrite)?;
        let mut name = target.as_os_str().to_owned();
        name.push(".tmp");
        let temporary = PathBuf::from(name);
        // Not truncated before the lock is held: the file may be another process's.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&temporary)
            .map_err(|source| RecordingError::io(target, "create the output", source))?;
        // A file system without locks is no reason to refuse.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(RecordingError::Busy { path: target.to_path_buf() });
        }
        file.set_len(0).map_err(|source| RecordingError::io(target, "write", source))?;
        Ok(Self {
            target: target.to_path_buf(),
            temporary,
            file: Some(file),
            buffer: Vec::with_capacity(BUFFER_BYTES),
            length: 0,
            hasher: blake3::Hasher::new(),
            held: None,
        })
    }

    /// The final path.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Bytes written in order so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The digest of everything written since the last call.
    pub(super) fn take_digest(&mut self) -> io::Result<blake3::Hash> {
        self.drain()?;
        let digest = self.hasher.finalize();
        self.hasher.reset();
        Ok(digest)
    }

    /// Keeps back what is written from here on, until [`Self::release`].
    pub(super) fn hold(&mut self) -> io::Result<()> {
        self.drain()?;
        self.held = Some(Vec::new());
        Ok(())
    }

    /// Lets go of what was held, after `change`, which keeps its length.
    pub(super) fn release(&mut self, change: impl FnOnce(&mut [u8])) -> io::Result<()> {
        let mut held = self.held.take().unwrap_or_default();
        change(&mut held);
        self.pass_on(&held)
    }

    /// Writes `bytes` at `offset` of the file, past the digest. Only for files written out of order.
    pub(super) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.drain()?;
        let file = self.open()?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    /// Gives the complete file its final name. With `sync`, its bytes reach the disk before the name does, so that not
    /// even a power cut leaves an incomplete file there.
    pub(super) fn commit(mut self, overwrite: bool, sync: bool) -> Result<(), RecordingError> {
        let target = self.target.clone();
        let failed = |source| RecordingError::io(&target, "write", source);
        self.drain().map_err(failed)?;
        if sync {
            self.open().and_then(|file| file.sync_all()).map_err(failed)?;
        }
        // Made meanwhile by someone else: theirs is kept.
        check_absent(&target, overwrite)?;
        fs::rename(&self.temporary, &target).map_err(|source| RecordingError::io(&target, "rename", source))?;
        self.file = None;
        Ok(())
    }

    fn open(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the output is closed"))
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = mem::take(&mut self.buffer);
        let result = self.pass_on(&buffer);
        buffer.clear();
        self.buffer = buffer;
        result
    }

    fn pass_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.open()?.write_all(bytes)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if let Some(held) = &mut self.held {
            held.extend_from_slice(bytes);
            return Ok(());
        }
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.drain()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            return self.pass_on(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // The parquet crate flushes often; bytes leave when the buffer is full, at a digest and at the commit.
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Nothing can be reported from here; a file that cannot be removed keeps its temporary name.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn check_absent(target: &Path, overwrite: bool) -> Result<(), RecordingError> {
    if !overwrite && fs::symlink_metadata(target).is_ok() {
        return Err(RecordingError::Exists { path: target.to_path_buf() });
    }
    Ok(())
}

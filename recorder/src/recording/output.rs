//! An output file: under a temporary name until it is complete, or in the folder of an unfinished recording.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RecordingError;
use super::disk::{self, Disk, SystemDisk, folder_of};

/// Bytes collected before they go to the hasher and the file. Large, because BLAKE3 hashes sixteen kibibytes at a time
/// on wide vector units and because the parquet crate writes in pieces of 8 KiB.
const BUFFER_BYTES: usize = 1 << 20;

/// A file under construction. Alone it is `<final name>.tmp` beside its final place, removed on drop unless committed; in
/// the folder of an unfinished recording it stays whatever happens.
#[derive(Debug)]
pub(super) struct OutputFile {
    target: PathBuf,
    /// The file written.
    place: PathBuf,
    alone: bool,
    disk: Arc<dyn Disk>,
    file: Option<File>,
    buffer: Vec<u8>,
    /// Bytes written in order so far.
    length: u64,
    /// Bytes of them that have left the buffer.
    drained: u64,
    /// Bytes at the start of the file that are there already: they are written again in name only.
    kept: u64,
    hasher: blake3::Hasher,
    /// Bytes kept back between [`Self::hold`] and [`Self::release`].
    held: Option<Vec<u8>>,
}

impl OutputFile {
    /// Opens the temporary file; refuses an existing target unless `overwrite`.
    pub(super) fn create(target: &Path, overwrite: bool) -> Result<Self, RecordingError> {
        let folder = folder_of(target);
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
        let place = PathBuf::from(name);
        let disk = Arc::new(SystemDisk);
        // Not truncated before the lock is held: the file may be another process's.
        let file = disk.open(&place).map_err(|source| RecordingError::io(target, "create the output", source))?;
        // A file system without locks is no reason to refuse.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(RecordingError::Busy { path: target.to_path_buf() });
        }
        file.set_len(0).map_err(|source| RecordingError::io(target, "write", source))?;
        Ok(Self::new(target, place, true, disk, file, 0))
    }

    /// Opens the file at `place` whose first `kept` bytes are good; the others are cut off. What is written first, as much
    /// as is kept, goes nowhere.
    pub(super) fn resume(
        target: &Path,
        place: PathBuf,
        kept: u64,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, RecordingError> {
        let failed = |action| move |source| RecordingError::io(target, action, source);
        let mut file = disk.open(&place).map_err(failed("create the output"))?;
        disk.truncate(&file, kept).map_err(failed("write"))?;
        file.seek(SeekFrom::Start(kept)).map_err(failed("write"))?;
        Ok(Self::new(target, place, false, disk, file, kept))
    }

    fn new(target: &Path, place: PathBuf, alone: bool, disk: Arc<dyn Disk>, file: File, kept: u64) -> Self {
        Self {
            target: target.to_path_buf(),
            place,
            alone,
            disk,
            file: Some(file),
            buffer: Vec::with_capacity(BUFFER_BYTES),
            length: 0,
            drained: 0,
            kept,
            hasher: blake3::Hasher::new(),
            held: None,
        }
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
        let disk = self.disk.clone();
        let file = self.open()?;
        file.seek(SeekFrom::Start(offset))?;
        disk::write_all(&*disk, file, bytes)
    }

    /// Puts what was written so far on the disk.
    pub(super) fn sync(&mut self) -> Result<(), RecordingError> {
        let disk = self.disk.clone();
        let synced = self.drain().and_then(|()| disk.sync(self.open()?));
        synced.map_err(|source| RecordingError::io(&self.target, "write", source))
    }

    /// Ends a file in the folder of an unfinished recording: its bytes are on the disk, its final name comes later.
    pub(super) fn close(mut self) -> Result<PathBuf, RecordingError> {
        self.sync()?;
        self.file = None;
        Ok(mem::take(&mut self.place))
    }

    /// Gives the complete file its final name. With `sync`, its bytes reach the disk before the name does and the name
    /// before this returns, so that not even a power cut leaves an incomplete file there.
    pub(super) fn commit(mut self, overwrite: bool, sync: bool) -> Result<(), RecordingError> {
        if sync {
            self.sync()?;
        }
        let target = self.target.clone();
        self.drain().map_err(|source| RecordingError::io(&target, "write", source))?;
        // Made meanwhile by someone else: theirs is kept.
        check_absent(&target, overwrite)?;
        self.disk.rename(&self.place, &target).map_err(|source| RecordingError::io(&target, "rename", source))?;
        self.file = None;
        if sync {
            let synced = self.disk.sync_folder(folder_of(&target));
            synced.map_err(|source| RecordingError::io(&target, "write the folder of", source))?;
        }
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
        let there = self.kept.saturating_sub(self.drained).min(bytes.len() as u64) as usize;
        self.drained += bytes.len() as u64;
        let bytes = &bytes[there..];
        self.hasher.update(bytes);
        let disk = self.disk.clone();
        disk::write_all(&*disk, self.open()?, bytes)
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
        if self.file.take().is_some() && self.alone {
            // Nothing can be reported from here; a file that cannot be removed keeps its temporary name.
            let _ = fs::remove_file(&self.place);
        }
    }
}

/// Refuses an existing `target` unless it may be replaced.
pub(super) fn check_absent(target: &Path, overwrite: bool) -> Result<(), RecordingError> {
    if !overwrite && fs::symlink_metadata(target).is_ok() {
        return Err(RecordingError::Exists { path: target.to_path_buf() });
    }
    Ok(())
}

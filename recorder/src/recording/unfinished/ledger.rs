//! The ledger's file: one JSON object a line, each with the digest of its entry.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::RecordingError;
use super::super::disk::{self, Disk};
use super::Event;

/// Digits of an entry's digest: enough to notice damage.
const DIGITS: usize = 16;

/// An open, locked ledger that grows at its end.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    file: File,
}

impl Ledger {
    /// Opens the ledger at `path`, or makes an empty one; `target` is the recording it belongs to.
    ///
    /// # Errors
    /// [`RecordingError::Busy`] while another process has it.
    pub(super) fn open(path: PathBuf, target: &Path, disk: Arc<dyn Disk>) -> Result<Self, RecordingError> {
        let file = disk.open(&path).map_err(|source| RecordingError::io(&path, "open", source))?;
        // A file system without locks is no reason to refuse. Who finished meanwhile has removed the file.
        let busy = matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || fs::symlink_metadata(&path).is_err();
        if busy {
            return Err(RecordingError::Busy { path: target.to_path_buf() });
        }
        Ok(Self { path, disk, file })
    }

    /// Cuts the ledger to its first `length` bytes and appends from there.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), RecordingError> {
        let cut = self.disk.truncate(&self.file, length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        cut.map(drop).map_err(|source| RecordingError::io(&self.path, "write", source))
    }

    /// Adds an entry. It survives the end of this process; a power cut it survives after [`sync`](Self::sync).
    pub(super) fn append(&mut self, event: &Event) -> Result<(), RecordingError> {
        let failed = |source| RecordingError::io(&self.path, "write", source);
        let entry = serde_json::to_string(event).map_err(|error| failed(error.into()))?;
        let line = format!("{}{}{}{entry}{}\n", PARTS[0], digest(&entry), PARTS[1], PARTS[2]);
        disk::write_all(&*self.disk, &mut self.file, line.as_bytes()).map_err(failed)
    }

    /// Puts the entries on the disk.
    pub(super) fn sync(&mut self) -> Result<(), RecordingError> {
        self.disk.sync(&self.file).map_err(|source| RecordingError::io(&self.path, "write", source))
    }

    /// Calls `each` with every entry up to the first that is torn or damaged and the ledger's length after it.
    pub(super) fn read(
        &self,
        mut each: impl FnMut(Event, u64) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        let failed = |source| RecordingError::io(&self.path, "read", source);
        let mut reader = BufReader::new(File::open(&self.path).map_err(failed)?);
        let (mut line, mut end) = (Vec::new(), 0);
        loop {
            line.clear();
            let n = read_line(&mut reader, &mut line).map_err(failed)?;
            let Some(event) = parse(&line) else { return Ok(()) };
            end += n as u64;
            each(event, end)?;
        }
    }
}

/// What stands before, between and after an entry and its digest.
const PARTS: [&str; 3] = ["{\"blake3\":\"", "\",\"entry\":", "}"];

fn digest(entry: &str) -> String {
    let mut digits = blake3::hash(entry.as_bytes()).to_hex().to_string();
    digits.truncate(DIGITS);
    digits
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    reader.read_until(b'\n', line)
}

/// The entry of a whole, undamaged line.
fn parse(line: &[u8]) -> Option<Event> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (found, entry) = line.strip_prefix(PARTS[0])?.split_at_checked(DIGITS)?;
    let entry = entry.strip_prefix(PARTS[1])?.strip_suffix(PARTS[2])?;
    if found != digest(entry) {
        return None;
    }
    serde_json::from_str(entry).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Point, Resumed};
    use super::*;
    use crate::recording::disk::SystemDisk;

    fn resumed(pack: usize) -> Event {
        Event::Resumed(Resumed { point: Point { pack, epoch: 2, rows: 1 << 40 }, kept_rows: 7 })
    }

    #[test]
    fn a_ledger_is_read_up_to_the_first_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let events: Vec<_> = (0..3).map(resumed).collect();
        let mut ledger = Ledger::open(path.clone(), &path, Arc::new(SystemDisk)).unwrap();
        let busy = Ledger::open(path.clone(), Path::new("out.parquet"), Arc::new(SystemDisk)).unwrap_err();
        assert_eq!(busy.to_string(), "out.parquet: another process is writing it");
        events.iter().for_each(|event| ledger.append(event).unwrap());
        let whole = fs::read(&path).unwrap();
        let ends: Vec<_> = (0..whole.len()).filter(|&at| whole[at] == b'\n').map(|at| at + 1).collect();
        let read = || {
            let mut found = (Vec::new(), 0);
            ledger
                .read(|event, end| {
                    found.0.push(event);
                    found.1 = end;
                    Ok(())
                })
                .unwrap();
            found
        };
        assert_eq!(read(), (events.clone(), whole.len() as u64));
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let n = ends.iter().filter(|&&end| end <= length).count();
            assert_eq!(read(), (events[..n].to_vec(), if n == 0 { 0 } else { ends[n - 1] as u64 }), "{length}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&path, &flipped).unwrap();
            let n = ends.iter().filter(|&&end| end <= at).count();
            assert_eq!(read().0, events[..n], "{at}");
        }
    }
}

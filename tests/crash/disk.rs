//! A disk on which one operation fails.

use std::{
    fs::File,
    io,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use layerscope_recorder::recording::disk::{Disk, SystemDisk};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No space left; from then on nothing can be done.
    NoSpace,
    /// An input/output error, once.
    Io,
    /// A write takes half of its bytes and says so, which is no failure.
    Short,
    /// A write takes half of its bytes and fails; from then on nothing can be done.
    Half,
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::NoSpace, Self::Io, Self::Short, Self::Half];
}

/// Counts operations, and fails at one of them.
#[derive(Debug)]
pub struct FaultyDisk {
    fault: Fault,
    at: u64,
    n_operations: AtomicU64,
    dead: AtomicBool,
}

impl FaultyDisk {
    /// Fails at operation number `at`, counted from 0.
    pub fn new(fault: Fault, at: u64) -> Self {
        Self { fault, at, n_operations: AtomicU64::new(0), dead: AtomicBool::new(false) }
    }

    /// Operations so far.
    pub fn n_operations(&self) -> u64 {
        self.n_operations.load(Ordering::Relaxed)
    }

    fn error(&self) -> io::Error {
        // The numbers of ENOSPC and EIO on every Unix.
        io::Error::from_raw_os_error(if self.fault == Fault::NoSpace { 28 } else { 5 })
    }

    /// Counts an operation; whether it is the one that fails.
    fn is_hit(&self) -> io::Result<bool> {
        let number = self.n_operations.fetch_add(1, Ordering::Relaxed);
        if self.dead.load(Ordering::Relaxed) { Err(self.error()) } else { Ok(number == self.at) }
    }

    fn pass(&self) -> io::Result<()> {
        match (self.is_hit()?, self.fault) {
            (false, _) | (true, Fault::Short) => Ok(()),
            (true, Fault::Io) => Err(self.error()),
            (true, Fault::NoSpace | Fault::Half) => {
                self.dead.store(true, Ordering::Relaxed);
                Err(self.error())
            }
        }
    }
}

impl Disk for FaultyDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.pass()?;
        SystemDisk.create_folder(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.pass()?;
        SystemDisk.open(path)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.pass()?;
        SystemDisk.truncate(file, length)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        let half = &bytes[..bytes.len() / 2];
        match (self.is_hit()?, self.fault) {
            (true, Fault::Short) if !half.is_empty() => SystemDisk.write(file, half),
            (false, _) | (true, Fault::Short) => SystemDisk.write(file, bytes),
            (true, fault) => {
                if fault == Fault::Half {
                    SystemDisk.write(file, half)?;
                }
                self.dead.store(fault != Fault::Io, Ordering::Relaxed);
                Err(self.error())
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.pass()?;
        SystemDisk.sync(file)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.pass()?;
        SystemDisk.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.pass()?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.pass()?;
        SystemDisk.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.pass()?;
        SystemDisk.remove_folder(path)
    }
}

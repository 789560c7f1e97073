//! A recording on its way.
//!
//! All its files lie in a folder beside the output, `out.parquet.unfinished`, until they are complete and get their final
//! names together. A run that ends before that, whatever ends it, leaves a folder from which the same run goes on:
//!
//! - `ledger.jsonl`, append-only: what was begun ([`Begun`]), each row group with the digest of its bytes and what the
//!   footer will say about it, each epoch's measures, each trained pack, each checkpoint. Nothing that is not in the ledger
//!   counts, and what is in it counts only if its bytes have the digest.
//! - `recording.tmp`, `weights.tmp`: as far as they are written.
//! - `checkpoint-P-E.safetensors`: weights and both moments of pack P after E epochs.
//!
//! An entry is written after the bytes it speaks of. Where it must survive a power cut (checkpoints, the end), the bytes
//! reach the disk before it, and it before anything builds on it.

mod commit;
mod event;
mod found;
mod ledger;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

pub use event::{Begun, Checkpoint, EpochEntry, Event, Layout, Point, Resumed, Trained, WrittenTensor};
pub use found::{Found, Resumption};

use super::disk::{Disk, folder_of};
use super::history::{HistoryRow, HistoryWriter};
use super::weights::{TensorSpec, WeightsWriter};
use super::{Chunk, Companions, Manifest, RecordingError, Writer, WriterOptions, Written, digest};
use ledger::Ledger;

const LEDGER: &str = "ledger.jsonl";
const RECORDING: &str = "recording.tmp";
const WEIGHTS: &str = "weights.tmp";
const HISTORY: &str = "history.tmp";
const MANIFEST: &str = "manifest.tmp";

/// The folder of an unfinished recording of these files: `out.parquet.unfinished`.
pub fn folder(files: &Companions) -> PathBuf {
    let mut name = files.recording.as_os_str().to_owned();
    name.push(".unfinished");
    PathBuf::from(name)
}

/// Removes what is left of an unfinished recording, as far as that is possible.
///
/// # Errors
/// [`RecordingError::Busy`] while a process is at it.
pub fn discard(files: &Companions, disk: Arc<dyn Disk>) -> Result<(), RecordingError> {
    let folder = folder(files);
    if folder.join(LEDGER).is_file() {
        drop(Ledger::open(folder.join(LEDGER), &files.recording, disk.clone())?);
    }
    remove(files, &*disk);
    Ok(())
}

/// Removes the folder with the files in it, the ledger last. What cannot be removed has a name that no program takes for
/// a recording.
fn remove(files: &Companions, disk: &dyn Disk) {
    let folder = folder(files);
    let names = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in names.filter(|path| !path.ends_with(LEDGER)) {
        let _ = disk.remove(&path);
    }
    let _ = disk.remove(&folder.join(LEDGER));
    let _ = disk.remove_folder(&folder);
}

/// Writes an unfinished recording. Dropping it leaves everything where it is.
pub struct Unfinished {
    files: Companions,
    disk: Arc<dyn Disk>,
    ledger: Ledger,
    writer: Writer,
    weights: WeightsWriter,
    overwrite: bool,
    /// Tensors of the pack in training that are written.
    tensors: Vec<WrittenTensor>,
    /// File name of the latest checkpoint of the pack in training.
    checkpoint: Option<String>,
    /// Whether going on saves anything over starting anew.
    is_worth_keeping: bool,
}

impl Unfinished {
    /// Begins a recording anew; what an earlier run has left is gone.
    ///
    /// # Errors
    /// [`RecordingError::Busy`] while another process records to the same name, [`RecordingError::NoFolder`],
    /// [`RecordingError::Io`], [`RecordingError::DiskFull`].
    pub fn begin(
        files: &Companions,
        begun: Begun,
        options: WriterOptions,
        tensors: &[TensorSpec],
        disk: Arc<dyn Disk>,
    ) -> Result<Self, RecordingError> {
        let (folder, parent) = (folder(files), folder_of(&files.recording));
        if !parent.is_dir() {
            return Err(RecordingError::NoFolder { path: files.recording.clone(), folder: parent.to_path_buf() });
        }
        disk.create_folder(&folder).map_err(|source| RecordingError::io(&folder, "create the folder", source))?;
        let mut ledger = Ledger::open(folder.join(LEDGER), &files.recording, disk.clone())?;
        ledger.cut(0)?;
        let overwrite = begun.overwrite;
        let writer = Writer::resume(&files.recording, folder.join(RECORDING), options, &[], 0, disk.clone())?;
        let weights = WeightsWriter::resume(&files.weights, folder.join(WEIGHTS), tensors, &[], disk.clone())?;
        ledger.append(&Event::Begun(Box::new(begun)))?;
        ledger.sync()?;
        for path in [&folder, parent] {
            disk.sync_folder(path).map_err(|source| RecordingError::io(path, "write the folder", source))?;
        }
        Ok(Self {
            files: files.clone(),
            disk,
            ledger,
            writer,
            weights,
            overwrite,
            tensors: Vec::new(),
            checkpoint: None,
            is_worth_keeping: false,
        })
    }

    /// Adds rows, as [`Writer::append`].
    pub fn append(&mut self, chunk: &Chunk<'_>) -> Result<(), RecordingError> {
        self.writer.append(chunk)?;
        self.log_groups()
    }

    /// Adds a member's measures after an epoch.
    pub fn epoch(&mut self, entry: EpochEntry) -> Result<(), RecordingError> {
        self.ledger.append(&Event::Epoch(entry))
    }

    /// Adds a tensor of the pack in training to the weights file.
    pub fn tensor(&mut self, name: &str, values: &[f32]) -> Result<(), RecordingError> {
        let range = self.weights.write(name, values)?;
        self.tensors.push(WrittenTensor { name: name.to_owned(), range });
        Ok(())
    }

    /// Notes that pack number `pack` is trained and that its rows and tensors were handed over. With `sync` that survives
    /// a power cut.
    pub fn trained(&mut self, pack: usize, sync: bool) -> Result<(), RecordingError> {
        if sync {
            self.sync()?;
        } else {
            self.writer.flush()?;
            self.log_groups()?;
        }
        let next = Point { pack: pack + 1, epoch: 0, rows: self.writer.n_rows() };
        let tensors = std::mem::take(&mut self.tensors);
        self.ledger.append(&Event::Trained(Trained { next, tensors }))?;
        self.is_worth_keeping = true;
        if sync {
            self.ledger.sync()?;
            self.replace_checkpoint(None)?;
        }
        Ok(())
    }

    /// Keeps the state of pack number `pack` after `epoch` epochs: `write` puts its `tensors` into the file it is given.
    pub fn checkpoint(
        &mut self,
        pack: usize,
        epoch: usize,
        tensors: &[TensorSpec],
        write: impl FnOnce(&mut WeightsWriter) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        let folder = folder(&self.files);
        let name = format!("checkpoint-{pack}-{epoch}.safetensors");
        let path = folder.join(&name);
        let mut state = WeightsWriter::resume(&path, path.clone(), tensors, &[], self.disk.clone())?;
        write(&mut state)?;
        let file = state.close()?;
        self.disk.sync_folder(&folder).map_err(|source| RecordingError::io(&folder, "write the folder", source))?;
        self.sync()?;
        let point = Point { pack, epoch, rows: self.writer.n_rows() };
        self.ledger.append(&Event::Checkpoint(Checkpoint { point, file }))?;
        self.ledger.sync()?;
        self.is_worth_keeping = true;
        self.replace_checkpoint(Some(name))
    }

    /// The latest checkpoint is `name`; the one before it is needed no more.
    fn replace_checkpoint(&mut self, name: Option<String>) -> Result<(), RecordingError> {
        let Some(old) = std::mem::replace(&mut self.checkpoint, name) else { return Ok(()) };
        if self.checkpoint.as_ref() == Some(&old) {
            return Ok(());
        }
        let path = folder(&self.files).join(old);
        self.disk.remove(&path).map_err(|source| RecordingError::io(&path, "remove", source))
    }

    /// Puts everything handed over so far on the disk.
    pub fn sync(&mut self) -> Result<(), RecordingError> {
        self.writer.sync()?;
        self.weights.sync()?;
        self.log_groups()?;
        self.ledger.sync()
    }

    /// Whether a later run saves anything by going on from here.
    pub fn is_worth_keeping(&self) -> bool {
        self.is_worth_keeping
    }

    /// The measures that count, in the order of training: what was repeated after an interruption counts once.
    pub fn epochs(
        &self,
        mut each: impl FnMut(&EpochEntry) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        let mut resumes = Vec::new();
        self.ledger.read(|event, end| {
            if let Event::Resumed(at) = event {
                resumes.push((end, at.point));
            }
            Ok(())
        })?;
        self.ledger.read(|event, end| {
            let Event::Epoch(entry) = event else { return Ok(()) };
            // At epoch 0 a pack begins from nothing, its first measures included.
            let stands = |point: &Point| {
                entry.pack < point.pack || entry.pack == point.pack && point.epoch > 0 && entry.epoch <= point.epoch
            };
            if resumes.iter().all(|(at, point)| *at < end || stands(point)) { each(&entry) } else { Ok(()) }
        })
    }

    /// Completes all files and gives them their names: an earlier recording is there until then, and the new one from then
    /// on. The history gets `model` and `dataset`.
    ///
    /// # Errors
    /// [`RecordingError::Exists`] where a final name is taken and may not be; [`RecordingError::Io`],
    /// [`RecordingError::DiskFull`]. What was done is kept.
    pub fn finish(mut self, manifest: Manifest, model: &str, dataset: &str) -> Result<Written, RecordingError> {
        let folder = folder(&self.files);
        commit::check_absent(&self.files, self.overwrite)?;
        let place = folder.join(HISTORY);
        let mut history = HistoryWriter::begin(&self.files.history, place, self.disk.clone())?;
        self.epochs(|entry| {
            entry.measures.iter().try_for_each(|(measure, _)| {
                history.append(HistoryRow {
                    model: model.to_owned(),
                    dataset: dataset.to_owned(),
                    size: entry.size as i32,
                    replicate: entry.replicate as i32,
                    epoch: entry.epoch as i32,
                    step: entry.step as i64,
                    measure: measure.clone(),
                    value: entry.measure(measure),
                })
            })
        })?;
        self.sync()?;
        let mut files = vec![self.weights.close()?, history.close()?];
        let place = folder.join(MANIFEST);
        let written =
            self.writer.close(Manifest { files: files.clone(), ..manifest }, place.clone(), self.disk.clone())?;
        files.push(digest::of_file_named(&place, &self.files.manifest)?);
        self.disk.sync_folder(&folder).map_err(|source| RecordingError::io(&folder, "write the folder", source))?;
        self.ledger.append(&Event::Complete { files })?;
        self.ledger.sync()?;
        commit::commit(&self.files, self.overwrite, &*self.disk)?;
        remove(&self.files, &*self.disk);
        Ok(written)
    }

    fn log_groups(&mut self) -> Result<(), RecordingError> {
        for group in self.writer.take_journal() {
            self.ledger.append(&Event::RowGroup(group))?;
        }
        Ok(())
    }
}

//! An unfinished recording as it was found: what of it can be trusted, and where it goes on.

use std::fs::File;
use std::path::Path;

use super::super::digest::{self, FileDigest};
use super::super::kept::KeptGroup;
use super::super::weights::{TensorSpec, Weights};
use super::super::{Companions, RecordingError, schema};
use super::ledger::Ledger;
use super::*;

/// An unfinished recording on the disk. Nothing of it has been touched yet.
#[derive(Debug)]
pub struct Found {
    files: Companions,
    disk: Arc<dyn Disk>,
    ledger: Ledger,
    begun: Begun,
    /// Length of the ledger's good part.
    end: u64,
    groups: Vec<KeptGroup>,
    /// Places to go on from, each with the file it needs; ascending, the first at the very beginning.
    points: Vec<(Point, Option<FileDigest>)>,
    trained: Vec<Trained>,
    complete: Option<Vec<FileDigest>>,
}

/// Where a run goes on.
#[derive(Debug)]
pub struct Resumption {
    /// Where the work is taken up.
    pub point: Point,
    /// Weights and moments there; without them the pack begins.
    pub state: Option<Weights>,
    /// Rows that were kept.
    pub kept_rows: u64,
}

impl Found {
    /// The unfinished recording of these files; `None` where there is none, or none that had begun.
    ///
    /// # Errors
    /// [`RecordingError::Busy`] while a process is at it, [`RecordingError::Io`].
    pub fn open(files: &Companions, disk: Arc<dyn Disk>) -> Result<Option<Self>, RecordingError> {
        let folder = folder(files);
        let path = folder.join(LEDGER);
        if !path.is_file() {
            return Ok(None);
        }
        let ledger = Ledger::open(path, &files.recording, disk.clone())?;
        let mut begun = None;
        let mut found = (0, Vec::new(), vec![(Point::default(), None)], Vec::<Trained>::new(), None);
        let (end, groups, points, trained, complete) =
            (&mut found.0, &mut found.1, &mut found.2, &mut found.3, &mut found.4);
        ledger.read(|event, length| {
            *end = length;
            match event {
                Event::Begun(first) => begun = Some(*first),
                Event::Epoch(_) => {}
                Event::RowGroup(group) => groups.push(group),
                Event::Checkpoint(checkpoint) => points.push((checkpoint.point, Some(checkpoint.file))),
                Event::Trained(pack) => {
                    points.push((pack.next, None));
                    trained.push(pack);
                }
                Event::Resumed(at) => {
                    points.retain(|(point, _)| *point <= at.point);
                    trained.truncate(at.point.pack);
                    // What was not worth keeping was written again, from the first row that was missing.
                    let mut rows = 0;
                    groups.retain(|group: &KeptGroup| {
                        rows += group.n_rows;
                        rows <= at.kept_rows
                    });
                }
                Event::Complete { files } => *complete = Some(files),
            }
            Ok(())
        })?;
        let (end, groups, points, trained, complete) = found;
        let Some(begun) = begun else { return Ok(None) };
        let files = files.clone();
        Ok(Some(Self { files, disk, ledger, begun, end, groups, points, trained, complete }))
    }

    /// What was recorded, and how.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Whether nothing is left but to give the files their names.
    pub fn is_complete(&self) -> bool {
        self.complete.is_some()
    }

    /// Gives complete files their names, as far as they have not got them.
    ///
    /// # Errors
    /// [`RecordingError::Digest`] where one of them has been damaged; [`RecordingError::Exists`] as for the first run.
    pub fn commit(self) -> Result<(), RecordingError> {
        let companions = self.complete.as_deref().unwrap_or_default();
        commit::check(&self.files, companions)?;
        commit::commit(&self.files, self.begun.overwrite, &*self.disk)?;
        remove(&self.files, &*self.disk);
        Ok(())
    }

    /// Takes the recording up at the latest place that everything before it can be trusted for.
    ///
    /// Digests decide: of the row groups, the prefix whose bytes are those that were written; of the trained packs, those
    /// whose weights are; of the checkpoints, the latest whole one that needs no more than these.
    pub fn resume(
        mut self,
        options: WriterOptions,
        tensors: &[TensorSpec],
    ) -> Result<(Unfinished, Resumption), RecordingError> {
        let folder = folder(&self.files);
        let n_kept = sound_groups(&folder.join(RECORDING), &self.groups);
        self.groups.truncate(n_kept);
        let kept_rows = self.groups.iter().map(|group| group.n_rows).sum();
        let n_trained = sound_packs(&folder.join(WEIGHTS), &self.trained);
        let usable = |(point, file): &&(Point, Option<FileDigest>)| {
            point.rows <= kept_rows
                && point.pack <= n_trained
                && file.as_ref().is_none_or(|file| is_whole(&folder, file))
        };
        // The very beginning needs nothing and is always usable.
        let (point, file) = self.points.iter().rfind(usable).cloned().unwrap_or_default();
        self.trained.truncate(point.pack);
        let there: Vec<_> =
            self.trained.iter().flat_map(|pack| &pack.tensors).map(|tensor| tensor.name.clone()).collect();
        self.ledger.cut(self.end)?;
        let (recording, disk) = (&self.files.recording, &self.disk);
        let place = folder.join(RECORDING);
        let to_skip = kept_rows - point.rows;
        let writer = Writer::resume(recording, place, options, &self.groups, to_skip, disk.clone())?;
        let place = folder.join(WEIGHTS);
        let weights = WeightsWriter::resume(&self.files.weights, place, tensors, &there, disk.clone())?;
        self.ledger.append(&Event::Resumed(Resumed { point, kept_rows }))?;
        let state = file.as_ref().map(|file| Weights::open(&folder.join(&file.name))).transpose()?;
        let unfinished = Unfinished {
            overwrite: self.begun.overwrite,
            files: self.files,
            disk: self.disk,
            ledger: self.ledger,
            writer,
            weights,
            tensors: Vec::new(),
            checkpoint: file.map(|file| file.name),
            is_worth_keeping: true,
        };
        Ok((unfinished, Resumption { point, state, kept_rows }))
    }
}

/// How many of the row groups, from the first on, follow each other and are as they were written.
fn sound_groups(place: &Path, groups: &[KeptGroup]) -> usize {
    let Ok(mut file) = File::open(place) else { return 0 };
    let mut end = schema::MAGIC_BYTES;
    let is_sound = |group: &&KeptGroup| {
        let digest = &group.digest;
        let follows = digest.offset == std::mem::replace(&mut end, digest.offset.saturating_add(digest.bytes));
        follows && digest::of_range(&mut file, digest.offset, digest.bytes).is_ok_and(|found| found == digest.blake3)
    };
    groups.iter().take_while(is_sound).count()
}

/// How many of the trained packs, from the first on, have their weights in the file.
fn sound_packs(place: &Path, trained: &[Trained]) -> usize {
    let Ok(mut file) = File::open(place) else { return 0 };
    let is_sound = |pack: &&Trained| {
        pack.tensors.iter().all(|tensor| {
            let range = &tensor.range;
            digest::of_range(&mut file, range.offset, range.bytes).is_ok_and(|found| found == range.blake3)
        })
    };
    trained.iter().take_while(is_sound).count()
}

fn is_whole(folder: &Path, file: &FileDigest) -> bool {
    digest::of_file(&folder.join(&file.name)).is_ok_and(|found| found == *file)
}

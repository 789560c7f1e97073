//! Giving complete files their names, so that it can be done again after any part of it.
//!
//! First the earlier files leave, the recording before its companions; then the new ones come, the recording last. A
//! recording under its final name is therefore never beside companions that are not its own. A new file that is not in
//! the folder any more has its name already: whoever goes on after an interruption does the same again and ends where the
//! first run would have ended.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::super::digest::{self, FileDigest};
use super::super::disk::{Disk, folder_of};
use super::super::error::Place;
use super::super::{Companions, Manifest, RecordingError, output};
use super::{HISTORY, MANIFEST, RECORDING, WEIGHTS, folder};

/// The new files' places and final names, in the order in which earlier ones leave.
fn moves(files: &Companions) -> [(PathBuf, &Path); 4] {
    let folder = folder(files);
    [
        (folder.join(RECORDING), &files.recording),
        (folder.join(MANIFEST), &files.manifest),
        (folder.join(WEIGHTS), &files.weights),
        (folder.join(HISTORY), &files.history),
    ]
    .map(|(place, name)| (place, name.as_path()))
}

/// Refuses final names that are taken, unless they may be.
pub(super) fn check_absent(files: &Companions, overwrite: bool) -> Result<(), RecordingError> {
    moves(files).iter().try_for_each(|(_, name)| output::check_absent(name, overwrite))
}

/// Gives every file its name.
pub(super) fn commit(files: &Companions, overwrite: bool, disk: &dyn Disk) -> Result<(), RecordingError> {
    let mut left = moves(files);
    for (place, name) in left.iter().filter(|(place, _)| place.exists()) {
        // Made meanwhile by someone else: theirs is kept.
        output::check_absent(name, overwrite)?;
        if fs::symlink_metadata(name).is_ok() {
            rename(disk, name, &place.with_extension("old"), name)?;
        }
    }
    sync(files, disk)?;
    left.reverse();
    for (place, name) in left.iter().filter(|(place, _)| place.exists()) {
        if place.ends_with(RECORDING) {
            sync(files, disk)?;
        }
        rename(disk, place, name, name)?;
    }
    sync(files, disk)
}

fn rename(disk: &dyn Disk, from: &Path, to: &Path, name: &Path) -> Result<(), RecordingError> {
    disk.rename(from, to).map_err(|source| RecordingError::io(name, "rename", source))
}

fn sync(files: &Companions, disk: &dyn Disk) -> Result<(), RecordingError> {
    let folder = folder_of(&files.recording);
    disk.sync_folder(folder).map_err(|source| RecordingError::io(folder, "write the folder", source))
}

/// Whether the new files, wherever each is, are those that were completed.
pub(super) fn check(files: &Companions, companions: &[FileDigest]) -> Result<(), RecordingError> {
    let at = |(place, name): &(PathBuf, &Path)| if place.exists() { place.clone() } else { name.to_path_buf() };
    let [recording, manifest, weights, history] = moves(files);
    for (file, expected) in [&weights, &history, &manifest].into_iter().zip(companions) {
        let found = digest::of_file_named(&at(file), file.1)?;
        compare(&at(file), expected, &found)?;
    }
    let place = at(&recording);
    let manifest = Manifest::read(&at(&manifest))?.unwrap_or_default();
    let read = |source| RecordingError::io(&place, "read", source);
    let mut file = File::open(&place).map_err(read)?;
    let groups = manifest.row_groups.iter().map(|group| (group.offset, group.bytes, &group.blake3));
    let footer = manifest.footer.iter().map(|footer| (footer.offset, footer.bytes, &footer.blake3));
    for (offset, bytes, expected) in groups.chain(footer) {
        let found = match digest::of_range(&mut file, offset, bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => "the end of the file".to_owned(),
            found => found.map_err(read)?,
        };
        if found != *expected {
            let (place, expected) = (Place::file(&place), expected.clone());
            return Err(RecordingError::Digest { place, expected, found });
        }
    }
    Ok(())
}

fn compare(place: &Path, expected: &FileDigest, found: &FileDigest) -> Result<(), RecordingError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.blake3.clone(), found.blake3.clone());
    Err(RecordingError::Digest { place: Place::file(place), expected, found })
}

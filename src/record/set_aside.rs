//! Replacing a recording and its companions together, or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use layerscope_recorder::recording::Companions;

/// The files of an earlier run, out of the way while the new ones take their names. Dropped before [`done`](Self::done),
/// it removes the new ones and puts the old ones back.
pub struct SetAside {
    /// Final name, and where the earlier file is if there was one.
    files: Vec<(PathBuf, Option<PathBuf>)>,
    done: bool,
}

impl SetAside {
    /// Moves what exists of these files to `NAME.old.tmp`.
    ///
    /// # Errors
    /// A file that cannot be renamed; those renamed before it are back in their places.
    pub fn new(files: &Companions) -> io::Result<Self> {
        let mut aside = Self { files: Vec::with_capacity(4), done: false };
        for path in [&files.recording, &files.manifest, &files.weights, &files.history] {
            let old = with_suffix(path, ".old.tmp");
            let moved = match fs::rename(path, &old) {
                Ok(()) => Some(old),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            aside.files.push((path.clone(), moved));
        }
        Ok(aside)
    }

    /// The new files are complete: the old ones go.
    pub fn done(mut self) {
        self.done = true;
        for old in self.files.iter().filter_map(|(_, old)| old.as_ref()) {
            // The new recording is complete either way; a left-over has a name that no program takes for a recording.
            let _ = fs::remove_file(old);
        }
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        for (path, old) in &self.files {
            // Nothing can be reported from here; the error that led here is.
            let _ = match old {
                Some(old) => fs::rename(old, path),
                None => fs::remove_file(path),
            };
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(files: &Companions) -> Vec<Option<String>> {
        [&files.recording, &files.manifest, &files.weights, &files.history]
            .map(|path| fs::read_to_string(path).ok())
            .to_vec()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn old_files_come_back_unless_the_new_ones_are_complete() {
        let folder = tempfile::tempdir().unwrap();
        let files = Companions::of(&folder.path().join("out.parquet"));
        fs::write(&files.recording, "old recording").unwrap();
        fs::write(&files.weights, "old weights").unwrap();
        for complete in [false, true] {
            let aside = SetAside::new(&files).unwrap();
            assert_eq!(content(&files), [None, None, None, None]);
            fs::write(&files.weights, "new weights").unwrap();
            fs::write(&files.history, "new history").unwrap();
            if complete {
                aside.done();
                assert_eq!(content(&files), [None, None, some("new weights"), some("new history")]);
            } else {
                drop(aside);
                assert_eq!(content(&files), [some("old recording"), None, some("old weights"), None]);
            }
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

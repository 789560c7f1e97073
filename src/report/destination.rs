//! Where a report goes, decided and checked before any work, and files that appear whole or not at all.

use super::Format;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a report cannot be written where it was asked to go.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// The extension of `--out` names no known format and `--format` was not given.
    #[error("cannot tell a format from the name {}: expected .json, .csv, .parquet or .txt, or --format", path.display())]
    UnknownExtension {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder, expected a file name", path.display())]
    IsFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// Writing there would destroy what is being read.
    #[error("{} is the recording itself: refusing to overwrite it", path.display())]
    IsInput {
        /// The path as given.
        path: PathBuf,
    },
    /// The folder does not exist or does not accept files.
    #[error("cannot write into the folder {}", folder.display())]
    Unwritable {
        /// The folder that was tried.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Parquet was about to go to a terminal.
    #[error("parquet is binary and would garble the terminal: give --out FILE or redirect")]
    BinaryToTerminal,
}

/// A checked place for one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The file, or `None` for standard output.
    pub path: Option<PathBuf>,
    /// The format to write there.
    pub format: Format,
}

impl Destination {
    /// Chooses the format (the given one, else the extension's, else a table) and checks that the path can be written.
    ///
    /// # Errors
    /// [`DestinationError`] when the format is not known or the place does not accept a file.
    pub fn check(out: Option<&Path>, format: Option<Format>, recording: &Path) -> Result<Self, DestinationError> {
        let Some(path) = out else {
            let format = format.unwrap_or(Format::Table);
            if format == Format::Parquet && io::stdout().is_terminal() {
                return Err(DestinationError::BinaryToTerminal);
            }
            return Ok(Self { path: None, format });
        };
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        let format = format
            .or_else(|| Format::from_extension(extension))
            .ok_or_else(|| DestinationError::UnknownExtension { path: path.into() })?;
        check_file(path, recording)?;
        Ok(Self { path: Some(path.into()), format })
    }
}

/// Checks that `path` can become a file: not a folder, not the recording, in a folder that accepts new files.
///
/// # Errors
/// [`DestinationError`] naming the path.
pub fn check_file(path: &Path, recording: &Path) -> Result<(), DestinationError> {
    if path.is_dir() {
        return Err(DestinationError::IsFolder { path: path.into() });
    }
    if let (Ok(target), Ok(input)) = (path.canonicalize(), recording.canonicalize())
        && target.starts_with(input)
    {
        return Err(DestinationError::IsInput { path: path.into() });
    }
    // Permission bits do not tell (root, read-only mounts, quotas): try it, and leave nothing behind.
    tempfile::tempfile_in(folder_of(path))
        .map(drop)
        .map_err(|source| DestinationError::Unwritable { folder: folder_of(path).into(), source })
}

/// The recording's name with another ending, in the current folder: `runs/out.parquet` gives `out.report.html`.
pub fn named_after(recording: &Path, ending: &str) -> PathBuf {
    // `.` and `..` have no name of their own.
    let path = recording.canonicalize().unwrap_or_else(|_| recording.to_path_buf());
    let name = path.file_name().map_or_else(|| "recording".into(), |name| name.to_string_lossy().into_owned());
    PathBuf::from(format!("{}{ending}", name.strip_suffix(".parquet").unwrap_or(&name)))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a file that is complete or absent: everything goes to a temporary file beside it, which then takes its name.
///
/// # Errors
/// What the operating system or `fill` answers; the temporary file is removed and an older file under `path` is kept.
pub fn write_whole_file(path: &Path, fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".layerscope-").suffix(".tmp");
    #[cfg(unix)]
    {
        // Temporary files are private by default; a report is an ordinary file, subject to the user's umask.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder_of(path))?;
    let mut buffered = io::BufWriter::with_capacity(1 << 20, file);
    fill(&mut buffered)?;
    let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether writing failed because the reader of a pipe went away (`analyze .. | head`): that is not a failure.
pub fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_extension_chooses_the_format_unless_one_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("out.parquet");
        let check = |name: &str, format| Destination::check(Some(&folder.path().join(name)), format, &recording);
        assert_eq!(check("a.json", None).unwrap().format, Format::Json);
        assert_eq!(check("a.CSV", None).unwrap().format, Format::Csv);
        assert_eq!(check("a", None).unwrap().format, Format::Table);
        assert_eq!(check("a.json", Some(Format::Csv)).unwrap().format, Format::Csv);
        assert!(matches!(check("a.svg", None), Err(DestinationError::UnknownExtension { .. })));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "checking leaves nothing behind");
    }

    #[test]
    fn refuses_folders_the_recording_and_places_that_do_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("out.parquet");
        fs::write(&recording, b"x").unwrap();
        let check = |path: &Path| Destination::check(Some(path), Some(Format::Json), &recording).unwrap_err();
        assert!(matches!(check(folder.path()), DestinationError::IsFolder { .. }));
        assert!(matches!(check(&recording), DestinationError::IsInput { .. }));
        let missing = folder.path().join("no/such/a.json");
        assert!(check(&missing).to_string().contains("no/such"));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, b"old").unwrap();
        let failed = write_whole_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_whole_file(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

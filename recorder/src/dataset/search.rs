//! Where a data set's files are looked for, in which order, and how they become a [`Dataset`].

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    Dataset, DatasetError, Origin, SourceFile, Split,
    catalogue::{self, Entry, FileEntry},
    fetch::{Fetcher, Monitor},
    idx::{self, Idx},
};

/// Environment variable that names a folder of data sets.
pub const DATA_VARIABLE: &str = "LAYERSCOPE_DATA";

/// Environment variable that replaces the official addresses: `none`, or base addresses separated by spaces. A file is
/// then fetched from `BASE/SET/FILE.gz`, so that one's own server can hold several sets.
pub const MIRRORS_VARIABLE: &str = "LAYERSCOPE_MIRRORS";

/// Where to download from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirrors {
    /// The addresses of the catalogue.
    Official,
    /// These base addresses, each followed by the set's name.
    Replaced(Vec<String>),
    /// Nowhere: what is not on disk is missing.
    Off,
}

impl Mirrors {
    /// What the value of [`MIRRORS_VARIABLE`] means.
    pub fn from_value(value: Option<&str>) -> Self {
        match value.map(str::trim) {
            None | Some("") => Self::Official,
            Some("none") => Self::Off,
            Some(list) => Self::Replaced(list.split_whitespace().map(str::to_owned).collect()),
        }
    }

    /// Addresses of the folder with that set's files, each ending in a slash.
    pub fn of(&self, entry: &Entry) -> Vec<String> {
        match self {
            Self::Official => entry.mirrors.iter().map(|&base| base.to_owned()).collect(),
            Self::Replaced(bases) => {
                bases.iter().map(|base| format!("{}/{}/", base.trim_end_matches('/'), entry.name)).collect()
            }
            Self::Off => Vec::new(),
        }
    }
}

/// The places to look in, the most specific first, and where to fetch from when nothing is there.
///
/// Each file is looked for on its own, as IDX and as IDX with `.gz`, and verified by its SHA-256 wherever it was found: a
/// damaged file is an error and never skipped in silence.
#[derive(Clone, Debug)]
pub struct Search {
    /// Folder the user named: `DIR/SET`, `DIR` itself, and torchvision's `DIR/MNIST/raw`.
    pub data_dir: Option<PathBuf>,
    /// Folder of [`DATA_VARIABLE`], searched in the same way.
    pub environment: Option<PathBuf>,
    /// Cache folder of the program; a set is in `CACHE/SET`, and goes there when fetched and no `data_dir` is given.
    pub cache: Option<PathBuf>,
    /// Folder below which torchvision's `data/MNIST/raw` is looked for: the working directory.
    pub working: Option<PathBuf>,
    /// Where to fetch from.
    pub mirrors: Mirrors,
}

impl Search {
    /// The places of this process: its environment variables, the user's cache folder, the working directory.
    ///
    /// # Errors
    /// [`DatasetError::NoFolder`] when `data_dir` is given and is not a folder.
    pub fn from_environment(data_dir: Option<PathBuf>) -> Result<Self, DatasetError> {
        if let Some(path) = data_dir.as_ref().filter(|path| !path.is_dir()) {
            return Err(DatasetError::NoFolder { path: path.clone() });
        }
        Ok(Self {
            data_dir,
            environment: env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from),
            cache: cache_dir(),
            working: Some(PathBuf::new()),
            mirrors: Mirrors::from_value(env::var(MIRRORS_VARIABLE).ok().as_deref()),
        })
    }

    /// The folders in which that set's files are looked for, in order.
    pub fn folders(&self, entry: &Entry) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for root in [&self.data_dir, &self.environment].into_iter().flatten() {
            folders.push(root.join(entry.name));
            folders.push(root.clone());
            folders.extend(entry.torchvision.map(|below| root.join(below)));
        }
        folders.extend(self.cache.iter().map(|cache| cache.join(entry.name)));
        if let (Some(working), Some(below)) = (&self.working, entry.torchvision) {
            folders.push(working.join("data").join(below));
        }
        folders
    }

    /// Where that set's files are, in the order of its catalogue entry; `None` unless all are on disk. They are not read.
    pub fn locate(&self, entry: &Entry) -> Option<Vec<PathBuf>> {
        entry.files.iter().map(|file| self.find(entry, file)).collect()
    }

    /// The data set of that name, from memory, disk or network, verified.
    ///
    /// # Errors
    /// [`DatasetError::Unknown`]; [`DatasetError::Missing`] when a file is neither found nor fetched; the errors of
    /// [`idx::read_file`] and [`DatasetError::Checksum`] for a file that is there and is not the published one.
    pub fn load(&self, name: &str, monitor: &mut dyn Monitor) -> Result<Dataset, DatasetError> {
        self.load_entry(catalogue::by_name(name)?, monitor)
    }

    /// The data set of that entry, which need not be in the catalogue.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_entry(&self, entry: &'static Entry, monitor: &mut dyn Monitor) -> Result<Dataset, DatasetError> {
        let mut fetcher = Fetcher::new(self.mirrors.of(entry));
        let mut sources = Vec::with_capacity(4);
        let mut contents = Vec::with_capacity(4);
        for (index, file) in entry.files.iter().enumerate() {
            let (origin, idx) = match entry.embedded {
                Some(packed) => (Origin::Embedded, verified_bytes(packed[index], entry, file)?),
                None => self.find_or_fetch(entry, file, &mut fetcher, monitor)?,
            };
            sources.push(SourceFile { name: file.name.to_owned(), sha256: idx.sha256, origin });
            contents.push(idx.data);
        }
        assemble(entry, sources, contents)
    }

    /// Path of that file in the first folder that has it, as IDX or with `.gz`.
    fn find(&self, entry: &Entry, file: &FileEntry) -> Option<PathBuf> {
        let packed = format!("{}.gz", file.name);
        let candidates = |folder: PathBuf| {
            log::debug!("{}: looking for {} in {}", entry.name, file.name, folder.display());
            [folder.join(file.name), folder.join(&packed)]
        };
        self.folders(entry).into_iter().flat_map(candidates).find(|path| path.is_file())
    }

    fn find_or_fetch(
        &self,
        entry: &'static Entry,
        file: &'static FileEntry,
        fetcher: &mut Fetcher,
        monitor: &mut dyn Monitor,
    ) -> Result<(Origin, Idx), DatasetError> {
        if let Some(path) = self.find(entry, file) {
            log::info!("{}: {} taken from {}, the first place that has it", entry.name, file.name, path.display());
            let idx = verified_file(&path, file)?;
            return Ok((Origin::File(path), idx));
        }
        let attempts = match self.fetch_folder(entry) {
            None => "there is no cache folder to fetch to".to_owned(),
            Some(folder) => match fetcher.fetch(file, &folder, monitor) {
                Ok((path, idx)) => {
                    log::info!("{}: {} fetched to {}", entry.name, file.name, path.display());
                    return Ok((Origin::File(path), idx));
                }
                Err(failed) if failed.cancelled => return Err(DatasetError::Cancelled),
                Err(failed) => failed.to_string(),
            },
        };
        let folders = self.folders(entry);
        let searched = folders.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        Err(DatasetError::Missing { dataset: entry.name, file: file.name, searched, attempts })
    }

    /// Where fetched files of that set go.
    fn fetch_folder(&self, entry: &Entry) -> Option<PathBuf> {
        self.data_dir.as_ref().or(self.cache.as_ref()).map(|root| root.join(entry.name))
    }
}

/// The user's cache folder for this program: `$XDG_CACHE_HOME/layerscope` or the platform's own place.
pub fn cache_dir() -> Option<PathBuf> {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = match folder("XDG_CACHE_HOME") {
        Some(base) => base,
        None if cfg!(windows) => folder("LOCALAPPDATA")?,
        None if cfg!(target_os = "macos") => folder("HOME")?.join("Library/Caches"),
        None => folder("HOME")?.join(".cache"),
    };
    Some(base.join("layerscope"))
}

/// The file at `path`, if it is the published one.
pub(super) fn verified_file(path: &Path, file: &FileEntry) -> Result<Idx, DatasetError> {
    let idx = idx::read_file(path, file.kind, Some(file.shape))?;
    verify(idx, &path.display().to_string(), file)
}

fn verified_bytes(packed: &[u8], entry: &Entry, file: &FileEntry) -> Result<Idx, DatasetError> {
    let name = format!("embedded {}/{}", entry.name, file.name);
    verify(idx::read_bytes(packed, &name, file.kind, Some(file.shape))?, &name, file)
}

fn verify(idx: Idx, name: &str, file: &FileEntry) -> Result<Idx, DatasetError> {
    if idx.sha256 == file.sha256 {
        return Ok(idx);
    }
    let hint = catalogue::describe_digest(&idx.sha256).map(|known| format!(" (this is {known})")).unwrap_or_default();
    Err(DatasetError::Checksum { file: name.to_owned(), expected: file.sha256.to_owned(), found: idx.sha256, hint })
}

fn assemble(entry: &Entry, files: Vec<SourceFile>, contents: Vec<Vec<u8>>) -> Result<Dataset, DatasetError> {
    let n_inputs = entry.files[0].shape[1..].iter().product();
    let mut contents = contents.into_iter();
    let mut split = |label_file: &FileEntry| {
        let (pixels, labels) = (contents.next().unwrap_or_default(), contents.next().unwrap_or_default());
        if let Some((sample, &label)) = labels.iter().enumerate().find(|&(_, &label)| label as usize >= entry.n_classes)
        {
            let file = label_file.name.to_owned();
            return Err(DatasetError::Label { file, sample, label, n_classes: entry.n_classes });
        }
        Split::new(n_inputs, pixels, labels)
    };
    Ok(Dataset {
        name: entry.name.to_owned(),
        train: split(&entry.files[1])?,
        test: split(&entry.files[3])?,
        n_classes: entry.n_classes,
        normalization: entry.normalization,
        files,
    })
}

//! Getting the data set: the choice of `--dataset auto`, and the commands `fetch` and `datasets`.

use std::{fs, io::Write};

use anyhow::{Context, ensure};
use layerscope_recorder::dataset::{
    Dataset, DatasetError, Mirrors, Normalization, Origin, Search,
    catalogue::{CATALOGUE, by_name},
};

use log::info;

use super::{
    Interrupted,
    args::{DatasetsArgs, FetchArgs, NormalizationArg},
    plan,
    progress::DownloadBars,
    request::{DatasetChoice, Request},
};

/// What `--dataset auto` prefers, and what stands in for it.
const PREFERRED: &str = "mnist";
const STAND_IN: &str = "mnist-5k";

/// The data set of the request, verified; `auto` falls back to the embedded subset with a warning.
///
/// # Errors
/// A set that is damaged, or named and missing; an interruption.
pub fn load(request: &Request, bars: &mut DownloadBars) -> anyhow::Result<Dataset> {
    let search = Search::from_environment(request.args.data_dir.clone()).context("--data-dir")?;
    let loaded = match request.dataset {
        DatasetChoice::Named(name) => search.load(name, bars),
        DatasetChoice::Auto => match search.load(PREFERRED, bars) {
            Err(missing) if missing.is_missing() => {
                bars.clear();
                eprintln!("record: warning: {missing}");
                eprintln!(
                    "record: warning: training on {STAND_IN}, the embedded first 5,000 training and 1,000 test images \
                     of MNIST; results on it are not results on MNIST"
                );
                search.load(STAND_IN, bars)
            }
            loaded => loaded,
        },
    };
    bars.clear();
    match loaded {
        Ok(dataset) if dataset.files.iter().all(|file| file.origin == Origin::Embedded) => {
            info!("data set {}: compiled into this program", dataset.name);
            Ok(normalized(dataset, request.args.normalization))
        }
        Ok(dataset) => Ok(normalized(dataset, request.args.normalization)),
        Err(DatasetError::Cancelled) => Err(Interrupted.into()),
        Err(error) => Err(error.into()),
    }
}

/// The data set to plan with, without fetching anything: what is on disk, or else a blank of the same sizes; and a note
/// on what a real run would do.
///
/// # Errors
/// A set on disk that is damaged.
pub fn preview(request: &Request) -> anyhow::Result<(Dataset, Option<&'static str>)> {
    let mut search = Search::from_environment(request.args.data_dir.clone()).context("--data-dir")?;
    search.mirrors = Mirrors::Off;
    let (name, note) = match request.dataset {
        DatasetChoice::Named(name) => (name, "not on disk: would be fetched"),
        DatasetChoice::Auto => (PREFERRED, "not on disk: would be fetched, or else mnist-5k would stand in"),
    };
    match search.load(name, &mut ()) {
        Err(missing) if missing.is_missing() => Ok((plan::blank(by_name(name)?)?, Some(note))),
        loaded => Ok((loaded?, None)),
    }
}

fn normalized(mut dataset: Dataset, choice: NormalizationArg) -> Dataset {
    match choice {
        NormalizationArg::Own => {}
        NormalizationArg::Mnist => dataset.normalization = Normalization::MNIST,
    }
    dataset
}

/// `record fetch NAME`: the set's files on disk, verified; prints their paths, one a line.
///
/// # Errors
/// An unknown set, one that cannot be fetched, a damaged file.
pub fn fetch(args: &FetchArgs, bars: &mut DownloadBars) -> anyhow::Result<()> {
    let entry = by_name(&args.name)?;
    ensure!(entry.embedded.is_none(), "{} is compiled into this program: there is nothing to fetch", entry.name);
    if let Some(folder) = &args.data_dir {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
    }
    let mut search = Search::from_environment(args.data_dir.clone())?;
    if args.data_dir.is_some() {
        // The files are wanted in that folder: it does not count that they are elsewhere.
        search = Search { environment: None, cache: None, working: None, ..search };
    }
    let loaded = search.load(entry.name, bars);
    bars.clear();
    let dataset = loaded.map_err(|error| match error {
        DatasetError::Cancelled => Interrupted.into(),
        error => anyhow::Error::from(error),
    })?;
    let paths = dataset.files.iter().filter_map(|file| match &file.origin {
        Origin::File(path) => Some(path.display().to_string()),
        Origin::Embedded => None,
    });
    print(&paths.map(|path| path + "\n").collect::<String>())
}

/// `record datasets`: a line for each set, its name, where it is, and what it is.
///
/// # Errors
/// `--data-dir` is no folder, or stdout cannot be written to.
pub fn list(args: &DatasetsArgs) -> anyhow::Result<()> {
    let search = Search::from_environment(args.data_dir.clone()).context("--data-dir")?;
    let mut text = String::new();
    for entry in &CATALOGUE {
        let place = match (entry.embedded, search.locate(entry)) {
            (Some(_), _) => "embedded".to_owned(),
            (None, Some(files)) => files[0].parent().unwrap_or(&files[0]).display().to_string(),
            (None, None) => format!("not on disk: record fetch {}", entry.name),
        };
        text += &format!("{:<18}{}\n{:18}{place}\n", entry.name, entry.description, "");
    }
    print(&text)
}

/// Writes to stdout; a reader that has seen enough and closed the pipe is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}

//! What was typed after `analyze report`.

use crate::analyze::args::{ByteSize, Choices, EpochChoice, parse_stage};
use clap::Args;
use layerscope_recorder::recording::Stage;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Choices of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// A Parquet file or a folder of them
    pub recording: PathBuf,
    /// Write to this file [default: RECORDING's name with .report.html, in the current folder]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Values before (pre) or after (post) the activation function, for all but pca, which takes pre [default: post]
    #[arg(long, value_parser = parse_stage, value_name = "pre|post")]
    pub stage: Option<Stage>,
    /// The layer to report on [default: the first]
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Only these sizes [default: all]
    #[arg(long, value_name = "S,..", value_delimiter = ',')]
    pub size: Vec<i32>,
    /// Only these replicates [default: all]
    #[arg(long, value_name = "R,..", value_delimiter = ',')]
    pub replicate: Vec<i32>,
    /// Training epochs completed at capture, or `last`: the last captured of each unit
    #[arg(long, value_name = "E|last", default_value = "last")]
    pub epoch: EpochChoice,
    /// Worker threads [default: one per available core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Most memory the program may take, such as 256MiB; what cannot be done within it is refused
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub memory: ByteSize,
    /// Do not compare what is read with the digests in the recording
    #[arg(long)]
    pub no_verify: bool,
}

impl ReportArgs {
    /// The same choices for one statistic, of the values of `stage`.
    pub fn choices(&self, stage: Option<Stage>) -> Choices {
        Choices {
            recording: self.recording.clone(),
            stage,
            layer: self.layer.clone(),
            size: self.size.clone(),
            replicate: self.replicate.clone(),
            epoch: self.epoch,
            pool: false,
            format: None,
            out: None,
            plot: None,
            threads: self.threads,
            memory: self.memory,
            no_verify: self.no_verify,
        }
    }

    /// The file to write: asked for, or named after the recording, in the current folder.
    pub fn destination(&self) -> PathBuf {
        let name = || {
            // `.` and `..` have no name of their own.
            let path = self.recording.canonicalize().unwrap_or_else(|_| self.recording.clone());
            let stem = path.file_name().map_or_else(|| "recording".into(), |name| name.to_string_lossy().into_owned());
            PathBuf::from(format!("{}.report.html", stem.strip_suffix(".parquet").unwrap_or(&stem)))
        };
        self.out.clone().unwrap_or_else(name)
    }
}

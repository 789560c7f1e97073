//! What was typed after `analyze report`.

use crate::analyze::args::{ByteSize, Choices, EpochChoice, parse_stage};
use crate::report::named_after;
use clap::Args;
use layerscope_recorder::recording::Stage;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Choices of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// A Parquet file or a folder of them, or matrices of samples x neurons as .npy, .npz or .safetensors; e.g.
    /// out.parquet
    pub recording: PathBuf,
    /// File to write [default: RECORDING's name with .report.html, in the current folder]. E.g. mnist.html
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Values before (pre) or after (post) the activation function [default: post, and pre for pca]. E.g. pre
    #[arg(long, value_parser = parse_stage, value_name = "pre|post")]
    pub stage: Option<Stage>,
    /// The layer to report on [default: the first]. E.g. hidden
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Only these sizes, in neurons as swept [default: all]. E.g. 64,90
    #[arg(long, value_name = "S,..", value_delimiter = ',')]
    pub size: Vec<i32>,
    /// Only these replicates, counted from 0 [default: all]. E.g. 0,2
    #[arg(long, value_name = "R,..", value_delimiter = ',')]
    pub replicate: Vec<i32>,
    /// Training epochs completed at capture, or `last`: the last captured of each unit. E.g. 15
    #[arg(long, value_name = "E|last", default_value = "last")]
    pub epoch: EpochChoice,
    /// Worker threads; no number depends on it [default: one per available core]. E.g. 2
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Most memory the program may take, in bytes or with a unit (KiB, MiB, GiB, kB, MB, GB); what cannot be done within it
    /// is refused. E.g. 256MiB
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
        self.out.clone().unwrap_or_else(|| named_after(&self.recording, ".report.html"))
    }
}

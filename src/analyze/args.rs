//! What was typed: statistics as subcommands, the same choices for each.

use super::mixture::MixtureArgs;
use super::normality::NormalityArgs;
use super::pca::PcaArgs;
use super::report::ReportArgs;
use crate::diagnostics::Verbosity;
use crate::manual::{CompletionsArgs, ManArgs};
use crate::report::Format;
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use layerscope_analysis::Bandwidth;
use layerscope_recorder::recording::{Checks, Recording, RecordingError, Stage};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

/// Measure a recording of activations.
#[derive(Clone, Debug, Parser)]
#[command(name = "analyze", version, after_help = EXIT_CODES, infer_subcommands = false)]
pub struct AnalyzeArgs {
    /// What to do with the recording.
    #[command(subcommand)]
    pub command: Command,
    /// What is said on the way.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

const EXIT_CODES: &str = "Numbers go to stdout or --out, warnings to stderr.\n\
    RUST_LOG=info (or -v) and RUST_LOG=debug (-vv) say on stderr what is done.\n\
    Exit codes: 0 done; 1 done, but some units were skipped or have no value (listed on stderr); 2 failed.";

/// Everything that `analyze` does.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Measure it.
    #[command(flatten)]
    Measure(Statistic),
    /// Check every digest, page and key of the recording; exit 0 only if all are sound
    Verify(VerifyArgs),
    /// Everything about the recording in one HTML page: verdicts, figures, numbers, definitions
    Report(ReportArgs),
    /// Prints completions for a shell
    Completions(CompletionsArgs),
    /// Writes the manual pages of `analyze` and its subcommands
    Man(ManArgs),
}

/// Choices of `verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// A Parquet file or a folder of them, or matrices of samples x neurons as .npy, .npz or .safetensors; e.g.
    /// out.parquet
    pub recording: PathBuf,
    /// How to write the findings [default: from the extension of --out, else table]. E.g. json
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// File to write, which appears whole or not at all [default: stdout]. E.g. dead.json
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Worker threads; no number depends on it [default: one per available core]. E.g. 2
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Most memory the program may take, in bytes or with a unit (KiB, MiB, GiB, kB, MB, GB); what cannot be done within it
    /// is refused. E.g. 256MiB
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub memory: ByteSize,
}

/// The statistics.
#[derive(Clone, Debug, Subcommand)]
pub enum Statistic {
    /// What is in the recording: values, their mean, spread, range, share of zeros
    Summary(Choices),
    /// How much the neurons vary over the samples; variance and std divide by the number of samples
    Variance(VarianceArgs),
    /// The table of all neurons, every moment of each, written as RECORDING.neurons.parquet for other tools
    Neurons(Choices),
    /// Neurons that never change, never fire or hardly fire
    Dead(Choices),
    /// Whether the neurons' standard deviations, or their activations, are normally distributed (Shapiro-Wilk and others)
    Normality(NormalityArgs),
    /// Which distribution the neurons' standard deviations follow, and the share of a population near zero
    Mixture(MixtureArgs),
    /// How many directions the layer uses: eigenvalues of the neurons' covariance, reconstruction from the first k
    Pca(PcaArgs),
    /// Accuracy and loss on training and test data, from the history file beside the recording
    Accuracy(Choices),
    /// Normality, dead neurons, sums and accuracies beside each other, and how they change with the size
    Relationships(RelationshipsArgs),
}

impl Statistic {
    /// Name as typed, and as in the schema `layerscope.<name>.v1`.
    pub fn name(&self) -> &'static str {
        match self {
            Statistic::Summary(_) => "summary",
            Statistic::Variance(_) => "variance",
            Statistic::Dead(_) => "dead",
            Statistic::Neurons(_) => "neurons",
            Statistic::Normality(_) => "normality",
            Statistic::Mixture(_) => "mixture",
            Statistic::Pca(_) => "pca",
            Statistic::Accuracy(_) => "accuracy",
            Statistic::Relationships(_) => "relationships",
        }
    }

    /// The choices that every statistic has.
    pub fn choices(&self) -> &Choices {
        match self {
            Statistic::Summary(choices)
            | Statistic::Dead(choices)
            | Statistic::Neurons(choices)
            | Statistic::Accuracy(choices) => choices,
            Statistic::Normality(args) => &args.choices,
            Statistic::Variance(args) => &args.choices,
            Statistic::Mixture(args) => &args.choices,
            Statistic::Pca(args) => &args.choices,
            Statistic::Relationships(args) => &args.choices,
        }
    }
}

/// Choices of `variance`.
#[derive(Args, Clone, Debug)]
pub struct VarianceArgs {
    /// Common choices.
    #[command(flatten)]
    pub choices: Choices,
    /// One row per neuron instead of one per unit
    #[arg(long)]
    pub per_neuron: bool,
    /// Which picture --plot draws. E.g. histogram
    #[arg(long, value_enum, default_value_t = VarianceFigure::Density, requires = "plot")]
    pub figure: VarianceFigure,
    /// Rule for the width of the kernel of the densities that --plot draws. E.g. silverman
    #[arg(long, value_enum, default_value_t = BandwidthRule::Scott, requires = "plot")]
    pub bandwidth: BandwidthRule,
}

/// Choices of `relationships`.
#[derive(Args, Clone, Debug)]
pub struct RelationshipsArgs {
    /// Common choices.
    #[command(flatten)]
    pub choices: Choices,
    /// Which picture --plot draws. E.g. sum-std
    #[arg(long, value_enum, default_value_t = RelationshipsFigure::Comparison, requires = "plot")]
    pub figure: RelationshipsFigure,
}

/// The pictures of `relationships`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RelationshipsFigure {
    /// Mixture weights, W, rescaled accuracy and dead neurons against size, the journal's comparison of metrics
    Comparison,
    /// W beside training and test accuracy against size
    Accuracy,
    /// Sum of the variances against size, with a constant, a line and a logarithm
    SumVariance,
    /// Sum of the standard deviations against size, with a constant, a line and a logarithm
    SumStd,
}

/// The pictures of `variance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VarianceFigure {
    /// Density of the neurons' standard deviations, one curve per size
    Density,
    /// Sum of the standard deviations against size
    Sum,
    /// Histogram and density of one size, or of four sizes of many
    Histogram,
}

impl VarianceFigure {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Sum => "sum",
            Self::Histogram => "histogram",
        }
    }
}

/// How the width of a Gaussian kernel follows from the n values and their standard deviation s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BandwidthRule {
    /// s n^(-1/5)
    Scott,
    /// s (3n/4)^(-1/5)
    Silverman,
}

impl BandwidthRule {
    /// The name as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scott => "scott",
            Self::Silverman => "silverman",
        }
    }
}

impl From<BandwidthRule> for Bandwidth {
    fn from(rule: BandwidthRule) -> Self {
        match rule {
            BandwidthRule::Scott => Self::Scott,
            BandwidthRule::Silverman => Self::Silverman,
        }
    }
}

/// Which part of a recording is measured, and where the answer goes.
#[derive(Args, Clone, Debug)]
pub struct Choices {
    /// A Parquet file or a folder of them, or matrices of samples x neurons as .npy, .npz or .safetensors; e.g.
    /// out.parquet
    pub recording: PathBuf,
    /// Values before (pre) or after (post) the activation function [default: post; of pca: pre]. E.g. pre
    #[arg(long, value_parser = parse_stage, value_name = "pre|post")]
    pub stage: Option<Stage>,
    /// Only this layer [default: all]. E.g. hidden
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
    /// Put the replicates of a size together: one row per size
    #[arg(long)]
    pub pool: bool,
    /// How to write the rows [default: from the extension of --out, else table]. E.g. csv
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// File to write, which appears whole or not at all [default: stdout; of neurons: RECORDING's name with
    /// .neurons.parquet, in the current folder, unless --format is given]. E.g. dead.json
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw the statistic's picture into this file [default: no picture]. E.g. variance.svg
    #[arg(long, value_name = "FILE.svg|FILE.png")]
    pub plot: Option<PathBuf>,
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

impl Choices {
    /// Opens the recording, with or without comparing digests.
    ///
    /// # Errors
    /// See [`Recording::open_with`].
    pub fn open(&self) -> Result<Recording, RecordingError> {
        Recording::open_with(&self.recording, if self.no_verify { Checks::None } else { Checks::Digests })
    }
}

/// Which captured epoch is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochChoice {
    /// The last one that was captured of each unit.
    Last,
    /// The one with this number of completed epochs.
    At(i32),
}

impl FromStr for EpochChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "last" {
            return Ok(EpochChoice::Last);
        }
        text.parse().map(EpochChoice::At).map_err(|_| "expected a number of completed epochs or `last`".into())
    }
}

/// A number of bytes, written with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub usize);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a size such as 512MiB, 2GiB or 1500MB";
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: f64 = number.parse().map_err(|_| EXPECTED.to_string())?;
        let unit: f64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kib" => 1024.0,
            "kb" => 1e3,
            "m" | "mib" => 1024.0 * 1024.0,
            "mb" => 1e6,
            "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
            "gb" => 1e9,
            _ => return Err(EXPECTED.into()),
        };
        let bytes = number * unit;
        if bytes < 1.0 || bytes >= usize::MAX as f64 {
            return Err(EXPECTED.into());
        }
        Ok(ByteSize(bytes as usize))
    }
}

pub(super) fn parse_stage(text: &str) -> Result<Stage, String> {
    match text {
        "pre" => Ok(Stage::Pre),
        "post" => Ok(Stage::Post),
        _ => Err("expected pre or post".into()),
    }
}

/// A usage error in one line, without clap's usage block: what is wrong and where to read more.
pub fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "expected a statistic, such as `analyze variance out.parquet` (try --help)".into();
    }
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} (try --help)", line.strip_prefix("error: ").unwrap_or(&line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        AnalyzeArgs::command().debug_assert();
    }

    #[test]
    fn sizes_in_bytes() {
        for (text, bytes) in
            [("2GiB", 2 << 30), ("512MiB", 512 << 20), ("64KiB", 65_536), ("1.5kb", 1500), ("64", 64), ("3 M", 3 << 20)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "GiB", "2XiB", "0", "-1", "1e30GiB", "99999999999999GiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn lists_and_epochs() {
        let parse = |line: &str| AnalyzeArgs::try_parse_from(line.split(' '));
        let choices = |line: &str| match parse(line).unwrap().command {
            Command::Measure(statistic) => statistic.choices().clone(),
            _ => panic!("not a statistic"),
        };
        let chosen = choices("analyze variance r.parquet --size 64,90 --replicate 0 --epoch 3 --per-neuron");
        assert_eq!((chosen.size.as_slice(), chosen.epoch), ([64, 90].as_slice(), EpochChoice::At(3)));
        assert_eq!(choices("analyze dead r.parquet").epoch, EpochChoice::Last);
        let error = one_line(&parse("analyze dead r.parquet --epoch first").unwrap_err());
        assert!(!error.contains('\n') && error.contains("--epoch") && error.contains("first"), "{error}");
        assert!(parse("analyze mixtures r.parquet").is_err(), "no statistic");
        assert!(one_line(&parse("analyze").unwrap_err()).starts_with("expected a statistic"));
        assert!(AnalyzeArgs::command().render_help().to_string().starts_with("Measure a recording"));
    }
}

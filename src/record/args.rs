//! What can be typed after `record`.
//!
//! Numbers are checked by clap; texts with a grammar of their own stay texts here and are read by [`plan`](super::plan),
//! so that each mistake gets its own sentence.

use std::{ffi::OsString, path::PathBuf, process::ExitCode, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::{
    analyze::args::ByteSize,
    diagnostics::Verbosity,
    manual::{CompletionsArgs, ManArgs},
};

/// Trains a network at every width of a sweep and records the activations of its hidden layer to Parquet.
///
/// Beside OUT.parquet it writes OUT.weights.safetensors, OUT.history.parquet (loss and accuracy of every network after
/// every epoch) and OUT.manifest.json (command, seed, digests). The same seed gives the same values.
#[derive(Debug, Parser)]
#[command(name = "record", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  record --model mnist_h1 --sizes 64..2896
  record --model mnist_h1 --sizes 64,256 --dataset mnist-5k --epochs 5 --samples 1000 --out small.parquet
  record --model mnist_h1 --sizes 16..11585 --dataset fashion-mnist --replicates 11 --dry-run
  record fetch mnist

Environment:
  LAYERSCOPE_DATA     folder of data sets, searched after --data-dir
  LAYERSCOPE_MIRRORS  none, or base addresses (separated by spaces) to fetch BASE/NAME/FILE.gz from
  RUST_LOG            diagnostics on stderr, such as info or layerscope_recorder=debug; -v is the short way

Exit codes: 0 done, 2 failed (one line on stderr), 130 interrupted. A run that ends early leaves nothing under a final
name; what --resume can use is in OUT.parquet.unfinished.")]
pub struct Cli {
    /// Something other than recording.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to record.
    #[command(flatten)]
    pub record: RecordArgs,
    /// What is said on the way.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// What `record` does besides recording.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Downloads a data set, verifies it, and prints where its files are.
    Fetch(FetchArgs),
    /// Lists the data sets and where each was found.
    Datasets(DatasetsArgs),
    /// Prints completions for a shell.
    Completions(CompletionsArgs),
    /// Writes the manual pages of `record` and its subcommands.
    Man(ManArgs),
}

/// Arguments of `record fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Data set, e.g. mnist; `record datasets` lists them.
    pub name: String,
    /// Folder to put the files into, below a folder of the set's name [default: the user's cache folder]; e.g. ./data
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    pub quiet: bool,
}

/// Arguments of `record datasets`.
#[derive(Debug, Args)]
pub struct DatasetsArgs {
    /// Folder to look in first [default: $LAYERSCOPE_DATA, the user's cache folder, ./data/MNIST/raw]; e.g. ./data
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Arguments of a recording.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// Network to train, e.g. mnist_h1, which is 784 -> size (ReLU) -> 10
    #[arg(long, required = true)]
    pub model: Option<String>,

    /// Widths, in neurons: LO..HI is the ladder floor(2^(i/2)), LO..HI:xF multiplies, LO..HI:+D adds, a,b,c is a list; in
    /// ascending order, each once. E.g. 64..2896, 64..1024:x2, 100..500:+50, 16,64,128..512
    #[arg(long, required = true, allow_hyphen_values = true)]
    pub sizes: Option<String>,

    /// Data set; auto is full MNIST if it is on disk or can be fetched, else mnist-5k with a warning. E.g. fashion-mnist
    #[arg(long, default_value = "auto", value_name = "auto|NAME")]
    pub dataset: String,

    /// Folder to look in first, for IDX files with or without .gz, directly or in a folder of the set's name; what is
    /// missing is fetched into it [default: $LAYERSCOPE_DATA, the user's cache folder, ./data/MNIST/raw]. E.g. ./data
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Constants of x = (p/255 - mean)/std: the set's own, or MNIST's for every set. E.g. mnist
    #[arg(long, value_enum, default_value_t = NormalizationArg::Own)]
    pub normalization: NormalizationArg,

    /// Networks of each size, each with initial weights and batch order of its own. E.g. 11
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub replicates: u32,

    /// Passes over the training split; 0 records initial networks. E.g. 30
    #[arg(long, default_value_t = 15, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub epochs: u32,

    /// Samples in a training step, 1 to 65536; an epoch's last step takes the rest. E.g. 64
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: u32,

    /// Adam's step size (betas 0.9 and 0.999, epsilon 1e-8). E.g. 3e-4
    #[arg(long, default_value_t = 1e-3, value_name = "RATE", value_parser = learning_rate, allow_hyphen_values = true)]
    pub lr: f32,

    /// Where initial weights and batch orders come from. E.g. 42
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,

    /// Device to train on: auto, cpu, or cuda with an optional index. E.g. cpu
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    pub backend: String,

    /// Arithmetic of the large products on a CUDA device; the CPU always computes in f32. E.g. f32
    #[arg(long, value_enum, default_value_t = PrecisionArg::Tf32)]
    pub precision: PrecisionArg,

    /// Worker threads; the results do not depend on it [default: all cores]. E.g. 2
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Split whose activations are recorded; training always uses all of train. E.g. test
    #[arg(long, value_enum, default_value_t = SplitArg::Train)]
    pub split: SplitArg,

    /// How many samples to record, the first of the split in original order. E.g. 1000
    #[arg(long, default_value = "all", value_name = "all|N", allow_hyphen_values = true)]
    pub samples: String,

    /// Values to record: before (pre) and after (post) the activation function. E.g. post
    #[arg(long, default_value = "pre,post", value_name = "pre,post")]
    pub stages: String,

    /// Numbers of completed epochs after which to record; 0 is the initial network, final the last. E.g. 0,1,5,final
    #[arg(long, default_value = "final", value_name = "final|N,..", allow_hyphen_values = true)]
    pub capture_epochs: String,

    /// Recording to write; its companions get the same name with other endings. E.g. runs/mnist.parquet
    #[arg(long, default_value = "out.parquet", value_name = "FILE")]
    pub out: PathBuf,

    /// Replace an existing recording and its companions, once the new ones are complete; start an interrupted one anew.
    #[arg(long)]
    pub overwrite: bool,

    /// Go on with an interrupted recording of the same command, data and version; without one, start. E.g. the same command
    /// again with --resume
    #[arg(long)]
    pub resume: bool,

    /// Epochs between two checkpoints (weights, moments and position on the disk, for --resume): auto is one at most
    /// every 10 seconds, for at most 2 % of the time; 0 keeps only trained networks. E.g. 5
    #[arg(long, default_value = "auto", value_name = "auto|N")]
    pub checkpoint_every: CheckpointEvery,

    /// Most memory to take, in bytes or with a unit; less of it means smaller pieces, too little is refused with the least
    /// that would do. E.g. 512MiB
    #[arg(long, default_value = "2GiB", value_name = "SIZE")]
    pub memory: ByteSize,

    /// Print what would be trained and written, and how much disk and memory it takes; write nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// No progress bar and no summary; warnings and errors stay.
    #[arg(long)]
    pub quiet: bool,
}

/// How often a run's state is put on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointEvery {
    /// As often as costs little.
    Auto,
    /// After so many epochs; never within a pack at 0.
    Epochs(u32),
}

impl FromStr for CheckpointEvery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(n)) => Ok(Self::Epochs(n)),
            _ => Err("expected auto or a number of epochs".to_owned()),
        }
    }
}

/// Which constants normalise the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormalizationArg {
    /// The data set's own mean and standard deviation
    Own,
    /// MNIST's, 0.1307 and 0.3081
    Mnist,
}

/// How exact a CUDA device multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// Multiply-adds of 32 bits
    F32,
    /// Tensor cores, factors of 10 fraction bits: fastest, a product off by at most 2^-10
    Tf32,
    /// Tensor cores three times: off by at most 2^-20
    #[value(name = "3xtf32")]
    Tf32x3,
}

/// Which split is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitArg {
    /// The samples trained on
    Train,
    /// The held-out samples
    Test,
}

fn learning_rate(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("expected a positive number".to_owned()),
    }
}

/// The command line, or how to end: help and version are printed here, a mistake becomes one line.
///
/// # Errors
/// The exit code: 0 after help or version, 2 after a mistake.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, ExitCode> {
    Cli::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no failure: whoever asked has seen enough.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("record: {}", one_line(&error.render().to_string()));
            ExitCode::from(2)
        }
    })
}

/// clap's first paragraph, which states the mistake, without its line breaks.
fn one_line(rendered: &str) -> String {
    let paragraph = rendered.split("\n\n").next().unwrap_or(rendered);
    let sentence = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} (try --help)", sentence.strip_prefix("error: ").unwrap_or(&sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}

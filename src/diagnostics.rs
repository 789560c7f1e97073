//! `-v` and `RUST_LOG`: what a program is doing, on stderr, above the progress bars.
//!
//! Nothing is said unless asked for. `-v` shows what was decided (which files were taken and why, how the work was cut,
//! what was written), `-vv` every step. `RUST_LOG` takes the usual directives, such as
//! `RUST_LOG=layerscope_recorder=debug`, and wins over `-v` where both speak of the same part.

use clap::{ArgAction, Args};
use env_logger::{Builder, Target};
use indicatif::MultiProgress;
use log::LevelFilter;
use std::io::{self, Write};
use std::sync::LazyLock;

/// Environment variable with directives of its own.
pub const VARIABLE: &str = "RUST_LOG";

/// What the names of this project's crates begin with.
const CRATES: &str = "layerscope";

static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// How much a program says about its work.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Verbosity {
    /// Say on stderr what is done: -v decisions and files, -vv every step; RUST_LOG=debug does the same
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// All progress bars of the process: lines of diagnostics appear above them. Nothing is drawn where stderr is no terminal.
pub fn bars() -> &'static MultiProgress {
    &BARS
}

/// Starts the diagnostics of `program`; the first call of a process counts.
pub fn start(program: &'static str, verbosity: Verbosity) {
    let level = match verbosity.verbose {
        0 => LevelFilter::Off,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    // That the process has a logger already only happens in tests.
    let _ = Builder::new()
        .filter_module(CRATES, level)
        .parse_env(VARIABLE)
        .format(move |line, record| {
            writeln!(line, "{program}: {}: {}", record.level().as_str().to_ascii_lowercase(), record.args())
        })
        .target(Target::Pipe(Box::new(AboveBars)))
        .try_init();
}

/// stderr, with the bars out of the way while a line is written.
struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

//! The program `record`: from the command line to four files.
//!
//! [`args`] is what can be typed, [`Request`] what it means, [`RecordPlan`] what it
//! takes on this machine with this data, [`run`](mod@run) does it. `record fetch` and `record datasets` are in [`data`].

pub mod args;
pub mod backend;
pub mod data;
mod dry_run;
mod layout;
mod machine;
mod manifest;
mod pace;
pub mod plan;
pub mod progress;
pub mod request;
mod resume;
pub mod run;
pub mod sizes;
mod summary;

use std::{
    fmt,
    path::PathBuf,
    process::{self, ExitCode},
    sync::{Arc, atomic::Ordering},
};

use anyhow::Context;
use clap::CommandFactory;
use layerscope_recorder::recording::disk::SystemDisk;

use crate::{diagnostics, manual};
use args::{Cli, Command, RecordArgs};
use backend::{Backend, BackendChoice};
use plan::RecordPlan;
use progress::DownloadBars;
use request::Request;

/// Exit code after Ctrl-C: what shells report for a program ended by SIGINT.
const INTERRUPTED: u8 = 130;

/// The user pressed Ctrl-C.
#[derive(Debug, Default)]
pub struct Interrupted {
    /// The folder with what was done so far, where that is worth keeping.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kept {
            Some(folder) => write!(f, "interrupted; kept in {}, --resume continues it", folder.display()),
            None => f.write_str("interrupted; nothing was kept"),
        }
    }
}

impl std::error::Error for Interrupted {}

/// Does what the command line says.
///
/// # Errors
/// One sentence for the user; [`exit_code`] tells the code that belongs to it.
pub fn execute(cli: Cli) -> anyhow::Result<()> {
    diagnostics::start("record", cli.verbosity);
    catch_interrupts()?;
    match cli.command {
        Some(Command::Fetch(args)) => data::fetch(&args, &mut DownloadBars::new(args.quiet)),
        Some(Command::Datasets(args)) => data::list(&args),
        Some(Command::Completions(args)) => manual::completions(Cli::command(), &args),
        Some(Command::Man(args)) => manual::man(Cli::command(), &args),
        None => record(cli.record),
    }
}

/// 130 after Ctrl-C, else 2.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<Interrupted>() { INTERRUPTED } else { 2 })
}

/// The first Ctrl-C (or SIGTERM) asks the run to stop at its next step, which puts what it has on the disk. A second one
/// does not wait for that.
fn catch_interrupts() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if progress::INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
    })
    .context("cannot listen for Ctrl-C")
}

fn record(args: RecordArgs) -> anyhow::Result<()> {
    let request = Request::new(args)?;
    if request.args.dry_run {
        let (dataset, note) = data::preview(&request)?;
        let plan = RecordPlan::new(request, &dataset)?;
        let RecordPlan { request, .. } = &plan;
        // The run may be meant for another machine: what is missing here is said, and no error.
        let backend = Backend::open(request.backend, request.precision, request.n_threads);
        let backend = backend.map_or_else(|error| format!("{error:#}"), |(_, note)| note);
        return data::print(&dry_run::describe(&plan, &dataset, note, &backend));
    }
    plan::check_parameters(&request)?;
    let disk = Arc::new(SystemDisk);
    resume::check(&request, disk.clone())?;
    let (mut backend, note) = Backend::open(request.backend, request.precision, request.n_threads)?;
    if request.backend != BackendChoice::Cpu && !request.args.quiet {
        eprintln!("record: backend {note}");
    }
    let dataset = data::load(&request, &mut DownloadBars::new(request.args.quiet))?;
    let plan = RecordPlan::new(request, &dataset)?;
    plan.check_machine()?;
    let quiet = plan.request.args.quiet;
    if let Some(summary) = run::run(plan, &dataset, &mut backend, disk)?.filter(|_| !quiet) {
        eprint!("{summary}");
    }
    Ok(())
}

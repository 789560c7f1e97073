//! `analyze`: measure a recording.
//!
//! [`args`] is what was typed, [`unit`](mod@unit) chooses the units, [`measure`](mod@measure) streams them into moments, and one
//! file per statistic turns moments into rows and a picture; [`report`](mod@report) puts them into one page. [`run`](mod@run) is the whole program in one page.

pub mod accuracy;
pub mod args;
pub mod by_size;
mod columns;
pub mod dead;
pub mod measure;
mod memory;
pub mod mixture;
pub mod neurons;
pub mod normality;
pub mod pca;
mod progress;
pub mod provenance;
pub mod relationships;
pub mod report;
pub mod row;
pub mod run;
pub mod summary;
pub mod unit;
pub mod variance;
pub mod verify;

pub use args::AnalyzeArgs;
pub use run::{Outcome, run};

use crate::diagnostics;
use clap::Parser;
use std::process::ExitCode;

/// The program: parse, run, report the error in one line, answer the exit code.
pub fn main() -> ExitCode {
    let args = match AnalyzeArgs::try_parse() {
        Ok(args) => args,
        Err(asked) if !asked.use_stderr() => {
            // Help and version are answers, not errors.
            let _ = asked.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("analyze: {}", args::one_line(&error));
            return ExitCode::from(2);
        }
    };
    diagnostics::start("analyze", args.verbosity);
    match run(&args) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            eprintln!("analyze: {error:#}");
            ExitCode::from(2)
        }
    }
}

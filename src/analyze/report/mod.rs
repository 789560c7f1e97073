//! `report`: every question of the journal in one page.
//!
//! `evidence` runs the statistics, `verdict` makes sentences of their rows, `section` puts question, sentences, figures
//! and definitions together, and [`crate::report::html`] writes the page.

mod args;
mod evidence;
mod facts;
mod section;
mod step;
mod terms;
mod verdict;

pub use args::ReportArgs;

use super::run::{Outcome, print_path, threads};
use super::unit::Available;
use crate::report::{check_file, write_whole_file};
use anyhow::{Context, Result};
use evidence::{Evidence, chosen};
use section::sections;
use step::step;

/// Measures the recording and writes the page; its path goes to stdout, what is being done to stderr.
///
/// # Errors
/// When the recording cannot be read, a choice does not occur in it, or the page cannot be written.
pub fn run(args: &ReportArgs) -> Result<Outcome> {
    let path = args.destination();
    check_file(&path, &args.recording)?;
    let recording = args.choices(args.stage).open()?;
    let available: Vec<Available> = recording.units().iter().map(Available::from).collect();
    let selection = chosen(&available, &args.choices(args.stage))?;
    let page = threads(args.threads)?.install(|| -> Result<_> {
        let evidence = Evidence::gather(args, &recording, &available, &selection)?;
        let sections = step("page", || sections(&evidence, args));
        facts::page(args, &recording, &evidence, sections?)
    })?;
    for warning in &page.warnings {
        eprintln!("analyze: {warning}");
    }
    write_whole_file(&path, |out| page.write(out)).with_context(|| format!("cannot write {}", path.display()))?;
    print_path(&path)?;
    Ok(if selection.skipped.is_empty() { Outcome::Complete } else { Outcome::Partial })
}

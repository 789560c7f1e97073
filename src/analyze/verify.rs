//! `verify`: whether the recording still is what was written.

use super::args::VerifyArgs;
use super::memory;
use super::run::{Outcome, deliver, threads};
use crate::report::{Column, Destination, Report};
use anyhow::Result;
use layerscope_recorder::recording::verify::Verification;
use layerscope_recorder::recording::{Recording, RecordingError};
use std::io::{self, Write};

/// Checks every digest, page and key, and lists what is wrong: one row and one line on stderr per finding.
///
/// # Errors
/// When the recording cannot be opened at all, or the report cannot be written.
pub fn run(args: &VerifyArgs) -> Result<Outcome> {
    let destination = Destination::check(args.out.as_deref(), args.format, &args.recording)?;
    let recording = Recording::open(&args.recording)?;
    let found = threads(args.threads)?.install(|| recording.verify(memory::for_reading(args.memory.0)));
    let report = report(args, &recording, &found);
    let mut stderr = io::stderr().lock();
    for line in found.notes.iter().cloned().chain(found.findings.iter().map(one_line)) {
        // A closed stderr is no reason to lose the answer.
        let _ = writeln!(stderr, "analyze: {line}");
    }
    deliver(&report, &destination)?;
    Ok(if found.is_sound() { Outcome::Complete } else { Outcome::Unsound })
}

fn report(args: &VerifyArgs, recording: &Recording, found: &Verification) -> Report {
    let mut report = Report::new("verify", vec![Column::text("problem")]);
    report.recording.insert("path".into(), args.recording.display().to_string().into());
    report.recording.insert("n_units".into(), recording.units().len().into());
    report.options.insert("statistic".into(), "verify".into());
    report.findings.insert("sound".into(), found.is_sound().into());
    report.findings.insert("n_row_groups".into(), found.n_row_groups.into());
    report.findings.insert("n_digests".into(), found.n_digests.into());
    found.findings.iter().for_each(|finding| report.push([("problem", one_line(finding).into())]));
    report.warnings.extend(found.notes.iter().cloned());
    report
}

/// An error with its causes: file, row group, column, and what is wrong there.
fn one_line(error: &RecordingError) -> String {
    let mut line = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        line.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    line
}

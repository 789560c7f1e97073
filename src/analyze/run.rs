//! The program from checked arguments to the exit code.

use super::accuracy::{self, History};
use super::args::{AnalyzeArgs, Choices, Command, EpochChoice, Statistic, VarianceFigure};
use super::measure::measure;
use super::mixture::{self, MixtureArgs, MixtureFigure, fit_units};
use super::normality::{self, NormalityArgs, NormalityFigure, Target};
use super::pca::{self, PcaArgs, decompose};
use super::row::{Answer, Measured};
use super::unit::{Available, Selection, select, select_with_default};
use super::{dead, neurons, provenance, relationships, report, summary, variance, verify};
use crate::figure::{Chart, ImageFormat};
use crate::manual;
use crate::report::{Destination, Report, check_file, is_broken_pipe, write_whole_file};
use anyhow::{Context, Result, bail};
use clap::CommandFactory;
use layerscope_analysis::Bandwidth;
use layerscope_recorder::recording::{Recording, Stage};
use log::info;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// How a run that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every selected unit has its numbers.
    Complete,
    /// Some units were skipped or have no value; they were listed on stderr.
    Partial,
    /// The recording was read, and something in it is damaged; it was listed on stderr.
    Unsound,
}

impl Outcome {
    /// 0 for complete, 1 for partial, 2 for damaged; errors are the caller's 2.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Complete => 0,
            Outcome::Partial => 1,
            Outcome::Unsound => 2,
        }
    }
}

/// Does what `args` ask for.
///
/// # Errors
/// See [`verify::run`]; for a statistic anything that prevents an answer: unreadable recordings, unknown choices, outputs
/// that cannot be written.
pub fn run(args: &AnalyzeArgs) -> Result<Outcome> {
    match &args.command {
        Command::Measure(statistic) => run_statistic(statistic),
        Command::Verify(args) => verify::run(args),
        Command::Report(args) => report::run(args),
        Command::Completions(args) => manual::completions(AnalyzeArgs::command(), args).map(|()| Outcome::Complete),
        Command::Man(args) => manual::man(AnalyzeArgs::command(), args).map(|()| Outcome::Complete),
    }
}

/// Measures what a statistic asks for and writes report and picture.
///
/// Units without a value are no error, they are rows with a reason.
fn run_statistic(statistic: &Statistic) -> Result<Outcome> {
    let choices = statistic.choices();
    if let Statistic::Normality(args) = statistic {
        args.check()?;
    }
    let out = match statistic {
        Statistic::Neurons(_) => neurons::destination(choices),
        _ => choices.out.clone(),
    };
    let destination = Destination::check(out.as_deref(), choices.format, &choices.recording)?;
    let picture = check_picture(choices)?;

    let recording = choices.open()?;
    let available: Vec<Available> = recording.units().iter().map(Available::from).collect();
    let (mut answer, selection, chart) = match statistic {
        Statistic::Accuracy(_) => accuracy_answer(choices, &recording, &available, picture.is_some())?,
        Statistic::Normality(args) if args.target == Target::Activations => {
            activations_answer(args, &recording, &available, picture.is_some())?
        }
        Statistic::Mixture(args) => mixture_answer(args, &recording, &available, picture.is_some())?,
        Statistic::Pca(args) => pca_answer(args, &recording, &available, picture.is_some())?,
        _ => measured_answer(statistic, &recording, &available, picture.is_some())?,
    };

    answer.report.recording = provenance::recording(&choices.recording, &recording, &selection)?;
    answer.report.options = provenance::options(statistic, &selection);
    let warnings = recording.warnings().iter().cloned().chain(selection.warnings);
    answer.report.warnings.splice(0..0, warnings);
    answer.unanswered.splice(0..0, selection.skipped.iter().map(|skipped| format!("skipped: {skipped}")));
    answer.report.warnings.extend(selection.skipped.into_iter().map(|skipped| format!("skipped: {skipped}")));
    tell(&answer);

    if let (Some((path, format)), Some(chart)) = (picture, chart) {
        let bytes = chart.render(format)?;
        write_whole_file(&path, |out| out.write_all(&bytes))
            .with_context(|| format!("cannot write {}", path.display()))?;
        info!("wrote {}", path.display());
    }
    deliver(&answer.report, &destination)?;
    if let (Some(path), None) = (&destination.path, &choices.out) {
        // The user did not name the file.
        print_path(path)?;
    }
    Ok(if answer.unanswered.is_empty() { Outcome::Complete } else { Outcome::Partial })
}

fn check_picture(choices: &Choices) -> Result<Option<(PathBuf, ImageFormat)>> {
    let Some(path) = &choices.plot else { return Ok(None) };
    let format = ImageFormat::of(path)?;
    check_file(path, &choices.recording)?;
    Ok(Some((path.clone(), format)))
}

type Answered = (Answer, Selection, Option<Chart>);

fn measured_answer(
    statistic: &Statistic,
    recording: &Recording,
    available: &[Available],
    with_chart: bool,
) -> Result<Answered> {
    let choices = statistic.choices();
    let selection = select(available, choices)?;
    let measured = threads(choices.threads)?.install(|| measure(recording, available, &selection, choices.memory.0))?;
    let stage = selection.stage;
    let answer = match statistic {
        Statistic::Summary(_) => summary::report(stage, &measured),
        Statistic::Variance(args) if args.per_neuron => variance::report_per_neuron(stage, &measured),
        Statistic::Variance(_) => variance::report(stage, &measured),
        Statistic::Dead(_) => dead::report(stage, &measured),
        Statistic::Neurons(_) => neurons::report(stage, &measured),
        Statistic::Normality(args) => normality::report(stage, &measured, args.subsample()),
        Statistic::Relationships(_) => {
            let history = History::of(recording);
            let mut answer = relationships::report(stage, &measured, available, history.as_ref().ok());
            answer.report.warnings.extend(history.err().map(|error| format!("no accuracies: {error:#}")));
            answer
        }
        Statistic::Accuracy(_) | Statistic::Mixture(_) | Statistic::Pca(_) => unreachable!("answered elsewhere"),
    };
    let subtitle = provenance::subtitle(&selection);
    let chart = with_chart.then(|| chart(statistic, &subtitle, &measured, &answer));
    drop(measured);
    Ok((answer, selection, chart))
}

fn chart(statistic: &Statistic, subtitle: &str, measured: &[Measured<'_>], answer: &Answer) -> Chart {
    let pooled = statistic.choices().pool;
    match statistic {
        Statistic::Variance(args) => match args.figure {
            VarianceFigure::Density => variance::density_chart(subtitle, measured, args.bandwidth.into()),
            VarianceFigure::Histogram => variance::histogram_chart(subtitle, measured, args.bandwidth.into()),
            VarianceFigure::Sum => variance::sum_chart(subtitle, measured, pooled),
        },
        Statistic::Relationships(args) => relationships::chart(args.figure, subtitle, &answer.report),
        Statistic::Dead(_) => dead::chart(subtitle, measured, pooled),
        Statistic::Neurons(_) => variance::density_chart(subtitle, measured, Bandwidth::Scott),
        Statistic::Normality(args) if args.figure == NormalityFigure::Qq => normality::qq_chart(subtitle, measured),
        Statistic::Normality(_) => normality::w_chart(subtitle, &answer.report),
        Statistic::Summary(_) | Statistic::Accuracy(_) | Statistic::Mixture(_) | Statistic::Pca(_) => {
            summary::chart(subtitle, measured)
        }
    }
}

/// Every neuron's own samples: they are not added up on the way but taken column by column.
fn activations_answer(
    args: &NormalityArgs,
    recording: &Recording,
    available: &[Available],
    with_chart: bool,
) -> Result<Answered> {
    let choices = &args.choices;
    let selection = select(available, choices)?;
    let measured = threads(choices.threads)?
        .install(|| normality::activations::measure(recording, available, &selection, choices.memory.0))?;
    let tested = normality::activations::report(selection.stage, &measured, args.adjustment());
    let chart = with_chart.then(|| normality::activations::chart(&provenance::subtitle(&selection), &tested));
    drop(measured);
    Ok((tested.answer, selection, chart))
}

fn accuracy_answer(
    choices: &Choices,
    recording: &Recording,
    available: &[Available],
    with_chart: bool,
) -> Result<Answered> {
    let history = History::of(recording)?;
    history.check_epoch(choices.epoch)?;
    // The history has every epoch, captured or not: units are chosen by the other choices.
    let units = select(available, &Choices { epoch: EpochChoice::Last, ..choices.clone() })?;
    let answer = accuracy::report(units.stage, available, &units, choices.epoch, &history);
    let subtitle = provenance::network_subtitle(&units, choices.epoch);
    let chart = with_chart.then(|| accuracy::chart(&subtitle, &answer));
    Ok((answer, units, chart))
}

fn mixture_answer(
    args: &MixtureArgs,
    recording: &Recording,
    available: &[Available],
    with_chart: bool,
) -> Result<Answered> {
    let choices = &args.choices;
    let selection = select(available, choices)?;
    if with_chart && args.figure == MixtureFigure::Fit && selection.groups.len() != 1 {
        bail!(
            "--figure fit shows one unit, {} are chosen: name one with --size and --replicate, or --pool",
            selection.groups.len()
        );
    }
    let (answer, chart) = threads(choices.threads)?.install(|| -> Result<_> {
        let measured = measure(recording, available, &selection, choices.memory.0)?;
        let units = fit_units(&measured, args);
        let chart = with_chart.then(|| match args.figure {
            MixtureFigure::Weights => mixture::weights_chart(&provenance::subtitle(&selection), &units),
            MixtureFigure::Fit => mixture::fit_chart(selection.stage, &units[0]),
        });
        Ok((mixture::report(selection.stage, &units, args), chart))
    })?;
    Ok((answer, selection, chart))
}

fn pca_answer(args: &PcaArgs, recording: &Recording, available: &[Available], with_chart: bool) -> Result<Answered> {
    let selection = select_with_default(available, &args.choices, Stage::Pre)?;
    let (answer, chart) = threads(args.choices.threads)?.install(|| -> Result<_> {
        let (units, warnings) = decompose(recording, available, &selection, args)?;
        let subtitle = provenance::subtitle(&selection);
        let chart = with_chart.then(|| pca::chart(&subtitle, &units, args.figure, args.method));
        Ok((pca::report(selection.stage, &units, args, warnings), chart))
    })?;
    Ok((answer, selection, chart))
}

/// A path on stdout; a reader that has seen enough and closed the pipe is no failure.
pub(super) fn print_path(path: &Path) -> Result<()> {
    match writeln!(io::stdout(), "{}", path.display()) {
        Err(error) if !is_broken_pipe(&error) => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}

/// Warnings, reasons and skipped units on stderr, one line each.
fn tell(answer: &Answer) {
    let mut stderr = io::stderr().lock();
    let skipped = answer.unanswered.iter().filter(|line| !answer.report.warnings.contains(line));
    for line in answer.report.warnings.iter().chain(skipped) {
        // A closed stderr is no reason to lose the numbers.
        let _ = writeln!(stderr, "analyze: {line}");
    }
}

/// The pool that reads and measures: as many threads as asked for, else one per available core.
pub(super) fn threads(asked: Option<NonZeroUsize>) -> Result<rayon::ThreadPool> {
    let n_threads = asked.map_or(0, NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().context("cannot start the threads")
}

/// Writes the report where it was asked to go.
pub(super) fn deliver(report: &Report, destination: &Destination) -> Result<()> {
    let Some(path) = &destination.path else {
        let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout());
        let written = report.write(destination.format, &mut stdout).and_then(|()| stdout.flush());
        return match written {
            Err(error) if is_broken_pipe(&error) => {
                // Dropping the buffer would try to write the rest once more.
                let _ = stdout.into_parts();
                Ok(())
            }
            other => other.context("cannot write to stdout"),
        };
    };
    write_whole_file(path, |out| report.write(destination.format, out))
        .with_context(|| format!("cannot write {}", path.display()))?;
    info!("wrote {}", path.display());
    Ok(())
}

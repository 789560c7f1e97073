//! Which statistics run, on what.

use super::args::ReportArgs;
use super::step::step;
use crate::analyze::accuracy::{self, History};
use crate::analyze::args::Choices;
use crate::analyze::measure::measure;
use crate::analyze::mixture::{self, Families, Method, MixtureArgs, MixtureFigure, UnitFits, fit_units};
use crate::analyze::normality::{self, Subsample};
use crate::analyze::pca::{self, Method as Projection, PcaArgs, PcaFigure, decompose};
use crate::analyze::row::{Answer, Measured};
use crate::analyze::unit::{Available, Selection, SelectionError, select, select_with_default};
use crate::analyze::{dead, provenance, relationships, variance};
use crate::figure::Chart;
use crate::report::Report;
use anyhow::Result;
use layerscope_analysis::mixture::Family;
use layerscope_recorder::recording::{Recording, Stage};

/// Bootstrap replicates behind the intervals of a mixture where a size has one network. Several networks of a size give
/// intervals of their own. The fewest that reach 95 %: one of forty lies beyond each end. `analyze mixture` takes more.
const BOOTSTRAP: usize = 39;

/// Neurons below which W says little.
const FEWEST: f64 = 8.0;
/// Subsamples drawn from each network.
const DRAWS: u64 = 200;

/// Pictures of the spectra, in place of the spectra, which are large.
pub struct Spectra {
    /// Pictures and what they show.
    pub charts: Vec<(Chart, &'static str)>,
    /// `pca`.
    pub answer: Answer,
}

/// The answers of the statistics, all about the same units.
pub struct Evidence<'a> {
    /// The units.
    pub selection: &'a Selection,
    /// The line below the figures' titles.
    pub subtitle: String,
    /// Moments of every neuron.
    pub measured: Vec<Measured<'a>>,
    /// `variance`.
    pub variance: Answer,
    /// `normality`.
    pub normality: Answer,
    /// `normality` of subsamples of one size, where every network has enough neurons.
    pub subsampled: Option<Answer>,
    /// `dead`.
    pub dead: Answer,
    /// `relationships`.
    pub relationships: Answer,
    /// The fits behind `mixture`.
    pub fits: Vec<UnitFits<'a>>,
    /// `mixture`.
    pub mixture: Answer,
    /// `pca`, or why there is none.
    pub pca: Result<Spectra, String>,
    /// `accuracy`, or why there is none.
    pub accuracy: Result<Answer, String>,
}

impl<'a> Evidence<'a> {
    /// Reads the selected values once and runs the statistics on them.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn gather(
        args: &ReportArgs,
        recording: &Recording,
        available: &[Available],
        selection: &'a Selection,
    ) -> Result<Self> {
        let stage = selection.stage;
        let measured = step("reading", || measure(recording, available, selection, args.memory.0))?;
        let history = History::of(recording);
        let variance = step("variance", || variance::report(stage, &measured));
        let normality = step("normality", || normality::report(stage, &measured, None));
        let subsample = subsample(&normality.report);
        let subsampled = subsample
            .map(|subsample| step("normality of subsamples", || normality::report(stage, &measured, Some(subsample))));
        let dead = step("dead", || dead::report(stage, &measured));
        let relationships =
            step("relationships", || relationships::report(stage, &measured, available, history.as_ref().ok()));
        let mixture_args = mixture_args(args, selection);
        let fits = step("mixture", || fit_units(&measured, &mixture_args));
        let mixture = mixture::report(stage, &fits, &mixture_args);
        let pca = step("pca", || spectra(args, recording, available, selection));
        let accuracy = match &history {
            Ok(history) => Ok(accuracy::report(stage, available, selection, args.epoch, history)),
            Err(error) => Err(format!("{error:#}")),
        };
        let subtitle = provenance::subtitle(selection);
        Ok(Self {
            selection,
            subtitle,
            measured,
            variance,
            normality,
            subsampled,
            dead,
            relationships,
            fits,
            mixture,
            pca,
            accuracy,
        })
    }
}

/// The spectra of the same networks, before the activation function unless `--stage` says otherwise.
fn spectra(
    args: &ReportArgs,
    recording: &Recording,
    available: &[Available],
    chosen: &Selection,
) -> Result<Spectra, String> {
    let mut selection =
        select_with_default(available, &args.choices(args.stage), Stage::Pre).map_err(|error| error.to_string())?;
    selection.groups.retain(|group| chosen.groups.iter().any(|other| other.members == group.members));
    let pca_args = PcaArgs {
        choices: args.choices(args.stage),
        top: None,
        method: Projection::Standard,
        figure: PcaFigure::Spectrum,
    };
    let (units, mut warnings) =
        decompose(recording, available, &selection, &pca_args).map_err(|error| format!("{error:#}"))?;
    warnings.extend(selection.warnings.iter().cloned());
    let answer = pca::report(selection.stage, &units, &pca_args, warnings);
    let subtitle = provenance::subtitle(&selection);
    let chart = |which, description| (pca::chart(&subtitle, &units, which, Projection::Standard), description);
    let mut charts = vec![
        chart(PcaFigure::Spectrum, "Eigenvalues of the neurons' covariance against their number, one curve per size."),
        chart(
            PcaFigure::Distance,
            "What the first k components leave: mean squared distance of the layer from them, as a share of its total variance.",
        ),
    ];
    if units.iter().any(|unit| unit.found.as_ref().is_ok_and(|found| found.accuracy.is_some())) {
        let description = "Accuracy of the network on the layer rebuilt from its first k components.";
        charts.push(chart(PcaFigure::Accuracy, description));
    }
    Ok(Spectra { charts, answer })
}

/// As many neurons as the network with the fewest that are not dead has; None when that says nothing or all are alike.
fn subsample(normality: &Report) -> Option<Subsample> {
    let at = normality.position("n")?;
    let sizes = || normality.rows.iter().filter_map(|row| row[at].number());
    let (fewest, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    (fewest >= FEWEST && fewest < most).then_some(Subsample { size: fewest as usize, draws: DRAWS, seed: 0 })
}

fn mixture_args(args: &ReportArgs, selection: &Selection) -> MixtureArgs {
    let single = selection.groups.windows(2).all(|pair| pair[0].key.size != pair[1].key.size);
    MixtureArgs {
        choices: args.choices(args.stage),
        families: Families(vec![Family::ExpNormal, Family::TwoGamma]),
        method: Method::Em,
        bootstrap: if single { BOOTSTRAP } else { 0 },
        seed: 0,
        level: 0.95,
        figure: MixtureFigure::Weights,
    }
}

/// The units to report on: those of one model, data set, split and layer, the first; the others are named in a warning.
///
/// # Errors
/// See [`select`].
pub fn chosen(available: &[Available], choices: &Choices) -> Result<Selection, SelectionError> {
    let mut selection = select(available, choices)?;
    let series = |group: &crate::analyze::unit::Group| {
        let key = &group.key;
        [key.model.clone(), key.dataset.clone(), key.split.clone(), key.layer.clone()]
    };
    let mut all: Vec<[String; 4]> = selection.groups.iter().map(series).collect();
    all.dedup();
    if let [first, others @ ..] = all.as_slice()
        && !others.is_empty()
    {
        selection.groups.retain(|group| series(group) == *first);
        let name = |series: &[String; 4]| {
            series.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
        };
        let names: Vec<String> = others.iter().map(name).collect();
        selection.warnings.push(format!(
            "this page is about {}; the recording also holds {} (choose --layer, or give one recording of a folder)",
            name(first),
            names.join(", ")
        ));
    }
    Ok(selection)
}

//! The sections in the order of the journal: each an adapter over an answer and its charts.

use super::args::ReportArgs;
use super::evidence::Evidence;
use super::terms;
use super::verdict::{self, Said, comparison, growth, mixture as mixture_verdict, spread};
use crate::analyze::args::{EpochChoice, RelationshipsFigure};
use crate::analyze::mixture::{fit_chart, weights_chart};
use crate::analyze::row::Answer;
use crate::analyze::{accuracy, dead, normality, provenance, relationships, variance};
use crate::figure::{Chart, FigureError, ImageFormat};
use crate::report::Row;
use crate::report::html::{Figure, Section, Table};
use anyhow::Result;
use layerscope_analysis::Bandwidth;
use std::path::Path;

/// All sections.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn sections(evidence: &Evidence<'_>, args: &ReportArgs) -> Result<Vec<Section>> {
    let maker = Maker { evidence, recording: &args.recording, epoch: args.epoch };
    Ok(vec![
        maker.spread()?,
        maker.normality()?,
        maker.mixture()?,
        maker.dead()?,
        maker.growth()?,
        maker.accuracy()?,
        maker.comparison()?,
    ])
}

struct Maker<'a> {
    evidence: &'a Evidence<'a>,
    recording: &'a Path,
    epoch: EpochChoice,
}

impl Maker<'_> {
    fn spread(&self) -> Result<Section> {
        let Evidence { measured, subtitle, variance, .. } = self.evidence;
        let columns = [
            "size",
            "replicate",
            "n_neurons",
            "n_dead",
            "mean_std",
            "std_quantiles.0.05",
            "std_quantiles.0.25",
            "std_quantiles.0.5",
            "std_quantiles.0.75",
            "std_quantiles.0.95",
        ];
        let table = Table::of(&variance.report, "One row per network: quantiles over its neurons.", &columns, every);
        let density = variance::density_chart(subtitle, measured, Bandwidth::Scott);
        let histogram = variance::histogram_chart(subtitle, measured, Bandwidth::Scott);
        let figures = vec![
            figure(
                &density,
                "Density over neurons of their standard deviations, one curve per size from narrow (dark) to wide (light).",
                Some(table),
            )?,
            figure(
                &histogram,
                "Histograms of the same standard deviations with their densities, for a few sizes.",
                None,
            )?,
        ];
        Ok(self.section("spread", terms::SPREAD, spread::verdict(&variance.report), figures, variance, "variance"))
    }

    fn normality(&self) -> Result<Section> {
        let Evidence { measured, subtitle, normality, subsampled, .. } = self.evidence;
        let columns = [
            "size",
            "replicate",
            "n",
            "n_dead",
            "w",
            "p",
            "p_method",
            "w_with_dead",
            "anderson_darling",
            "anderson_darling_p",
            "jarque_bera",
            "jarque_bera_p",
            "dagostino",
            "dagostino_p",
        ];
        let table = Table::of(&normality.report, "One row per network.", &columns, every);
        let chart = normality::w_chart(subtitle, &normality.report);
        let mut figures = vec![figure(
            &chart,
            "Shapiro-Wilk's W of the standard deviations against size, with 95 % intervals of the mean over replicates; 1 is normal.",
            Some(table),
        )?];
        if let Some(subsampled) = subsampled {
            let table = Table::of(
                &subsampled.report,
                "One row per network: mean and standard deviation of W over the subsamples.",
                &["size", "replicate", "n", "w_subsample", "w_subsample_std"],
                every,
            );
            let chart = normality::w_chart(subtitle, &subsampled.report);
            figures.push(figure(
                &chart,
                "The same for random subsamples of one number of neurons, so that widths compare.",
                Some(table),
            )?);
        }
        let quantiles = normality::qq_chart(subtitle, measured);
        figures.push(figure(&quantiles, "Standardised standard deviations against the quantiles of a normal distribution, whose points lie on the diagonal.", None)?);
        let said = verdict::normality::verdict(&normality.report, subsampled.as_ref().map(|answer| &answer.report));
        Ok(self.section("normality", terms::NORMALITY, said, figures, normality, "normality"))
    }

    fn mixture(&self) -> Result<Section> {
        let Evidence { fits, subtitle, mixture, .. } = self.evidence;
        let report = &mixture.report;
        let columns = [
            "size",
            "replicate",
            "family",
            "n",
            "n_zero",
            "weight",
            "weight_interval",
            "status",
            "bic",
            "delta_bic",
            "ks",
            "ks_p",
            "lrt_p",
        ];
        let family = report.position("family");
        let is_mixture = |row: &Row| {
            family.is_some_and(|at| mixture_verdict::MIXTURES.iter().any(|(name, _)| row[at] == (*name).into()))
        };
        let table = Table::of(report, "One row per network and mixture.", &columns, is_mixture);
        let mut figures = vec![figure(
            &weights_chart(subtitle, fits),
            "Share of the component near zero against size.",
            Some(table),
        )?];
        if let Some(widest) = fits.last() {
            let caption =
                format!("The fitted distributions over the histogram of the widest network ({}).", widest.group);
            figures.push(figure(&fit_chart(subtitle, widest), &caption, None)?);
        }
        Ok(self.section("mixture", terms::MIXTURE, mixture_verdict::verdict(report), figures, mixture, "mixture"))
    }

    fn dead(&self) -> Result<Section> {
        let Evidence { measured, subtitle, dead, .. } = self.evidence;
        let columns = [
            "size",
            "replicate",
            "n_neurons",
            "n_dead",
            "n_never_active",
            "dormant.0",
            "dormant.0.025",
            "dormant.0.1",
            "dead_fraction",
            "dead_fraction_interval",
            "firing_rate_upper",
        ];
        let table = Table::of(&dead.report, "One row per network.", &columns, every);
        let chart = dead::chart(subtitle, measured, false);
        let figures = vec![figure(&chart, "Dead neurons of a network against size.", Some(table))?];
        Ok(self.section("dead", terms::DEAD, verdict::dead::verdict(&dead.report), figures, dead, "dead"))
    }

    fn growth(&self) -> Result<Section> {
        let Evidence { subtitle, relationships, .. } = self.evidence;
        let columns = ["size", "replicate", "sum_std", "sum_variance"];
        let table = Table::of(&relationships.report, "One row per network.", &columns, every);
        let chart = |which| relationships::chart(which, subtitle, &relationships.report);
        let figures = vec![
            figure(
                &chart(RelationshipsFigure::SumStd),
                "Sum of the standard deviations of a network against size, with the best constant, line and logarithm.",
                Some(table),
            )?,
            figure(&chart(RelationshipsFigure::SumVariance), "The same for the sum of the variances.", None)?,
        ];
        Ok(self.section(
            "growth",
            terms::GROWTH,
            growth::verdict(&relationships.report),
            figures,
            relationships,
            "relationships",
        ))
    }

    fn accuracy(&self) -> Result<Section> {
        let answer = match &self.evidence.accuracy {
            Ok(answer) => answer,
            Err(why) => {
                return Ok(missing("accuracy", terms::ACCURACY, format!("There is no accuracy to show: {why}.")));
            }
        };
        let columns = ["size", "replicate", "train_accuracy", "test_accuracy", "train_loss", "test_loss"];
        let table = Table::of(&answer.report, "One row per network.", &columns, every);
        let Evidence { selection, .. } = self.evidence;
        let chart = accuracy::chart(&provenance::network_subtitle(selection, self.epoch), answer);
        let figures = vec![figure(&chart, "Accuracy on training and test data against size.", Some(table))?];
        Ok(self.section(
            "accuracy",
            terms::ACCURACY,
            verdict::accuracy::verdict(&answer.report),
            figures,
            answer,
            "accuracy",
        ))
    }

    fn comparison(&self) -> Result<Section> {
        let Evidence { subtitle, relationships, .. } = self.evidence;
        let report = &relationships.report;
        let columns = [
            "size",
            "replicate",
            "w",
            "weight_exp_normal",
            "weight_two_gamma",
            "n_dead",
            "train_accuracy",
            "test_accuracy",
            "rescaled_train_accuracy",
            "rescaled_test_accuracy",
        ];
        let table = Table::of(report, "One row per network.", &columns, every);
        let chart = |which| relationships::chart(which, subtitle, report);
        let figures = vec![
            figure(
                &chart(RelationshipsFigure::Comparison),
                "The journal's comparison: means over replicates; dead neurons belong to the axis on the right.",
                Some(table),
            )?,
            figure(&chart(RelationshipsFigure::Accuracy), "W on the left, accuracy on the right, against size.", None)?,
        ];
        Ok(self.section(
            "comparison",
            terms::COMPARISON,
            comparison::verdict(report),
            figures,
            relationships,
            "relationships",
        ))
    }

    fn section(
        &self,
        id: &'static str,
        terms: terms::Terms,
        said: Said,
        figures: Vec<Figure>,
        answer: &Answer,
        statistic: &str,
    ) -> Section {
        let mut warnings = answer.report.warnings.clone();
        warnings.extend(answer.unanswered.iter().filter(|line| !answer.report.warnings.contains(line)).cloned());
        let file =
            self.recording.file_name().map_or_else(|| "RECORDING".into(), |name| name.to_string_lossy().into_owned());
        Section {
            id,
            question: terms.question,
            verdict: said.verdict,
            sentences: said.sentences,
            figures,
            definitions: terms.definitions.to_vec(),
            warnings,
            command: format!("analyze {statistic} {file} --format json"),
        }
    }
}

/// A section that can only say why it is empty.
fn missing(id: &'static str, terms: terms::Terms, why: String) -> Section {
    Section {
        id,
        question: terms.question,
        verdict: why,
        definitions: terms.definitions.to_vec(),
        ..Section::default()
    }
}

fn every(_: &Row) -> bool {
    true
}

/// The picture; without a single point its description says that there is nothing to draw.
fn figure(chart: &Chart, description: &str, table: Option<Table>) -> Result<Figure> {
    let (svg, description) = match chart.render(ImageFormat::Svg) {
        Ok(bytes) => (String::from_utf8(bytes)?, description.to_string()),
        Err(FigureError::Empty) => (String::new(), format!("{description} Nothing to draw: no network has a value.")),
        Err(error) => return Err(error.into()),
    };
    Ok(Figure { svg, description, table })
}

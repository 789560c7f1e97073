//! What the neurons of a layer do.

use super::super::evidence::Evidence;
use super::super::terms;
use super::super::verdict::{self, mixture as mixture_verdict, spread};
use super::{Maker, every, figure};
use crate::analyze::mixture::{fit_chart, weights_chart};
use crate::analyze::{dead, normality, variance};
use crate::report::Row;
use crate::report::html::{Section, Table};
use anyhow::Result;
use layerscope_analysis::Bandwidth;

impl Maker<'_> {
    pub(super) fn spread(&self) -> Result<Section> {
        let Evidence { measured, subtitle, variance, .. } = self.evidence;
        let columns = "size replicate n_neurons n_dead mean_std std_quantiles.0.05 std_quantiles.0.25 \
             std_quantiles.0.5 std_quantiles.0.75 std_quantiles.0.95";
        let table = Table::of(&variance.report, "One row per network: quantiles over its neurons.", columns, every);
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

    pub(super) fn normality(&self) -> Result<Section> {
        let Evidence { measured, subtitle, normality, subsampled, .. } = self.evidence;
        let columns = "size replicate n n_dead w p p_method w_with_dead anderson_darling anderson_darling_p \
             jarque_bera jarque_bera_p dagostino dagostino_p";
        let table = Table::of(&normality.report, "One row per network.", columns, every);
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
                "size replicate n w_subsample w_subsample_std",
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

    pub(super) fn mixture(&self) -> Result<Section> {
        let Evidence { fits, subtitle, selection, mixture, .. } = self.evidence;
        let report = &mixture.report;
        let columns = "size replicate family n n_zero weight weight_interval status bic delta_bic ks ks_p lrt_p";
        let family = report.position("family");
        let is_mixture = |row: &Row| {
            family.is_some_and(|at| mixture_verdict::MIXTURES.iter().any(|(name, _)| row[at] == (*name).into()))
        };
        let table = Table::of(report, "One row per network and mixture.", columns, is_mixture);
        let mut figures = vec![figure(
            &weights_chart(subtitle, fits),
            "Share of the component near zero against size; gray where the components cannot be told apart.",
            Some(table),
        )?];
        if let Some(widest) = fits.last() {
            let caption =
                format!("The fitted distributions over the histogram of the widest network ({}).", widest.group);
            figures.push(figure(&fit_chart(selection.stage, widest), &caption, None)?);
        }
        Ok(self.section("mixture", terms::MIXTURE, mixture_verdict::verdict(report), figures, mixture, "mixture"))
    }

    pub(super) fn dead(&self) -> Result<Section> {
        let Evidence { measured, subtitle, dead, .. } = self.evidence;
        let columns = "size replicate n_neurons n_dead n_never_active dormant.0 dormant.0.025 dormant.0.1 \
             dead_fraction dead_fraction_interval firing_rate_upper";
        let table = Table::of(&dead.report, "One row per network.", columns, every);
        let chart = dead::chart(subtitle, measured, false);
        let figures = vec![figure(&chart, "Dead neurons of a network against size.", Some(table))?];
        Ok(self.section("dead", terms::DEAD, verdict::dead::verdict(&dead.report), figures, dead, "dead"))
    }
}

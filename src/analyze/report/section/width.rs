//! What changes with the width of the layer.

use super::super::evidence::{Evidence, Spectra};
use super::super::terms;
use super::super::verdict::{self, comparison, growth};
use super::{Maker, every, figure, missing};
use crate::analyze::args::RelationshipsFigure;
use crate::analyze::{accuracy, provenance, relationships};
use crate::figure::Chart;
use crate::report::html::{Section, Table};
use anyhow::Result;

impl Maker<'_> {
    pub(super) fn pca(&self) -> Result<Section> {
        let Spectra { charts, answer } = match &self.evidence.pca {
            Ok(spectra) => spectra,
            Err(why) => return Ok(missing("pca", terms::PCA, format!("There is no spectrum to show: {why}."))),
        };
        let columns = "size replicate stage total_variance numerical_rank effective_rank participation_ratio \
                       participation_ratio_corrected stable_rank components_for.0.9 components_for.0.95 \
                       components_for.0.99 saturation mp_edge n_above_mp_edge";
        let mut table = Some(Table::of(&answer.report, "One row per network.", columns, every));
        let draw = |(chart, description): &(Chart, &str)| figure(chart, description, table.take());
        let figures = charts.iter().map(draw).collect::<Result<_>>()?;
        Ok(self.section("pca", terms::PCA, verdict::pca::verdict(&answer.report), figures, answer, "pca"))
    }

    pub(super) fn growth(&self) -> Result<Section> {
        let Evidence { subtitle, relationships, .. } = self.evidence;
        let columns = "size replicate sum_std sum_variance";
        let table = Table::of(&relationships.report, "One row per network.", columns, every);
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

    pub(super) fn accuracy(&self) -> Result<Section> {
        let answer = match &self.evidence.accuracy {
            Ok(answer) => answer,
            Err(why) => {
                return Ok(missing("accuracy", terms::ACCURACY, format!("There is no accuracy to show: {why}.")));
            }
        };
        let columns = "size replicate train_accuracy test_accuracy train_loss test_loss";
        let table = Table::of(&answer.report, "One row per network.", columns, every);
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

    pub(super) fn comparison(&self) -> Result<Section> {
        let Evidence { subtitle, relationships, .. } = self.evidence;
        let report = &relationships.report;
        let columns = "size replicate w weight_exp_normal weight_two_gamma n_dead train_accuracy test_accuracy \
             rescaled_train_accuracy rescaled_test_accuracy";
        let table = Table::of(report, "One row per network.", columns, every);
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
}

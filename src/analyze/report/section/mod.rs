//! The sections in the order of the journal: each an adapter over an answer and its charts.
//!
//! `layer.rs` has those about the neurons of a layer, `width.rs` those about what changes with the width of it.

mod layer;
mod width;

use super::args::ReportArgs;
use super::evidence::Evidence;
use super::terms::Terms;
use super::verdict::Said;
use crate::analyze::args::EpochChoice;
use crate::analyze::row::Answer;
use crate::figure::{Chart, FigureError, ImageFormat};
use crate::report::Row;
use crate::report::html::{Figure, Section, Table};
use anyhow::Result;
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
        maker.pca()?,
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
    fn section(
        &self,
        id: &'static str,
        terms: Terms,
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
fn missing(id: &'static str, terms: Terms, why: String) -> Section {
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

//! A chart described in the project's own words.
//!
//! Every figure builds a [`Chart`], plain data. `axis.rs` says where a value lies, `thin.rs` leaves out what no eye can
//! see, `words.rs` finds places for words, and `draw.rs` is the only module that names the plotting crate: replacing the
//! crate means rewriting that file and no other.

mod axis;
mod draw;
mod thin;
mod words;

pub use axis::{Axis, Scale};

use super::{FigureError, ImageFormat};

/// Width of a figure in SVG units.
const WIDTH: f64 = 760.0;
/// Height of a figure in SVG units.
const HEIGHT: f64 = 480.0;

/// What belongs together under one name and colour: any of a line, dots, error bars, a band and bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Entry in the legend; none when `None`.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// Points joined by a line, in order.
    pub line: Vec<(f64, f64)>,
    /// How the line is drawn.
    pub stroke: Stroke,
    /// Points drawn as dots.
    pub dots: Vec<(f64, f64)>,
    /// Vertical error bars.
    pub errors: Vec<Range>,
    /// A shaded area between a lower and an upper curve, in order of `at`.
    pub band: Vec<Range>,
    /// Bars from 0 (the foot of a logarithmic axis), in order and not overlapping.
    pub bars: Vec<Bar>,
    /// The axis that its values belong to.
    pub side: Side,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stroke {
    /// Without gaps.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Short dashes.
    Dotted,
}

/// Which vertical axis a series belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// [`Chart::y`].
    #[default]
    Left,
    /// [`Chart::right`].
    Right,
}

/// A vertical range at one place of the x axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Position on the x axis.
    pub at: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Left edge.
    pub from: f64,
    /// Right edge.
    pub to: f64,
    /// Height above 0.
    pub height: f64,
}

/// A dashed vertical line with a word at its foot.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Position on the x axis.
    pub x: f64,
    /// What it marks.
    pub label: String,
}

/// A dashed horizontal line, of the left axis, with a word at its right end.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Position on the left axis.
    pub y: f64,
    /// What it marks.
    pub label: String,
}

/// A picture of one set of axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// Of which recording, and how it was computed.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis on the left.
    pub y: Axis,
    /// A second vertical axis, for the series on [`Side::Right`].
    pub right: Option<Axis>,
    /// Heading of the legend.
    pub legend_title: Option<String>,
    /// Curves, dots, bars, drawn in order; those of the right axis last.
    pub series: Vec<Series>,
    /// Vertical lines.
    pub marks: Vec<Mark>,
    /// Horizontal lines.
    pub levels: Vec<Level>,
}

impl Chart {
    /// The bytes of an SVG or PNG file.
    ///
    /// # Errors
    /// [`FigureError::Empty`] without a single point to draw, [`FigureError::Raster`] when the PNG encoder fails.
    pub fn render(&self, format: ImageFormat) -> Result<Vec<u8>, FigureError> {
        match format {
            ImageFormat::Svg => Ok(draw::svg(self)?.into_bytes()),
            ImageFormat::Png => draw::png(self),
        }
    }

    /// The series of one axis; those of a right axis that does not exist are on the left.
    fn on(&self, side: Side) -> impl Iterator<Item = &Series> {
        let has_right = self.right.is_some();
        self.series.iter().filter(move |series| (has_right && series.side == Side::Right) == (side == Side::Right))
    }
}

impl Series {
    /// Every point that its axes have to show.
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let ranges = self.errors.iter().chain(&self.band).flat_map(|r| [(r.at, r.low), (r.at, r.high)]);
        let bars = self.bars.iter().flat_map(|bar| [(bar.from, 0.0), (bar.from, bar.height), (bar.to, bar.height)]);
        self.line.iter().chain(&self.dots).copied().chain(ranges).chain(bars)
    }
}

#[cfg(test)]
mod tests;

//! A chart described in the project's own words, and the only module that names the plotting crate.
//!
//! Every figure builds a [`Chart`]; replacing the plotting crate means rewriting this file and no other.

use super::{FigureError, ImageFormat};
use kuva::plot::{LegendEntry, LegendPosition, LegendShape, LinePlot, ScatterPlot};
use kuva::render::annotations::{ReferenceLine, TextAnnotation};
use kuva::render::layout::{AxisLabelOverlap, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;
use std::sync::Arc;

/// Width of a figure in SVG units.
const WIDTH: f64 = 760.0;
/// Height of a figure in SVG units.
const HEIGHT: f64 = 480.0;
/// Pixels per SVG unit of a PNG: 300 dots an inch at ten inches, and the raster backend blurs turned text below that.
const PNG_SCALE: f32 = 4.0;

/// An axis: its label and the range it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What the axis shows, with its unit.
    pub label: String,
    /// How values are placed.
    pub scale: Scale,
    /// First value shown; chosen from the data when `None`.
    pub from: Option<f64>,
    /// Last value shown; chosen from the data when `None`.
    pub to: Option<f64>,
}

/// How values are placed along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal distances.
    Linear,
    /// Equal ratios are equal distances, with a tick at every power of two.
    Log2,
}

/// A curve, its observations, or both.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Entry in the legend; none when `None`.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// Points joined by a line, in order.
    pub line: Vec<(f64, f64)>,
    /// Points drawn as dots.
    pub dots: Vec<(f64, f64)>,
}

/// A dashed vertical line with a word beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Position on the x axis.
    pub x: f64,
    /// What it marks.
    pub label: String,
}

/// A picture of one set of axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// Of which recording, and how it was computed.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Heading of the legend.
    pub legend_title: Option<String>,
    /// Curves and dots, drawn in order.
    pub series: Vec<Series>,
    /// Vertical lines.
    pub marks: Vec<Mark>,
}

impl Chart {
    /// The bytes of an SVG or PNG file.
    ///
    /// # Errors
    /// [`FigureError::Empty`] without a single point to draw, [`FigureError::Raster`] when the PNG encoder fails.
    pub fn render(&self, format: ImageFormat) -> Result<Vec<u8>, FigureError> {
        match format {
            ImageFormat::Svg => {
                let (plots, layout) = self.assemble(1.0)?;
                Ok(scalable(&kuva::render_to_svg(plots, layout)).into_bytes())
            }
            ImageFormat::Png => {
                let (plots, layout) = self.assemble(PNG_SCALE)?;
                kuva::render_to_raster(plots, layout, PNG_SCALE).map_err(FigureError::Raster)
            }
        }
    }

    /// Plots and layout; `scale` is for dashes, the one length that the raster backend does not scale itself.
    fn assemble(&self, scale: f32) -> Result<(Vec<Plot>, Layout), FigureError> {
        let points = || self.series.iter().flat_map(|s| s.line.iter().chain(&s.dots));
        let (x_from, x_to) = self.x.range(points().map(|p| p.0)).ok_or(FigureError::Empty)?;
        let (y_from, y_to) = self.y.range(points().map(|p| p.1)).ok_or(FigureError::Empty)?;
        let plots = self.series.iter().flat_map(|series| self.plots(series)).collect::<Vec<_>>();

        let x_step = if self.x.scale == Scale::Log2 { octave_step(x_to - x_from) } else { tick_step(x_to - x_from) };
        let mut layout = Layout::auto_from_plots(&plots)
            .with_width(WIDTH)
            .with_height(HEIGHT)
            .with_title(self.title.clone())
            .with_subtitle(self.subtitle.clone())
            .with_x_label(self.x.label.clone())
            .with_y_label(self.y.label.clone())
            .with_x_axis_min(x_from)
            .with_x_axis_max(x_to)
            .with_y_axis_min(y_from)
            .with_y_axis_max(y_to)
            .with_x_tick_step(x_step)
            .with_y_tick_step(tick_step(y_to - y_from))
            .with_x_label_overlap(AxisLabelOverlap::Thin)
            .with_y_tick_format(TickFormat::Custom(Arc::new(grouped)))
            .with_title_size(17)
            .with_subtitle_size(12)
            .with_grid_line_width(0.6)
            .with_theme(theme());
        layout = layout.with_x_tick_format(match self.x.scale {
            Scale::Log2 => TickFormat::Custom(Arc::new(|v: f64| grouped(v.exp2().round()))),
            Scale::Linear => TickFormat::Custom(Arc::new(grouped)),
        });
        if let Some(entries) = self.legend() {
            layout = layout.with_legend_position(LegendPosition::OutsideRightTop).with_legend_entries(entries);
            if let Some(title) = &self.legend_title {
                layout = layout.with_legend_title(title.clone());
            }
        }
        for mark in &self.marks {
            let line = ReferenceLine::vertical(self.x.place(mark.x)).with_color(MARK_COLOR).with_stroke_width(1.4);
            layout = layout.with_reference_line(line.with_dasharray(format!("{} {}", 6.0 * scale, 4.0 * scale)));
            // The word stands at the foot of its line: curves are high where a maximum is marked.
            let (text_x, _) = self.label_position(mark, x_from, x_to);
            layout = layout.with_annotation(
                TextAnnotation::new(mark.label.clone(), text_x, y_from + 0.04 * (y_to - y_from)).with_color(MARK_COLOR),
            );
        }
        Ok((plots, layout))
    }

    /// The line and the dots of one series, in place on the axes.
    fn plots(&self, series: &Series) -> Vec<Plot> {
        let place = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
            points.iter().map(|&(x, y)| (self.x.place(x), self.y.place(y))).collect()
        };
        let mut plots = Vec::new();
        if !series.dots.is_empty() {
            let dots =
                ScatterPlot::new().with_data(place(&series.dots)).with_color(series.color.clone()).with_size(3.2);
            plots.push(dots.with_marker_opacity(0.55).into());
        }
        if !series.line.is_empty() {
            let line = LinePlot::new().with_data(place(&series.line)).with_color(series.color.clone());
            plots.push(line.with_stroke_width(1.8).into());
        }
        plots
    }

    fn legend(&self) -> Option<Vec<LegendEntry>> {
        let entries: Vec<LegendEntry> = self
            .series
            .iter()
            .filter_map(|series| {
                let label = series.name.clone()?;
                let shape = if series.line.is_empty() { LegendShape::Circle } else { LegendShape::Line };
                Some(LegendEntry { label, color: series.color.clone(), shape, dasharray: None })
            })
            .collect();
        (!entries.is_empty()).then_some(entries)
    }

    /// Centre of a mark's word: beside its line, on the side with more room.
    fn label_position(&self, mark: &Mark, x_from: f64, x_to: f64) -> (f64, bool) {
        let at = self.x.place(mark.x);
        let per_character = 7.0 / (WIDTH * 0.8) * (x_to - x_from);
        let half = 0.5 * per_character * mark.label.chars().count() as f64 + per_character;
        let right = x_to - at > 2.0 * half;
        (if right { at + half } else { at - half }, right)
    }
}

impl Axis {
    /// A linear axis whose range follows the data.
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Linear, from: None, to: None }
    }

    /// The axis of swept widths.
    pub fn sizes() -> Self {
        Self { label: "size (neurons, log scale)".into(), scale: Scale::Log2, from: None, to: None }
    }

    /// The same axis, starting at `from`.
    pub fn starting_at(mut self, from: f64) -> Self {
        self.from = Some(from);
        self
    }

    /// The same axis, ending at `to`.
    pub fn ending_at(mut self, to: f64) -> Self {
        self.to = Some(to);
        self
    }

    fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log2 => value.log2(),
        }
    }

    /// First and last placed value: fixed ends as they are, free ends widened so that no point sits on the frame.
    fn range(&self, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
        let placed = values.map(|value| self.place(value)).filter(|value| value.is_finite());
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        let low = self.from.map_or(low, |from| self.place(from));
        let high = self.to.map_or(high, |to| self.place(to));
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let margin = match self.scale {
            // At least 1.2 octaves, so that a single size still has a power of two beside it.
            Scale::Log2 => (0.04 * span).max(0.2).max(0.5 * (1.2 - (high - low))),
            Scale::Linear => 0.06 * span,
        };
        let low = if self.from.is_some() { low } else { low - margin };
        let high = if self.to.is_some() { high } else { high + margin };
        Some((low, high.max(low + f64::EPSILON)))
    }
}

/// A tick at every power of two, at every other one for very wide ranges.
///
/// Sizes between them have no tick: ticks are evenly spaced, and 90 is not halfway from 64 to 128.
fn octave_step(octaves: f64) -> f64 {
    if octaves <= 13.0 { 1.0 } else { 2.0 }
}

/// 1, 2 or 5 times a power of ten, so that a span has five to ten steps.
fn tick_step(span: f64) -> f64 {
    let rough = span / 7.0;
    let power = 10f64.powf(rough.log10().floor());
    match rough / power {
        ratio if ratio < 1.5 => power,
        ratio if ratio < 3.5 => 2.0 * power,
        ratio if ratio < 7.5 => 5.0 * power,
        _ => 10.0 * power,
    }
}

/// A tick label: thousands apart, no trailing zeros, no rounding noise of the tick's position.
fn grouped(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut spaced = String::new();
    for (index, digit) in whole.chars().enumerate() {
        // A thin space, as in print; four digits stay together.
        if index > 0 && (whole.len() - index) % 3 == 0 && whole.len() > 4 {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    format!("{}{spaced}{fraction}", if value == 0.0 { "" } else { sign })
}

/// Adds a view box, without which a page cannot scale the picture to its column.
fn scalable(svg: &str) -> String {
    svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" "), 1)
}

/// Colour of marks: readable beside the dark curves and in grey print.
const MARK_COLOR: &str = "#c0392b";

fn theme() -> Theme {
    Theme {
        axis_color: "#333333".into(),
        grid_color: "#e6e6e6".into(),
        tick_color: "#333333".into(),
        text_color: "#222222".into(),
        legend_border: "none".into(),
        ..Theme::light()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let line = vec![(64.0, 0.2), (90.0, 0.9), (128.0, 0.4)];
        Chart {
            title: "A <title> & more".into(),
            subtitle: "of a recording".into(),
            x: Axis::sizes(),
            y: Axis::linear("W").ending_at(1.0),
            legend_title: Some("size".into()),
            series: vec![Series { name: Some("64".into()), color: "#112233".into(), dots: line.clone(), line }],
            marks: vec![Mark { x: 90.0, label: "most normal: 90".into() }],
        }
    }

    #[test]
    fn an_svg_scales_and_carries_its_labels() {
        let svg = String::from_utf8(chart().render(ImageFormat::Svg).unwrap()).unwrap();
        assert!(svg.starts_with("<svg viewBox=\"0 0 760 480\""));
        for text in ["A &lt;title&gt; &amp; more", "size (neurons", "most normal: 90", ">64<", ">128<"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_png_has_four_pixels_per_unit() {
        let png = chart().render(ImageFormat::Png).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (3040, 1920));
    }

    #[test]
    fn nothing_to_draw_is_an_error_and_a_single_point_is_a_picture() {
        let mut chart = chart();
        chart.series[0].line = vec![(64.0, 0.5)];
        chart.series[0].dots.clear();
        chart.series[0].line[0].0 = 90.0;
        chart.series[0].name = None;
        let svg = String::from_utf8(chart.render(ImageFormat::Svg).unwrap()).unwrap();
        assert!(svg.contains(">64<") || svg.contains(">128<"), "an axis without a single tick: {svg}");
        chart.series.clear();
        assert!(matches!(chart.render(ImageFormat::Svg), Err(FigureError::Empty)));
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!([tick_step(1.0), tick_step(8.5), tick_step(30_000.0)], [0.1, 1.0, 5000.0]);
        for (value, expected) in
            [(0.30000000000000004, "0.3"), (-0.0, "0"), (12_000.0, "12\u{202f}000"), (2896.0, "2896")]
        {
            assert_eq!(grouped(value), expected);
        }
    }
}

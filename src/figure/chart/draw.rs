//! Draws a chart: the only module that names the plotting crate.

use super::words::words;
use super::{Axis, Chart, FigureError, HEIGHT, Range, Series, Side, Stroke, WIDTH, thin};
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::{BandPlot, LegendEntry, LegendPosition, LegendShape, LinePlot, LineStyle, ScatterPlot};
use kuva::render::annotations::{ReferenceLine, TextAnnotation};
use kuva::render::layout::{AxisLabelOverlap, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple, render_twin_y};
use kuva::render::theme::Theme;
use std::sync::Arc;

/// Pixels per SVG unit of a PNG: 300 dots an inch at ten inches, and the raster backend blurs turned text below that.
const PNG_SCALE: f32 = 4.0;
/// Colour of marks and levels: readable beside the dark curves and in grey print.
const MARK_COLOR: &str = "#c0392b";

/// The text of an SVG file, with a view box, without which a page cannot scale the picture to its column.
pub fn svg(chart: &Chart) -> Result<String, FigureError> {
    let svg = SvgBackend.render_scene(&scene(chart, 1.0)?);
    Ok(svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" "), 1))
}

/// The bytes of a PNG file.
pub fn png(chart: &Chart) -> Result<Vec<u8>, FigureError> {
    let scene = scene(chart, PNG_SCALE)?;
    RasterBackend::new().with_scale(PNG_SCALE).render_scene(&scene).map_err(FigureError::Raster)
}

/// Placed ranges of the axes.
struct Frame<'a> {
    chart: &'a Chart,
    x: (f64, f64),
    left: (f64, f64),
    right: Option<(f64, f64)>,
    /// For dashes, the one length that the raster backend does not scale itself.
    scale: f32,
}

fn scene(chart: &Chart, scale: f32) -> Result<Scene, FigureError> {
    let xs = chart.series.iter().flat_map(|series| series.points().map(|point| point.0));
    let ys = |side| chart.on(side).flat_map(|series| series.points().map(|point| point.1));
    let levels = chart.levels.iter().map(|level| level.y);
    let x = chart.x.range(xs).ok_or(FigureError::Empty)?;
    let right = chart.right.as_ref().and_then(|axis| axis.range(ys(Side::Right)));
    let left = chart.y.range(ys(Side::Left).chain(levels)).or(right.map(|_| (0.0, 1.0))).ok_or(FigureError::Empty)?;
    let frame = Frame { chart, x, left, right, scale };
    let plots = |side| -> Vec<Plot> { chart.on(side).flat_map(|series| frame.plots(series, side)).collect() };
    let primary = plots(Side::Left);
    let secondary = plots(Side::Right);
    let layout = frame.layout(&primary);
    Ok(if right.is_some() { render_twin_y(primary, secondary, layout) } else { render_multiple(primary, layout) })
}

impl Frame<'_> {
    fn layout(&self, plots: &[Plot]) -> Layout {
        let Chart { x, y, .. } = self.chart;
        let mut layout = Layout::auto_from_plots(plots)
            .with_width(WIDTH)
            .with_height(HEIGHT)
            .with_title(self.chart.title.clone())
            .with_subtitle(self.chart.subtitle.clone())
            .with_x_label(x.label.clone())
            .with_y_label(y.label.clone())
            .with_x_axis_min(self.x.0)
            .with_x_axis_max(self.x.1)
            .with_y_axis_min(self.left.0)
            .with_y_axis_max(self.left.1)
            .with_x_tick_step(x.tick_step(self.x.1 - self.x.0))
            .with_y_tick_step(y.tick_step(self.left.1 - self.left.0))
            .with_x_label_overlap(AxisLabelOverlap::Thin)
            .with_x_tick_format(format(x))
            .with_y_tick_format(format(y))
            .with_title_size(17)
            .with_subtitle_size(12)
            .with_subtitle_wrap(105)
            .with_y_label_wrap(58)
            .with_grid_line_width(0.6)
            .with_theme(theme());
        if let (Some(axis), Some((low, high))) = (&self.chart.right, self.right) {
            layout = layout.with_y2_range(low, high).with_y2_axis_min(low).with_y2_axis_max(high);
            layout = layout.with_y2_label(axis.label.clone()).with_y2_tick_format(format(axis));
        }
        if let Some(entries) = self.legend() {
            layout = layout.with_legend_position(LegendPosition::OutsideRightTop).with_legend_entries(entries);
            if let Some(title) = &self.chart.legend_title {
                layout = layout.with_legend_title(title.clone());
            }
        }
        self.with_lines_and_words(layout)
    }

    fn with_lines_and_words(&self, mut layout: Layout) -> Layout {
        let Chart { x, y, marks, levels, .. } = self.chart;
        let vertical = marks.iter().map(|mark| ReferenceLine::vertical(x.place(mark.x)).with_stroke_width(1.4));
        let horizontal = levels.iter().map(|level| ReferenceLine::horizontal(y.place(level.y)).with_stroke_width(1.0));
        for line in vertical.chain(horizontal) {
            let dashes = self.dashes(Stroke::Dashed).unwrap_or_default();
            layout = layout.with_reference_line(line.with_color(MARK_COLOR).with_dasharray(dashes));
        }
        let share = |axis: &Axis, range: (f64, f64), value: f64| (axis.place(value) - range.0) / (range.1 - range.0);
        let at = |range: (f64, f64), share: f64| range.0 + share * (range.1 - range.0);
        for word in words(marks, levels, |value| share(x, self.x, value), |value| share(y, self.left, value)) {
            let text = TextAnnotation::new(word.text, at(self.x, word.x), at(self.left, word.y));
            layout = layout.with_annotation(text.with_color(MARK_COLOR));
        }
        layout
    }

    /// Band, bars, error bars, dots and line of one series, from back to front.
    fn plots(&self, series: &Series, side: Side) -> Vec<Plot> {
        let axis = if side == Side::Right { self.chart.right.as_ref().unwrap_or(&self.chart.y) } else { &self.chart.y };
        let color = &series.color;
        let mut plots = Vec::new();
        if series.band.len() > 1 {
            plots.push(self.area(axis, &series.band).with_color(color.clone()).with_opacity(0.18).into());
        }
        if !series.bars.is_empty() {
            let outline = self.outline(&series.bars, axis, side);
            plots.push(self.area(axis, &outline).with_color(color.clone()).with_opacity(0.35).into());
        }
        if !series.errors.is_empty() {
            plots.push(self.errors(axis, &series.errors).with_color(color.clone()).into());
        }
        if !series.dots.is_empty() {
            let [points, drawn] = self.placed(axis, side, &series.dots);
            let dots = thin::dots(&drawn).into_iter().map(|at| points[at]);
            let dots = ScatterPlot::new().with_data(dots.collect::<Vec<_>>()).with_color(color.clone()).with_size(3.2);
            plots.push(dots.with_marker_opacity(0.55).into());
        }
        if !series.line.is_empty() {
            let [points, drawn] = self.placed(axis, side, &series.line);
            let line = thin::line(&drawn).into_iter().map(|at| points[at]);
            let line = LinePlot::new().with_data(line.collect::<Vec<_>>()).with_color(color.clone());
            let style = self.dashes(series.stroke).map_or(LineStyle::Solid, LineStyle::Custom);
            plots.push(line.with_stroke_width(1.8).with_line_style(style).into());
        }
        plots
    }

    /// Points as positions, and in SVG units: the plot is taken as wide as the figure. What an axis cannot show is left out.
    fn placed(&self, axis: &Axis, side: Side, points: &[(f64, f64)]) -> [Vec<(f64, f64)>; 2] {
        let range = if side == Side::Right { self.right.unwrap_or(self.left) } else { self.left };
        let placed = points.iter().map(|&(x, y)| (self.chart.x.place(x), axis.place(y)));
        let placed: Vec<(f64, f64)> = placed.filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let drawn = |&(x, y): &(f64, f64)| {
            ((x - self.x.0) / (self.x.1 - self.x.0) * WIDTH, (y - range.0) / (range.1 - range.0) * HEIGHT)
        };
        let in_units = placed.iter().map(drawn).collect();
        [placed, in_units]
    }

    fn area(&self, axis: &Axis, ranges: &[Range]) -> BandPlot {
        let placed = ranges.iter().map(|r| (self.chart.x.place(r.at), axis.place(r.low), axis.place(r.high)));
        let placed: Vec<_> = placed.filter(|(x, l, h)| x.is_finite() && l.is_finite() && h.is_finite()).collect();
        BandPlot::new(placed.iter().map(|p| p.0), placed.iter().map(|p| p.1), placed.iter().map(|p| p.2))
    }

    /// Bars as one stepped area that stands on 0, or on the foot of the axis where 0 has no place.
    fn outline(&self, bars: &[super::Bar], axis: &Axis, side: Side) -> Vec<Range> {
        let range = if side == Side::Right { self.right.unwrap_or(self.left) } else { self.left };
        let foot = match axis.scale {
            super::Scale::Linear => 0.0,
            super::Scale::Log2 => range.0.exp2(),
            super::Scale::Log10 => 10f64.powf(range.0),
        };
        let step = |at: f64, height: f64| Range { at, low: foot, high: height.max(foot) };
        let edges = |bar: &super::Bar| {
            [step(bar.from, 0.0), step(bar.from, bar.height), step(bar.to, bar.height), step(bar.to, 0.0)]
        };
        bars.iter().flat_map(edges).collect()
    }

    /// Error bars hang on dots without a size.
    fn errors(&self, axis: &Axis, errors: &[Range]) -> ScatterPlot {
        let placed = errors.iter().map(|r| (self.chart.x.place(r.at), axis.place(r.low), axis.place(r.high)));
        let placed: Vec<_> = placed.filter(|(x, l, h)| x.is_finite() && l.is_finite() && h.is_finite()).collect();
        let middles: Vec<(f64, f64)> = placed.iter().map(|(x, l, h)| (*x, 0.5 * (l + h))).collect();
        let halves: Vec<f64> = placed.iter().map(|(_, l, h)| 0.5 * (h - l)).collect();
        ScatterPlot::new().with_data(middles).with_y_err(halves).with_size(0.0)
    }

    fn legend(&self) -> Option<Vec<LegendEntry>> {
        let entry = |series: &Series| {
            let label = series.name.clone()?;
            let shape = if !series.line.is_empty() {
                LegendShape::Line
            } else if series.dots.is_empty() && series.errors.is_empty() {
                LegendShape::Rect
            } else {
                LegendShape::Circle
            };
            let dasharray = if series.line.is_empty() { None } else { self.dashes(series.stroke) };
            Some(LegendEntry { label, color: series.color.clone(), shape, dasharray })
        };
        let entries: Vec<LegendEntry> = self.chart.series.iter().filter_map(entry).collect();
        (!entries.is_empty()).then_some(entries)
    }

    fn dashes(&self, stroke: Stroke) -> Option<String> {
        let (dash, gap) = match stroke {
            Stroke::Solid => return None,
            Stroke::Dashed => (6.0, 4.0),
            Stroke::Dotted => (2.0, 3.0),
        };
        Some(format!("{} {}", dash * self.scale, gap * self.scale))
    }
}

fn format(axis: &Axis) -> TickFormat {
    let axis = axis.clone();
    TickFormat::Custom(Arc::new(move |position: f64| axis.tick_label(position)))
}

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

//! What is drawn, read back from the SVG and the PNG.

use super::*;

fn chart() -> Chart {
    let line = vec![(64.0, 0.2), (90.0, 0.9), (128.0, 0.4)];
    let series =
        Series { name: Some("64".into()), color: "#112233".into(), dots: line.clone(), line, ..Series::default() };
    Chart {
        title: "A <title> & more".into(),
        subtitle: "of a recording".into(),
        x: Axis::sizes(),
        y: Axis::linear("W").ending_at(1.0),
        legend_title: Some("size".into()),
        series: vec![series],
        marks: vec![Mark { x: 90.0, label: "most normal: 90".into() }],
        ..Chart::default()
    }
}

/// Every kind of thing that a chart can hold.
fn full() -> Chart {
    let ranges: Vec<Range> =
        (1..=5).map(|at| Range { at: f64::from(at * 64), low: 0.2, high: 0.1 * f64::from(at + 3) }).collect();
    let curve = |height: f64| (1..=5).map(|at| (f64::from(at * 64), height * f64::from(at))).collect::<Vec<_>>();
    let mut chart = chart();
    chart.series.extend([
        Series { name: Some("band".into()), color: "#228833".into(), band: ranges.clone(), ..Series::default() },
        Series { color: "#aa3377".into(), errors: ranges, ..Series::default() },
        Series { line: curve(0.1), stroke: Stroke::Dashed, color: "#4477aa".into(), ..Series::default() },
        Series {
            line: curve(4.0),
            side: Side::Right,
            color: "#ee6677".into(),
            name: Some("right".into()),
            ..Series::default()
        },
    ]);
    chart.right = Some(Axis::linear("dead neurons in a network").starting_at(0.0).ending_at(20.0));
    chart.levels = vec![Level { y: 0.025, label: "0.025".into() }];
    chart
}

fn svg(chart: &Chart) -> String {
    String::from_utf8(chart.render(ImageFormat::Svg).unwrap()).unwrap()
}

#[test]
fn an_svg_scales_and_carries_its_labels() {
    let svg = svg(&chart());
    assert!(svg.starts_with("<svg viewBox=\"0 0 760 480\""));
    for text in ["A &lt;title&gt; &amp; more", "size (neurons", "most normal: 90", ">64<", ">128<"] {
        assert!(svg.contains(text), "{text} in {svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn bands_error_bars_dashes_levels_and_a_right_axis_are_drawn() {
    let text = svg(&full());
    for part in
        ["dead neurons in a network", ">20<", ">0.025<", "#228833", "#aa3377", "stroke-dasharray=\"6 4\"", ">right<"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf"));
    let mut without = full();
    without.series.retain(|series| series.side == Side::Left);
    assert!(!svg(&without).contains(">20<"), "a right axis without a series");
}

#[test]
fn bars_stand_on_zero_and_decades_have_ticks() {
    let bars = vec![Bar { from: 0.0, to: 1.0, height: 0.4 }, Bar { from: 1.0, to: 2.0, height: 0.6 }];
    let histogram = Series { color: "#4477aa".into(), bars, ..Series::default() };
    let chart = Chart { series: vec![histogram], y: Axis::linear("density").starting_at(0.0), ..Chart::default() };
    assert!(svg(&chart).contains("#4477aa"));
    let spectrum: Vec<(f64, f64)> = (1..=3000).map(|k| (f64::from(k), 1e4 * 0.98_f64.powi(k))).collect();
    let line = Series { color: "#4477aa".into(), line: spectrum, ..Series::default() };
    let chart = Chart { x: Axis::log10("index"), y: Axis::log10("λ"), series: vec![line], ..Chart::default() };
    let text = svg(&chart);
    assert!(text.contains(">1000<") && text.contains(">10⁻¹²<"), "{text}");
    assert!(text.len() < 16_000, "3,000 points take {} bytes", text.len());
}

#[test]
fn a_png_has_four_pixels_per_unit() {
    let png = full().render(ImageFormat::Png).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((side(16), side(20)), (3040, 1920));
}

#[test]
fn nothing_to_draw_is_an_error_and_a_single_point_is_a_picture() {
    let mut chart = chart();
    chart.series[0].line = vec![(90.0, 0.5)];
    chart.series[0].dots.clear();
    chart.series[0].name = None;
    let text = svg(&chart);
    assert!(text.contains(">64<") || text.contains(">128<"), "an axis without a single tick: {text}");
    chart.series.clear();
    assert!(matches!(chart.render(ImageFormat::Svg), Err(FigureError::Empty)));
}

//! Figures of principal components: the spectrum, and what is left of a layer in its first k components.

use super::{Axis, Chart, Series, color};

/// Numbers against the number of components, of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentCurve {
    /// Swept width.
    pub size: i32,
    /// What else tells curves apart, such as the layer; empty for a simple sweep.
    pub series: String,
    /// (k, value), ascending.
    pub points: Vec<(f64, f64)>,
}

/// Eigenvalues of the covariance against their number, both axes logarithmic. Eigenvalues that are 0 are not drawn.
pub fn spectrum(subtitle: &str, curves: &[ComponentCurve]) -> Chart {
    let (x, y) = (Axis::log10("component"), Axis::log10("eigenvalue (variance along the component)"));
    chart("Variance along the principal components", subtitle, x, y, curves)
}

/// What the first k components leave of the layer, the mean squared distance E_k as a share of E_0, against k on a
/// logarithmic axis from 1.
pub fn reconstruction_distance(subtitle: &str, curves: &[ComponentCurve], journal: bool) -> Chart {
    let title = title("Distance of the layer rebuilt from k components", journal);
    let y = Axis::linear("mean squared distance / that of k = 0").starting_at(0.0).ending_at(1.0);
    chart(title, subtitle, Axis::log10("components k"), y, curves)
}

/// Accuracy of the network on the reconstruction against the number of components, on a logarithmic axis from 1.
pub fn reconstruction_accuracy(subtitle: &str, curves: &[ComponentCurve], journal: bool) -> Chart {
    let title = title("Accuracy with the layer rebuilt from k components", journal);
    let y = Axis::linear("accuracy on the recorded samples").starting_at(0.0).ending_at(1.0);
    chart(title, subtitle, Axis::log10("components k"), y, curves)
}

fn title(standard: &'static str, journal: bool) -> String {
    if journal { format!("{standard} (journal's columns)") } else { standard.into() }
}

fn chart(title: impl Into<String>, subtitle: &str, x: Axis, y: Axis, curves: &[ComponentCurve]) -> Chart {
    let series = curves.iter().enumerate().map(|(index, curve)| {
        let name = if curve.series.is_empty() {
            curve.size.to_string()
        } else {
            format!("{} · {}", curve.size, curve.series)
        };
        let color = color::sequential(index, curves.len());
        Series { name: Some(name), color, line: curve.points.clone(), ..Series::default() }
    });
    Chart {
        title: title.into(),
        subtitle: subtitle.into(),
        x,
        y,
        legend_title: Some("size".into()),
        series: series.collect(),
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_a_size_and_the_journals_method_is_named() {
        let curve = |size| ComponentCurve { size, series: String::new(), points: vec![(1.0, 2.0), (2.0, 0.5)] };
        let chart = reconstruction_distance("", &[curve(64), curve(90)], true);
        let names: Vec<_> = chart.series.iter().filter_map(|series| series.name.as_deref()).collect();
        assert_eq!(names, ["64", "90"]);
        assert!(chart.title.contains("journal"));
        assert!(!spectrum("", &[curve(64)]).title.contains("journal"));
    }
}

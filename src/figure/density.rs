//! The journal's first figure: how the standard deviations of the neurons are distributed, one curve per size.

use super::{Axis, Chart, Series, color};
use layerscope_analysis::density::{Bandwidth, gaussian_kde};

/// The standard deviations of the neurons of one size, all replicates together.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// What else tells curves apart, such as the layer; empty for a simple sweep.
    pub series: String,
    /// Swept width.
    pub size: i32,
    /// One standard deviation per neuron, dead ones included.
    pub stds: Vec<f64>,
}

/// Gaussian kernel density of the standard deviations, from narrow (dark) to wide (light).
///
/// Dead neurons are part of it: they are the spike at 0 that grows with the size. The bandwidth is Scott's, as in the
/// journal; the curve's share below 0, where no standard deviation can be, is not drawn. A size whose neurons all have
/// the same standard deviation has no density and no curve.
pub fn density(subtitle: &str, spreads: &[Spread]) -> Chart {
    let series = spreads
        .iter()
        .enumerate()
        .filter_map(|(index, spread)| {
            let density = gaussian_kde(&spread.stds, Bandwidth::Scott).ok()?;
            let line: Vec<(f64, f64)> =
                density.x.iter().copied().zip(density.density.iter().copied()).filter(|&(x, _)| x >= 0.0).collect();
            let name = if spread.series.is_empty() {
                spread.size.to_string()
            } else {
                format!("{} · {}", spread.size, spread.series)
            };
            Some(Series { name: Some(name), color: color::sequential(index, spreads.len()), line, dots: Vec::new() })
        })
        .collect();
    Chart {
        title: "Distribution of the neurons' standard deviations".into(),
        subtitle: subtitle.into(),
        x: Axis::linear("standard deviation of a neuron's activation").starting_at(0.0),
        y: Axis::linear("density").starting_at(0.0),
        legend_title: Some("size".into()),
        series,
        marks: Vec::new(),
    }
}

//! Colours: a sequential scale for ordered sizes, a few distinct ones for unordered series.

/// Anchors of the sequential scale from narrow to wide, dark blue over magenta to orange.
///
/// The colours of matplotlib's "plasma" (CC0) at 0, 0.1, .. 0.8: lightness rises evenly, so that the order survives
/// in grey print and for colour-blind readers, and the yellow end, invisible on white, is left out.
const SEQUENTIAL: [[f64; 3]; 9] = [
    [13.0, 8.0, 135.0],
    [65.0, 4.0, 157.0],
    [106.0, 0.0, 168.0],
    [143.0, 13.0, 164.0],
    [177.0, 42.0, 144.0],
    [204.0, 71.0, 120.0],
    [225.0, 100.0, 98.0],
    [242.0, 132.0, 75.0],
    [252.0, 166.0, 54.0],
];

/// Paul Tol's "bright" scheme without its yellow: distinct for colour-blind readers.
const DISTINCT: [&str; 6] = ["#4477aa", "#ee6677", "#228833", "#aa3377", "#66ccee", "#bbbbbb"];

/// Colour of item `index` of `count` ordered items, as `#rrggbb`.
pub(super) fn sequential(index: usize, count: usize) -> String {
    let last = SEQUENTIAL.len() - 1;
    let position = if count > 1 { index.min(count - 1) as f64 / (count - 1) as f64 * last as f64 } else { 0.0 };
    let below = (position.floor() as usize).min(last - 1);
    let share = position - below as f64;
    let channel = |c: usize| (SEQUENTIAL[below][c] * (1.0 - share) + SEQUENTIAL[below + 1][c] * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}

/// Colour of the unordered series `index`; repeats after six.
pub(super) fn distinct(index: usize) -> String {
    DISTINCT[index % DISTINCT.len()].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_runs_from_dark_to_light() {
        let lightness = |color: String| -> f64 {
            let channel = |at: usize| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap());
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let values: Vec<f64> = (0..12).map(|index| lightness(sequential(index, 12))).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
        assert_eq!(sequential(0, 1), "#0d0887");
        assert_eq!(sequential(11, 12), "#fca636");
    }
}

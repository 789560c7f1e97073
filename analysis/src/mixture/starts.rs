//! Where a mixture's fit starts: several places, the same for the same sample.

use super::floor::{Limits, shape_within};
use super::pair::{Before, Pair};
use super::part::{Exponential, Gamma, Normal, Part};
use super::points::Points;
use super::values::Values;

/// Shares of the smaller values that are the first component's.
const QUANTILES: [(f64, &str); 5] = [
    (0.05, "quantile 0.05"),
    (0.15, "quantile 0.15"),
    (0.3, "quantile 0.3"),
    (0.5, "quantile 0.5"),
    (0.8, "quantile 0.8"),
];

/// Named starts, without repetitions: by moments, by the best cut in two of the values and of their logarithms (k-means
/// with k = 2), and by cuts at quantiles.
pub(super) fn starts<A: Before<B>, B: Part>(
    values: &Values,
    points: &Points,
    from_moments: Pair<A, B>,
    limits: &Limits,
) -> Vec<(&'static str, Pair<A, B>)> {
    let n = values.n();
    let mut cuts = vec![("k-means", best_cut(&values.x)), ("k-means of logarithms", best_cut(&values.ln_x))];
    cuts.extend(QUANTILES.map(|(share, name)| (name, (share * n as f64).round() as usize)));
    let mut seen = Vec::new();
    let mut starts = vec![("moments", from_moments)];
    for (name, cut) in cuts {
        if cut > 0 && cut < n && !seen.contains(&cut) {
            seen.push(cut);
            let (first, second) = (points.sums(0, cut), points.sums(cut, n));
            starts.push((name, from_moments.maximised(&first, &second, limits)));
        }
    }
    starts
}

/// The number of values in the lower of the two groups with the smallest sum of squared distances from their means: on a
/// line k-means with k = 2 is a cut, and all cuts can be tried. 0 for fewer than two different values.
fn best_cut(sorted: &[f64]) -> usize {
    // Relative to the middle value; the largest of Σ² / n over both groups is the smallest sum of squares within.
    let origin = sorted[sorted.len() / 2];
    let total: f64 = sorted.iter().map(|x| x - origin).sum();
    let n = sorted.len() as f64;
    let (mut best, mut at, mut below) = (f64::NEG_INFINITY, 0, 0.0);
    for (k, pair) in sorted.windows(2).enumerate() {
        below += pair[0] - origin;
        let size = (k + 1) as f64;
        let between = below * below / size + (total - below) * (total - below) / (n - size);
        if pair[0] < pair[1] && between > best {
            (best, at) = (between, k + 1);
        }
    }
    at
}

/// Share of the first component in the start from moments.
const MOMENTS_WEIGHT: f64 = 0.2;
/// Its mean, as a share of the sample's.
const MOMENTS_MEAN: f64 = 0.1;

/// The start from moments for exponential and normal.
pub(super) fn exp_normal(values: &Values, limits: &Limits) -> Pair<Exponential, Normal> {
    let first = Exponential { mean: MOMENTS_MEAN * values.mean };
    let second = Normal { offset: values.mean - limits.origin, sigma: limits.sigma(values.std) };
    Pair::new(MOMENTS_WEIGHT, first, second)
}

/// The start from moments for two gammas; the first is an exponential.
pub(super) fn two_gamma(values: &Values) -> Pair<Gamma, Gamma> {
    let shape = shape_within((values.mean / values.std).powi(2));
    let first = Gamma { shape: 1.0, mean: MOMENTS_MEAN * values.mean };
    Pair::new(MOMENTS_WEIGHT, first, Gamma { shape, mean: values.mean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_cut_is_at_the_gap() {
        assert_eq!(best_cut(&[0.0, 0.1, 0.2, 5.0, 5.1]), 3);
        assert_eq!(best_cut(&[0.0, 4.0, 5.0]), 1);
        assert_eq!(best_cut(&[1.0]), 0);
        assert_eq!(best_cut(&[2.0, 2.0, 2.0]), 0);
    }

    #[test]
    fn samples_have_the_starts_that_are_possible() {
        let names = |sample: &[f64]| -> Vec<&str> {
            let values = Values::new(sample).unwrap();
            let points = Points::new(values.x.clone(), values.ln_x.clone());
            let starts = starts(&values, &points, two_gamma(&values), &Limits::of(&values));
            starts.iter().map(|(name, _)| *name).collect()
        };
        assert_eq!(names(&[1.0, 2.0]), ["moments", "k-means"]);
        assert_eq!(names(&[1.0, 1.5, 2.0, 7.0, 8.0, 9.0])[..2], ["moments", "k-means"]);
        let many: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(names(&many).len(), 7, "the cuts of k-means and of the median are one");
    }
}

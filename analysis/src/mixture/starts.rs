//! Where EM starts: a fixed list of partitions of the values, so that a fit repeats and does not miss the better maximum.

use super::component::Component;
use super::em::{Pair, from_responsibilities};
use super::floor::Floors;
use super::values::Values;

/// Shares of the smaller values that are split off.
const SPLITS: [(f64, &str); 4] =
    [(0.1, "quantile 0.1"), (0.25, "quantile 0.25"), (0.5, "quantile 0.5"), (0.8, "quantile 0.8")];

/// Components of the right kinds whose parameters a start replaces.
pub(super) fn kinds(two_gamma: bool) -> [Component; 2] {
    if two_gamma {
        [Component::Gamma { shape: 1.0, mean: 1.0 }; 2]
    } else {
        [Component::Exponential { mean: 1.0 }, Component::Normal { mu: 1.0, sigma: 1.0 }]
    }
}

/// Named starts: by moments, by splits at quantiles, and by the best split in two (k-means) of the values and of their
/// logarithms.
///
/// Values must be sorted. In one dimension the best split for k-means is found by trying all of them.
pub(super) fn starts(values: &Values, floors: &Floors, kinds: [Component; 2]) -> Vec<(&'static str, Pair)> {
    let split_at =
        |position: usize| from_responsibilities(values, floors, kinds, |at| f64::from(u8::from(at < position)));
    let mut found = vec![("moments", by_moments(values, floors, kinds))];
    let mut positions = Vec::new();
    let mut push = |name, position: usize| {
        // A component of fewer than two values has no spread to start from.
        let possible = position >= 2 && position + 2 <= values.x.len() && !positions.contains(&position);
        if possible {
            positions.push(position);
            found.push((name, split_at(position)));
        }
    };
    for (share, name) in SPLITS {
        push(name, (share * values.x.len() as f64).round() as usize);
    }
    push("k-means", two_means(&values.x, &values.count));
    push("k-means of logarithms", two_means(&values.ln_x, &values.count));
    found
}

/// Half of the weight on a component near zero, the other component like all values together.
fn by_moments(values: &Values, floors: &Floors, kinds: [Component; 2]) -> Pair {
    let std = values.variance().sqrt();
    let held = &mut Vec::new();
    let component = |kind: Component, mean: f64, shape: f64, held: &mut Vec<_>| match kind {
        Component::Exponential { .. } => Component::Exponential { mean },
        Component::Normal { .. } => Component::Normal { mu: mean, sigma: floors.sigma(std, held) },
        Component::Gamma { .. } => Component::Gamma { shape: floors.shape(shape, held), mean },
    };
    let [first, second] = kinds;
    let components = [component(first, 0.25, 1.0, held), component(second, 1.0, 1.0 / (std * std).max(1e-12), held)];
    Pair { weight: 0.5, components }
}

/// The position that splits sorted values into two groups with the least sum of squares around their means.
fn two_means(sorted: &[f64], count: &[f64]) -> usize {
    let total: (f64, f64) = sorted.iter().zip(count).fold((0.0, 0.0), |sum, (x, c)| (sum.0 + c, sum.1 + c * x));
    let mut below = (0.0, 0.0);
    let mut best = (f64::NEG_INFINITY, 0);
    for (at, (x, c)) in sorted.iter().zip(count).enumerate().take(sorted.len().saturating_sub(1)) {
        below = (below.0 + c, below.1 + c * x);
        let above = (total.0 - below.0, total.1 - below.1);
        // Least squares within is most squares between: n₁ m₁² + n₂ m₂².
        let between = below.1 * below.1 / below.0 + above.1 * above.1 / above.0;
        if between > best.0 {
            best = (between, at + 1);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_means_finds_the_gap() {
        assert_eq!(two_means(&[0.0, 0.1, 0.2, 5.0, 5.1], &[1.0; 5]), 3);
        assert_eq!(two_means(&[0.0, 4.0, 5.0], &[1.0, 1.0, 1.0]), 1);
        assert_eq!(two_means(&[1.0], &[1.0]), 0);
    }

    #[test]
    fn small_samples_have_the_starts_that_are_possible() {
        let names = |sample: &[f64]| -> Vec<&str> {
            let values = Values::new(sample);
            let floors = Floors::new(values.variance().sqrt());
            starts(&values, &floors, kinds(true)).iter().map(|(name, _)| *name).collect()
        };
        assert_eq!(names(&[1.0, 2.0, 3.0]), ["moments"]);
        assert_eq!(names(&[1.0, 1.5, 2.0, 7.0, 8.0, 9.0]), ["moments", "quantile 0.25", "quantile 0.5"]);
        let many: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!(names(&many).len() >= 6);
    }
}

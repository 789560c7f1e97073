//! Moving and scaling a sample so that sums of powers of it neither overflow nor vanish.

/// x -> (x - centre) * factor: differences from a value of the sample, of the size of 1.
///
/// The factor is a power of two, so that scaling does not round; where the range of the largest numbers would overflow
/// the values are halved first. An offset that is large beside the range costs no further digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// 1, or 1/2.
    share: f64,
    centre: f64,
    factor: f64,
}

impl Scale {
    /// For a sample from `low` to `high`, low < high, relative to `centre`.
    pub fn new(low: f64, centre: f64, high: f64) -> Self {
        let share = if (high - low).is_finite() { 1.0 } else { 0.5 };
        let range = high * share - low * share;
        // Beyond ±1022 a power has no normal inverse. Ranges of denormal numbers then become 1e-16, the largest 4.
        let factor = (-range.log2().ceil()).clamp(-1022.0, 1022.0).exp2();
        Self { share, centre: centre * share, factor }
    }

    /// The scaled value, between -4 and 4.
    pub fn of(self, x: f64) -> f64 {
        (x * self.share - self.centre) * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_range_becomes_one_of_moderate_size() {
        let tiny = f64::from_bits(1);
        for (low, high) in [(0.0, 1.0), (-f64::MAX, f64::MAX), (0.0, tiny), (1e12, 1e12 + 1e-3), (-3e-200, 1e-200)] {
            for centre in [low, high] {
                let scale = Scale::new(low, centre, high);
                let range = scale.of(high) - scale.of(low);
                let expected = if high == tiny { 1e-17..1e-15 } else { 0.5..4.01 };
                assert!(expected.contains(&range), "{low} to {high}: {range}");
            }
        }
    }
}

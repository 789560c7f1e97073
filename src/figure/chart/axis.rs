//! Axes: where a value lies, which range is shown, where the ticks are and what stands beside them.

/// An axis: its label and the range it shows.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal distances.
    #[default]
    Linear,
    /// Equal ratios are equal distances, with a tick at every power of two.
    Log2,
    /// Equal ratios are equal distances, with a tick at every power of ten.
    Log10,
}

impl Axis {
    /// A linear axis whose range follows the data.
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// An axis of decades whose range follows the data. Values that are not positive are not drawn.
    pub fn log10(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Log10, ..Self::default() }
    }

    /// The axis of swept widths.
    pub fn sizes() -> Self {
        Self { label: "size (neurons, log scale)".into(), scale: Scale::Log2, ..Self::default() }
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

    /// Position of a value; not finite when the axis cannot show it.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log2 => value.log2(),
            Scale::Log10 => value.log10(),
        }
    }

    /// First and last position: fixed ends as they are, free ends widened so that no point sits on the frame.
    pub(super) fn range(&self, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
        let placed = values.map(|value| self.place(value)).filter(|value| value.is_finite());
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        let low = self.from.map_or(low, |from| self.place(from));
        let high = self.to.map_or(high, |to| self.place(to));
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let margin = match self.scale {
            // At least 1.2 octaves, so that a single size still has a power of two beside it; likewise for decades.
            Scale::Log2 => (0.04 * span).max(0.2).max(0.5 * (1.2 - (high - low))),
            Scale::Log10 => (0.04 * span).max(0.5 * (1.2 - (high - low))),
            Scale::Linear => 0.06 * span,
        };
        let low = if self.from.is_some() { low } else { low - margin };
        let high = if self.to.is_some() { high } else { high + margin };
        Some((low, high.max(low + f64::EPSILON)))
    }

    /// Distance of two ticks, as positions, for a range of `span`.
    ///
    /// Sizes between powers of two have no tick: ticks are evenly spaced, and 90 is not halfway from 64 to 128.
    pub(super) fn tick_step(&self, span: f64) -> f64 {
        match self.scale {
            Scale::Linear => tick_step(span),
            Scale::Log2 => (span / 13.0).ceil().max(1.0),
            Scale::Log10 => (span / 9.0).ceil().max(1.0),
        }
    }

    /// What stands beside the tick at a position.
    pub(super) fn tick_label(&self, position: f64) -> String {
        match self.scale {
            Scale::Linear => grouped(position),
            Scale::Log2 => grouped(position.exp2().round()),
            Scale::Log10 => decade(position.round() as i32),
        }
    }
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

/// A power of ten: in full where it is short, else 10 with its exponent raised.
fn decade(exponent: i32) -> String {
    if (-3..=4).contains(&exponent) {
        return grouped(10f64.powi(exponent));
    }
    let raised = |digit: char| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    };
    format!("10{}", exponent.to_string().chars().map(raised).collect::<String>())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!([tick_step(1.0), tick_step(8.5), tick_step(30_000.0)], [0.1, 1.0, 5000.0]);
        for (value, expected) in
            [(0.30000000000000004, "0.3"), (-0.0, "0"), (12_000.0, "12\u{202f}000"), (2896.0, "2896")]
        {
            assert_eq!(grouped(value), expected);
        }
    }

    #[test]
    fn decades_are_powers_of_ten() {
        let axis = Axis::log10("λ");
        assert_eq!([-13, -3, 0, 3, 4, 10].map(decade), ["10⁻¹³", "0.001", "1", "1000", "10\u{202f}000", "10¹⁰"]);
        assert_eq!((axis.tick_step(17.0), axis.tick_step(3.0)), (2.0, 1.0));
        let (low, high) = axis.range([0.0, -1.0, f64::NAN, 2.0, 5.0].into_iter()).unwrap();
        assert!(low < 2f64.log10() && high > 5f64.log10() && high - low >= 1.2 - 1e-12, "{low} {high}");
        assert_eq!(axis.range([0.0, -1.0].into_iter()), None, "nothing that a logarithm can show");
    }
}

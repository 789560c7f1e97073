//! Sixteen floats in memory, one cache line.

/// Sixteen consecutive `f32` values, aligned to a cache line: the unit in which every kernel reads and writes.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lanes(pub [f32; Lanes::WIDTH]);

impl Lanes {
    /// Values in one `Lanes`.
    pub const WIDTH: usize = 16;

    /// Sixteen zeros.
    pub const ZERO: Self = Self([0.0; Self::WIDTH]);

    /// How many `Lanes` hold `values` values: ceil(values / 16).
    #[must_use]
    pub const fn count(values: usize) -> usize {
        values.div_ceil(Self::WIDTH)
    }
}

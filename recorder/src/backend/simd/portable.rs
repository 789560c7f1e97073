//! Sixteen lanes in plain Rust: the specification of the other two, and the code for CPUs without AVX2.

use super::{Lanes, Simd};

/// Sixteen lanes as an array.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; Lanes::WIDTH]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Simd for Portable {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; Lanes::WIDTH])
    }
    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        Self(from.0)
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes) {
        to.0 = self.0;
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].mul_add(factor.0[i], addend.0[i])))
    }
    #[inline(always)]
    fn gated_by(self, gate: Self) -> Self {
        self.zip(gate, |value, gate| if gate <= 0.0 { 0.0 } else { value })
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, exponent: Self) -> Self {
        self.zip(exponent, |value, n| value * f32::from_bits(((n as i32 + 127) as u32) << 23))
    }
}

//! Sixteen lanes in two 256-bit registers.

use super::{Lanes, Simd};
use std::arch::x86_64::*;

/// Sixteen lanes in two registers. Only code reached through `run_avx2` may use it.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256, __m256);

impl Avx2 {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(__m256, __m256) -> __m256) -> Self {
        Self(f(self.0, other.0), f(self.1, other.1))
    }
}

// SAFETY (all blocks below): values of this type exist only in code reached through `run_avx2`, which `Isa::run` calls
// after the CPU was found to have AVX2 and FMA; `Lanes` is 64 bytes long and aligned to 64, so both halves are aligned.
impl Simd for Avx2 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        let register = unsafe { _mm256_set1_ps(value) };
        Self(register, register)
    }
    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        unsafe { Self(_mm256_load_ps(from.0.as_ptr()), _mm256_load_ps(from.0[8..].as_ptr())) }
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes) {
        unsafe {
            _mm256_store_ps(to.0.as_mut_ptr(), self.0);
            _mm256_store_ps(to.0[8..].as_mut_ptr(), self.1);
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_add_ps(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_sub_ps(a, b) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_mul_ps(a, b) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_div_ps(a, b) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Self(_mm256_sqrt_ps(self.0), _mm256_sqrt_ps(self.1)) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_max_ps(a, b) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, addend.0), _mm256_fmadd_ps(self.1, factor.1, addend.1)) }
    }
    #[inline(always)]
    fn gated_by(self, gate: Self) -> Self {
        self.zip(gate, |value, gate| unsafe {
            _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLE_UQ>(gate, _mm256_setzero_ps()), value)
        })
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, exponent: Self) -> Self {
        self.zip(exponent, |value, n| unsafe {
            let power = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)));
            _mm256_mul_ps(value, _mm256_castsi256_ps(power))
        })
    }
}

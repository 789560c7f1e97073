//! Sixteen lanes in one 512-bit register.

use super::{Lanes, Simd};
use std::arch::x86_64::*;

/// Sixteen lanes in one register. Only code reached through `run_avx512` may use it.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

// SAFETY (all blocks below): values of this type exist only in code reached through `run_avx512`, which `Isa::run` calls
// after the CPU was found to have AVX-512F and FMA; `Lanes` is 64 bytes long and aligned to 64.
impl Simd for Avx512 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        Self(unsafe { _mm512_load_ps(from.0.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes) {
        unsafe { _mm512_store_ps(to.0.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    fn gated_by(self, gate: Self) -> Self {
        Self(unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(gate.0, _mm512_setzero_ps());
            _mm512_maskz_mov_ps(keep, self.0)
        })
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, exponent: Self) -> Self {
        Self(unsafe {
            let power =
                _mm512_slli_epi32::<23>(_mm512_add_epi32(_mm512_cvtps_epi32(exponent.0), _mm512_set1_epi32(127)));
            _mm512_mul_ps(self.0, _mm512_castsi512_ps(power))
        })
    }
}

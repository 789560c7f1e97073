//! Memory that is asked for before it is needed.

/// Brings the lines of `values` towards the caches while other work goes on. Changes nothing that can be seen but the time.
#[inline(always)]
#[allow(unsafe_code, reason = "the instruction takes an address")]
pub(super) fn prefetch(values: &[f64]) {
    #[cfg(target_arch = "x86_64")]
    for value in values.iter().step_by(8) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction, and it never fails: the address is a hint.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(value).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

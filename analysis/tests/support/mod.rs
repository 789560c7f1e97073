//! What the tests of this crate share: one comparison, and the samples of the fixtures.

#![allow(dead_code, reason = "every test program uses a part of it")]

pub mod samples;

/// How far a number may be from the expected one: `abs + rel * |expected|`. There is no default.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub abs: f64,
    pub rel: f64,
}

impl Tolerance {
    pub const EXACT: Self = Self { abs: 0.0, rel: 0.0 };

    pub const fn rel(rel: f64) -> Self {
        Self { abs: 0.0, rel }
    }

    pub const fn abs(abs: f64) -> Self {
        Self { abs, rel: 0.0 }
    }
}

/// Passes only if both numbers are finite and within the tolerance, so that NaN fails. Returns the absolute error.
#[track_caller]
pub fn assert_close(case: impl std::fmt::Display, actual: f64, expected: f64, tolerance: Tolerance) -> f64 {
    let error = (actual - expected).abs();
    let limit = tolerance.abs + tolerance.rel * expected.abs();
    assert!(
        actual.is_finite() && expected.is_finite() && error <= limit,
        "{case}: found {actual:e}, expected {expected:e}, error {error:e} over the limit {limit:e}"
    );
    error
}

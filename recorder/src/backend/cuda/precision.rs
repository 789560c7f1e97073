//! How the hidden layer's products are computed.

use std::fmt;
use std::str::FromStr;

/// Precision of the two large products, forward and weight gradient. Everything else is f32, sums over samples of a
/// split f64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32 multiply-adds.
    F32,
    /// Tensor cores, factors rounded to 10 fraction bits: a product is off by at most 2^-10 of itself.
    #[default]
    Tf32,
    /// Tensor cores three times, factors as sums of two: off by at most 2^-21, near f32.
    Tf32x3,
}

impl Precision {
    /// All of them, most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Tf32x3, Self::Tf32];

    /// Its name on the command line and in the names of kernels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Tf32x3 => "3xtf32",
        }
    }

    /// Largest relative error of one product of two factors, rounding of the sum not included.
    #[must_use]
    pub fn unit(self) -> f64 {
        match self {
            // A fused multiply-add rounds the sum only.
            Self::F32 => 0.0,
            // (1 + 2^-11)^2 - 1.
            Self::Tf32 => 2.0_f64.powi(-10) + 2.0_f64.powi(-22),
            // Each factor is within 2^-22 of its two parts; the product of the small parts, 2^-22, is left out.
            Self::Tf32x3 => 2.0_f64.powi(-20),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|precision| precision.as_str() == text)
            .ok_or_else(|| format!("expected f32, tf32 or 3xtf32, found {text:?}"))
    }
}

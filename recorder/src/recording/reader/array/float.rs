//! Bytes of floats of any width and order as f32.

use half::{bf16, f16};

/// How one number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Float {
    pub kind: Kind,
    pub big_endian: bool,
}

/// IEEE 754 and its short cousin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Half,
    Brain,
    Single,
    Double,
}

impl Float {
    pub(super) fn bytes(self) -> usize {
        match self.kind {
            Kind::Half | Kind::Brain => 2,
            Kind::Single => 4,
            Kind::Double => 8,
        }
    }

    /// Appends the numbers in `bytes`, f64 rounded to the nearest f32.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        match (self.kind, self.big_endian) {
            (Kind::Half, false) => of_two(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            (Kind::Half, true) => of_two(bytes, out, |b| f16::from_be_bytes(b).to_f32()),
            (Kind::Brain, false) => of_two(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
            (Kind::Brain, true) => of_two(bytes, out, |b| bf16::from_be_bytes(b).to_f32()),
            (Kind::Single, false) => of::<4>(bytes, out, f32::from_le_bytes),
            (Kind::Single, true) => of::<4>(bytes, out, f32::from_be_bytes),
            (Kind::Double, false) => of::<8>(bytes, out, |b| f64::from_le_bytes(b) as f32),
            (Kind::Double, true) => of::<8>(bytes, out, |b| f64::from_be_bytes(b) as f32),
        }
    }
}

fn of_two(bytes: &[u8], out: &mut Vec<f32>, value: impl Fn([u8; 2]) -> f32) {
    of::<2>(bytes, out, value);
}

fn of<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, value: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_in_both_orders() {
        for (kind, little) in [
            (Kind::Half, f16::from_f32(-1.5).to_le_bytes().to_vec()),
            (Kind::Brain, bf16::from_f32(-1.5).to_le_bytes().to_vec()),
            (Kind::Single, (-1.5f32).to_le_bytes().to_vec()),
            (Kind::Double, (-1.5f64).to_le_bytes().to_vec()),
        ] {
            let mut out = Vec::new();
            assert_eq!(Float { kind, big_endian: false }.bytes(), little.len());
            Float { kind, big_endian: false }.decode(&little, &mut out);
            let big: Vec<u8> = little.iter().rev().copied().collect();
            Float { kind, big_endian: true }.decode(&big, &mut out);
            assert_eq!(out, [-1.5, -1.5], "{kind:?}");
        }
    }
}

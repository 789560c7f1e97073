//! Sixteen lanes in registers, and how a kernel gets compiled for the CPU at hand.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::Lanes;
use portable::Portable;

/// Sixteen `f32` lanes in registers.
///
/// Every operation is the IEEE 754 one (round to nearest, fused where the name says so), lane by lane; reductions over
/// the lanes pair them in one fixed tree. All implementations therefore return the same bits.
pub trait Simd: Copy {
    /// All lanes `value`.
    fn splat(value: f32) -> Self;
    /// Reads sixteen lanes.
    fn load(from: &Lanes) -> Self;
    /// Writes sixteen lanes.
    fn store(self, to: &mut Lanes);
    /// self + other.
    fn add(self, other: Self) -> Self;
    /// self - other.
    fn sub(self, other: Self) -> Self;
    /// self * other.
    fn mul(self, other: Self) -> Self;
    /// self / other.
    fn div(self, other: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The larger of the two; `other` where they cannot be ordered.
    fn max(self, other: Self) -> Self;
    /// self * factor + addend, rounded once.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Keeps the lanes in which `gate` is not <= 0, sets the others to +0. ReLU is `z.gated_by(z)`; its derivative passes
    /// a gradient `d` as `d.gated_by(post)`, which is 0 at 0. A NaN gate lets the lane pass, so that divergence shows.
    fn gated_by(self, gate: Self) -> Self;
    /// self * 2^exponent for integral exponents from -126 to 127.
    fn scale_by_power_of_two(self, exponent: Self) -> Self;

    /// exp(self), within 2 units in the last place for -87 <= self <= 88; arguments outside are clamped to that range.
    ///
    /// Method: self = n ln 2 + r with |r| <= ln 2 / 2 and ln 2 in two pieces (Cody and Waite 1980), then the Taylor
    /// polynomial of degree 7 in r, whose remainder is below 2^-27 there.
    #[inline(always)]
    fn exp(self) -> Self {
        /// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
        const ROUND: f32 = 12_582_912.0;
        /// ln 2 cut to 15 bits, so that n times it is exact for every n in range.
        const LN_2_HIGH: f32 = 0.693_145_75;
        const LN_2_LOW: f32 = 1.428_606_8e-6;
        let x = self.max(Self::splat(-87.0));
        let x = Self::splat(0.0).sub(Self::splat(0.0).sub(x).max(Self::splat(-88.0)));
        let n = x.mul_add(Self::splat(std::f32::consts::LOG2_E), Self::splat(ROUND)).sub(Self::splat(ROUND));
        let r = n.mul_add(Self::splat(-LN_2_HIGH), x);
        let r = n.mul_add(Self::splat(-LN_2_LOW), r);
        let mut p = Self::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            p = p.mul_add(r, Self::splat(coefficient));
        }
        p.scale_by_power_of_two(n)
    }

    /// The sum of the sixteen lanes, added pairwise: lane i with lane i + 8, then + 4, + 2, + 1.
    #[inline(always)]
    fn sum(self) -> f32 {
        self.fold(|a, b| a + b)
    }

    /// The largest of the sixteen lanes.
    #[inline(always)]
    fn largest(self) -> f32 {
        self.fold(f32::max)
    }

    /// Folds the lanes in the tree described at [`Simd::sum`].
    #[inline(always)]
    fn fold(self, combine: impl Fn(f32, f32) -> f32) -> f32 {
        let mut lanes = Lanes::ZERO;
        self.store(&mut lanes);
        let mut lanes = lanes.0;
        let mut half = Lanes::WIDTH / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] = combine(lanes[i], lanes[i + half]);
            }
            half /= 2;
        }
        lanes[0]
    }
}

/// A computation written over [`Simd`], to be compiled once for each instruction set. Implementations mark `run` (and
/// what it calls) `#[inline(always)]`: only then does it become part of the code that may use the instructions.
pub trait Kernel {
    /// What it returns.
    type Output;
    /// Does the work with sixteen lanes of type `S`.
    fn run<S: Simd>(self) -> Self::Output;
}

/// Vector instructions to run kernels with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Isa {
    /// The fastest instruction set this CPU has.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().swap_remove(0)
    }

    /// Every instruction set this CPU has, fastest first; the last one is portable code.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("fma")
                && std::arch::is_x86_feature_detected!("popcnt")
            {
                sets.push(Self(Set::Avx512));
            }
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
                && std::arch::is_x86_feature_detected!("popcnt")
            {
                sets.push(Self(Set::Avx2));
            }
        }
        sets.push(Self(Set::Portable));
        sets
    }

    /// `avx512`, `avx2` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            Set::Portable => "portable",
        }
    }

    /// Runs `kernel` in code compiled for this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: a value of this variant is only made by `available`, after the CPU was found to have every feature
            // that the called function enables.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { run_avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { run_avx2(kernel) },
            Set::Portable => kernel.run::<Portable>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma,popcnt")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<avx512::Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<avx2::Avx2>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs every operation on the given inputs and returns all results.
    struct Everything {
        a: Lanes,
        b: Lanes,
        c: Lanes,
    }

    impl Kernel for Everything {
        type Output = Vec<f32>;
        #[inline(always)]
        fn run<S: Simd>(self) -> Vec<f32> {
            let (a, b, c) = (S::load(&self.a), S::load(&self.b), S::load(&self.c));
            let results = [
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.div(b),
                b.sqrt(),
                a.max(b),
                a.mul_add(b, c),
                b.gated_by(a),
                a.exp(),
                b.scale_by_power_of_two(S::splat(-3.0)),
            ];
            let mut out = vec![a.sum(), a.largest()];
            for result in results {
                let mut lanes = Lanes::ZERO;
                result.store(&mut lanes);
                out.extend(lanes.0);
            }
            out
        }
    }

    fn inputs(seed: u32) -> Everything {
        let lane = |i: usize, salt: u32| {
            let bits = (i as u32 + 1).wrapping_mul(2_654_435_761).wrapping_mul(seed + salt);
            (bits >> 8) as f32 / (1 << 24) as f32 * 8.0 - 4.0
        };
        Everything {
            a: Lanes(std::array::from_fn(|i| lane(i, 1))),
            b: Lanes(std::array::from_fn(|i| lane(i, 2).abs() + 0.01)),
            c: Lanes(std::array::from_fn(|i| lane(i, 3))),
        }
    }

    #[test]
    fn every_instruction_set_returns_the_same_bits() {
        for seed in 0..50 {
            let expected: Vec<u32> = Isa(Set::Portable).run(inputs(seed)).iter().map(|x| x.to_bits()).collect();
            for isa in Isa::available() {
                let found: Vec<u32> = isa.run(inputs(seed)).iter().map(|x| x.to_bits()).collect();
                assert_eq!(found, expected, "{} differs from portable", isa.name());
            }
        }
    }

    #[test]
    fn relu_is_zero_at_zero_and_passes_not_a_number() {
        struct Relu(Lanes);
        impl Kernel for Relu {
            type Output = Lanes;
            #[inline(always)]
            fn run<S: Simd>(self) -> Lanes {
                let mut out = Lanes::ZERO;
                let z = S::load(&self.0);
                z.gated_by(z).store(&mut out);
                out
            }
        }
        let mut z = [1.5; 16];
        z[..6].copy_from_slice(&[-0.0, 0.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        for isa in Isa::available() {
            let post = isa.run(Relu(Lanes(z))).0;
            assert_eq!(post[0].to_bits(), 0, "{}: -0 becomes +0", isa.name());
            assert_eq!(post[1].to_bits(), 0);
            assert_eq!(post[2], 0.0);
            assert!(post[3].is_nan());
            assert_eq!(post[4], f32::INFINITY);
            assert_eq!(post[5], 0.0);
            assert_eq!(post[6], 1.5);
        }
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        struct Exp(Lanes);
        impl Kernel for Exp {
            type Output = Lanes;
            #[inline(always)]
            fn run<S: Simd>(self) -> Lanes {
                let mut out = Lanes::ZERO;
                S::load(&self.0).exp().store(&mut out);
                out
            }
        }
        for step in 0..=175_000 {
            let x = (-87.0 + step as f32 * 1e-3).min(88.0);
            let expected = f64::from(x).exp();
            let found = f64::from(Isa::detect().run(Exp(Lanes([x; 16]))).0[0]);
            let ulp = f64::from((expected as f32).next_up() - expected as f32);
            assert!((found - expected).abs() <= 2.0 * ulp, "exp({x}) = {found:e}, expected {expected:e}");
        }
    }
}

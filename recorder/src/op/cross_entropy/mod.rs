//! Softmax and cross-entropy of a sample's logits.
//!
//! - loss = ln sum_k exp(l_k - max) + max - l_y, in f64 from f32 exponentials
//! - dL/dl_k = (softmax_k - [k = y]) / B, as the batch's loss is the mean over its B samples
//! - correct: l_y is larger than every logit before it and not smaller than any after it, so that ties go to the first
//!   class, as argmax does, and a NaN is never correct

mod cpu;
pub(crate) mod cuda;
#[cfg(test)]
mod emulated;

pub(crate) use cpu::{error, judge};

#[cfg(test)]
mod tests {
    use super::cpu::Judged;
    use super::*;
    use crate::backend::{Isa, Kernel, Lanes, Simd};

    struct Both {
        logits: Lanes,
        label: u8,
    }

    impl Kernel for Both {
        type Output = (Lanes, Judged);
        #[inline(always)]
        fn run<S: Simd>(self) -> (Lanes, Judged) {
            let mut out = Lanes::ZERO;
            error::<S>(S::load(&self.logits), self.label, 10, 0.25).store(&mut out);
            (out, judge::<S>(S::load(&self.logits), self.label, 10))
        }
    }

    fn run(logits: Lanes, label: u8) -> (Lanes, Judged) {
        Isa::detect().run(Both { logits, label })
    }

    #[test]
    fn agrees_with_f64() {
        for case in 0..40_u32 {
            let logits = Lanes(std::array::from_fn(|k| ((k as f32 + 1.0) * (case as f32 + 0.3)).sin() * case as f32));
            let label = (case % 10) as u8;
            let (errors, judged) = run(logits, label);
            let l: Vec<f64> = logits.0[..10].iter().map(|&x| f64::from(x)).collect();
            let max = l.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = l.iter().map(|x| (x - max).exp()).sum();
            let loss = sum.ln() + max - l[usize::from(label)];
            // Exponentials within 2 ulp, 10 of them added.
            assert!((judged.loss - loss).abs() <= 1e-6 + 1e-6 * loss, "case {case}: {} instead of {loss}", judged.loss);
            for k in 0..16 {
                let target = f64::from(u8::from(k == usize::from(label)));
                let expected = if k < 10 { ((l[k] - max).exp() / sum - target) * 0.25 } else { 0.0 };
                let found = f64::from(errors.0[k]);
                assert!((found - expected).abs() <= 1e-7, "case {case}, class {k}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn ties_go_to_the_first_class_and_not_a_number_is_never_correct() {
        let tie = Lanes(std::array::from_fn(|k| if k == 3 || k == 7 { 2.0 } else { 1.0 }));
        assert!(run(tie, 3).1.correct);
        assert!(!run(tie, 7).1.correct);
        let mut broken = tie;
        broken.0[5] = f32::NAN;
        assert!((0..10).all(|label| !run(broken, label).1.correct));
        assert!(run(broken, 3).1.loss.is_nan());
    }
}

//! Cross-entropy of the sixteen lanes of one sample.

use crate::backend::{Lanes, Simd};

/// What a sample's logits are worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    /// Cross-entropy in nats.
    pub loss: f64,
    /// Whether the largest logit is the label's.
    pub correct: bool,
}

/// Below every logit that a network produces; its exponential is masked out.
const ABSENT: f32 = f32::MIN / 2.0;

/// exp(l - max) of the first K lanes, 0 in the others, and max. All are NaN where one logit is not finite.
#[inline(always)]
fn exponentials<S: Simd>(logits: S, n_classes: usize) -> (S, f32) {
    let mut lanes = Lanes::ZERO;
    logits.store(&mut lanes);
    lanes.0[n_classes..].fill(ABSENT);
    let present = Lanes(std::array::from_fn(|k| if k < n_classes { 1.0 } else { 0.0 }));
    let logits = S::load(&lanes);
    // 0, or NaN where a logit is infinite or NaN: maximum and exponential would hide it.
    let fault = logits.sub(logits).sum();
    let max = logits.largest();
    (logits.sub(S::splat(max)).exp().add(S::splat(fault)).mul(S::load(&present)), max)
}

/// dL/dlogits of one sample, 0 beyond the K classes; `weight` is 1 / B.
#[inline(always)]
pub(crate) fn error<S: Simd>(logits: S, label: u8, n_classes: usize, weight: f32) -> S {
    let (exponentials, _) = exponentials(logits, n_classes);
    let softmax = exponentials.div(S::splat(exponentials.sum()));
    let mut target = Lanes::ZERO;
    target.0[usize::from(label)] = 1.0;
    softmax.sub(S::load(&target)).mul(S::splat(weight))
}

/// Loss and correctness of one sample.
#[inline(always)]
pub(crate) fn judge<S: Simd>(logits: S, label: u8, n_classes: usize) -> Judged {
    let (exponentials, max) = exponentials(logits, n_classes);
    let mut lanes = Lanes::ZERO;
    logits.store(&mut lanes);
    let label = usize::from(label);
    let own = lanes.0[label];
    let before = lanes.0[..label].iter().all(|&other| other < own);
    let after = lanes.0[label + 1..n_classes].iter().all(|&other| other <= own);
    let loss = f64::from(exponentials.sum()).ln() + f64::from(max) - f64::from(own);
    Judged { loss, correct: before && after }
}

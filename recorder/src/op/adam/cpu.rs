//! Adam over sixteen lanes.

use super::{Adam, AdamStep};
use crate::backend::{Lanes, Simd};

/// Takes one step with `gradient`; returns the new parameters, which it also stores.
#[inline(always)]
pub(crate) fn update<S: Simd>(
    gradient: S,
    step: &AdamStep,
    value: &mut Lanes,
    first: &mut Lanes,
    second: &mut Lanes,
) -> S {
    let Adam { beta1, beta2, epsilon, weight_decay, .. } = step.constants;
    let old = S::load(value);
    let g = if weight_decay == 0.0 { gradient } else { old.mul_add(S::splat(weight_decay), gradient) };
    let m = S::load(first).mul_add(S::splat(beta1), g.mul(S::splat(1.0 - beta1)));
    let v = S::load(second).mul_add(S::splat(beta2), g.mul(g).mul(S::splat(1.0 - beta2)));
    let root = v.sqrt().mul_add(S::splat(step.root_scale), S::splat(epsilon));
    let new = old.sub(m.mul(S::splat(step.rate)).div(root));
    m.store(first);
    v.store(second);
    new.store(value);
    new
}

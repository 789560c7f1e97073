//! Adam: steps scaled by running means of the gradient and of its square.
//!
//! With g the gradient plus `weight_decay` times the parameter, at step t = 1, 2, ...:
//!
//! - m <- beta1 m + (1 - beta1) g
//! - v <- beta2 v + (1 - beta2) g^2
//! - parameter <- parameter - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//!
//! Source: Kingma and Ba 2015, algorithm 1, with the decay coupled (L2, not AdamW), as PyTorch's `Adam`.

mod cpu;
#[cfg(test)]
mod emulated;

pub(crate) use cpu::update;

/// Constants of one parameter group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Step size; 1e-3.
    pub learning_rate: f32,
    /// Decay of the running mean of the gradient; 0.9.
    pub beta1: f32,
    /// Decay of the running mean of its square; 0.999.
    pub beta2: f32,
    /// Added to the denominator; 1e-8.
    pub epsilon: f32,
    /// Times the parameter, added to the gradient; 0.
    pub weight_decay: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// [`Adam`] at one step: the two bias corrections are computed once, in f64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    constants: Adam,
    /// lr / (1 - beta1^t).
    rate: f32,
    /// 1 / sqrt(1 - beta2^t).
    root_scale: f32,
}

impl AdamStep {
    /// `struct Adam` in adam.cuh.
    pub(crate) fn device_constants(&self) -> [f32; 6] {
        let Adam { beta1, beta2, epsilon, weight_decay, .. } = self.constants;
        [self.rate, self.root_scale, weight_decay, beta1, beta2, epsilon]
    }
}

impl Adam {
    /// The constants for step t, counted from 1.
    pub(crate) fn at(&self, t: u64) -> AdamStep {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(t as f64);
        AdamStep {
            constants: *self,
            rate: (f64::from(self.learning_rate) / correction(self.beta1)) as f32,
            root_scale: (1.0 / correction(self.beta2).sqrt()) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Isa, Kernel, Lanes, Simd};

    /// One update of sixteen parameters.
    pub(super) struct Once<'a> {
        pub step: AdamStep,
        pub gradient: Lanes,
        /// Values and their two moments.
        pub state: &'a mut [Lanes; 3],
    }

    impl Kernel for Once<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self) {
            let [value, first, second] = self.state;
            update(S::load(&self.gradient), &self.step, value, first, second);
        }
    }

    #[test]
    fn fifty_steps_follow_the_formula_in_f64() {
        for weight_decay in [0.0, 0.01] {
            let adam = Adam { weight_decay, ..Adam::default() };
            let mut state = [Lanes(std::array::from_fn(|i| i as f32 * 0.1 - 0.7)), Lanes::ZERO, Lanes::ZERO];
            let mut expected: Vec<[f64; 3]> = state[0].0.iter().map(|&x| [f64::from(x), 0.0, 0.0]).collect();
            for t in 1..=50_u64 {
                let gradient = Lanes(std::array::from_fn(|i| ((i as f32 + 1.0) * t as f32).sin() * 0.3));
                Isa::detect().run(Once { step: adam.at(t), gradient, state: &mut state });
                for (i, [value, first, second]) in expected.iter_mut().enumerate() {
                    let g = f64::from(gradient.0[i]) + f64::from(weight_decay) * *value;
                    *first = 0.9 * *first + 0.1 * g;
                    *second = 0.999 * *second + 0.001 * g * g;
                    let m = *first / (1.0 - 0.9_f64.powi(t as i32));
                    let v = *second / (1.0 - 0.999_f64.powi(t as i32));
                    *value -= 1e-3 * m / (v.sqrt() + 1e-8);
                }
            }
            for (i, [value, ..]) in expected.iter().enumerate() {
                // 50 roundings of a number below 1 and of steps of 1e-3.
                let error = (f64::from(state[0].0[i]) - value).abs();
                assert!(error <= 3e-6, "lane {i}: {} instead of {value}", state[0].0[i]);
            }
        }
    }

    #[test]
    fn a_zero_gradient_leaves_a_fresh_parameter_alone() {
        let mut state = [Lanes([0.25; 16]), Lanes::ZERO, Lanes::ZERO];
        Isa::detect().run(Once { step: Adam::default().at(1), gradient: Lanes::ZERO, state: &mut state });
        assert_eq!(state, [Lanes([0.25; 16]), Lanes::ZERO, Lanes::ZERO]);
    }
}

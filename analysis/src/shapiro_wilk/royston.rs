//! Royston's transformations of W to normality, hence the p-value.

use std::f64::consts::PI;

use super::normal::upper_tail;
use super::polynomial;

/// Lower end of the transformation for 4 <= n <= 11, as a polynomial in n; Royston (1995), the coefficients of AS R94.
const G: [f64; 2] = [-2.273, 0.459];
/// Mean for 4 <= n <= 11, in n.
const C3: [f64; 4] = [0.5440, -0.39978, 0.025054, -6.714e-4];
/// Logarithm of the standard deviation for 4 <= n <= 11, in n.
const C4: [f64; 4] = [1.3822, -0.77857, 0.062767, -0.0020322];
/// Mean for n >= 12, in ln n.
const C5: [f64; 4] = [-1.5861, -0.31082, -0.083751, 0.0038915];
/// Logarithm of the standard deviation for n >= 12, in ln n.
const C6: [f64; 3] = [-0.4803, -0.082676, 0.0030302];

/// P(W' <= W) for a normal sample of `n` values, from 1 - W.
pub(super) fn royston(n: usize, one_minus_w: f64) -> f64 {
    let size = n as f64;
    match n {
        // Exact: 1 - (6/π) arccos √W, and arccos √W = arcsin √(1 - W). W is at least 3/4.
        ..=3 => (1.0 - 6.0 / PI * one_minus_w.sqrt().asin()).clamp(0.0, 1.0),
        4..=11 => {
            // γ is above every possible y = ln(1 - W): at n = 4, γ = -0.44 and W >= 0.63 (lemma 3 of Shapiro and Wilk),
            // hence y < -0.99; from n = 5 on γ is positive.
            let gamma = polynomial(&G, size);
            let y = one_minus_w.ln();
            upper_tail((-(gamma - y).ln() - polynomial(&C3, size)) / polynomial(&C4, size).exp())
        }
        _ => {
            let log = size.ln();
            upper_tail((one_minus_w.ln() - polynomial(&C5, log)) / polynomial(&C6, log).exp())
        }
    }
}

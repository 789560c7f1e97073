//! Skewness and kurtosis of a sample, which two tests of normality are made of.

use crate::reason::require_finite;
use crate::scale::Scale;
use crate::{NeuronMoments, Reason};

/// Skewness and excess kurtosis of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Number of values.
    pub n: u64,
    /// m₃ / m₂^1.5, m_k = Σ (x - x̄)^k / n: not corrected for bias, 0 for a symmetric sample.
    pub skewness: f64,
    /// m₄ / m₂² - 3, not corrected for bias, 0 for a normal distribution.
    pub excess_kurtosis: f64,
}

impl Shape {
    /// The shape of a sample in any order.
    ///
    /// Values of any magnitude: they are moved and scaled before they are raised to powers.
    ///
    /// # Errors
    /// [`Reason::TooFew`] below two values, [`Reason::Constant`], [`Reason::NotFinite`].
    ///
    /// # Examples
    /// ```
    /// use layerscope_analysis::normality::Shape;
    /// let shape = Shape::of(&[0.0, 0.0, 2.0, 2.0])?;
    /// assert_eq!((shape.skewness, shape.excess_kurtosis), (0.0, -2.0));
    /// # Ok::<(), layerscope_analysis::Reason>(())
    /// ```
    pub fn of(sample: &[f64]) -> Result<Self, Reason> {
        require_finite(sample)?;
        let n = sample.len() as u64;
        if n < 2 {
            return Err(Reason::TooFew { n, needed: 2 });
        }
        let (low, high) = sample.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        if low == high {
            return Err(Reason::Constant { n });
        }
        let scale = Scale::new(low, sample[0], high);
        let count = n as f64;
        let mean = sample.iter().map(|x| scale.of(*x)).sum::<f64>() / count;
        let [m2, m3, m4] = sample.iter().map(|x| scale.of(*x) - mean).fold([0.0; 3], |[m2, m3, m4], d| {
            let square = d * d;
            [m2 + square, m3 + square * d, m4 + square * square]
        });
        let variance = m2 / count;
        let skewness = m3 / count / variance.powf(1.5);
        let excess_kurtosis = m4 / count / (variance * variance) - 3.0;
        Ok(Self { n, skewness, excess_kurtosis })
    }

    /// The shape of a neuron's samples.
    ///
    /// # Errors
    /// [`Reason::NotFinite`] when the neuron has values that are not finite, [`Reason::Constant`] when it is dead.
    pub fn of_neuron(neuron: &NeuronMoments) -> Result<Self, Reason> {
        if let Some(reason) = neuron.reason() {
            return Err(reason);
        }
        match (neuron.skewness, neuron.excess_kurtosis) {
            (Some(skewness), Some(excess_kurtosis)) => Ok(Self { n: neuron.n, skewness, excess_kurtosis }),
            _ => Err(Reason::Constant { n: neuron.n }),
        }
    }

    /// An error below `needed` values.
    pub(super) fn require(&self, needed: u64) -> Result<(), Reason> {
        if self.n < needed { Err(Reason::TooFew { n: self.n, needed }) } else { Ok(()) }
    }
}

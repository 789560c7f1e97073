//! A whole split.

use super::{Lists, ListsRef, SEGMENTS};

/// From this share of non-zero values on, kernels get all values. Half of Fashion-MNIST's are non-zero, and there the
/// lists take half the time of the register tiles (20.5 against 39.8 ms for a step of sizes 64..2896, 2 cores with AVX2);
/// time grows linearly with the share, so that the two meet when nearly everything is non-zero.
const DENSE_FROM: f64 = 0.85;

/// x = scale * p - shift: how a stored integer p becomes an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// a.
    pub scale: f32,
    /// c.
    pub shift: f32,
}

/// N samples of I integers each, with their labels.
#[derive(Debug)]
pub struct Samples {
    values: Values,
    labels: Vec<u8>,
    n_inputs: usize,
}

#[derive(Debug)]
enum Values {
    /// `[N]` lists of non-zero values.
    Lists(Lists),
    /// `[N, I]`.
    All(Vec<u8>),
}

/// Values of consecutive samples, as the forward pass reads them.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// One list of non-zero values a sample.
    Lists(ListsRef<'a>),
    /// `[B, I]`, all values.
    All(&'a [f32]),
}

impl<'a> Rows<'a> {
    /// `n` samples from `first` on; I is the number of inputs.
    #[must_use]
    #[inline(always)]
    pub fn range(&self, first: usize, n: usize, n_inputs: usize) -> Self {
        match *self {
            Self::Lists(lists) => Rows::Lists(lists.range(first * SEGMENTS, n * SEGMENTS)),
            Self::All(values) => Rows::All(&values[first * n_inputs..(first + n) * n_inputs]),
        }
    }
}

impl Samples {
    /// Prepares a split: `values` `[N, I]` row-major, `labels` `[N]`. Whether the kernels get lists or everything depends
    /// on `dense_share`, the share of non-zero values in the training split.
    #[must_use]
    pub fn new(values: &[u8], labels: &[u8], n_inputs: usize, dense_share: f64) -> Self {
        let values = if dense_share >= DENSE_FROM {
            Values::All(values.to_vec())
        } else {
            let mut lists = Lists::default();
            values.chunks_exact(n_inputs).for_each(|sample| lists.push_row(sample));
            lists.shrink_to_fit();
            Values::Lists(lists)
        };
        Self { values, labels: labels.to_vec(), n_inputs }
    }

    /// Share of `values` that are not zero; 0 where there are none.
    #[must_use]
    pub fn dense_share(values: &[u8]) -> f64 {
        values.iter().filter(|&&value| value > 0).count() as f64 / values.len().max(1) as f64
    }

    /// N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// I.
    #[must_use]
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// `[N]` classes.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Whether the kernels get all values rather than lists.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.values, Values::All(_))
    }

    /// `n` samples from `first` on; `scratch` holds their values where the kernels read all of them.
    #[must_use]
    pub fn rows<'a>(&'a self, first: usize, n: usize, scratch: &'a mut Vec<f32>) -> Rows<'a> {
        match &self.values {
            Values::Lists(lists) => Rows::Lists(lists.all().range(first * SEGMENTS, n * SEGMENTS)),
            Values::All(values) => {
                let values = &values[first * self.n_inputs..(first + n) * self.n_inputs];
                scratch.clear();
                scratch.extend(values.iter().map(|&value| f32::from(value)));
                Rows::All(scratch)
            }
        }
    }

    /// The list of one sample, or all its values.
    pub(super) fn sample(&self, index: usize) -> Result<ListsRef<'_>, &[u8]> {
        match &self.values {
            Values::Lists(lists) => Ok(lists.all().range(index * SEGMENTS, SEGMENTS)),
            Values::All(values) => Err(&values[index * self.n_inputs..(index + 1) * self.n_inputs]),
        }
    }
}

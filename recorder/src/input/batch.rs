//! A batch, by sample for the forward pass and by input for the weight gradient.

use super::{Lists, ListsRef, Rows, Samples};

/// B samples of a split, in both orders. Its memory is reused from batch to batch.
#[derive(Debug, Default)]
pub struct Batch {
    labels: Vec<u8>,
    by_sample: Lists,
    by_input: Lists,
    /// `[B, I]`, used where the samples are dense.
    rows: Vec<f32>,
    /// `[I, B]`.
    columns: Vec<f32>,
    dense: bool,
}

/// Values of a batch by input, as the weight gradient reads them.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// One list of non-zero values an input; the index is the sample's place in the batch.
    Lists(ListsRef<'a>),
    /// `[I, B]`, all values.
    All(&'a [f32]),
}

impl Batch {
    /// Fills the batch with the samples at `indices`, in that order.
    pub fn gather(&mut self, samples: &Samples, indices: &[u32]) {
        self.labels.clear();
        self.labels.extend(indices.iter().map(|&index| samples.labels()[index as usize]));
        self.dense = samples.is_dense();
        if self.dense { self.gather_all(samples, indices) } else { self.gather_lists(samples, indices) }
    }

    fn gather_all(&mut self, samples: &Samples, indices: &[u32]) {
        let n_inputs = samples.n_inputs();
        self.rows.clear();
        self.columns.resize(n_inputs * indices.len(), 0.0);
        for (b, &index) in indices.iter().enumerate() {
            if let Err(values) = samples.sample(index as usize) {
                self.rows.extend(values.iter().map(|&value| f32::from(value)));
                for (input, &value) in values.iter().enumerate() {
                    self.columns[input * indices.len() + b] = f32::from(value);
                }
            }
        }
    }

    fn gather_lists(&mut self, samples: &Samples, indices: &[u32]) {
        self.by_sample.clear();
        for &index in indices {
            if let Ok(list) = samples.sample(index as usize) {
                self.by_sample.push(list);
            }
        }
        self.by_input.transpose(&self.by_sample, samples.n_inputs());
    }

    /// B.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the batch has no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// `[B]` classes.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The values by sample.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        if self.dense { Rows::All(&self.rows) } else { Rows::Lists(self.by_sample.all()) }
    }

    /// The values by input.
    #[must_use]
    pub fn columns(&self) -> Columns<'_> {
        if self.dense { Columns::All(&self.columns) } else { Columns::Lists(self.by_input.all()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SEGMENTS;

    #[test]
    fn both_orders_hold_the_same_values() {
        let (n_inputs, indices) = (5, [2_u32, 0, 2]);
        let values = [0, 7, 0, 255, 1, 0, 0, 0, 0, 0, 9, 0, 8, 0, 0];
        for dense_share in [0.0, 1.0] {
            let samples = Samples::new(&values, &[3, 4, 5], n_inputs, dense_share);
            let mut batch = Batch::default();
            batch.gather(&samples, &[1]);
            batch.gather(&samples, &indices);
            assert_eq!(batch.labels(), [5, 3, 5]);
            let mut by_row = vec![0.0; 15];
            match batch.rows() {
                Rows::All(all) => by_row.copy_from_slice(all),
                Rows::Lists(lists) => {
                    for b in 0..3 {
                        for segment in b * SEGMENTS..(b + 1) * SEGMENTS {
                            let list = lists.list(segment);
                            for (&index, &value) in list.indices.iter().zip(list.values) {
                                by_row[b * n_inputs + usize::from(index)] = value;
                            }
                        }
                    }
                }
            }
            let expected: Vec<f32> =
                [2, 0, 2].iter().flat_map(|&s| values[s * 5..s * 5 + 5].to_vec()).map(f32::from).collect();
            assert_eq!(by_row, expected);
            let mut by_column = vec![0.0; 15];
            match batch.columns() {
                Columns::All(all) => (0..15).for_each(|k| by_column[k % 3 * n_inputs + k / 3] = all[k]),
                Columns::Lists(lists) => {
                    for input in 0..n_inputs {
                        for (&index, &value) in lists.list(input).indices.iter().zip(lists.list(input).values) {
                            by_column[usize::from(index) * n_inputs + input] = value;
                        }
                    }
                }
            }
            assert_eq!(by_column, expected);
        }
    }
}

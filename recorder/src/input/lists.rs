//! Lists of non-zero values.

/// Lists that a sample is cut into: the rows of weights that a quarter of the inputs needs, 25 KB for 784 inputs and 32
/// neurons, stay in the first-level cache while all samples of a batch use them.
pub const SEGMENTS: usize = 4;

/// `[n]` lists of non-zero values and the index each belongs to, one list after the other. Values and indices lie apart:
/// a kernel broadcasts a value straight from memory.
#[derive(Clone, Debug)]
pub struct Lists {
    /// Where each list begins; one more at the end.
    starts: Vec<usize>,
    values: Vec<f32>,
    indices: Vec<u16>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { starts: vec![0], values: Vec::new(), indices: Vec::new() }
    }
}

/// One list: as many values as indices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List<'a> {
    /// The values.
    pub values: &'a [f32],
    /// Where each belongs.
    pub indices: &'a [u16],
}

impl Lists {
    /// Room for no more than is used.
    pub fn shrink_to_fit(&mut self) {
        self.values.shrink_to_fit();
        self.indices.shrink_to_fit();
    }

    /// Removes every list and keeps the memory.
    pub fn clear(&mut self) {
        self.starts.truncate(1);
        self.values.clear();
        self.indices.clear();
    }

    /// Appends lists.
    pub fn push(&mut self, lists: ListsRef<'_>) {
        for number in 0..lists.len() {
            let list = lists.list(number);
            self.values.extend_from_slice(list.values);
            self.indices.extend_from_slice(list.indices);
            self.starts.push(self.values.len());
        }
    }

    /// Appends the values of `row` that are not zero: a list for each [`SEGMENTS`]th of the row.
    pub fn push_row(&mut self, row: &[u8]) {
        let length = row.len().div_ceil(SEGMENTS);
        for segment in 0..SEGMENTS {
            let range = (segment * length).min(row.len())..((segment + 1) * length).min(row.len());
            for (index, &value) in range.clone().zip(&row[range]).filter(|&(_, &value)| value > 0) {
                self.values.push(f32::from(value));
                self.indices.push(index as u16);
            }
            self.starts.push(self.values.len());
        }
    }

    /// Becomes the transpose of `lists`, [`SEGMENTS`] for each sample and with indices below `n`: list j holds the value of
    /// every sample that has the index j, with the number of that sample.
    pub fn transpose(&mut self, lists: &Self, n: usize) {
        self.starts.clear();
        self.starts.resize(n + 1, 0);
        for &index in &lists.indices {
            self.starts[usize::from(index) + 1] += 1;
        }
        for index in 0..n {
            self.starts[index + 1] += self.starts[index];
        }
        self.values.resize(lists.values.len(), 0.0);
        self.indices.resize(lists.indices.len(), 0);
        // Each start moves to its list's end while the list is filled, and is where the next list starts.
        for number in 0..lists.all().len() {
            let list = lists.all().list(number);
            for (&value, &index) in list.values.iter().zip(list.indices) {
                let place = &mut self.starts[usize::from(index)];
                self.values[*place] = value;
                self.indices[*place] = (number / SEGMENTS) as u16;
                *place += 1;
            }
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
    }

    /// All lists.
    #[must_use]
    pub fn all(&self) -> ListsRef<'_> {
        ListsRef { starts: &self.starts, values: &self.values, indices: &self.indices }
    }
}

/// Borrowed consecutive lists of a [`Lists`].
#[derive(Clone, Copy, Debug)]
pub struct ListsRef<'a> {
    starts: &'a [usize],
    values: &'a [f32],
    indices: &'a [u16],
}

impl<'a> ListsRef<'a> {
    /// How many lists there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `n` of them from `first` on.
    #[must_use]
    #[inline(always)]
    pub fn range(&self, first: usize, n: usize) -> Self {
        Self { starts: &self.starts[first..=first + n], ..*self }
    }

    /// One list.
    #[must_use]
    #[inline(always)]
    pub fn list(&self, number: usize) -> List<'a> {
        let range = self.starts[number]..self.starts[number + 1];
        List { values: &self.values[range.clone()], indices: &self.indices[range] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transpose_holds_every_value_at_its_sample() {
        let mut lists = Lists::default();
        for row in [[0, 7, 0, 255, 3], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [9, 0, 8, 1, 0]] {
            lists.push_row(&row);
        }
        assert_eq!(lists.all().len(), 4 * SEGMENTS);
        let mut transposed = Lists::default();
        transposed.push_row(&[1, 2, 3]);
        transposed.transpose(&lists, 5);
        assert_eq!(transposed.all().len(), 5);
        let list = |number| transposed.all().list(number);
        assert_eq!(list(0), List { values: &[1.0, 9.0], indices: &[1, 3] });
        assert_eq!(list(1), List { values: &[7.0], indices: &[0] });
        assert_eq!(list(2), List { values: &[8.0], indices: &[3] });
        assert_eq!(list(3), List { values: &[255.0, 1.0], indices: &[0, 3] });
        assert_eq!(list(4), List { values: &[3.0], indices: &[0] });
    }
}

//! Lists of non-zero values.

/// A non-zero integer from 1 to 255 and the index of its row, in four bytes.
///
/// The upper half holds the upper half of the value's `f32` bits (its lower half is zero for integers up to 256), the
/// lower half the index: half the memory traffic of a pair, and the value is one broadcast and one mask away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Entry(pub u32);

impl Entry {
    /// Packs `value` at `index`.
    #[must_use]
    #[inline]
    pub fn new(value: u8, index: u16) -> Self {
        Self(f32::from(value).to_bits() | u32::from(index))
    }

    /// The row this value belongs to.
    #[must_use]
    #[inline(always)]
    pub fn index(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    /// The value, 1 to 255.
    #[must_use]
    #[inline]
    pub fn value(self) -> u8 {
        f32::from_bits(self.0 & 0xffff_0000) as u8
    }
}

/// `[n]` lists of entries, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Where each list begins; one more at the end.
    pub starts: Vec<usize>,
    /// All entries.
    pub entries: Vec<Entry>,
}

impl Lists {
    /// No list.
    #[must_use]
    pub fn new() -> Self {
        Self { starts: vec![0], entries: Vec::new() }
    }

    /// Removes every list and keeps the memory.
    pub fn clear(&mut self) {
        self.starts.truncate(1);
        self.entries.clear();
    }

    /// Appends a list.
    pub fn push(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
        self.starts.push(self.entries.len());
    }

    /// All lists.
    #[must_use]
    pub fn all(&self) -> ListsRef<'_> {
        ListsRef { starts: &self.starts, entries: &self.entries }
    }

    /// `n` lists from `first` on.
    #[must_use]
    pub fn range(&self, first: usize, n: usize) -> ListsRef<'_> {
        ListsRef { starts: &self.starts[first..=first + n], entries: &self.entries }
    }

    /// One list.
    #[must_use]
    pub fn list(&self, index: usize) -> &[Entry] {
        self.all().list(index)
    }
}

/// Borrowed consecutive lists of a [`Lists`].
#[derive(Clone, Copy, Debug)]
pub struct ListsRef<'a> {
    starts: &'a [usize],
    entries: &'a [Entry],
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
    pub fn range(&self, first: usize, n: usize) -> ListsRef<'a> {
        ListsRef { starts: &self.starts[first..=first + n], entries: self.entries }
    }

    /// One list.
    #[must_use]
    #[inline(always)]
    pub fn list(&self, index: usize) -> &'a [Entry] {
        &self.entries[self.starts[index]..self.starts[index + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_every_pixel_and_index() {
        for value in 1..=255 {
            for index in [0, 1, 783, u16::MAX] {
                let entry = Entry::new(value, index);
                assert_eq!((entry.value(), entry.index()), (value, usize::from(index)));
                assert_eq!(f32::from_bits(entry.0 & 0xffff_0000), f32::from(value));
            }
        }
    }
}

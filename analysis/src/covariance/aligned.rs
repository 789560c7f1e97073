//! Numbers that begin where a line of the caches does, so that no vector lies on two lines.

use std::ops::{Deref, DerefMut};

/// Bytes of a line of the caches.
const LINE: usize = 64;

/// Values of an own allocation, zero at first.
pub(super) struct Aligned {
    values: Vec<f64>,
    start: usize,
    n: usize,
}

impl Aligned {
    pub fn zeros(n: usize) -> Self {
        let values = vec![0.0; n + LINE / 8];
        let start = values.as_ptr().align_offset(LINE).min(LINE / 8);
        Self { values, start, n }
    }
}

impl Deref for Aligned {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.values[self.start..][..self.n]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.values[self.start..][..self.n]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut clone = Self::zeros(self.n);
        clone.copy_from_slice(self);
        clone
    }
}

//! Memory that notices writes beside it.

use std::cell::UnsafeCell;

/// Units of 16 bytes before and after: kernels need that alignment, and 4 KiB catch a whole row too far.
const GUARD: usize = 256;
/// NaN as a float, and no count that is right by chance.
const POISON: u128 = u128::MAX;

/// Bytes between two guard zones.
pub(crate) struct Guarded {
    units: Box<[UnsafeCell<u128>]>,
    n_bytes: usize,
}

impl Guarded {
    /// `n_bytes` of poison.
    pub fn poisoned(n_bytes: usize) -> Self {
        let n_units = 2 * GUARD + n_bytes.div_ceil(16);
        Self { units: (0..n_units).map(|_| UnsafeCell::new(POISON)).collect(), n_bytes }
    }

    /// The bytes of `values`.
    pub fn holding<T: Copy>(values: &[T]) -> Self {
        let mut buffer = Self::poisoned(size_of_val(values));
        // SAFETY: any value's bytes may be read as bytes; the length is that of the slice.
        buffer.write(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) });
        buffer
    }

    /// Replaces the first bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.n_bytes, "{} bytes for a buffer of {}", bytes.len(), self.n_bytes);
        // SAFETY: the buffer has n_bytes from its address on, and is borrowed mutably.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.units[GUARD].get().cast(), bytes.len()) };
    }

    /// Where the bytes begin.
    pub fn address(&self) -> u64 {
        // One past the last guard unit of an empty buffer is still inside.
        self.units[GUARD].get() as u64
    }

    /// All values. Panics where the guard zones were written to.
    pub fn read<T: Copy>(&self) -> Vec<T> {
        self.check();
        let n = self.n_bytes / size_of::<T>();
        // SAFETY: n values of T are n_bytes at most, aligned to 16; every bit pattern is a value of the numbers used.
        unsafe { std::slice::from_raw_parts(self.units[GUARD].get().cast::<T>(), n) }.to_vec()
    }

    /// Panics where the guard zones were written to.
    pub fn check(&self) {
        // SAFETY: no kernel runs while the buffer is looked at.
        let unit = |index: usize| unsafe { *self.units[index].get() };
        let after = GUARD + self.n_bytes.div_ceil(16);
        let mut ends = (0..GUARD).chain(after..self.units.len());
        assert!(ends.all(|index| unit(index) == POISON), "a kernel wrote beside its buffer");
        if !self.n_bytes.is_multiple_of(16) {
            let rest = unit(after - 1) >> (self.n_bytes % 16 * 8);
            assert_eq!(rest, POISON >> (self.n_bytes % 16 * 8), "a kernel wrote past its buffer");
        }
    }
}

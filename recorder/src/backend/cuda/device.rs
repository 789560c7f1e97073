//! What executes launches.

use super::{Address, Launch};

/// Places that bytes can be fetched into while launches go on.
pub const SLOTS: usize = 2;

/// Memory and an order of launches: a GPU, or the emulation in tests.
pub trait Device {
    /// Why something could not be done.
    type Error;

    /// Memory for `n_bytes`, filled with zeros; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// Not enough memory.
    fn allocate(&mut self, what: &'static str, n_bytes: u64) -> Result<Address, Self::Error>;

    /// Pieces of memory taken so far, for [`free_to`](Self::free_to).
    fn n_allocated(&self) -> usize;

    /// Gives back all memory but the first `n` pieces.
    ///
    /// # Errors
    ///
    /// A fault of the device.
    fn free_to(&mut self, n: usize) -> Result<(), Self::Error>;

    /// Bytes that can still be taken.
    ///
    /// # Errors
    ///
    /// A fault of the device.
    fn free_bytes(&mut self) -> Result<u64, Self::Error>;

    /// Copies bytes to the device, after all launches so far.
    ///
    /// # Errors
    ///
    /// A fault of the device.
    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Copies bytes from the device, after all launches so far.
    ///
    /// # Errors
    ///
    /// A fault of the device, or of a launch before.
    fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), Self::Error>;

    /// Begins to copy bytes from the device into a slot, after all launches so far and beside those to come, which must
    /// leave the bytes alone until [`fetched`](Self::fetched) has returned.
    ///
    /// # Errors
    ///
    /// A fault of the device, or no memory for the slot.
    fn fetch(&mut self, slot: usize, from: Address, n_bytes: usize) -> Result<(), Self::Error>;

    /// Waits for the slot's bytes.
    ///
    /// # Errors
    ///
    /// A fault of the device, or of a launch before.
    fn fetched(&mut self, slot: usize) -> Result<&[u8], Self::Error>;

    /// Executes launches one after the other, `n_times` over; those without blocks are left out. Need not wait for them.
    ///
    /// # Errors
    ///
    /// A launch that the device refuses. What a kernel does wrong may show later.
    fn run(&mut self, launches: &[Launch], n_times: usize) -> Result<(), Self::Error>;

    /// Waits for all launches so far.
    ///
    /// # Errors
    ///
    /// A fault of one of them.
    fn wait(&mut self) -> Result<(), Self::Error>;
}

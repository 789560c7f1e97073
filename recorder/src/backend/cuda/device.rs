//! What executes launches.

use super::{Address, Launch};

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

    /// Executes launches one after the other, `n_times` over; those without blocks are left out.
    ///
    /// # Errors
    ///
    /// A launch that the device refuses. What a kernel does wrong may show later.
    fn run(&mut self, launches: &[Launch], n_times: usize) -> Result<(), Self::Error>;
}

//! Page-locked host memory that the device copies into by itself, beside its launches.

use super::super::{Address, CudaError};
use super::check;
use cudarc::driver::sys;
use std::ffi::c_void;
use std::ptr::null_mut;

/// A buffer, and the events around a copy into it.
#[derive(Debug)]
pub(super) struct Slot {
    bytes: *mut c_void,
    capacity: usize,
    n_bytes: usize,
    /// The launches whose results are copied.
    ready: sys::CUevent,
    /// The copy.
    done: sys::CUevent,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self { bytes: null_mut(), capacity: 0, n_bytes: 0, ready: null_mut(), done: null_mut() }
    }

    /// Makes the events; a context is current.
    pub(super) fn start(&mut self) -> Result<(), CudaError> {
        let no_timing = sys::CUevent_flags_enum::CU_EVENT_DISABLE_TIMING as u32;
        // SAFETY: writes the events of this slot; the context is current.
        unsafe {
            check(sys::cuEventCreate(&raw mut self.ready, no_timing), "making an event")?;
            check(sys::cuEventCreate(&raw mut self.done, no_timing), "making an event")
        }
    }

    /// Begins to copy `n_bytes` on the stream `copies`, after what `stream` has been given so far.
    pub(super) fn fetch(
        &mut self,
        stream: sys::CUstream,
        copies: sys::CUstream,
        from: Address,
        n_bytes: usize,
    ) -> Result<(), CudaError> {
        self.reserve(n_bytes)?;
        self.n_bytes = n_bytes;
        // SAFETY: the copy begins after the launches so far and writes page-locked memory of at least n_bytes that nobody
        // reads before `fetched` has waited for it.
        unsafe {
            check(sys::cuEventRecord(self.ready, stream), "marking launches")?;
            check(sys::cuStreamWaitEvent(copies, self.ready, 0), "waiting for launches")?;
            check(sys::cuMemcpyDtoHAsync_v2(self.bytes, from.0, n_bytes, copies), "copying from the device")?;
            check(sys::cuEventRecord(self.done, copies), "marking a copy")
        }
    }

    /// Waits for the copy.
    pub(super) fn fetched(&self) -> Result<&[u8], CudaError> {
        if self.bytes.is_null() {
            return Ok(&[]);
        }
        // SAFETY: after the event the copy is complete; the slice borrows the slot, so that no fetch can begin while it
        // is read.
        unsafe {
            check(sys::cuEventSynchronize(self.done), "waiting for a copy")?;
            Ok(std::slice::from_raw_parts(self.bytes.cast::<u8>(), self.n_bytes))
        }
    }

    /// Room for `n_bytes`.
    fn reserve(&mut self, n_bytes: usize) -> Result<(), CudaError> {
        if n_bytes > self.capacity {
            self.free()?;
            // SAFETY: writes the address of new memory, which only `free` gives back.
            check(unsafe { sys::cuMemHostAlloc(&raw mut self.bytes, n_bytes, 0) }, "taking page-locked memory")?;
            self.capacity = n_bytes;
        }
        Ok(())
    }

    /// Gives the memory back.
    pub(super) fn free(&mut self) -> Result<(), CudaError> {
        (self.capacity, self.n_bytes) = (0, 0);
        let bytes = std::mem::replace(&mut self.bytes, null_mut());
        if bytes.is_null() {
            return Ok(());
        }
        // SAFETY: taken by `reserve`; no copy into it is under way, since each is waited for before the next begins.
        check(unsafe { sys::cuMemFreeHost(bytes) }, "giving back page-locked memory")
    }
}

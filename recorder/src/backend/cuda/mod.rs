//! The CUDA backend: kernels as PTX, the packed layout they work on, and the launches of a step as data.
//!
//! A [`Launch`] names a kernel and holds its arguments; a [`Device`] executes it. [`Layout`] says where each member's
//! numbers are, [`Memory`] where on the device each array is, [`Sequence`] which launches make a training step, an
//! evaluated batch and a captured batch. [`Gpu`] is the device
//! that there is. Nothing else here needs one: tests execute the same launches with an emulation
//! that compiles the kernels as C++. `docs/kernels.md` has the layout and what is promised about precision.

mod device;
mod driver;
#[cfg(test)]
pub(crate) mod emulation;
mod error;
mod launch;
mod layout;
pub(crate) mod memory;
mod packs;
mod precision;
mod ptx;
mod schedule;
mod sequence;

pub use device::{Device, SLOTS};
pub use driver::Gpu;
pub use error::CudaError;
pub use launch::{Address, Argument, Launch};
pub use layout::{CLASSES, DeviceParameters, Layout, NEURONS, SAMPLES};
pub use memory::{BatchMemory, MemberTotals, Memory, SplitMemory, Tables, TrainedMemory};
pub use packs::{TooLarge, device_packs, ensemble_bytes};
pub use precision::Precision;
pub use ptx::MODULES;
pub use schedule::schedule;
pub use sequence::{CaptureRows, Sequence};

#[cfg(test)]
mod agreement;

//! Why a GPU cannot be used.

/// What is missing or went wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// There is no libcuda.
    #[error("no NVIDIA driver was found (libcuda): install one, or train on the CPU")]
    NoDriver,
    /// The driver cannot read the kernels.
    #[error(
        "the NVIDIA driver is for CUDA {}.{}, {}.{} is needed: install driver 575 or later, or train on the CPU",
        found / 1000, found % 1000 / 10, needed / 1000, needed % 1000 / 10
    )]
    OldDriver {
        /// The version that the driver tells, 1000 major + 10 minor.
        found: i32,
        /// The version that the kernels need.
        needed: i32,
    },
    /// The driver has no device.
    #[error("the NVIDIA driver finds no device: check nvidia-smi and CUDA_VISIBLE_DEVICES, or train on the CPU")]
    NoDevice,
    /// There is no device of that number.
    #[error("there is no CUDA device {index}: {n_devices} found, counted from 0")]
    NoSuchDevice {
        /// The number asked for.
        index: u32,
        /// How many there are.
        n_devices: u32,
    },
    /// The device is older than the kernels.
    #[error("{name} has compute capability {major}.{minor}, 8.0 is needed: choose another device, or train on the CPU")]
    OldDevice {
        /// The device's name.
        name: String,
        /// Its capability.
        major: i32,
        /// Its capability.
        minor: i32,
    },
    /// Memory was refused.
    #[error(
        "no device memory for {what}: {n_bytes} bytes asked for, {free} of {total} free: train fewer networks at a time, or \
         end other programs on the device"
    )]
    OutOfMemory {
        /// What it was for.
        what: &'static str,
        /// Bytes asked for.
        n_bytes: u64,
        /// Bytes free.
        free: u64,
        /// Bytes that the device has.
        total: u64,
    },
    /// The driver does not take the kernels.
    #[error("the NVIDIA driver refuses the kernels of {module}: {text} (error {code}): install a newer driver")]
    Refused {
        /// Which kernels.
        module: &'static str,
        /// The driver's number.
        code: u32,
        /// The driver's words.
        text: String,
    },
    /// A call failed, or a kernel before it.
    #[error(
        "the device failed ({doing}): {text} (error {code}): nothing of this run can be trusted; run it again, and on the \
         CPU if it fails again"
    )]
    Fault {
        /// The call that reported it; the cause may be a launch before.
        doing: String,
        /// The driver's number.
        code: u32,
        /// The driver's words.
        text: String,
    },
}

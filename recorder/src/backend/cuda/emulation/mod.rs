//! Executes the kernels without a GPU: compiled as C++ with the headers beside this file, threads as fibres in a chosen
//! order, shared memory filled with NaN before each block, every buffer between two guard zones.
//!
//! With `REQUIRE_CUDA=1` the same tests run on device 0 instead, and fail where there is none; thread orders then mean
//! nothing, and tests of kernels broken on purpose are left out.

mod guarded;
mod rig;

pub(crate) use guarded::Guarded;
pub(crate) use rig::{Rig, close, ramp};

use super::{Address, Device, Gpu, Launch, SLOTS};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the device runs, by its path below `src`.
pub(crate) const KERNEL_SOURCES: [(&str, &str); 11] = [
    ("backend/cuda/device/async.cuh", include_str!("../device/async.cuh")),
    ("backend/cuda/device/base.cuh", include_str!("../device/base.cuh")),
    ("backend/cuda/device/tensor.cuh", include_str!("../device/tensor.cuh")),
    ("backend/cuda/device/tile.cuh", include_str!("../device/tile.cuh")),
    ("op/adam/adam.cuh", include_str!("../../../op/adam/adam.cuh")),
    ("op/batch/batch.cu", include_str!("../../../op/batch/batch.cu")),
    ("op/capture/capture.cu", include_str!("../../../op/capture/capture.cu")),
    ("op/cross_entropy/cross_entropy.cu", include_str!("../../../op/cross_entropy/cross_entropy.cu")),
    ("op/hidden/hidden.cu", include_str!("../../../op/hidden/hidden.cu")),
    ("op/moments/moments.cu", include_str!("../../../op/moments/moments.cu")),
    ("op/output/output.cu", include_str!("../../../op/output/output.cu")),
];

/// What makes C++ of it.
const EMULATION_SOURCES: [(&str, &str); 6] = [
    ("cuda.h", include_str!("cuda.h")),
    ("fibres.h", include_str!("fibres.h")),
    ("fragment.cu", include_str!("fragment.cu")),
    ("kernels.h", include_str!("kernels.h")),
    ("launch.h", include_str!("launch.h")),
    ("library.cpp", include_str!("library.cpp")),
];

/// Optimised for the kernels as they are, unoptimised where one launch is to fail: compiling is then most of the time.
const OPTIMISED: &str = "-O2";
const UNOPTIMISED: &str = "-O0";

const OPTIONS: [&str; 8] = [
    "-std=c++17",
    "-march=native",
    "-ffp-contract=off",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-Wall",
    "-Wno-unknown-pragmas",
];

/// Set where a missing C++ compiler is to be a loud skip instead of a failure.
const SKIP_VARIABLE: &str = "LAYERSCOPE_SKIP_EMULATION";

/// Thread orders: ascending, descending, two shuffles.
pub(crate) const ORDERS: [u32; 4] = [0, 1, 2, 3];

type Emulate = unsafe extern "C" fn(*const c_char, u32, u32, u32, *const *const c_void, u32, u32) -> *const c_char;

/// Set where the tests are to run on a GPU.
const GPU_VARIABLE: &str = "REQUIRE_CUDA";

/// What executes launches.
enum Target {
    /// The compiled kernels. Each has a copy of the library for itself: kernels keep their shared memory in static
    /// variables.
    Library {
        emulate: Emulate,
        /// Keeps `emulate` valid.
        _library: libloading::Library,
    },
    Gpu(Box<RefCell<Gpu>>),
}

/// The kernels, and the memory of one device.
pub(crate) struct Emulator {
    /// Order of the threads of the next launches.
    pub order: u32,
    /// What it says is left of its memory.
    pub n_free_bytes: u64,
    slots: [Vec<u8>; SLOTS],
    target: Target,
    buffers: BTreeMap<u64, Buffer>,
}

/// Memory between guard zones, here or on the device.
enum Buffer {
    Here(Guarded),
    There { n_bytes: usize },
}

/// Bytes of poison around memory on a device.
const GUARD_BYTES: usize = 4096;

impl Emulator {
    /// The kernels as they are. `None`, said loudly, where there is no compiler and that is accepted.
    pub fn new() -> Option<Self> {
        static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
        if std::env::var_os(GPU_VARIABLE).is_some() {
            let gpu = Gpu::open(0).unwrap_or_else(|error| panic!("{GPU_VARIABLE} is set: {error}"));
            return Some(Self::of(Target::Gpu(Box::new(RefCell::new(gpu)))));
        }
        let library = LIBRARY.get_or_init(|| build(&KERNEL_SOURCES, OPTIMISED)).as_ref()?;
        Some(Self::load(library))
    }

    /// Only where there is no GPU: what needs thread orders.
    pub fn without_gpu() -> Option<Self> {
        if std::env::var_os(GPU_VARIABLE).is_some() { None } else { Self::new() }
    }

    /// The kernels with `from` replaced by `to` in one file: for tests that must notice.
    pub fn broken(file: &str, from: &str, to: &str) -> Option<Self> {
        let mut n_changed = 0;
        let sources = KERNEL_SOURCES.map(|(path, text)| {
            let wanted = path.ends_with(file);
            n_changed += if wanted { text.matches(from).count() } else { 0 };
            (path, if wanted { text.replacen(from, to, 1) } else { text.to_owned() })
        });
        assert!(n_changed > 0, "{file} has no {from:?}");
        if std::env::var_os(GPU_VARIABLE).is_some() {
            return None;
        }
        let sources: Vec<(&str, &str)> = sources.iter().map(|(path, text)| (*path, text.as_str())).collect();
        build(&sources, UNOPTIMISED).as_deref().map(Self::load)
    }

    fn of(target: Target) -> Self {
        Self { order: 0, n_free_bytes: 1 << 30, slots: [Vec::new(), Vec::new()], target, buffers: BTreeMap::new() }
    }

    fn load(library: &Path) -> Self {
        let folder = library.parent().unwrap();
        let copy = tempfile::Builder::new().suffix(".so").tempfile_in(folder).unwrap();
        std::fs::copy(library, copy.path()).unwrap();
        // SAFETY: the library is the one compiled below; it has no initialisers that touch anything outside itself.
        let library = unsafe { libloading::Library::new(copy.path()) }.unwrap();
        // SAFETY: library.cpp defines `emulate` with these parameters, in this order.
        let emulate = *unsafe { library.get::<Emulate>(b"emulate\0") }.unwrap();
        Self::of(Target::Library { emulate, _library: library })
    }

    /// Memory that holds `values`, poisoned beyond.
    pub fn holding<T: Copy>(&mut self, values: &[T]) -> Address {
        let address = self.poisoned::<T>(values.len());
        // SAFETY: any number's bytes may be read as bytes; the length is that of the slice.
        let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) };
        self.upload(address, bytes).unwrap();
        address
    }

    /// Memory for `n` values, every byte 0xff: NaN as a float.
    pub fn poisoned<T: Copy>(&mut self, n: usize) -> Address {
        let n_bytes = n * size_of::<T>();
        let (address, buffer) = match &self.target {
            Target::Library { .. } => {
                let buffer = Guarded::poisoned(n_bytes);
                (buffer.address(), Buffer::Here(buffer))
            }
            Target::Gpu(gpu) => {
                let (mut gpu, n_all) = (gpu.borrow_mut(), n_bytes + 2 * GUARD_BYTES);
                let start = gpu.allocate("tests", n_all as u64).unwrap();
                gpu.upload(start, &vec![0xff; n_all]).unwrap();
                (start.0 + GUARD_BYTES as u64, Buffer::There { n_bytes })
            }
        };
        self.buffers.insert(address, buffer);
        Address(address)
    }

    /// All of the memory at `address`. Panics where something was written beside it.
    pub fn read<T: Copy>(&self, address: Address) -> Vec<T> {
        match &self.buffers[&address.0] {
            Buffer::Here(buffer) => buffer.read(),
            Buffer::There { n_bytes } => {
                let all = self.guarded_bytes(address.0, *n_bytes);
                Guarded::holding(&all[GUARD_BYTES..GUARD_BYTES + n_bytes]).read()
            }
        }
    }

    /// A device's buffer with its guard zones. Panics where something was written to them.
    fn guarded_bytes(&self, address: u64, n_bytes: usize) -> Vec<u8> {
        let Target::Gpu(gpu) = &self.target else { unreachable!("buffers there belong to a device") };
        let mut all = vec![0; n_bytes + 2 * GUARD_BYTES];
        gpu.borrow_mut().download(Address(address - GUARD_BYTES as u64), &mut all).unwrap();
        let mut guards = all[..GUARD_BYTES].iter().chain(&all[GUARD_BYTES + n_bytes..]);
        assert!(guards.all(|&byte| byte == 0xff), "a kernel wrote beside its buffer");
        all
    }

    /// Panics where something was written beside any buffer.
    pub fn check_guards(&self) {
        for (&address, buffer) in &self.buffers {
            match buffer {
                Buffer::Here(buffer) => buffer.check(),
                Buffer::There { n_bytes } => drop(self.guarded_bytes(address, *n_bytes)),
            }
        }
    }

    /// Executes a launch.
    pub fn launch(&self, launch: &Launch) -> Result<(), String> {
        if launch.is_empty() {
            return Ok(());
        }
        let emulate = match &self.target {
            Target::Library { emulate, .. } => emulate,
            Target::Gpu(gpu) => {
                let mut gpu = gpu.borrow_mut();
                gpu.run(std::slice::from_ref(launch), 1).map_err(|error| error.to_string())?;
                return gpu.wait().map_err(|error| error.to_string());
            }
        };
        let words: Vec<u64> = launch.arguments.iter().map(|argument| argument.word()).collect();
        let pointers: Vec<*const c_void> = words.iter().map(|word| std::ptr::from_ref(word).cast()).collect();
        let (name, [x, y]) = (CString::new(launch.kernel.as_str()).unwrap(), launch.grid);
        let n_arguments = pointers.len() as u32;
        // SAFETY: `emulate` checks name and number of arguments; their types are those of the kernel, as the function
        // that made the launch says; addresses are of buffers in `self`, which outlive the call.
        let fault =
            unsafe { emulate(name.as_ptr(), x, y, launch.n_threads, pointers.as_ptr(), n_arguments, self.order) };
        if fault.is_null() {
            return Ok(());
        }
        // SAFETY: `emulate` returns null or a string constant.
        Err(unsafe { CStr::from_ptr(fault) }.to_string_lossy().into_owned())
    }
}

impl Device for Emulator {
    type Error = String;

    fn allocate(&mut self, _: &'static str, n_bytes: u64) -> Result<Address, String> {
        Ok(self.holding(&vec![0_u8; n_bytes as usize]))
    }

    fn n_allocated(&self) -> usize {
        self.buffers.len()
    }

    fn free_to(&mut self, _: usize) -> Result<(), String> {
        self.check_guards();
        Ok(())
    }

    fn free_bytes(&mut self) -> Result<u64, String> {
        Ok(self.n_free_bytes)
    }

    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), String> {
        match (self.buffers.get_mut(&to.0).ok_or("no such buffer")?, &self.target) {
            (Buffer::Here(buffer), _) => buffer.write(bytes),
            (Buffer::There { n_bytes }, Target::Gpu(gpu)) => {
                assert!(bytes.len() <= *n_bytes, "{} bytes for a buffer of {n_bytes}", bytes.len());
                gpu.borrow_mut().upload(to, bytes).map_err(|error| error.to_string())?;
            }
            (Buffer::There { .. }, Target::Library { .. }) => unreachable!("buffers there belong to a device"),
        }
        Ok(())
    }

    fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), String> {
        bytes.copy_from_slice(&self.read::<u8>(from)[..bytes.len()]);
        Ok(())
    }

    fn fetch(&mut self, slot: usize, from: Address, n_bytes: usize) -> Result<(), String> {
        let mut bytes = vec![0; n_bytes];
        self.download(from, &mut bytes)?;
        self.slots[slot] = bytes;
        Ok(())
    }

    fn fetched(&mut self, slot: usize) -> Result<&[u8], String> {
        Ok(&self.slots[slot])
    }

    fn wait(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn run(&mut self, launches: &[Launch], n_times: usize) -> Result<(), String> {
        for _ in 0..n_times {
            for launch in launches {
                self.launch(launch).map_err(|fault| format!("{}: {fault}", launch.kernel))?;
            }
        }
        Ok(())
    }
}

/// Compiles the sources beside the test program, unless that has been done; its name is the digest of what it is made of.
fn build(kernels: &[(&str, &str)], optimisation: &str) -> Option<PathBuf> {
    let mut hasher = blake3::Hasher::new();
    let files: Vec<(&str, &str)> =
        kernels.iter().map(|(path, text)| (path.rsplit('/').next().unwrap(), *text)).chain(EMULATION_SOURCES).collect();
    for text in files.iter().flat_map(|(name, text)| [*name, *text]).chain(OPTIONS).chain([optimisation]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let folder = std::env::current_exe().unwrap().parent().unwrap().join("emulation");
    std::fs::create_dir_all(&folder).unwrap();
    let library = folder.join(format!("{}.so", &hasher.finalize().to_hex()[..16]));
    if library.exists() {
        return Some(library);
    }
    let work = tempfile::tempdir_in(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(work.path().join(name), text).unwrap();
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let made = work.path().join("kernels.so");
    let output = Command::new(&compiler)
        .args(OPTIONS)
        .arg(optimisation)
        .current_dir(work.path())
        .args(["-include", "cuda.h", "-I.", "library.cpp", "-o", "kernels.so"])
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{compiler}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(_) if std::env::var_os(SKIP_VARIABLE).is_some() => {
            eprintln!("SKIPPED: no C++ compiler, the kernels were NOT emulated");
            return None;
        }
        Err(error) => panic!("{compiler}: {error}: tests need a C++ compiler (or {SKIP_VARIABLE}=1 to skip these)"),
    }
    std::fs::rename(made, &library).unwrap();
    Some(library)
}

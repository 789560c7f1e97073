//! Executes the kernels without a GPU: compiled as C++ with the headers beside this file, threads as fibres in a chosen
//! order, shared memory filled with NaN before each block, every buffer between two guard zones.

mod guarded;
mod rig;

pub(crate) use guarded::Guarded;
pub(crate) use rig::{Rig, close, ramp};

use super::{Address, Device, Launch};
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
const EMULATION_SOURCES: [(&str, &str); 5] = [
    ("cuda.h", include_str!("cuda.h")),
    ("fibres.h", include_str!("fibres.h")),
    ("fragment.cu", include_str!("fragment.cu")),
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

/// The kernels, and the memory of one device. Each has a copy of the library for itself: kernels keep their shared memory
/// in static variables.
pub(crate) struct Emulator {
    /// Order of the threads of the next launches.
    pub order: u32,
    emulate: Emulate,
    buffers: BTreeMap<u64, Guarded>,
    /// Keeps `emulate` valid.
    _library: libloading::Library,
}

impl Emulator {
    /// The kernels as they are. `None`, said loudly, where there is no compiler and that is accepted.
    pub fn new() -> Option<Self> {
        static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
        let library = LIBRARY.get_or_init(|| build(&KERNEL_SOURCES, OPTIMISED)).as_ref()?;
        Some(Self::load(library))
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
        let sources: Vec<(&str, &str)> = sources.iter().map(|(path, text)| (*path, text.as_str())).collect();
        build(&sources, UNOPTIMISED).as_deref().map(Self::load)
    }

    fn load(library: &Path) -> Self {
        let folder = library.parent().unwrap();
        let copy = tempfile::Builder::new().suffix(".so").tempfile_in(folder).unwrap();
        std::fs::copy(library, copy.path()).unwrap();
        // SAFETY: the library is the one compiled below; it has no initialisers that touch anything outside itself.
        let library = unsafe { libloading::Library::new(copy.path()) }.unwrap();
        // SAFETY: library.cpp defines `emulate` with these parameters, in this order.
        let emulate = *unsafe { library.get::<Emulate>(b"emulate\0") }.unwrap();
        Self { order: 0, emulate, buffers: BTreeMap::new(), _library: library }
    }

    /// Memory that holds `values`, poisoned beyond.
    pub fn holding<T: Copy>(&mut self, values: &[T]) -> Address {
        let buffer = Guarded::holding(values);
        let address = buffer.address();
        self.buffers.insert(address, buffer);
        Address(address)
    }

    /// Memory for `n` values, every byte 0xff: NaN as a float.
    pub fn poisoned<T: Copy>(&mut self, n: usize) -> Address {
        let buffer = Guarded::poisoned(n * size_of::<T>());
        let address = buffer.address();
        self.buffers.insert(address, buffer);
        Address(address)
    }

    /// All of the memory at `address`. Panics where something was written beside it.
    pub fn read<T: Copy>(&self, address: Address) -> Vec<T> {
        self.buffers[&address.0].read()
    }

    /// Panics where something was written beside any buffer.
    pub fn check_guards(&self) {
        self.buffers.values().for_each(Guarded::check);
    }

    /// Executes a launch.
    pub fn launch(&self, launch: &Launch) -> Result<(), String> {
        if launch.is_empty() {
            return Ok(());
        }
        let words: Vec<u64> = launch.arguments.iter().map(|argument| argument.word()).collect();
        let pointers: Vec<*const c_void> = words.iter().map(|word| std::ptr::from_ref(word).cast()).collect();
        let (name, [x, y]) = (CString::new(launch.kernel.as_str()).unwrap(), launch.grid);
        let n_arguments = pointers.len() as u32;
        // SAFETY: `emulate` checks name and number of arguments; their types are those of the kernel, as the function
        // that made the launch says; addresses are of buffers in `self`, which outlive the call.
        let fault = unsafe {
            (self.emulate)(name.as_ptr(), x, y, launch.n_threads, pointers.as_ptr(), n_arguments, self.order)
        };
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

    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), String> {
        self.buffers.get_mut(&to.0).ok_or("no such buffer")?.write(bytes);
        Ok(())
    }

    fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), String> {
        let buffer = self.buffers.get(&from.0).ok_or("no such buffer")?;
        bytes.copy_from_slice(&buffer.read::<u8>()[..bytes.len()]);
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

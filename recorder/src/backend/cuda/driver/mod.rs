//! A GPU through its driver. The library is loaded when a device is asked for: the program needs none to start.

mod slot;

use super::device::SLOTS;
use super::{Address, CudaError, Device, Launch, MODULES};
use cudarc::driver::sys::{self, CUresult};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::null_mut;

use slot::Slot;

/// CUDA 12.9 is the first whose drivers read PTX ISA 8.8.
const NEEDED_VERSION: i32 = 12_090;
/// Compute capability 8.0: asynchronous copies and TF32.
const NEEDED_CAPABILITY: (i32, i32) = (8, 0);

/// One device, with the kernels loaded.
#[derive(Debug)]
pub struct Gpu {
    index: u32,
    name: String,
    total_bytes: u64,
    driver_version: i32,
    device: sys::CUdevice,
    /// Launches, uploads and downloads.
    stream: sys::CUstream,
    /// Copies into slots.
    copies: sys::CUstream,
    functions: HashMap<String, sys::CUfunction>,
    allocations: Vec<sys::CUdeviceptr>,
    graphs: Vec<(Vec<Launch>, sys::CUgraphExec)>,
    slots: [Slot; SLOTS],
}

/// The driver's word for an error.
fn text(code: CUresult) -> String {
    let mut text: *const c_char = std::ptr::null();
    // SAFETY: the driver writes null or the address of a constant string.
    unsafe {
        if sys::cuGetErrorString(code, &raw mut text) == CUresult::CUDA_SUCCESS && !text.is_null() {
            return CStr::from_ptr(text).to_string_lossy().into_owned();
        }
    }
    "unknown".to_owned()
}

fn check(code: CUresult, doing: impl Into<String>) -> Result<(), CudaError> {
    match code {
        CUresult::CUDA_SUCCESS => Ok(()),
        code => Err(CudaError::Fault { doing: doing.into(), code: code as u32, text: text(code) }),
    }
}

impl Gpu {
    /// How many devices there are, at least one, and the driver's CUDA version (1000 major + 10 minor).
    ///
    /// # Errors
    ///
    /// Says which of driver, version and device is missing.
    pub fn count() -> Result<(u32, i32), CudaError> {
        // SAFETY: loading libcuda runs its initialisers, as any program that links it does. Every other call of the
        // driver would panic without the library.
        if !unsafe { sys::is_culib_present() } {
            return Err(CudaError::NoDriver);
        }
        let (mut version, mut n_devices) = (0, 0);
        // SAFETY: these calls write the numbers that they are given the addresses of.
        unsafe {
            check(sys::cuDriverGetVersion(&raw mut version), "asking for the driver's version")?;
            if version < NEEDED_VERSION {
                return Err(CudaError::OldDriver { found: version, needed: NEEDED_VERSION });
            }
            match sys::cuInit(0) {
                CUresult::CUDA_ERROR_NO_DEVICE => return Err(CudaError::NoDevice),
                code => check(code, "starting the driver")?,
            }
            check(sys::cuDeviceGetCount(&raw mut n_devices), "counting devices")?;
        }
        match u32::try_from(n_devices) {
            Ok(n_devices) if n_devices > 0 => Ok((n_devices, version)),
            _ => Err(CudaError::NoDevice),
        }
    }

    /// Device number `index`, with all kernels loaded.
    ///
    /// # Errors
    ///
    /// Says which of driver, version, device and capability is missing.
    pub fn open(index: u32) -> Result<Self, CudaError> {
        let (n_devices, version) = Self::count()?;
        if index >= n_devices {
            return Err(CudaError::NoSuchDevice { index, n_devices });
        }
        Self::start(index, version)
    }

    fn start(index: u32, driver_version: i32) -> Result<Self, CudaError> {
        use sys::CUdevice_attribute_enum::{
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        };
        let (mut device, mut major, mut minor, mut total) = (0, 0, 0, 0);
        let mut name: [c_char; 128] = [0; 128];
        let mut context = null_mut();
        let (mut stream, mut copies) = (null_mut(), null_mut());
        let non_blocking = sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32;
        // SAFETY: the driver is loaded and started, `index` is below the number of devices, every pointer is that of a
        // local variable of the type that the call writes; the name is ended by a zero within its 128 bytes.
        let name = unsafe {
            check(sys::cuDeviceGet(&raw mut device, index as i32), "finding the device")?;
            check(sys::cuDeviceGetName(name.as_mut_ptr(), 127, device), "asking for the device's name")?;
            let attributes = [
                (CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &raw mut major),
                (CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &raw mut minor),
            ];
            for (attribute, value) in attributes {
                check(sys::cuDeviceGetAttribute(value, attribute, device), "asking for the device's capability")?;
            }
            check(sys::cuDeviceTotalMem_v2(&raw mut total, device), "asking for the device's memory")?;
            CStr::from_ptr(name.as_ptr()).to_string_lossy().into_owned()
        };
        if (major, minor) < NEEDED_CAPABILITY {
            return Err(CudaError::OldDevice { name, major, minor });
        }
        // SAFETY: as above; the context stays current on this thread, and `Gpu` cannot leave it (it holds raw pointers).
        unsafe {
            check(sys::cuDevicePrimaryCtxRetain(&raw mut context, device), "starting the device")?;
            check(sys::cuCtxSetCurrent(context), "starting the device")?;
            check(sys::cuStreamCreate(&raw mut stream, non_blocking), "making a stream")?;
            check(sys::cuStreamCreate(&raw mut copies, non_blocking), "making a stream")?;
        }
        let mut gpu = Self {
            index,
            name,
            total_bytes: total as u64,
            driver_version,
            device,
            stream,
            copies,
            functions: HashMap::new(),
            allocations: Vec::new(),
            graphs: Vec::new(),
            slots: std::array::from_fn(|_| Slot::new()),
        };
        for slot in &mut gpu.slots {
            slot.start()?;
        }
        for (module, ptx) in MODULES {
            gpu.load(module, ptx)?;
        }
        Ok(gpu)
    }

    /// Loads a module and finds its kernels: the names after `.entry` in its text.
    fn load(&mut self, name: &'static str, ptx: &str) -> Result<(), CudaError> {
        let refused = |code: CUresult| CudaError::Refused { module: name, code: code as u32, text: text(code) };
        let image = CString::new(ptx).map_err(|_| refused(CUresult::CUDA_ERROR_INVALID_PTX))?;
        let mut module = null_mut();
        // SAFETY: the image is text ended by a zero, which the driver copies.
        let code = unsafe { sys::cuModuleLoadData(&raw mut module, image.as_ptr().cast()) };
        if code != CUresult::CUDA_SUCCESS {
            return Err(refused(code));
        }
        for entry in ptx.split(".entry ").skip(1).filter_map(|rest| rest.split('(').next()) {
            let symbol = CString::new(entry).map_err(|_| refused(CUresult::CUDA_ERROR_INVALID_PTX))?;
            let mut function = null_mut();
            // SAFETY: the module was loaded and is never unloaded before the context ends.
            let code = unsafe { sys::cuModuleGetFunction(&raw mut function, module, symbol.as_ptr()) };
            if code != CUresult::CUDA_SUCCESS {
                return Err(refused(code));
            }
            self.functions.insert(entry.to_owned(), function);
        }
        Ok(())
    }

    /// The device's number.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The device's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of memory that the device has.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// CUDA version of the driver, 1000 major + 10 minor.
    #[must_use]
    pub fn driver_version(&self) -> i32 {
        self.driver_version
    }

    fn memory(&self) -> Result<(u64, u64), CudaError> {
        let (mut free, mut total) = (0, 0);
        // SAFETY: writes two local numbers.
        check(unsafe { sys::cuMemGetInfo_v2(&raw mut free, &raw mut total) }, "asking for free memory")?;
        Ok((free as u64, total as u64))
    }

    fn launch(&self, launch: &Launch) -> Result<(), CudaError> {
        let function = self.functions.get(&launch.kernel).copied().ok_or_else(|| CudaError::Fault {
            doing: format!("finding {}", launch.kernel),
            code: CUresult::CUDA_ERROR_NOT_FOUND as u32,
            text: "no such kernel".to_owned(),
        })?;
        let mut words: Vec<u64> = launch.arguments.iter().map(|argument| argument.word()).collect();
        let mut pointers: Vec<*mut c_void> = words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
        let [x, y] = launch.grid;
        // SAFETY: the function beside each kernel makes its launch with the kernel's parameters in order and number, which
        // the emulation checks in tests; the driver copies the arguments before it returns. Addresses are of allocations
        // of this device, sized by the layout that also gives the kernels their bounds.
        let code = unsafe {
            sys::cuLaunchKernel(
                function,
                x,
                y,
                1,
                launch.n_threads,
                1,
                1,
                0,
                self.stream,
                pointers.as_mut_ptr(),
                null_mut(),
            )
        };
        check(code, format!("launching {}", launch.kernel))
    }

    fn launch_all(&self, launches: &[Launch]) -> Result<(), CudaError> {
        launches.iter().filter(|launch| !launch.is_empty()).try_for_each(|launch| self.launch(launch))
    }

    /// The launches as one graph, made once: a replay costs one call instead of one a launch.
    fn graph(&mut self, launches: &[Launch]) -> Result<sys::CUgraphExec, CudaError> {
        if let Some((_, graph)) = self.graphs.iter().find(|(known, _)| known == launches) {
            return Ok(*graph);
        }
        let mode = sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        let (mut graph, mut executable) = (null_mut(), null_mut());
        // SAFETY: the stream is ours and not capturing; the graph is destroyed once it is executable.
        unsafe {
            check(sys::cuStreamBeginCapture_v2(self.stream, mode), "beginning a graph")?;
            let launched = self.launch_all(launches);
            check(sys::cuStreamEndCapture(self.stream, &raw mut graph), "ending a graph")?;
            let made = launched.and_then(|()| {
                check(sys::cuGraphInstantiateWithFlags(&raw mut executable, graph, 0), "making a graph executable")
            });
            check(sys::cuGraphDestroy(graph), "freeing a graph")?;
            made?;
        }
        self.graphs.push((launches.to_vec(), executable));
        Ok(executable)
    }

    /// Graphs hold addresses: they end with the memory that they were made for.
    fn free_graphs(&mut self) -> Result<(), CudaError> {
        for (_, graph) in self.graphs.drain(..) {
            // SAFETY: made by `graph`, used no more: the stream has been waited for.
            check(unsafe { sys::cuGraphExecDestroy(graph) }, "freeing a graph")?;
        }
        Ok(())
    }
}

impl Device for Gpu {
    type Error = CudaError;

    fn allocate(&mut self, what: &'static str, n_bytes: u64) -> Result<Address, CudaError> {
        let mut address = 0;
        // SAFETY: writes a local number; the memory is given back by `free_to` or `drop`.
        let code = unsafe { sys::cuMemAlloc_v2(&raw mut address, n_bytes.max(1) as usize) };
        if code == CUresult::CUDA_ERROR_OUT_OF_MEMORY {
            let (free, total) = self.memory()?;
            return Err(CudaError::OutOfMemory { what, n_bytes, free, total });
        }
        check(code, format!("taking memory for {what}"))?;
        self.allocations.push(address);
        // SAFETY: the memory was taken above and has at least n_bytes.
        check(unsafe { sys::cuMemsetD8Async(address, 0, n_bytes as usize, self.stream) }, "clearing memory")?;
        Ok(Address(address))
    }

    fn n_allocated(&self) -> usize {
        self.allocations.len()
    }

    fn free_to(&mut self, n: usize) -> Result<(), CudaError> {
        self.wait()?;
        // SAFETY: the stream is ours. After an early end a copy may be under way.
        check(unsafe { sys::cuStreamSynchronize(self.copies) }, "waiting for copies")?;
        self.free_graphs()?;
        for address in self.allocations.drain(n..) {
            // SAFETY: taken by `allocate` and not yet given back; nothing that uses it is under way.
            check(unsafe { sys::cuMemFree_v2(address) }, "giving back memory")?;
        }
        Ok(())
    }

    fn free_bytes(&mut self) -> Result<u64, CudaError> {
        Ok(self.memory()?.0)
    }

    fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        // SAFETY: the source is a slice, read before this returns (the stream is waited for); the target is an allocation
        // of at least that many bytes.
        let code = unsafe { sys::cuMemcpyHtoDAsync_v2(to.0, bytes.as_ptr().cast(), bytes.len(), self.stream) };
        check(code, "copying to the device")?;
        self.wait()
    }

    fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        // SAFETY: the target is a slice, written before this returns (the stream is waited for); the source is an
        // allocation of at least that many bytes.
        let code = unsafe { sys::cuMemcpyDtoHAsync_v2(bytes.as_mut_ptr().cast(), from.0, bytes.len(), self.stream) };
        check(code, "copying from the device")?;
        self.wait()
    }

    fn fetch(&mut self, slot: usize, from: Address, n_bytes: usize) -> Result<(), CudaError> {
        self.slots[slot].fetch(self.stream, self.copies, from, n_bytes)
    }

    fn fetched(&mut self, slot: usize) -> Result<&[u8], CudaError> {
        self.slots[slot].fetched()
    }

    fn run(&mut self, launches: &[Launch], n_times: usize) -> Result<(), CudaError> {
        if n_times <= 1 {
            return (0..n_times).try_for_each(|_| self.launch_all(launches));
        }
        let graph = self.graph(launches)?;
        for _ in 0..n_times {
            // SAFETY: the graph is executable and its memory is there until `free_to`.
            check(unsafe { sys::cuGraphLaunch(graph, self.stream) }, "launching a graph")?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), CudaError> {
        // SAFETY: the stream is ours.
        check(unsafe { sys::cuStreamSynchronize(self.stream) }, "waiting for launches")
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        // What fails here has failed before: the run's own error says so.
        let _ = self.free_to(0);
        for slot in &mut self.slots {
            let _ = slot.free();
        }
        // SAFETY: the last use of the context.
        unsafe {
            let _ = sys::cuDevicePrimaryCtxRelease_v2(self.device);
        }
    }
}

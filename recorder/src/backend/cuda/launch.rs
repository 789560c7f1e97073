//! Launches as data.

/// An address in the device's memory; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub u64);

impl Address {
    /// What a kernel takes for "leave this out".
    pub const NONE: Self = Self(0);
}

/// One argument of a kernel, by value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// A pointer.
    Address(Address),
    /// `u32`.
    U32(u32),
    /// `u64`.
    U64(u64),
    /// `float`.
    F32(f32),
}

impl Argument {
    /// Its bytes in a word, the first ones counting: what a driver's array of pointers points to.
    #[must_use]
    pub fn word(self) -> u64 {
        match self {
            Self::Address(Address(value)) | Self::U64(value) => value.to_le(),
            Self::U32(value) => u64::from(value).to_le(),
            Self::F32(value) => u64::from(value.to_bits()).to_le(),
        }
    }
}

impl From<Address> for Argument {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<u64> for Argument {
    fn from(value: u64) -> Self {
        Self::U64(value)
    }
}

impl From<f32> for Argument {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

/// A kernel, its grid and its arguments. The function beside each kernel's `.cu` file makes it, in the order of the
/// kernel's parameters; nothing else does.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The kernel's name.
    pub kernel: String,
    /// Blocks: x and y.
    pub grid: [u32; 2],
    /// Threads of a block.
    pub n_threads: u32,
    /// Arguments in the order of the parameters.
    pub arguments: Vec<Argument>,
}

impl Launch {
    /// A launch without arguments.
    #[must_use]
    pub fn new(kernel: impl Into<String>, grid: [u32; 2], n_threads: u32) -> Self {
        Self { kernel: kernel.into(), grid, n_threads, arguments: Vec::new() }
    }

    /// Appends an argument.
    #[must_use]
    pub fn with(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Whether there is nothing to do: devices refuse a grid without blocks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grid.contains(&0)
    }
}

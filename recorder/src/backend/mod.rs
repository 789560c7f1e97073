//! What executes the operations: today the CPU, in whatever vector instructions it has.
//!
//! Every kernel of this crate is written once, over sixteen logical `f32` lanes ([`Lanes`] in memory, a
//! [`Simd`] type in registers), with a fused multiply-add and a fixed order of additions in every lane. AVX-512,
//! AVX2 and portable code therefore return the same bits; they differ in speed only.
//!
//! `unsafe` code lives in this folder and nowhere else in the crate: loads and stores of [`Lanes`], and the call
//! into code compiled for instructions that [`Isa::detect`] has found.

mod barrier;
mod cache;
pub mod cuda;
mod lanes;
mod simd;

pub use barrier::Barrier;
pub use cache::shared_cache_bytes;
pub use lanes::Lanes;
pub use simd::{Isa, Kernel, Simd};

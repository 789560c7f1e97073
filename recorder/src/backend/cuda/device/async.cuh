// Copies from global to shared memory that run beside the arithmetic (cp.async, compute capability 8.0).
// The emulation has its own: there a copy happens at once or as late as the wait allows, by turns.
#pragma once
#include "base.cuh"

#ifndef EMULATED
// 16 bytes; zeros where `valid` is false (`from` is then not read, but has to be an address).
__device__ inline void copy_async(float* to, const float* from, bool valid)
{
    const u32 shared = static_cast<u32>(__cvta_generic_to_shared(to));
    const u32 bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(from), "r"(bytes) : "memory");
}

// Ends a group of copies.
__device__ inline void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until all but the last N groups of this thread have arrived; a barrier makes them visible to the others.
template <int N>
__device__ inline void copy_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
#endif

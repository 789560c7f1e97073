// What every kernel shares: integer names, the block sizes of the packed layout, the length of the current batch.
// docs/kernels.md has the layout. Rules: no struct is passed by value, integers are u8, u32 or u64, __shared__ is
// declared in __global__ functions only (the emulation finds and poisons it there).
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

// Neurons of a block: a member begins at a block, the rest of its last block is zero and stays zero.
constexpr u32 BLOCK = 64;
// Samples of a tile: the capacity of a batch is a multiple of it, rows past the batch's length are zero.
constexpr u32 SAMPLES = 128;
// Room for classes: logits, errors and output weights have rows of 16, zero past the number of classes.
constexpr u32 CLASSES = 16;
constexpr u32 WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

// Samples of batch cursor[0] of a split of n_samples; 0 past the end.
__device__ inline u32 batch_length(const u32* cursor, u32 n_samples, u32 batch)
{
    const u64 first = static_cast<u64>(cursor[0]) * batch;
    if (first >= n_samples) {
        return 0;
    }
    const u32 left = n_samples - static_cast<u32>(first);
    return left < batch ? left : batch;
}

// Sum over the warp; every lane gets the same bits, since a + b = b + a at each exchange.
template <class T>
__device__ inline T warp_sum(T value)
{
    for (u32 distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    }
    return value;
}

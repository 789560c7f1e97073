// CUDA C as C++: what the kernels use of the language, its built-in variables and functions.
#pragma once
#define EMULATED 1
#include "fibres.h"
#include <algorithm>
#include <cmath>

#define __global__
#define __device__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// One section holds all shared memory, so that it can be filled with NaN before each block.
#define __shared__ static __attribute__((section("emulation_shared")))

#define threadIdx (emulation::block.current->thread)
#define blockIdx emulation::block_index
#define blockDim emulation::block_size
#define gridDim emulation::grid_size
#define __syncthreads() emulation::barrier(__LINE__)

struct __align__(16) float4 {
    float x, y, z, w;
};

inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
using std::log;

inline float __uint_as_float(unsigned bits)
{
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline unsigned __float_as_uint(float value)
{
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The value of lane `source` of each part of `width` lanes.
template <class T>
inline T __shfl_sync(unsigned, T value, unsigned source, unsigned width = emulation::WARP_LANES)
{
    const unsigned lane = emulation::block.current->index % emulation::WARP_LANES;
    const auto* slots = emulation::exchange(&value, sizeof value);
    T result;
    std::memcpy(&result, slots[lane / width * width + source % width], sizeof result);
    return result;
}

template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, unsigned distance)
{
    return __shfl_sync(mask, value, (emulation::block.current->index % emulation::WARP_LANES) ^ distance);
}

inline unsigned __ballot_sync(unsigned, bool vote)
{
    const unsigned word = vote;
    const auto* slots = emulation::exchange(&word, sizeof word);
    unsigned votes = 0;
    for (unsigned lane = 0; lane < emulation::WARP_LANES; ++lane) {
        votes |= slots[lane][0] << lane;
    }
    return votes;
}

// Asynchronous copies: at once, or as late as the wait allows (device/async.cuh).
inline void copy_async(float* to, const float* from, bool valid)
{
    static const float zeros[4] = {};
    if (emulation::block.eager_copies) {
        std::memcpy(to, valid ? from : zeros, 16);
    } else {
        emulation::block.current->pending.push_back({to, from, valid});
    }
}

inline void copy_commit()
{
    emulation::Fibre& self = *emulation::block.current;
    self.groups.push_back(self.pending.size());
}

template <int N>
inline void copy_wait()
{
    emulation::Fibre& self = *emulation::block.current;
    if (self.groups.size() <= N) {
        return;
    }
    const std::size_t n_groups = self.groups.size() - N, n_copies = self.groups[n_groups - 1];
    static const float zeros[4] = {};
    for (std::size_t i = 0; i < n_copies; ++i) {
        const emulation::Copy& copy = self.pending[i];
        std::memcpy(copy.to, copy.valid ? copy.from : zeros, 16);
    }
    self.pending.erase(self.pending.begin(), self.pending.begin() + static_cast<std::ptrdiff_t>(n_copies));
    self.groups.erase(self.groups.begin(), self.groups.begin() + static_cast<std::ptrdiff_t>(n_groups));
    for (std::size_t& group : self.groups) {
        group -= n_copies;
    }
}

// cvt.rna.tf32.f32: 10 fraction bits, ties away from zero.
inline unsigned to_tf32(float value)
{
    const unsigned bits = __float_as_uint(value);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        return (bits & 0x007fffffu) != 0 ? 0x7fffe000u : bits;
    }
    return (bits + 0x1000u) & 0xffffe000u;
}

// mma.sync.m16n8k8 with .tf32 operands: each lane publishes its fragments, the first to go on puts the matrices together by
// the table in tensor.cuh and multiplies them. The device reads no more than the upper 19 bits of an operand.
inline void mma(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2])
{
    unsigned words[10] = {a[0], a[1], a[2], a[3], b[0], b[1]};
    std::memcpy(words + 6, c, sizeof c);
    const emulation::Fibre& self = *emulation::block.current;
    emulation::Warp& warp = emulation::block.warps[self.index / emulation::WARP_LANES];
    const unsigned parity = self.parity;
    const auto* slots = emulation::exchange(words, sizeof words);
    if (!warp.computed[parity]) {
        warp.computed[parity] = true;
        float left[16][8], right[8][8], sums[16][8];
        for (unsigned lane = 0; lane < emulation::WARP_LANES; ++lane) {
            const unsigned group = lane / 4, part = lane % 4;
            for (unsigned i = 0; i < 4; ++i) {
                left[group + i % 2 * 8][part + i / 2 * 4] = __uint_as_float(slots[lane][i] & 0xffffe000u);
                sums[group + i / 2 * 8][2 * part + i % 2] = __uint_as_float(slots[lane][6 + i]);
            }
            for (unsigned i = 0; i < 2; ++i) {
                right[part + 4 * i][group] = __uint_as_float(slots[lane][4 + i] & 0xffffe000u);
            }
        }
        for (unsigned row = 0; row < 16; ++row) {
            for (unsigned k = 0; k < 8; ++k) {
                for (unsigned column = 0; column < 8; ++column) {
                    sums[row][column] = std::fma(left[row][k], right[k][column], sums[row][column]);
                }
            }
        }
        for (unsigned lane = 0; lane < emulation::WARP_LANES; ++lane) {
            for (unsigned i = 0; i < 4; ++i) {
                warp.product[parity][lane][i] = sums[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
            }
        }
    }
    std::memcpy(c, warp.product[parity][self.index % emulation::WARP_LANES], sizeof c);
}

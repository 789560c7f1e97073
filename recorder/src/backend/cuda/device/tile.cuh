// C [64, 128] = A [64, depth] B [depth, 128], one block of 256 threads, in one of three precisions.
//
// Both operands pass through shared memory in slices of 16 along the depth, three slices in flight. C ends in shared
// memory row by row, so that what follows (bias and ReLU, or Adam) reads and writes 16 consecutive bytes a thread
// whatever way the product was computed.
//
// A: row-major, rows `a_stride` floats apart. B: by columns (column j at j * b_stride, depth consecutive) or by depth
// (depth k at k * b_stride, columns consecutive; columns from `n_columns` on are read as zero). Depth is a multiple of
// 16, strides are multiples of 4, addresses of 16 bytes.
#pragma once
#include "async.cuh"
#include "tensor.cuh"

constexpr u32 THREADS = 256;
constexpr u32 ROWS = BLOCK;
constexpr u32 COLUMNS = SAMPLES;
constexpr u32 DEPTH = 16;
constexpr u32 STAGES = 3;
// Rows of 20 and 136 floats put the addresses of a warp's fragment loads into 32 different banks.
constexpr u32 SLICE_ROW = DEPTH + 4;
constexpr u32 DEPTH_ROW = COLUMNS + 8;
constexpr u32 A_FLOATS = ROWS * SLICE_ROW;
constexpr u32 STAGE_FLOATS = A_FLOATS + COLUMNS * SLICE_ROW;
constexpr u32 TILE_FLOATS = STAGES * STAGE_FLOATS;
constexpr u32 RESULT_ROW = COLUMNS + 4;
static_assert(ROWS * RESULT_ROW <= TILE_FLOATS, "the result fits where the slices were");
static_assert(DEPTH * DEPTH_ROW <= COLUMNS * SLICE_ROW, "a slice by depth fits where one by columns does");

enum class Order { ByColumn, ByDepth };

// f32 multiply-adds: each thread has 4 rows and 8 columns, added in the order of the depth.
struct Plain {
    float c[4][8] = {};

    template <Order ORDER>
    __device__ static u32 column(u32 j)
    {
        const u32 x = threadIdx.x % 16;
        return ORDER == Order::ByColumn ? x + 16 * j : 64 * (j / 4) + 4 * x + j % 4;
    }

    template <Order ORDER>
    __device__ void multiply(const float* a, const float* b, u32)
    {
        const u32 row = threadIdx.x / 16 * 4;
        for (u32 k = 0; k < DEPTH; k += 4) {
            float left[4][4];
#pragma unroll
            for (u32 i = 0; i < 4; ++i) {
                const float4 four = *reinterpret_cast<const float4*>(a + (row + i) * SLICE_ROW + k);
                left[i][0] = four.x, left[i][1] = four.y, left[i][2] = four.z, left[i][3] = four.w;
            }
            float right[8][4];
#pragma unroll
            for (u32 j = 0; j < 8; ++j) {
                if (ORDER == Order::ByColumn) {
                    const float4 four = *reinterpret_cast<const float4*>(b + column<ORDER>(j) * SLICE_ROW + k);
                    right[j][0] = four.x, right[j][1] = four.y, right[j][2] = four.z, right[j][3] = four.w;
                } else if (j % 4 == 0) {
#pragma unroll
                    for (u32 d = 0; d < 4; ++d) {
                        const float4 four = *reinterpret_cast<const float4*>(b + (k + d) * DEPTH_ROW + column<ORDER>(j));
                        right[j][d] = four.x, right[j + 1][d] = four.y;
                        right[j + 2][d] = four.z, right[j + 3][d] = four.w;
                    }
                }
            }
#pragma unroll
            for (u32 d = 0; d < 4; ++d) {
#pragma unroll
                for (u32 i = 0; i < 4; ++i) {
#pragma unroll
                    for (u32 j = 0; j < 8; ++j) {
                        c[i][j] = __fmaf_rn(left[i][d], right[j][d], c[i][j]);
                    }
                }
            }
        }
    }

    template <Order ORDER>
    __device__ void store(float* result) const
    {
        const u32 row = threadIdx.x / 16 * 4;
#pragma unroll
        for (u32 i = 0; i < 4; ++i) {
#pragma unroll
            for (u32 j = 0; j < 8; ++j) {
                result[(row + i) * RESULT_ROW + column<ORDER>(j)] = c[i][j];
            }
        }
    }
};

// Tensor cores: each warp has 32 rows and 32 columns. TERMS 1: both factors rounded to TF32, relative error of a product
// at most 2^-10 (+ 2^-22). TERMS 3: big small + small big + big big, relative error at most 2^-21.
template <u32 TERMS>
struct Tensor {
    float c[2][4][4] = {};

    __device__ static u32 first_row() { return threadIdx.x / WARP / 4 * 32; }
    __device__ static u32 first_column() { return threadIdx.x / WARP % 4 * 32; }
    __device__ static u32 group() { return threadIdx.x % WARP / 4; }
    __device__ static u32 part() { return threadIdx.x % 4; }

    template <Order ORDER>
    __device__ void multiply(const float* a, const float* b, u32 n_columns)
    {
        for (u32 k = 0; k < DEPTH; k += 8) {
            u32 big_a[2][4], small_a[2][4];
#pragma unroll
            for (u32 m = 0; m < 2; ++m) {
#pragma unroll
                for (u32 i = 0; i < 4; ++i) {
                    const u32 row = first_row() + 16 * m + group() + i % 2 * 8;
                    const Split split = split_tf32(a[row * SLICE_ROW + k + part() + i / 2 * 4]);
                    big_a[m][i] = split.big, small_a[m][i] = split.small;
                }
            }
#pragma unroll
            for (u32 n = 0; n < 4; ++n) {
                const u32 first = first_column() + 8 * n;
                if (first >= n_columns) {
                    break; // The same for the whole warp: nothing to compute here.
                }
                u32 big_b[2], small_b[2];
#pragma unroll
                for (u32 i = 0; i < 2; ++i) {
                    const u32 depth = k + part() + 4 * i, column = first + group();
                    const Split split = split_tf32(
                        ORDER == Order::ByColumn ? b[column * SLICE_ROW + depth] : b[depth * DEPTH_ROW + column]);
                    big_b[i] = split.big, small_b[i] = split.small;
                }
#pragma unroll
                for (u32 m = 0; m < 2; ++m) {
                    if (TERMS == 3) {
                        mma(c[m][n], small_a[m], big_b);
                        mma(c[m][n], big_a[m], small_b);
                    }
                    mma(c[m][n], big_a[m], big_b);
                }
            }
        }
    }

    template <Order ORDER>
    __device__ void store(float* result) const
    {
#pragma unroll
        for (u32 m = 0; m < 2; ++m) {
#pragma unroll
            for (u32 n = 0; n < 4; ++n) {
#pragma unroll
                for (u32 i = 0; i < 4; ++i) {
                    const u32 row = first_row() + 16 * m + group() + i / 2 * 8;
                    result[row * RESULT_ROW + first_column() + 8 * n + 2 * part() + i % 2] = c[m][n][i];
                }
            }
        }
    }
};

// Starts the copies of one slice, from depth `first` on: one group.
template <Order ORDER>
__device__ inline void load_slice(
    float* stage, const float* a, u64 a_stride, const float* b, u64 b_stride, u32 n_columns, u32 first)
{
    const u32 thread = threadIdx.x;
    copy_async(stage + thread / 4 * SLICE_ROW + thread % 4 * 4, a + thread / 4 * a_stride + first + thread % 4 * 4, true);
    float* right = stage + A_FLOATS;
    for (u32 i = thread; i < COLUMNS * DEPTH / 4; i += THREADS) {
        if (ORDER == Order::ByColumn) {
            copy_async(right + i / 4 * SLICE_ROW + i % 4 * 4, b + i / 4 * b_stride + first + i % 4 * 4, true);
        } else {
            const u32 column = i % 32 * 4;
            const bool valid = column < n_columns;
            copy_async(right + i / 32 * DEPTH_ROW + column, b + (first + i / 32) * b_stride + (valid ? column : 0), valid);
        }
    }
}

// The product; afterwards C(i, j) is at tile[i * RESULT_ROW + j], visible to all threads.
template <class Precision, Order ORDER>
__device__ inline void product(
    float* tile, const float* a, u64 a_stride, const float* b, u64 b_stride, u32 n_columns, u32 depth)
{
    Precision sums;
    const u32 n_slices = depth / DEPTH;
    for (u32 slice = 0; slice < STAGES - 1; ++slice) {
        if (slice < n_slices) {
            load_slice<ORDER>(tile + slice * STAGE_FLOATS, a, a_stride, b, b_stride, n_columns, slice * DEPTH);
        }
        copy_commit();
    }
    for (u32 slice = 0; slice < n_slices; ++slice) {
        copy_wait<STAGES - 2>();
        // Everyone's copies of this slice are there, and nobody still reads the slice before it.
        __syncthreads();
        const u32 next = slice + STAGES - 1;
        if (next < n_slices) {
            load_slice<ORDER>(tile + next % STAGES * STAGE_FLOATS, a, a_stride, b, b_stride, n_columns, next * DEPTH);
        }
        copy_commit();
        const float* stage = tile + slice % STAGES * STAGE_FLOATS;
        sums.template multiply<ORDER>(stage, stage + A_FLOATS, n_columns);
    }
    copy_wait<0>();
    // The last slices have been read by all before C takes their place.
    __syncthreads();
    sums.template store<ORDER>(tile);
    // All of C is there before anyone reads it.
    __syncthreads();
}

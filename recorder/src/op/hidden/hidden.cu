// The hidden layer of every member: forward with bias and ReLU, and the weight gradient consumed by Adam in place.
//
// x: [R, capacity, input_stride], replicates x_stride floats apart (0: all members see one batch)
// weights, first, second: [P, input_stride]   bias: [P]   pre, post, delta: [P, capacity]
// block_replicate: [P / 64] which batch a block of neurons sees. P is the sum of the members' blocks times 64.
// Assumes: input_stride a multiple of 16, capacity of 128; x zero past the batch's length and past I, delta zero past
// the batch's length. Floats of weights past I are zero and stay zero.
#include "adam.cuh"
#include "tile.cuh"

// z = W x + b, pre = z (unless null), post = max(z, 0) with NaN kept.
// Launch: grid (P / 64, capacity / 128), 256 threads. Bytes moved: weights once, pre and post once; x from the L2 cache.
template <class Precision>
__device__ inline void forward(float* tile, const float* x, u64 x_stride, const float* weights, const float* bias,
    const u32* block_replicate, u32 input_stride, u32 capacity, float* pre, float* post)
{
    const u32 neuron = blockIdx.x * BLOCK, sample = blockIdx.y * COLUMNS;
    const float* samples = x + block_replicate[blockIdx.x] * x_stride + static_cast<u64>(sample) * input_stride;
    product<Precision, Order::ByColumn>(tile, weights + static_cast<u64>(neuron) * input_stride, input_stride, samples,
        input_stride, COLUMNS, input_stride);
    for (u32 i = threadIdx.x; i < ROWS * COLUMNS / 4; i += THREADS) {
        const u32 row = i / 32, column = i % 32 * 4;
        const float b = bias[neuron + row];
        float4 z = *reinterpret_cast<const float4*>(tile + row * RESULT_ROW + column);
        z.x += b, z.y += b, z.z += b, z.w += b;
        const u64 to = static_cast<u64>(neuron + row) * capacity + sample + column;
        if (pre != nullptr) {
            *reinterpret_cast<float4*>(pre + to) = z;
        }
        // Not fmaxf, which would turn NaN into 0.
        z.x = z.x < 0.0f ? 0.0f : z.x, z.y = z.y < 0.0f ? 0.0f : z.y;
        z.z = z.z < 0.0f ? 0.0f : z.z, z.w = z.w < 0.0f ? 0.0f : z.w;
        *reinterpret_cast<float4*>(post + to) = z;
    }
}

// dL/dW(i, j) = sum over samples of delta(i, b) x(b, j), used by Adam where it was computed.
// Launch: grid (ceil(input_stride / 128), P / 64), 256 threads. Bytes moved a weight: 12 read, 12 written.
template <class Precision>
__device__ inline void update(float* tile, const float* x, u64 x_stride, const float* delta, const u32* block_replicate,
    u32 input_stride, u32 capacity, const float* schedule, const u32* cursor, float* weights, float* first, float* second)
{
    const u32 input = blockIdx.x * COLUMNS, neuron = blockIdx.y * BLOCK;
    const u32 n_columns = input_stride - input < COLUMNS ? input_stride - input : COLUMNS;
    product<Precision, Order::ByDepth>(tile, delta + static_cast<u64>(neuron) * capacity, capacity,
        x + block_replicate[blockIdx.y] * x_stride + input, input_stride, n_columns, capacity);
    const Adam adam = adam_at(schedule, cursor[0], HIDDEN_WEIGHTS);
    for (u32 i = threadIdx.x; i < ROWS * COLUMNS / 4; i += THREADS) {
        const u32 row = i / 32, column = i % 32 * 4;
        if (column < n_columns) {
            const float4 g = *reinterpret_cast<const float4*>(tile + row * RESULT_ROW + column);
            const u64 at = static_cast<u64>(neuron + row) * input_stride + input + column;
            float4 w = *reinterpret_cast<const float4*>(weights + at);
            float4 m = *reinterpret_cast<const float4*>(first + at);
            float4 v = *reinterpret_cast<const float4*>(second + at);
            adam_update(adam, g.x, w.x, m.x, v.x);
            adam_update(adam, g.y, w.y, m.y, v.y);
            adam_update(adam, g.z, w.z, m.z, v.z);
            adam_update(adam, g.w, w.w, m.w, v.w);
            *reinterpret_cast<float4*>(weights + at) = w;
            *reinterpret_cast<float4*>(first + at) = m;
            *reinterpret_cast<float4*>(second + at) = v;
        }
    }
}

#define HIDDEN_KERNELS(NAME, PRECISION)                                                                                \
    extern "C" __global__ void __launch_bounds__(THREADS, 2) hidden_forward_##NAME(const float* x, u64 x_stride,       \
        const float* weights, const float* bias, const u32* block_replicate, u32 input_stride, u32 capacity,          \
        float* pre, float* post)                                                                                      \
    {                                                                                                                  \
        __shared__ __align__(16) float tile[TILE_FLOATS];                                                              \
        forward<PRECISION>(                                                                                            \
            tile, x, x_stride, weights, bias, block_replicate, input_stride, capacity, pre, post);                     \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS, 2) hidden_update_##NAME(const float* x, u64 x_stride,        \
        const float* delta, const u32* block_replicate, u32 input_stride, u32 capacity, const float* schedule,        \
        const u32* cursor, float* weights, float* first, float* second)                                               \
    {                                                                                                                  \
        __shared__ __align__(16) float tile[TILE_FLOATS];                                                              \
        update<PRECISION>(tile, x, x_stride, delta, block_replicate, input_stride, capacity, schedule, cursor,        \
            weights, first, second);                                                                                   \
    }

HIDDEN_KERNELS(f32, Plain)
HIDDEN_KERNELS(tf32, Tensor<1>)
HIDDEN_KERNELS(3xtf32, Tensor<3>)

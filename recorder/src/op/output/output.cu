// The output layer of every member: shares of the logits by block of neurons; backward through it and through the ReLU,
// with Adam for its weights and both layers' biases.
//
// post, delta: [P, capacity]   weights, first, second: [P, 16]   bias (hidden): [P]   output_bias: [M, 16]
// partial: [P / 64, capacity, 16]   errors: [M, capacity, 16], zero past the batch's length and past K
// block_member: [P / 64]   member_first_block: [M + 1]
#include "adam.cuh"

// partial(block, b, k) = sum over the block's neurons, in their order, of weights(i, k) post(i, b).
// Launch: grid (P / 64, capacity / 128), 128 threads. Bytes moved: post once, 64 / 64 a sample and neuron.
extern "C" __global__ void __launch_bounds__(SAMPLES) output_forward(
    const float* post, const float* weights, u32 capacity, float* partial)
{
    __shared__ __align__(16) float rows[BLOCK * CLASSES];
    const u32 neuron = blockIdx.x * BLOCK, sample = blockIdx.y * SAMPLES + threadIdx.x;
    for (u32 i = threadIdx.x; i < BLOCK * CLASSES; i += SAMPLES) {
        rows[i] = weights[static_cast<u64>(neuron) * CLASSES + i];
    }
    __syncthreads();
    float sums[CLASSES] = {};
#pragma unroll 8
    for (u32 i = 0; i < BLOCK; ++i) {
        const float a = post[static_cast<u64>(neuron + i) * capacity + sample];
#pragma unroll
        for (u32 k = 0; k < CLASSES; ++k) {
            sums[k] = __fmaf_rn(a, rows[i * CLASSES + k], sums[k]);
        }
    }
    float4* to = reinterpret_cast<float4*>(partial + (static_cast<u64>(blockIdx.x) * capacity + sample) * CLASSES);
#pragma unroll
    for (u32 k = 0; k < CLASSES; k += 4) {
        to[k / 4] = float4{sums[k], sums[k + 1], sums[k + 2], sums[k + 3]};
    }
}

// delta(i, b) = [post(i, b) > 0] sum_k weights(i, k) errors(b, k), in place of post; then, with the old weights used,
// Adam with dL/dweights(i, k) = sum_b post(i, b) errors(b, k), dL/dbias(i) = sum_b delta(i, b), and by each member's
// first block dL/doutput_bias(k) = sum_b errors(b, k).
// A warp has 8 neurons, two at a time; its lanes share out the samples: no sum leaves the warp, its order is fixed.
// Launch: grid (P / 64), 256 threads. Bytes moved: post 4 read and 4 written a value.
extern "C" __global__ void __launch_bounds__(256) output_backward(const float* errors, const u32* block_member,
    const u32* member_first_block, u32 capacity, const float* schedule, const u32* cursor, float* post, float* weights,
    float* first, float* second, float* bias, float* bias_first, float* bias_second, float* output_bias,
    float* output_bias_first, float* output_bias_second)
{
    constexpr u32 ROW = CLASSES + 1; // 17 floats: a warp's reads of one class fall into 32 different banks.
    __shared__ float chunk[SAMPLES * ROW];
    const u32 member = block_member[blockIdx.x], warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const float* own = errors + static_cast<u64>(member) * capacity * CLASSES;
    const Adam output_adam = adam_at(schedule, cursor[0], OUTPUT_WEIGHTS);
    const Adam bias_adam = adam_at(schedule, cursor[0], HIDDEN_BIAS);
    const bool leads = blockIdx.x == member_first_block[member];
    float class_sum = 0.0f; // Of the errors of class `lane`, by warp 0 of the member's first block.
    for (u32 pair = 0; pair < BLOCK / 8; pair += 2) {
        const u32 neuron = blockIdx.x * BLOCK + warp * (BLOCK / 8) + pair;
        float w[2][CLASSES], gradient[2][CLASSES] = {}, bias_gradient[2] = {};
#pragma unroll
        for (u32 n = 0; n < 2; ++n) {
#pragma unroll
            for (u32 k = 0; k < CLASSES; ++k) {
                w[n][k] = weights[static_cast<u64>(neuron + n) * CLASSES + k];
            }
        }
        for (u32 start = 0; start < capacity; start += SAMPLES) {
            // With one chunk it is read once; with more, nobody may still read the one before.
            if (pair == 0 || capacity > SAMPLES) {
                __syncthreads();
                for (u32 i = threadIdx.x; i < SAMPLES * CLASSES; i += blockDim.x) {
                    chunk[i / CLASSES * ROW + i % CLASSES] = own[static_cast<u64>(start) * CLASSES + i];
                }
                __syncthreads();
            }
            if (pair == 0 && leads && warp == 0 && lane < CLASSES) {
                for (u32 b = 0; b < SAMPLES; ++b) {
                    class_sum += chunk[b * ROW + lane];
                }
            }
            for (u32 b = lane; b < SAMPLES; b += WARP) {
                float e[CLASSES];
#pragma unroll
                for (u32 k = 0; k < CLASSES; ++k) {
                    e[k] = chunk[b * ROW + k];
                }
#pragma unroll
                for (u32 n = 0; n < 2; ++n) {
                    float* at = post + static_cast<u64>(neuron + n) * capacity + start + b;
                    const float a = *at;
                    float d = 0.0f;
#pragma unroll
                    for (u32 k = 0; k < CLASSES; ++k) {
                        d = __fmaf_rn(w[n][k], e[k], d);
                        gradient[n][k] = __fmaf_rn(a, e[k], gradient[n][k]);
                    }
                    // A NaN activation passes the gradient on, which is NaN too: it must not be lost.
                    d = a <= 0.0f ? 0.0f : d;
                    bias_gradient[n] += d;
                    *at = d;
                }
            }
        }
#pragma unroll
        for (u32 n = 0; n < 2; ++n) {
            float mine = 0.0f; // The gradient that this lane applies.
#pragma unroll
            for (u32 k = 0; k < CLASSES; ++k) {
                const float sum = warp_sum(gradient[n][k]);
                mine = lane == k ? sum : mine;
            }
            const float sum = warp_sum(bias_gradient[n]);
            if (lane < CLASSES) {
                const u64 at = static_cast<u64>(neuron + n) * CLASSES + lane;
                adam_update(output_adam, mine, weights[at], first[at], second[at]);
            } else if (lane == CLASSES) {
                const u32 at = neuron + n;
                adam_update(bias_adam, sum, bias[at], bias_first[at], bias_second[at]);
            }
        }
    }
    if (leads && warp == 0 && lane < CLASSES) {
        const Adam adam = adam_at(schedule, cursor[0], OUTPUT_BIAS);
        const u64 at = static_cast<u64>(member) * CLASSES + lane;
        adam_update(adam, class_sum, output_bias[at], output_bias_first[at], output_bias_second[at]);
    }
}

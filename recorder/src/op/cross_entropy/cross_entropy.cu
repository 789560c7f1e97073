// Softmax and cross-entropy of every member and sample; mod.rs has the formulas.
//
// partial: [P / 64, capacity, 16]   output_bias: [M, 16]   member_first_block: [M + 1]   member_replicate: [M]
// batch_labels: [R, capacity] u8, replicates label_stride apart (0: all members see one batch)
// errors: [M, capacity, 16] = dL/dlogits, zero past the batch's length and past K
// losses: [M, capacity] f64   correct: [M, capacity] u32, both zero past the batch's length
#include "base.cuh"

// Sum and largest over the 16 lanes of a sample; every lane gets the same bits.
__device__ inline float class_sum(float value)
{
    for (u32 distance = CLASSES / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    }
    return value;
}

__device__ inline float class_max(float value)
{
    for (u32 distance = CLASSES / 2; distance > 0; distance /= 2) {
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, distance));
    }
    return value;
}

// Errors (unless null), and losses and correct (unless null). 16 lanes have a sample, one class each; a member's shares
// are added in the order of its blocks. A logit that is not finite makes the sample's errors and loss NaN.
// Launch: grid (M, capacity / 16), 256 threads. Bytes moved: partial once.
extern "C" __global__ void __launch_bounds__(256) cross_entropy_judge(const float* partial, const float* output_bias,
    const u32* member_first_block, const u32* member_replicate, const u8* batch_labels, u32 label_stride,
    const u32* cursor, u32 n_samples, u32 batch, u32 n_classes, u32 capacity, float* errors, double* losses, u32* correct)
{
    const u32 member = blockIdx.x, lane = threadIdx.x % CLASSES;
    const u32 sample = blockIdx.y * 16 + threadIdx.x / CLASSES;
    const u32 n = batch_length(cursor, n_samples, batch);
    const bool present = lane < n_classes;
    float logit = 0.0f;
    const u32 end = member_first_block[member + 1];
#pragma unroll 4
    for (u32 block = member_first_block[member]; block < end; ++block) {
        logit += partial[(static_cast<u64>(block) * capacity + sample) * CLASSES + lane];
    }
    logit += output_bias[member * CLASSES + lane];
    const float fault = class_sum(present ? logit - logit : 0.0f);
    const float max = class_max(present ? logit : -3.402823466e+38f);
    const float exponential = present ? expf(logit - max) + fault : 0.0f;
    const float sum = class_sum(exponential);
    const u32 label = batch_labels[member_replicate[member] * label_stride + sample];
    const u64 at = static_cast<u64>(member) * capacity + sample;
    if (errors != nullptr) {
        const float error = (exponential / sum - (lane == label ? 1.0f : 0.0f)) * (1.0f / static_cast<float>(n));
        errors[at * CLASSES + lane] = present && sample < n ? error : 0.0f;
    }
    if (losses != nullptr) {
        const float own = __shfl_sync(ALL_LANES, logit, label, CLASSES);
        const bool beaten = lane < label ? logit < own : logit <= own;
        const u32 votes = __ballot_sync(ALL_LANES, beaten || !present);
        if (lane == 0) {
            const double loss = log(static_cast<double>(sum)) + static_cast<double>(max) - static_cast<double>(own);
            const u32 all = 0xffffu << (threadIdx.x % WARP);
            losses[at] = sample < n ? loss : 0.0;
            correct[at] = sample < n && (votes & all) == all ? 1 : 0;
        }
    }
}

// Adds a batch's losses and correct samples to each member's totals; the tree of additions is fixed.
// Launch: grid (M), 256 threads.
extern "C" __global__ void __launch_bounds__(256) cross_entropy_total(
    const double* losses, const u32* correct, u32 capacity, double* loss_totals, u64* correct_totals)
{
    __shared__ double loss_sums[256];
    __shared__ u32 correct_sums[256];
    const u32 member = blockIdx.x, thread = threadIdx.x;
    double loss = 0.0;
    u32 right = 0;
    for (u32 sample = thread; sample < capacity; sample += 256) {
        loss += losses[static_cast<u64>(member) * capacity + sample];
        right += correct[static_cast<u64>(member) * capacity + sample];
    }
    loss_sums[thread] = loss;
    correct_sums[thread] = right;
    for (u32 half = 128; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) {
            loss_sums[thread] += loss_sums[thread + half];
            correct_sums[thread] += correct_sums[thread + half];
        }
    }
    if (thread == 0) {
        loss_totals[member] += loss_sums[0];
        correct_totals[member] += correct_sums[0];
    }
}

// The batch of every replicate: x = scale * p - shift of the samples that are next in each one's order.
//
// images: [N, I] u8   labels: [N] u8   order: [R, N], or null: samples in original order
// x: [R, capacity, input_stride] f32, zero past the batch's length and past I   batch_labels: [R, capacity] u8
// Launch: grid (capacity, R), any number of threads. Bytes moved a value: 1 read, 4 written.
#include "base.cuh"

extern "C" __global__ void batch_gather(const u8* images, const u8* labels, const u32* order, const u32* cursor,
    u32 n_samples, u32 batch, u32 n_inputs, u32 input_stride, float scale, float shift, float* x, u8* batch_labels)
{
    const u32 row = blockIdx.x, replicate = blockIdx.y, capacity = gridDim.x;
    const u64 to = static_cast<u64>(replicate) * capacity + row;
    float* values = x + to * input_stride;
    const bool present = row < batch_length(cursor, n_samples, batch);
    u64 sample = 0;
    if (present) {
        sample = static_cast<u64>(cursor[0]) * batch + row;
        if (order != nullptr) {
            sample = order[static_cast<u64>(replicate) * n_samples + sample];
        }
    }
    for (u32 input = threadIdx.x; input < input_stride; input += blockDim.x) {
        float value = 0.0f;
        if (present && input < n_inputs) {
            value = __fmaf_rn(static_cast<float>(images[sample * n_inputs + input]), scale, -shift);
        }
        values[input] = value;
    }
    if (threadIdx.x == 0) {
        batch_labels[to] = present ? labels[sample] : 0;
    }
}

// Moves on to the next batch. A launch of its own, since all blocks of the others read the cursor. Launch: one thread.
extern "C" __global__ void batch_advance(u32* cursor)
{
    cursor[0] += 1;
}

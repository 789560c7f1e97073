// Activations of one batch as the recording wants them: a row of U values for each sample, member by member.
//
// values: [P, capacity]   rows: for member m, [n_rows, U(m)] from float member_offset(m) on
// block_member: [P / 64]   member_first_block: [M + 1]   member_size: [M] = U   member_offset: [M]
// Launch: grid (P / 64, capacity / 32), 256 threads. Bytes moved a value: 4 read, 4 written.
#include "base.cuh"

// Sample b < n of the batch becomes row first_row + b.
extern "C" __global__ void __launch_bounds__(256) capture_rows(const float* values, const u32* block_member,
    const u32* member_first_block, const u32* member_size, const u64* member_offset, u32 capacity, u32 n, u32 first_row,
    float* rows)
{
    constexpr u32 N = 32, ROW = BLOCK + 1; // 65 floats: columns are written without bank conflicts.
    __shared__ float tile[N * ROW];
    const u32 member = block_member[blockIdx.x], first_sample = blockIdx.y * N;
    const u32 first_neuron = (blockIdx.x - member_first_block[member]) * BLOCK;
    for (u32 i = threadIdx.x; i < BLOCK * N; i += blockDim.x) {
        const u32 neuron = i / N, sample = i % N;
        tile[sample * ROW + neuron] =
            values[(static_cast<u64>(blockIdx.x) * BLOCK + neuron) * capacity + first_sample + sample];
    }
    __syncthreads();
    const u32 size = member_size[member];
    float* own = rows + member_offset[member];
    for (u32 i = threadIdx.x; i < BLOCK * N; i += blockDim.x) {
        const u32 sample = i / BLOCK, neuron = i % BLOCK;
        if (first_sample + sample < n && first_neuron + neuron < size) {
            const u64 row = static_cast<u64>(first_row) + first_sample + sample;
            own[row * size + first_neuron + neuron] = tile[sample * ROW + neuron];
        }
    }
}

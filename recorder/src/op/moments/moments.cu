// Count, mean and sum of squared deviations of every neuron, batch by batch.
//
// values: [P, capacity]   state: [P, 3] f64 = (n, mean, sum of (x - mean)^2)
// Launch: grid (P / 64), 256 threads. Bytes moved a value: 4 read (a second time from cache).
#include "base.cuh"

// Merges a batch's moments, taken in two passes in f64, into the state (Chan, Golub and LeVeque 1979, equation 2.1).
// A warp has 8 neurons, one after the other; its lanes share out the samples.
extern "C" __global__ void __launch_bounds__(256) moments_update(
    const float* values, const u32* cursor, u32 n_samples, u32 batch, u32 capacity, double* state)
{
    const u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const u32 n = batch_length(cursor, n_samples, batch);
    if (n == 0) {
        return; // The same for the whole grid.
    }
    for (u32 i = 0; i < BLOCK / 8; ++i) {
        const u64 neuron = static_cast<u64>(blockIdx.x) * BLOCK + warp * (BLOCK / 8) + i;
        const float* own = values + neuron * capacity;
        double sum = 0.0;
        for (u32 b = lane; b < n; b += WARP) {
            sum += static_cast<double>(own[b]);
        }
        const double mean = warp_sum(sum) / n;
        double squares = 0.0;
        for (u32 b = lane; b < n; b += WARP) {
            const double deviation = static_cast<double>(own[b]) - mean;
            squares += deviation * deviation;
        }
        squares = warp_sum(squares);
        if (lane == 0) {
            double* old = state + neuron * 3;
            const double total = old[0] + n, difference = mean - old[1];
            old[1] += difference * n / total;
            old[2] += squares + difference * difference * old[0] * n / total;
            old[0] = total;
        }
    }
}

// One tensor-core product as tests see it: fragments filled by the documented table, C written by it.
//
// a: [16, 8], b: [8, 8], c: [16, 8], row-major; indices: [32, 10] = for each lane the offsets in a (4), b (2), c (4).
// Launch: one warp.
#include "tensor.cuh"

extern "C" __global__ void fragment_product(const float* a, const float* b, const u32* indices, float* c)
{
    const u32* own = indices + threadIdx.x * 10;
    u32 left[4], right[2];
    float sums[4] = {};
    for (u32 i = 0; i < 4; ++i) {
        left[i] = to_tf32(a[own[i]]);
    }
    for (u32 i = 0; i < 2; ++i) {
        right[i] = to_tf32(b[own[4 + i]]);
    }
    mma(sums, left, right);
    for (u32 i = 0; i < 4; ++i) {
        c[own[6 + i]] = sums[i];
    }
}

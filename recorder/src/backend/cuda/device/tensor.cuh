// Tensor-core product of a 16 x 8 and an 8 x 8 matrix of TF32 values, accumulated in f32.
//
// PTX ISA, "Matrix Fragments for mma.m16n8k8", .tf32. With group = lane / 4 and part = lane % 4:
//   A (16 x 8): a0 (group, part)  a1 (group + 8, part)  a2 (group, part + 4)  a3 (group + 8, part + 4)
//   B (8 x 8):  b0 (part, group)  b1 (part + 4, group)
//   C (16 x 8): c0 (group, 2 part)  c1 (group, 2 part + 1)  c2 (group + 8, 2 part)  c3 (group + 8, 2 part + 1)
// The emulation executes the same instruction by exchanging fragments within the warp.
#pragma once
#include "base.cuh"

#ifndef EMULATED
// Rounded to the 10 fraction bits of TF32, ties away from zero: relative error at most 2^-11.
__device__ inline u32 to_tf32(float value)
{
    u32 bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
}

// c += a b
__device__ inline void mma(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// A value as the sum of TF32 values: `big` alone is within 2^-11, both within 2^-22.
struct Split {
    u32 big, small;
};

__device__ inline Split split_tf32(float value)
{
    Split split;
    split.big = to_tf32(value);
    split.small = to_tf32(value - __uint_as_float(split.big));
    return split;
}

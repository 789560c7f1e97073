// One step of Adam, the operations and their order as in cpu.rs: the same gradient gives the same bits.
#pragma once
#include "base.cuh"

// Constants of a group of parameters at one step: [step, 4 groups, 6] floats in this order.
struct Adam {
    float rate;         // lr / (1 - beta1^t)
    float root_scale;   // 1 / sqrt(1 - beta2^t)
    float weight_decay; // times the parameter, added to the gradient
    float beta1, beta2, epsilon;
};

constexpr u32 N_GROUPS = 4;
enum Group : u32 { HIDDEN_WEIGHTS = 0, HIDDEN_BIAS = 1, OUTPUT_WEIGHTS = 2, OUTPUT_BIAS = 3 };

__device__ inline Adam adam_at(const float* schedule, u32 step, Group group)
{
    const float* constants = schedule + (static_cast<u64>(step) * N_GROUPS + group) * 6;
    return Adam{constants[0], constants[1], constants[2], constants[3], constants[4], constants[5]};
}

// Every operation is rounded by itself (no contraction by the compiler), division and root correctly.
__device__ inline void adam_update(const Adam& adam, float gradient, float& value, float& first, float& second)
{
    const float g = adam.weight_decay == 0.0f ? gradient : __fmaf_rn(value, adam.weight_decay, gradient);
    first = __fmaf_rn(first, adam.beta1, __fmul_rn(g, 1.0f - adam.beta1));
    second = __fmaf_rn(second, adam.beta2, __fmul_rn(__fmul_rn(g, g), 1.0f - adam.beta2));
    const float root = __fmaf_rn(__fsqrt_rn(second), adam.root_scale, adam.epsilon);
    value = __fsub_rn(value, __fdiv_rn(__fmul_rn(first, adam.rate), root));
}

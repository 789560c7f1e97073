// Every kernel by its name.
#pragma once
#include "launch.h"

#include "batch.cu"
#include "capture.cu"
#include "cross_entropy.cu"
#include "fragment.cu"
#include "hidden.cu"
#include "moments.cu"
#include "output.cu"

namespace {
const emulation::Kernel KERNELS[] = {
    EMULATED_KERNEL(batch_gather),
    EMULATED_KERNEL(batch_advance),
    EMULATED_KERNEL(hidden_forward_f32),
    EMULATED_KERNEL(hidden_forward_tf32),
    EMULATED_KERNEL(hidden_forward_3xtf32),
    EMULATED_KERNEL(hidden_update_f32),
    EMULATED_KERNEL(hidden_update_tf32),
    EMULATED_KERNEL(hidden_update_3xtf32),
    EMULATED_KERNEL(output_forward),
    EMULATED_KERNEL(output_backward),
    EMULATED_KERNEL(cross_entropy_judge),
    EMULATED_KERNEL(cross_entropy_total),
    EMULATED_KERNEL(capture_rows),
    EMULATED_KERNEL(moments_update),
    EMULATED_KERNEL(fragment_product),
};
}

inline const emulation::Kernel* find_kernel(const char* name)
{
    for (const emulation::Kernel& kernel : KERNELS) {
        if (std::strcmp(kernel.name, name) == 0) {
            return &kernel;
        }
    }
    return nullptr;
}

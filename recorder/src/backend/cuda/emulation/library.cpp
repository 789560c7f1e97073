// All kernels as one shared library with one function.
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

// Runs kernel `name`; null, or what went wrong.
extern "C" __attribute__((visibility("default"))) const char* emulate(
    const char* name, unsigned grid_x, unsigned grid_y, unsigned n_threads, void** arguments, unsigned n_arguments, unsigned order)
{
    for (const emulation::Kernel& kernel : KERNELS) {
        if (std::strcmp(kernel.name, name) == 0) {
            if (kernel.n_arguments != n_arguments) {
                return "the kernel takes another number of arguments";
            }
            return emulation::launch(kernel, {grid_x, grid_y, 1}, n_threads, arguments, order);
        }
    }
    return "there is no kernel of that name";
}

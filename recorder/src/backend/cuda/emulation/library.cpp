// All kernels as one shared library with one function.
#include "kernels.h"

// Runs kernel `name`; null, or what went wrong.
extern "C" __attribute__((visibility("default"))) const char* emulate(
    const char* name, unsigned grid_x, unsigned grid_y, unsigned n_threads, void** arguments, unsigned n_arguments, unsigned order)
{
    const emulation::Kernel* kernel = find_kernel(name);
    if (kernel == nullptr) {
        return "there is no kernel of that name";
    }
    if (kernel->n_arguments != n_arguments) {
        return "the kernel takes another number of arguments";
    }
    return emulation::launch(*kernel, {grid_x, grid_y, 1}, n_threads, arguments, order);
}

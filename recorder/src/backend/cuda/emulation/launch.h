// Launches: every kernel by its name, its arguments as the driver takes them, blocks in one of four thread orders.
#pragma once
#include "cuda.h"

// Bounds of the section of shared memory, from the linker.
extern "C" {
extern char __start_emulation_shared[] __attribute__((visibility("hidden")));
extern char __stop_emulation_shared[] __attribute__((visibility("hidden")));
}

namespace emulation {

template <class... A, std::size_t... I>
inline void apply(void (*kernel)(A...), void** arguments, std::index_sequence<I...>)
{
    kernel(*static_cast<A*>(arguments[I])...);
}

template <auto KERNEL>
struct Entry;

template <class... A, void (*KERNEL)(A...)>
struct Entry<KERNEL> {
    static constexpr unsigned N_ARGUMENTS = sizeof...(A);
    static void call(void** arguments) { apply(KERNEL, arguments, std::index_sequence_for<A...>{}); }
};

struct Kernel {
    const char* name;
    void (*call)(void**);
    unsigned n_arguments;
};

#define EMULATED_KERNEL(NAME) emulation::Kernel{#NAME, emulation::Entry<NAME>::call, emulation::Entry<NAME>::N_ARGUMENTS}

// Order 0: ascending, 1: descending, others: shuffled by that number. Odd orders copy eagerly, even ones late.
inline std::vector<unsigned> thread_order(unsigned n_threads, unsigned order)
{
    std::vector<unsigned> threads(n_threads);
    std::iota(threads.begin(), threads.end(), 0u);
    if (order == 1) {
        std::reverse(threads.begin(), threads.end());
    } else if (order > 1) {
        std::uint64_t state = order;
        for (unsigned i = n_threads; i > 1; --i) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            std::swap(threads[i - 1], threads[(state >> 33) % i]);
        }
    }
    return threads;
}

inline const char* launch(const Kernel& kernel, Dimensions grid, unsigned n_threads, void** arguments, unsigned order)
{
    if (grid.x == 0 || grid.y == 0 || n_threads == 0 || n_threads > 1024 || grid.y > 65535) {
        return "the launch has no threads, or more than a device accepts";
    }
    block.n_threads = n_threads;
    if (block.fibres.size() < n_threads) {
        block.fibres.resize(n_threads);
    }
    block.warps.resize((n_threads + WARP_LANES - 1) / WARP_LANES);
    block.eager_copies = order % 2 == 1;
    block.kernel = kernel.call;
    block.arguments = arguments;
    block.fault = nullptr;
    grid_size = grid;
    block_size = {n_threads, 1, 1};
    for (unsigned i = 0; i < n_threads; ++i) {
        block.fibres[i].index = i;
        block.fibres[i].thread = {i, 0, 0};
    }
    const std::vector<unsigned> threads = thread_order(n_threads, order);
    const std::uint64_t n_blocks = static_cast<std::uint64_t>(grid.x) * grid.y;
    for (std::uint64_t i = 0; i < n_blocks; ++i) {
        // Blocks come in any order too: every other order begins with the last.
        const std::uint64_t number = order % 2 == 0 ? i : n_blocks - 1 - i;
        block_index = {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x), 0};
        std::memset(__start_emulation_shared, 0xff, static_cast<std::size_t>(__stop_emulation_shared - __start_emulation_shared));
        if (!run_block(threads)) {
            return block.fault;
        }
    }
    return nullptr;
}

} // namespace emulation

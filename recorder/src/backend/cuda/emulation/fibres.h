// The threads of one block as fibres of one operating-system thread.
//
// Each fibre runs until it waits (a barrier, or an exchange within its warp) or ends; the scheduler then takes the next
// in the chosen order, and a warp goes on until all its threads are at a barrier. A warp therefore runs as far ahead of the
// others as the program allows: what a missing barrier would let it read is not yet written, or already overwritten.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace emulation {

constexpr unsigned WARP_LANES = 32;
constexpr unsigned SLOT_WORDS = 10;
constexpr std::size_t STACK_BYTES = 64 << 10;

struct Dimensions {
    unsigned x, y, z;
};

enum class State { Ready, AtBarrier, AtWarp, Done };

// A group of asynchronous copies that has not arrived.
struct Copy {
    float* to;
    const float* from;
    bool valid;
};

struct Fibre {
#ifdef __x86_64__
    void* stack_pointer = nullptr;
#else
    ucontext_t context;
#endif
    std::unique_ptr<unsigned char[]> stack;
    State state = State::Done;
    Dimensions thread{};
    unsigned index = 0;
    // Where it waits: threads of a block must meet at one place.
    unsigned line = 0;
    // Which of the warp's two sets of slots its next exchange uses.
    unsigned parity = 0;
    std::vector<Copy> pending;
    std::vector<std::size_t> groups;
};

struct Warp {
    std::uint32_t slots[2][WARP_LANES][SLOT_WORDS];
    // Threads of this warp in the order in which they run.
    std::vector<unsigned> order;
    // The product of the last mma by lane, and whether it has been computed from the slots of that parity.
    float product[2][WARP_LANES][4];
    bool computed[2];
};

struct Block {
    std::vector<Fibre> fibres;
    std::vector<Warp> warps;
    Fibre* current = nullptr;
    unsigned n_threads = 0;
    // Copies happen when issued (true) or when waited for (false): a program must be right with both.
    bool eager_copies = false;
    void (*kernel)(void**) = nullptr;
    void** arguments = nullptr;
#ifdef __x86_64__
    void* scheduler = nullptr;
#else
    ucontext_t scheduler;
#endif
    const char* fault = nullptr;
};

inline Block block;
inline Dimensions block_index, block_size, grid_size;

#ifdef __x86_64__
// Saves the callee-saved registers on the stack of the one that leaves, takes those of the one that comes.
extern "C" void emulation_switch(void** leave, void* come) __attribute__((visibility("hidden")));
asm(R"(
.text
.hidden emulation_switch
.globl emulation_switch
.type emulation_switch, @function
emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulation_switch, .-emulation_switch
)");
#endif

inline void leave()
{
    Fibre* self = block.current;
#ifdef __x86_64__
    emulation_switch(&self->stack_pointer, block.scheduler);
#else
    swapcontext(&self->context, &block.scheduler);
#endif
}

inline void enter(Fibre& fibre)
{
    block.current = &fibre;
#ifdef __x86_64__
    emulation_switch(&block.scheduler, fibre.stack_pointer);
#else
    swapcontext(&block.scheduler, &fibre.context);
#endif
}

inline void run_thread()
{
    block.kernel(block.arguments);
    block.current->state = State::Done;
    leave();
}

inline void start(Fibre& fibre)
{
    if (!fibre.stack) {
        fibre.stack.reset(new unsigned char[STACK_BYTES]);
    }
#ifdef __x86_64__
    // Six registers and the address that `ret` takes; at the function's entry the stack is 8 past a multiple of 16.
    auto top = reinterpret_cast<std::uintptr_t>(fibre.stack.get() + STACK_BYTES) / 16 * 16 - 16;
    auto* frame = reinterpret_cast<void**>(top);
    frame[0] = reinterpret_cast<void*>(&run_thread);
    fibre.stack_pointer = frame - 6;
#else
    getcontext(&fibre.context);
    fibre.context.uc_stack.ss_sp = fibre.stack.get();
    fibre.context.uc_stack.ss_size = STACK_BYTES;
    fibre.context.uc_link = nullptr;
    makecontext(&fibre.context, run_thread, 0);
#endif
    fibre.state = State::Ready;
    fibre.parity = 0;
    fibre.pending.clear();
    fibre.groups.clear();
}

inline void barrier(unsigned line)
{
    block.current->state = State::AtBarrier;
    block.current->line = line;
    leave();
}

// Publishes `n_words` for the warp; when all lanes have come, returns what they published.
inline const std::uint32_t (*exchange(const void* words, std::size_t n_bytes))[SLOT_WORDS]
{
    Fibre* self = block.current;
    Warp& warp = block.warps[self->index / WARP_LANES];
    const unsigned parity = self->parity;
    self->parity ^= 1;
    warp.computed[parity] = false;
    std::memcpy(warp.slots[parity][self->index % WARP_LANES], words, n_bytes);
    self->state = State::AtWarp;
    leave();
    return warp.slots[parity];
}

// Runs the threads of a warp until each waits for the block, has ended, or waits for a lane that will not come.
inline void run_warp(Warp& warp)
{
    for (;;) {
        for (unsigned i : warp.order) {
            if (block.fibres[i].state == State::Ready) {
                enter(block.fibres[i]);
            }
        }
        unsigned waiting = 0;
        for (unsigned i : warp.order) {
            waiting += block.fibres[i].state == State::AtWarp;
        }
        if (waiting < WARP_LANES) {
            return;
        }
        for (unsigned i : warp.order) {
            block.fibres[i].state = State::Ready;
        }
    }
}

inline bool release_barrier()
{
    for (unsigned i = 0; i < block.n_threads; ++i) {
        if (block.fibres[i].state != State::AtBarrier) {
            block.fault = "some threads of a block wait while others have ended or wait elsewhere";
            return false;
        }
        if (block.fibres[i].line != block.fibres[0].line) {
            block.fault = "threads of a block wait at different barriers";
            return false;
        }
    }
    for (unsigned i = 0; i < block.n_threads; ++i) {
        block.fibres[i].state = State::Ready;
    }
    return true;
}

// Runs one block to its end, taking threads and warps in `order`.
inline bool run_block(const std::vector<unsigned>& order)
{
    std::vector<unsigned> warps;
    for (Warp& warp : block.warps) {
        warp.order.clear();
    }
    for (unsigned i : order) {
        start(block.fibres[i]);
        Warp& warp = block.warps[i / WARP_LANES];
        if (warp.order.empty()) {
            warps.push_back(i / WARP_LANES);
        }
        warp.order.push_back(i);
    }
    for (;;) {
        bool all_done = true;
        for (unsigned warp : warps) {
            run_warp(block.warps[warp]);
            for (unsigned i : block.warps[warp].order) {
                all_done = all_done && block.fibres[i].state == State::Done;
            }
        }
        if (all_done) {
            return true;
        }
        if (!release_barrier()) {
            return false;
        }
    }
}

} // namespace emulation

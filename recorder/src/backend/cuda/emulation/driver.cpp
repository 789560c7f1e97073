// A libcuda whose device is the emulation: what the program calls of the driver, for tests of the program itself.
//
// Streams are executed at once, graphs are lists of launches. LAYERSCOPE_FAKE_CUDA changes what it is:
//   version=N    the CUDA version that it tells           devices=N    how many devices it has
//   memory=N     bytes of device memory                   fault=N      launch number N ends with error 700
// Device memory lies between guard zones; a kernel that wrote there ends with error 700, too.
#include "kernels.h"
#include <cstdlib>
#include <map>
#include <string>

namespace {

constexpr int SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700;
constexpr std::size_t GUARD = 4096;

long long setting(const char* name, long long otherwise)
{
    const char* all = std::getenv("LAYERSCOPE_FAKE_CUDA");
    const char* found = all ? std::strstr(all, name) : nullptr;
    return found ? std::atoll(found + std::strlen(name) + 1) : otherwise;
}

struct Launch {
    const emulation::Kernel* kernel;
    unsigned x, y, n_threads;
    std::vector<std::uint64_t> words;
};

std::map<std::uintptr_t, std::size_t> allocations;
std::size_t n_taken = 0;
std::vector<Launch>* capturing = nullptr;
long long n_launches = 0;
// Once a kernel has failed every later call says so, as on a device.
int broken = SUCCESS;

std::size_t total() { return static_cast<std::size_t>(setting("memory", 1LL << 30)); }

int execute(const Launch& launch)
{
    if (broken != SUCCESS) {
        return broken;
    }
    std::vector<void*> arguments;
    for (const std::uint64_t& word : launch.words) {
        arguments.push_back(const_cast<std::uint64_t*>(&word));
    }
    const char* fault = emulation::launch(
        *launch.kernel, {launch.x, launch.y, 1}, launch.n_threads, arguments.data(), static_cast<unsigned>(n_launches % 4));
    if (fault != nullptr || n_launches++ == setting("fault", -1)) {
        broken = ILLEGAL_ADDRESS;
    }
    return SUCCESS;
}

void check_guards()
{
    for (const auto& [address, n_bytes] : allocations) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(address);
        for (std::size_t i = 0; i < GUARD; ++i) {
            if (*(bytes - 1 - i) != 0xff || bytes[n_bytes + i] != 0xff) {
                broken = ILLEGAL_ADDRESS;
            }
        }
    }
}

} // namespace

#define DRIVER extern "C" __attribute__((visibility("default"))) int

DRIVER cuInit(unsigned) { return setting("devices", 1) > 0 ? SUCCESS : NO_DEVICE; }
DRIVER cuDriverGetVersion(int* version) { *version = static_cast<int>(setting("version", 12090)); return SUCCESS; }
DRIVER cuDeviceGetCount(int* count) { *count = static_cast<int>(setting("devices", 1)); return SUCCESS; }
DRIVER cuDeviceGet(int* device, int index) { *device = index; return SUCCESS; }
DRIVER cuDeviceGetName(char* name, int length, int) { std::snprintf(name, static_cast<std::size_t>(length), "emulated device"); return SUCCESS; }
// 75 is the major, 76 the minor number of the compute capability.
DRIVER cuDeviceGetAttribute(int* value, int attribute, int) { *value = attribute == 75 ? static_cast<int>(setting("capability", 9)) : 0; return SUCCESS; }
DRIVER cuDeviceTotalMem_v2(std::size_t* bytes, int) { *bytes = total(); return SUCCESS; }
DRIVER cuDevicePrimaryCtxRetain(void** context, int) { *context = &allocations; return SUCCESS; }
DRIVER cuDevicePrimaryCtxRelease_v2(int) { return allocations.empty() ? SUCCESS : INVALID_VALUE; }
DRIVER cuCtxSetCurrent(void*) { return SUCCESS; }
DRIVER cuStreamCreate(void** stream, unsigned) { *stream = new char; return SUCCESS; }
DRIVER cuStreamSynchronize(void*) { check_guards(); return broken; }
DRIVER cuEventCreate(void** event, unsigned) { *event = new char; return SUCCESS; }
DRIVER cuEventRecord(void*, void*) { return broken; }
DRIVER cuEventSynchronize(void*) { return broken; }
DRIVER cuStreamWaitEvent(void*, void*, unsigned) { return broken; }

DRIVER cuMemGetInfo_v2(std::size_t* free, std::size_t* all)
{
    *all = total();
    *free = total() - n_taken;
    return SUCCESS;
}

DRIVER cuMemAlloc_v2(std::uint64_t* address, std::size_t n_bytes)
{
    if (n_taken + n_bytes > total()) {
        return OUT_OF_MEMORY;
    }
    n_taken += n_bytes;
    auto* memory = static_cast<unsigned char*>(std::aligned_alloc(4096, (2 * GUARD + n_bytes + 4095) / 4096 * 4096));
    std::memset(memory, 0xff, 2 * GUARD + n_bytes);
    *address = reinterpret_cast<std::uintptr_t>(memory + GUARD);
    allocations[*address] = n_bytes;
    return SUCCESS;
}

DRIVER cuMemFree_v2(std::uint64_t address)
{
    check_guards();
    const auto found = allocations.find(address);
    if (found == allocations.end()) {
        return INVALID_VALUE;
    }
    n_taken -= found->second;
    std::free(reinterpret_cast<unsigned char*>(address) - GUARD);
    allocations.erase(found);
    return broken;
}

DRIVER cuMemsetD8Async(std::uint64_t address, unsigned char value, std::size_t n_bytes, void*)
{
    std::memset(reinterpret_cast<void*>(address), value, n_bytes);
    return broken;
}

DRIVER cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::size_t n_bytes, void*)
{
    std::memcpy(reinterpret_cast<void*>(to), from, n_bytes);
    return broken;
}

DRIVER cuMemcpyDtoHAsync_v2(void* to, std::uint64_t from, std::size_t n_bytes, void*)
{
    std::memcpy(to, reinterpret_cast<const void*>(from), n_bytes);
    return broken;
}

DRIVER cuMemHostAlloc(void** memory, std::size_t n_bytes, unsigned) { *memory = std::malloc(n_bytes); return SUCCESS; }
DRIVER cuMemFreeHost(void* memory) { std::free(memory); return SUCCESS; }

DRIVER cuModuleLoadData(void** module, const void*) { *module = new char; return SUCCESS; }

DRIVER cuModuleGetFunction(void** function, void*, const char* name)
{
    const emulation::Kernel* kernel = find_kernel(name);
    *function = const_cast<emulation::Kernel*>(kernel);
    return kernel ? SUCCESS : NOT_FOUND;
}

DRIVER cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned, unsigned n_threads, unsigned, unsigned, unsigned,
    void*, void** arguments, void**)
{
    Launch launch{static_cast<const emulation::Kernel*>(function), x, y, n_threads, {}};
    for (unsigned i = 0; i < launch.kernel->n_arguments; ++i) {
        launch.words.push_back(*static_cast<std::uint64_t*>(arguments[i]));
    }
    if (capturing != nullptr) {
        capturing->push_back(launch);
        return SUCCESS;
    }
    return execute(launch);
}

DRIVER cuStreamBeginCapture_v2(void*, int) { capturing = new std::vector<Launch>; return SUCCESS; }

DRIVER cuStreamEndCapture(void*, void** graph)
{
    *graph = capturing;
    capturing = nullptr;
    return SUCCESS;
}

DRIVER cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long)
{
    *executable = new std::vector<Launch>(*static_cast<std::vector<Launch>*>(graph));
    return SUCCESS;
}

DRIVER cuGraphDestroy(void* graph) { delete static_cast<std::vector<Launch>*>(graph); return SUCCESS; }
DRIVER cuGraphExecDestroy(void* graph) { return cuGraphDestroy(graph); }

DRIVER cuGraphLaunch(void* graph, void*)
{
    for (const Launch& launch : *static_cast<std::vector<Launch>*>(graph)) {
        if (const int code = execute(launch); code != SUCCESS) {
            return code;
        }
    }
    return SUCCESS;
}

DRIVER cuGetErrorString(int code, const char** text)
{
    *text = code == ILLEGAL_ADDRESS ? "an illegal memory access was encountered" : "an error of the emulated driver";
    return SUCCESS;
}

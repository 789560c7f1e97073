"""Makes the PTX that the program carries from the kernels, with NVRTC 12.9.

    pip install nvidia-cuda-nvrtc-cu12==12.9.86
    python recorder/src/backend/cuda/ptx/generate.py            writes *.ptx and sources.txt beside this file
    python recorder/src/backend/cuda/ptx/generate.py --check    compares, writes nothing, exit code 1 if stale

No toolkit and no GPU is needed. Newer NVRTC writes PTX that drivers of the 580 series refuse (12.9 writes ISA 8.8).
sources.txt has the digest of every source and of every PTX file: an ordinary test compares them without NVRTC.
"""

import argparse
import ctypes
import glob
import hashlib
import os
import site
import sys

VERSION = (12, 9)
ARCHITECTURE = "compute_80"
OPTIONS = [f"--gpu-architecture={ARCHITECTURE}", "--std=c++17", "--fmad=false"]
HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
HEADERS = [
    "backend/cuda/device/async.cuh",
    "backend/cuda/device/base.cuh",
    "backend/cuda/device/tensor.cuh",
    "backend/cuda/device/tile.cuh",
    "op/adam/adam.cuh",
]
KERNELS = ["batch", "capture", "cross_entropy", "hidden", "moments", "output"]


def library():
    places = site.getsitepackages() + [site.getusersitepackages()]
    for place in places:
        found = sorted(glob.glob(os.path.join(place, "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.12*")))
        if found:
            nvrtc = ctypes.CDLL(found[0])
            break
    else:
        sys.exit("no NVRTC: pip install nvidia-cuda-nvrtc-cu12==12.9.86")
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    if (major.value, minor.value) != VERSION:
        sys.exit(f"NVRTC {VERSION[0]}.{VERSION[1]} is needed, found {major.value}.{minor.value}")
    return nvrtc


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8") as file:
        return file.read()


def compile_kernel(nvrtc, path):
    """The PTX of one .cu file."""
    program = ctypes.c_void_p()
    names = [os.path.basename(header).encode() for header in HEADERS]
    texts = [read(header).encode() for header in HEADERS]
    array = ctypes.c_char_p * len(HEADERS)
    text, name = read(path).encode(), os.path.basename(path).encode()
    status = nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, name, len(HEADERS), array(*texts), array(*names))
    assert status == 0, status
    options = [option.encode() for option in OPTIONS]
    status = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    if status != 0 or log.value.strip():
        sys.exit(f"{path}:\n{log.value.decode()}")
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    ptx = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, ptx)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return ptx.value.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    nvrtc = library()
    files = {f"{name}.ptx": compile_kernel(nvrtc, f"op/{name}/{name}.cu") for name in KERNELS}
    sources = HEADERS + [f"op/{name}/{name}.cu" for name in KERNELS]
    lines = [f"options {' '.join(OPTIONS)}", f"nvrtc {VERSION[0]}.{VERSION[1]}"]
    lines += [f"{hashlib.sha256(read(path).encode()).hexdigest()}  {path}" for path in sorted(sources)]
    lines += [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}" for name, text in sorted(files.items())]
    files["sources.txt"] = "\n".join(lines) + "\n"
    stale = []
    for name, text in files.items():
        path = os.path.join(HERE, name)
        if check:
            with open(path, encoding="utf-8") as file:
                stale += [name] if file.read() != text else []
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    if stale:
        sys.exit(f"stale: {', '.join(stale)}: run {os.path.relpath(__file__)}")
    print(f"{len(KERNELS)} modules, {sum(len(text) for text in files.values()) // 1024} KiB of PTX, "
          f"{ARCHITECTURE}: {'fresh' if check else 'written'}")


if __name__ == "__main__":
    main()

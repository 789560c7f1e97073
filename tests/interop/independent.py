"""What a recording must hold, computed without Layerscope: raw images and weights in, float64 numbers out."""

import gzip
import json
import struct

import numpy as np

MEAN, STD = 0.1307, 0.3081


def require(condition, message):
    """The only assertion: a false or NaN-poisoned comparison ends the program with its message."""
    if not bool(condition):
        raise SystemExit(f"interop: FAILED: {message}")


def close(found, expected, absolute, relative, what):
    """Both finite and |found - expected| <= absolute + relative |expected|, everywhere."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    require(found.shape == expected.shape, f"{what}: shape {found.shape}, expected {expected.shape}")
    good = np.isfinite(found) & np.isfinite(expected)
    good &= np.abs(found - expected) <= absolute + relative * np.abs(expected)
    if not good.all():
        at = tuple(np.argwhere(~good)[0])
        require(False, f"{what}: at {at} found {found[at]!r}, expected {expected[at]!r}")


def read_idx(folder, name):
    path = folder / name if (folder / name).is_file() else folder / f"{name}.gz"
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = struct.unpack(f">{raw[3]}i", raw[4 : 4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape[0], -1)


def read_safetensors(path):
    """The format is a length, a JSON header and raw values: no library needed, which is the point of it."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            require(entry["dtype"] == "F32", f"{path.name}: {name} is {entry['dtype']}")
            first, last = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(raw[first:last], "<f4").reshape(entry["shape"])
    return tensors


def moments(a):
    """What `variance --per-neuron` states, by the definitions of docs/statistics.md, over [N, U] in float64."""
    a = a.astype(np.float64)
    mean = a.mean(0)
    m2, m3, m4 = (((a - mean) ** k).mean(0) for k in (2, 3, 4))
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness, kurtosis = m3 / m2**1.5, m4 / m2**2 - 3
    return dict(mean=mean, variance=m2, std=np.sqrt(m2), skewness=skewness, excess_kurtosis=kurtosis, min=a.min(0),
                max=a.max(0), active_fraction=(a > 0).mean(0), n_nonfinite=np.zeros(len(mean)))

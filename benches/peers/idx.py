"""IDX files (MNIST's format), plain or gzip, as numpy arrays; no download, no cache, no torchvision."""

import gzip
import pathlib

import numpy as np


def read(path):
    """Returns the bytes of an IDX file as an array of the shape its header states."""
    path = pathlib.Path(path)
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if raw[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an IDX file of unsigned bytes")
    n_axes = raw[3]
    shape = tuple(np.frombuffer(raw, ">u4", n_axes, 4).astype(int))
    body = np.frombuffer(raw, np.uint8, offset=4 + 4 * n_axes)
    if body.size != np.prod(shape):
        raise SystemExit(f"{path}: header states {shape}, file holds {body.size} values")
    return body.reshape(shape)


def mnist(data_dir):
    """Returns {"train": (pixels [N, 784] u8, labels [N] u8), "test": ...} of the folder's four IDX files."""
    data_dir = pathlib.Path(data_dir)
    splits = {}
    for split, stem in (("train", "train"), ("test", "t10k")):
        pair = []
        for name in (f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"):
            found = [p for p in (data_dir / name, data_dir / f"{name}.gz") if p.is_file()]
            if not found:
                raise SystemExit(f"{data_dir}: {name} (or {name}.gz) is not here")
            pair.append(read(found[0]))
        images, labels = pair
        splits[split] = (images.reshape(len(images), -1), labels)
    return splits

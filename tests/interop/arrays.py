"""`analyze` reads what NumPy and safetensors write: every order, width and packing, with the numbers of numpy.

    python tests/interop/arrays.py --analyze target/release/analyze
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import safetensors
import safetensors.numpy

from independent import close, moments, require


def analyze(program, statistic, path, *options):
    """The rows of a report, by layer; a failure ends the program."""
    done = subprocess.run([program, statistic, path, "--format", "json", *options], capture_output=True, text=True)
    require(done.returncode == 0, f"analyze {statistic} {path.name}: {done.stderr}")
    rows = {}
    for row in json.loads(done.stdout)["rows"]:
        rows.setdefault(row["layer"], []).append(row)
    return rows


def check(program, path, expected):
    """Every moment of every neuron of every layer against numpy."""
    rows = analyze(program, "neurons", path)
    require(set(rows) == set(expected), f"{path.name}: layers {sorted(rows)}, expected {sorted(expected)}")
    for layer, matrix in expected.items():
        matrix = np.asarray(matrix, np.float32).reshape(len(matrix), -1)
        of_layer = sorted(rows[layer], key=lambda row: row["neuron"])
        require(len(of_layer) == matrix.shape[1], f"{path.name}, {layer}: {len(of_layer)} neurons")
        require(all(row["n_samples"] == len(matrix) for row in of_layer), f"{path.name}, {layer}: samples")
        for name, want in moments(matrix).items():
            # Both sides are float64 over a few hundred values: see check.py.
            close([row[name] for row in of_layer], want, 1e-12, 1e-9, f"{path.name}, {layer}: {name} of neuron")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyze", type=pathlib.Path, required=True)
    program = parser.parse_args().analyze.resolve()
    random = np.random.default_rng(5)
    plain = np.maximum(random.normal(size=(301, 17)), -0.5)
    images = random.normal(size=(50, 3, 5, 7)).astype(np.float32)
    n_files = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
            for name, matrix in (("plain", plain), ("images", images)):
                for order in "CF":
                    path = folder / f"{name}-{kind[1:]}-{'big' if kind[0] == '>' else 'little'}-{order}.npy"
                    array = np.asarray(matrix, kind, order=order)
                    np.save(path, array)
                    # float64 is rounded to float32, which NumPy does when it compares.
                    check(program, path, {"hidden": array})
                    n_files += 1
        layers = {"conv.1": images, "turned": np.asfortranarray(plain), "half": plain.astype(np.float16)}
        for save in (np.savez, np.savez_compressed):
            path = folder / f"{save.__name__}.npz"
            save(path, **layers, labels=np.arange(301))
            check(program, path, layers)
            n_files += 1
        path = folder / "layers.safetensors"
        tensors = {name: np.ascontiguousarray(layer) for name, layer in layers.items()}
        safetensors.numpy.save_file(tensors | {"bias": np.zeros(4, np.float32)}, path)
        check(program, path, layers)
        n_files += 1
        # Ones of everything else: a message, no numbers.
        for name, array in (("integers", np.arange(12).reshape(3, 4)), ("vector", np.ones(5, np.float32)),
                            ("objects", np.array([["a", None]], object)), ("complex", np.ones((2, 2), complex))):
            np.save(folder / f"{name}.npy", array, allow_pickle=True)
            done = subprocess.run([program, "summary", folder / f"{name}.npy"], capture_output=True, text=True)
            refused = done.returncode == 2 and done.stdout == "" and f"{name}.npy" in done.stderr
            require(refused and len(done.stderr.splitlines()) == 1, f"{name}: {done.stderr!r}")
    print(f"arrays     numpy {np.__version__}, safetensors {safetensors.__version__}: {n_files} files, all moments agree")


if __name__ == "__main__":
    main()

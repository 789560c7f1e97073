"""Covariance in float64 and all eigenvalues of a layer with numpy and scikit-learn: the work of `analysis/benches/pca.rs`.

    python benches/peers/pca.py [--neurons 2896] [--samples 60000] [--threads 2] [--rounds 3] [--no-sklearn]

float32 values in. numpy: cast, subtract the mean, one matrix product (numpy sends x.T @ x to BLAS's syrk), eigvalsh;
scikit-learn: PCA(svd_solver="covariance_eigh") on the values cast to float64. Prints one JSON line; seconds are medians
over rounds.
"""

import argparse
import json
import os
import statistics
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--neurons", type=int, default=2896)
parser.add_argument("--samples", type=int, default=60_000)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--no-sklearn", action="store_true")
args = parser.parse_args() if __name__ == "__main__" else sys.exit("a program, not a module")
# BLAS reads it when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)

import numpy as np  # noqa: E402


def covariance(layer):
    x = layer.astype(np.float64)
    x -= x.mean(axis=0)
    return (x.T @ x) / (len(x) - 1)


rng = np.random.default_rng(1)
layer = rng.random((args.samples, args.neurons), dtype=np.float32) + rng.random((args.samples, 1), dtype=np.float32)
seconds = {"covariance_s": [], "eigenvalues_s": [], "sklearn_s": []}
for _ in range(args.rounds):
    started = time.perf_counter()
    c = covariance(layer)
    seconds["covariance_s"].append(time.perf_counter() - started)
    started = time.perf_counter()
    np.linalg.eigvalsh(c)
    seconds["eigenvalues_s"].append(time.perf_counter() - started)
    if not args.no_sklearn:
        from sklearn.decomposition import PCA

        started = time.perf_counter()
        PCA(svd_solver="covariance_eigh").fit(layer.astype(np.float64))
        seconds["sklearn_s"].append(time.perf_counter() - started)
report = dict(peer="numpy", version=np.__version__, threads=args.threads, neurons=args.neurons, samples=args.samples)
if not args.no_sklearn:
    import sklearn

    report["sklearn_version"] = sklearn.__version__
print(json.dumps(report | {key: statistics.median(values) for key, values in seconds.items() if values}))

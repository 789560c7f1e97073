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
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=2896)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-sklearn", action="store_true")
    args = parser.parse_args()
    # BLAS reads it when numpy is imported.
    os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)
    import numpy as np

    def covariance(layer):
        x = layer.astype(np.float64)
        x -= x.mean(axis=0)
        return (x.T @ x) / (len(x) - 1)

    work = {"covariance_s": lambda: covariance(layer), "eigenvalues_s": lambda: np.linalg.eigvalsh(matrix)}
    report = dict(peer="numpy", version=np.__version__, threads=args.threads, neurons=args.neurons, samples=args.samples)
    if not args.no_sklearn:
        import sklearn
        from sklearn.decomposition import PCA

        work["sklearn_s"] = lambda: PCA(svd_solver="covariance_eigh").fit(layer.astype(np.float64))
        report["sklearn_version"] = sklearn.__version__
    rng = np.random.default_rng(1)
    # Noise, and a part that all neurons share.
    layer = rng.random((args.samples, args.neurons), dtype=np.float32) + rng.random((args.samples, 1), dtype=np.float32)
    matrix = covariance(layer)
    seconds = {key: [] for key in work}
    for _ in range(args.rounds):
        for key, run in work.items():
            started = time.perf_counter()
            run()
            seconds[key].append(time.perf_counter() - started)
    print(json.dumps(report | {key: statistics.median(values) for key, values in seconds.items()}))


if __name__ == "__main__":
    main()

"""Per-neuron moments of a recording with pyarrow and numpy: what `analyze variance` does, as a user would write it.

    python benches/peers/moments.py --recording out.parquet [--rounds 3] [--threads 2]

Reads `post` unit by unit into a matrix [N, U] and forms mean, variance (divided by N), skewness, excess kurtosis, min,
max and the share of values above 0 of each neuron, in float64. Prints one JSON line; MB/s = 1e6 bytes of decoded f32
values per second from opening the file to the last number, median over rounds.
"""

import argparse
import itertools
import json
import resource
import statistics
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEYS = ["size", "replicate", "epoch", "layer"]


def units(path):
    """Yields (key, [N, U] matrix) of each unit; consecutive row groups of one unit are joined."""
    file = pq.ParquetFile(path)

    def key(k):
        first = file.read_row_group(k, columns=KEYS).slice(0, 1).to_pylist()[0]
        return tuple(first[name] for name in KEYS)

    for unit, groups in itertools.groupby(range(file.num_row_groups), key):
        parts = []
        for k in groups:
            column = file.read_row_group(k, columns=["post"]).column("post").combine_chunks()
            parts.append(column.flatten().to_numpy().reshape(len(column), -1))
        yield unit, parts[0] if len(parts) == 1 else np.concatenate(parts)


def moments(matrix):
    """Moments of each column, centred before the powers, in float64; one pass per power over memory."""
    n = len(matrix)
    centred = matrix.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    square = centred * centred
    m2 = square.sum(axis=0) / n
    m4 = np.einsum("nu,nu->u", square, square) / n
    square *= centred
    m3 = square.sum(axis=0) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness, excess_kurtosis = m3 / m2**1.5, m4 / m2**2 - 3
    return mean, m2, skewness, excess_kurtosis, matrix.min(axis=0), matrix.max(axis=0), (matrix > 0).mean(axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    pa.set_cpu_count(args.threads)
    rates, seconds = [], []
    for _ in range(args.rounds):
        started, n_bytes, n_neurons = time.perf_counter(), 0, 0
        for _, matrix in units(args.recording):
            moments(matrix)
            n_bytes += matrix.nbytes
            n_neurons += matrix.shape[1]
        seconds.append(time.perf_counter() - started)
        rates.append(n_bytes / seconds[-1] / 1e6)
    print(json.dumps(dict(
        peer="numpy", version=np.__version__, threads=args.threads, neurons=n_neurons, raw_bytes=n_bytes,
        seconds=statistics.median(seconds), mb_per_s=statistics.median(rates),
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )))


if __name__ == "__main__":
    main()

"""Shapiro-Wilk on every neuron of a layer with scipy: the work of `analysis/benches/shapiro_wilk.rs`.

    python benches/peers/shapiro_wilk.py [--neurons 2896] [--samples 10000] [--threads 2] [--rounds 3]

Normal values in float32 as before a ReLU, and the same with their negative half set to 0, as behind it;
scipy.stats.shapiro on each column in turn, in as many processes as threads (it runs on one). The processes are forked
before the clock starts and share the layer. Prints one JSON line; seconds are medians over rounds.
"""

import argparse
import json
import multiprocessing
import statistics
import time
import warnings

import numpy as np
import scipy
from scipy.stats import shapiro

LAYERS = {}


def mean_w(share):
    """Mean W of the neurons first, first + step, ..."""
    stage, first, step = share
    warnings.simplefilter("ignore")
    return np.mean([shapiro(column).statistic for column in LAYERS[stage][first::step]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=2896)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    # [U, N]: each row is a neuron.
    LAYERS["pre"] = np.random.default_rng(1).standard_normal((args.neurons, args.samples), dtype=np.float32)
    LAYERS["post"] = np.maximum(LAYERS["pre"], 0)
    report = dict(peer="scipy", version=scipy.__version__, threads=args.threads, neurons=args.neurons, samples=args.samples)
    with multiprocessing.get_context("fork").Pool(args.threads) as pool:
        for stage in LAYERS:
            seconds = []
            for _ in range(args.rounds):
                started = time.perf_counter()
                w = pool.map(mean_w, [(stage, first, args.threads) for first in range(args.threads)])
                seconds.append(time.perf_counter() - started)
            report[f"shapiro_wilk_{stage}_s"] = statistics.median(seconds)
            report[f"mean_w_{stage}"] = float(np.mean(w))
    print(json.dumps(report))


if __name__ == "__main__":
    main()

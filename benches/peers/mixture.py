"""Two gammas fitted to 30,000 values by plain EM in numpy and scipy: what one writes for want of a library.

    python benches/peers/mixture.py [--n 30000] [--rounds 3]

EM as textbooks have it: densities by scipy.stats, shapes by Newton's method with scipy's digamma and polygamma, until a
round gains less than 1e-10 per value or 500 rounds are made. One start, a cut at the quantile 0.3, where
`analysis/benches/mixture.rs` has eight. scikit-learn has normal mixtures only; R's mixtools has the model (gammamixEM).
Prints one JSON line; seconds are medians over rounds.
"""

import argparse
import json
import statistics
import time

import numpy as np
import scipy
from scipy import special, stats

SAMPLES = {
    "apart": (0.3, 1.2, 0.1, 30.0, 0.1),
    "overlapping": (0.3, 1.2, 0.6, 4.0, 0.4),
    "one_population": (0.0, 1.0, 1.0, 4.0, 0.4),
}


def shape(c):
    k = (3 - c + np.sqrt((c - 3) ** 2 + 24 * c)) / (12 * c)
    for _ in range(6):
        k -= (np.log(k) - special.digamma(k) - c) / (1 / k - special.polygamma(1, k))
    return k


def fit(x, share=0.3, tolerance=1e-10, limit=500):
    ln_x, last = np.log(x), -np.inf
    t = np.where(x <= np.quantile(x, share), 0.9, 0.1)
    for k in range(limit):
        parts = []
        for r in (t, 1 - t):
            mean = (r @ x) / r.sum()
            k_r = shape(np.log(mean) - (r @ ln_x) / r.sum())
            parts.append(np.log(r.mean()) + stats.gamma.logpdf(x, k_r, scale=mean / k_r))
        both = np.logaddexp(*parts)
        value, t = both.sum(), np.exp(parts[0] - both)
        if value - last < tolerance * len(x):
            break
        last = value
    return value, k + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=30_000)
    parser.add_argument("--threads", type=int, default=1, help="EM in numpy runs on one whatever is asked for")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    report = dict(peer="scipy", version=scipy.__version__, threads=1, n=args.n)
    for name, (w, k1, t1, k2, t2) in SAMPLES.items():
        rng = np.random.default_rng(5)
        near = rng.random(args.n) < w
        x = np.where(near, rng.gamma(k1, t1, args.n), rng.gamma(k2, t2, args.n))
        seconds = []
        for _ in range(args.rounds):
            started = time.perf_counter()
            value, em_rounds = fit(x)
            seconds.append(time.perf_counter() - started)
        report[f"two_gamma_{name}_s"] = statistics.median(seconds)
        report[f"two_gamma_{name}_em_rounds"] = em_rounds
    print(json.dumps(report))


if __name__ == "__main__":
    main()

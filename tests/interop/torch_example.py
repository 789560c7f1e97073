"""What examples/pytorch_record.py writes: opens everywhere, holds what PyTorch computed, and `analyze` agrees with numpy.

    python tests/interop/torch_example.py --example examples/pytorch_record.py --analyze target/release/analyze
        [--stream-mib 1024]

Exit status 77 where PyTorch cannot be imported. --stream-mib records that many MiB of values from a CNN in a process of
its own and prints its peak memory.
"""

import argparse
import importlib.util
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow.parquet as pq

from arrays import analyze
from independent import close, moments, require
from readers import READERS, same_bits

ROWS, BATCH = 203, 32  # no multiple of a batch


def load(path):
    spec = importlib.util.spec_from_file_location("pytorch_record", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expect(torch, model, inputs, names):
    """layer -> (pre, post), by hand: the modules one after the other, in the batches of `record` (PyTorch's sums depend on
    them)."""
    found = {name: ([], []) for name in names}
    for values in inputs.split(BATCH):
        with torch.no_grad():
            for name, module in model.named_children():
                before = values.clone()
                values = module(values)
                if name in names:
                    found[name][0].append(before.numpy().copy())
                    found[name][1].append(values.numpy().copy())
    return {name: tuple(map(np.concatenate, stages)) for name, stages in found.items()}


def record(example, torch, model, inputs, labels, path, layers, **options):
    with example.ActivationRecorder(model, path, layers, split="test", **options) as recorder:
        for part, of_part in zip(inputs.split(BATCH), labels.split(BATCH)):
            recorder(part, of_part)


def check_statistics(program, path, units):
    """summary, neurons, dead, normality and pca of every layer against numpy and scipy's definitions in float64."""
    rows = {name: analyze(program, name, path) for name in ("summary", "variance", "dead", "neurons", "normality", "pca")}
    for layer, (pre, post) in units.items():
        a, n = post.astype(np.float64), len(post)
        of = {name: by_layer[layer] for name, by_layer in rows.items()}
        for name, want in moments(post).items():
            constant = post.max(0) == post.min(0)
            want = np.where(constant & np.isin(name, ["skewness", "excess_kurtosis"]), 0.0, want)
            found = [0.0 if row[name] is None and constant[row["neuron"]] else row[name] for row in of["neurons"]]
            close(found, want, 1e-12, 1e-9, f"{layer}: {name} of neuron")
        summary = of["summary"][0]
        require(summary["n_samples"] == n and summary["n_neurons"] == a.shape[1], f"{layer}: {summary}")
        close(summary["mean"], a.mean(), 1e-12, 1e-9, f"{layer}: mean")
        close(summary["std"], a.std(), 1e-12, 1e-9, f"{layer}: std")
        close(summary["zero_fraction"], (a == 0).mean(), 0, 1e-12, f"{layer}: zero_fraction")
        close(of["variance"][0]["sum_variance"], a.var(0).sum(), 1e-12, 1e-9, f"{layer}: sum_variance")
        dead = of["dead"][0]
        require(dead["n_dead"] == (post.max(0) == post.min(0)).sum(), f"{layer}: n_dead {dead['n_dead']}")
        require(dead["n_never_active"] == (post.max(0) <= 0).sum(), f"{layer}: n_never_active")
        alive = a.std(0)[post.max(0) > post.min(0)]
        normality = of["normality"][0]
        require(normality["n"] == len(alive), f"{layer}: normality of {normality['n']} neurons, expected {len(alive)}")
        # W of the sorted sample by its definition needs Royston's weights; Jarque-Bera needs moments only.
        z = (alive - alive.mean()) / alive.std()
        jarque_bera = len(z) / 6 * ((z**3).mean() ** 2 + ((z**4).mean() - 3) ** 2 / 4)
        close(normality["jarque_bera"], jarque_bera, 1e-9, 1e-8, f"{layer}: jarque_bera")
        require(0 < normality["w"] <= 1, f"{layer}: W is {normality['w']}")
        pca = of["pca"][0]
        want = np.linalg.eigvalsh(np.cov(pre.astype(np.float64), rowvar=False))[::-1]
        found = np.array(pca["eigenvalues"])
        # Each eigenvalue errs by a rounding of the largest one, whichever solver is used.
        kept = want[: len(found)]
        close(found, kept, 1e-10 * want[0], 1e-6, f"{layer}: eigenvalues")


def check_model(example, torch, program, folder, name, model, inputs, layers, **options):
    path = folder / f"{name}.parquet"
    labels = torch.arange(len(inputs)) % 7
    expected = expect(torch, model, inputs, layers)
    record(example, torch, model, inputs, labels, path, layers, model_name=name, **options)
    units = {}
    for layer, (pre, post) in expected.items():
        if options.get("conv") == "channels" and pre.ndim > 2:
            pre, post = (x.reshape(*x.shape[:2], -1).mean(2, dtype=np.float64) for x in (pre, post))
        units[layer] = tuple(np.ascontiguousarray(x.reshape(len(x), -1), np.float32) for x in (pre, post))
    sizes = {units[layer][0].shape[1]: layer for layer in units}
    require(len(sizes) == len(units), "layers of one width cannot be told apart here")
    for reader, read in READERS.items():
        for size, layer in sizes.items():
            wanted = (np.arange(len(inputs)), labels.numpy().astype(np.int32), *units[layer])
            if options.get("conv") == "channels":
                # The order in which a mean is summed is PyTorch's own.
                for found, want in zip(read(path, size), wanted):
                    close(found, want, 1e-6, 1e-6, f"{name}, {reader}: {layer}")
            else:
                same_bits(reader, f"{name}, {layer}", read(path, size), wanted)
    if options.get("conv") == "channels":
        table = pq.read_table(path)
        units = {layer: tuple(np.stack(table.filter(np.asarray(table["layer"]) == layer)[stage].to_pylist()).astype(
            np.float32) for stage in ("pre", "post")) for layer in units}
    check_statistics(program, path, units)
    require(not list(folder.glob("*.tmp")), "a temporary file was left behind")
    groups = pq.ParquetFile(path).metadata.num_row_groups
    print(f"torch      {name}: {len(units)} layers, {groups} row groups, {len(READERS)} readers and 6 statistics agree")


def check_edges(example, torch, folder):
    """In-place functions, modules used twice, functions beside layers, errors that leave nothing behind."""
    nn = torch.nn

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2, self.relu = nn.Linear(3, 4), nn.Linear(4, 5), nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.fc2(self.relu(self.fc1(x))))

    model, path, inputs = Twice(), folder / "twice.parquet", torch.randn(10, 3)
    with example.ActivationRecorder(model, path, ["relu"], memory_bytes=1) as recorder:
        for part in inputs.split(3):
            recorder(part)
        recorder.begin(epoch=2)
        recorder(inputs[:4])
    table = pq.read_table(path).to_pandas()
    require(sorted(table["layer"].unique()) == ["relu", "relu:2"], "layers of a module used twice")
    require((table["pre"].map(min) < 0).any() and (table["post"].map(min) >= 0).all(), "an in-place input was lost")
    first = table[(table["layer"] == "relu") & (table["epoch"] == 0)]
    require(list(first["sample"]) == list(range(10)) and first["label"].isna().all(), "samples of a small buffer")
    require(list(table[table["epoch"] == 2]["sample"].unique()) == [0, 1, 2, 3], "samples after begin")
    want = torch.relu(model.fc1(inputs)).detach().numpy()
    require(np.allclose(np.stack(first["post"]), want, atol=1e-6), "values of a module used twice")
    with example.ActivationRecorder(model, path, {"fc1": torch.tanh, "fc2": None}, size=4) as recorder:
        recorder(inputs)
        recorder.measure(test_accuracy=0.5)
    table = pq.read_table(path).to_pandas()
    require("pre" not in table and path.with_name("twice.history.parquet").exists(), "outputs alone, and a history")
    before = path.read_bytes()
    for bad in (lambda r: r(inputs, torch.zeros(3)), lambda r: None, lambda r: (r(inputs), 1 / 0)):
        try:
            with example.ActivationRecorder(model, path, ["relu"]) as recorder:
                bad(recorder)
            require(False, "a failure went unnoticed")
        except (ValueError, ZeroDivisionError):
            pass
        require(path.read_bytes() == before and not list(folder.glob("*.tmp")), "a failure changed the file")
    for bad in (["nothing"], []):
        try:
            example.ActivationRecorder(model, path, bad)
            require(False, f"layers {bad} were accepted")
        except ValueError:
            pass


def stream(example, torch, mib, path):
    """Records `mib` MiB of values of a CNN; prints peak memory before and after."""
    model = example.small_cnn(width=16)
    layers = ["1", "3", "6"]
    per_sample = 2 * 4 * (16 * 13 * 13 + 32 * 6 * 6 + 32)
    n_batches = -(-(mib << 20) // (128 * per_sample))
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # noqa: E731
    with torch.no_grad():
        model(torch.randn(128, 1, 28, 28))
    start = peak()
    with example.ActivationRecorder(model, path, layers) as recorder:
        for _ in range(n_batches):
            recorder(torch.randn(128, 1, 28, 28))
    print(f"torch      {n_batches * 128 * per_sample / 2**20:.0f} MiB of values recorded, peak memory {peak():.0f} MiB "
          f"({start:.0f} MiB of it PyTorch before recording), file {path.stat().st_size / 2**20:.0f} MiB")
    return peak() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=pathlib.Path, required=True)
    parser.add_argument("--analyze", type=pathlib.Path, required=True)
    parser.add_argument("--stream-mib", type=int, default=64)
    parser.add_argument("--only-stream", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    try:
        import torch
    except (ImportError, OSError) as error:
        print(f"torch      SKIPPED: PyTorch cannot be imported ({error})")
        sys.exit(77)
    example, program = load(args.example), args.analyze.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if args.only_stream:
            grown = stream(example, torch, args.stream_mib, folder / "stream.parquet")
            # The buffer of 64 MiB, the row group being packed, and what PyTorch and pyarrow keep for themselves.
            require(grown < 400, f"recording took {grown:.0f} MiB more than the model alone")
            return
        print(f"torch      {torch.__version__}")
        torch.manual_seed(3)
        nn = torch.nn
        mlp = nn.Sequential(nn.Linear(6, 17), nn.ReLU(), nn.Linear(17, 9), nn.Tanh(), nn.Linear(9, 7))
        check_model(example, torch, program, folder, "mlp", mlp, torch.randn(ROWS, 6), ["1", "3"])
        cnn = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.ReLU(), nn.Conv2d(3, 5, 3, stride=2), nn.ReLU(),
                            nn.Flatten(), nn.Linear(5 * 2 * 2, 8), nn.ReLU())
        images = torch.randn(ROWS, 1, 11, 11)
        for conv in ("flatten", "channels"):
            check_model(example, torch, program, folder, f"cnn_{conv}", cnn, images, ["1", "3", "6"], conv=conv)
        check_edges(example, torch, folder)
        done = subprocess.run([program, "report", folder / "cnn_flatten.parquet", "--out", folder / "page.html"],
                              capture_output=True, text=True)
        require(done.returncode == 0 and "channel at one position" in done.stderr, f"report: {done.stderr}")
    words = [sys.executable, __file__, "--example", args.example, "--analyze", args.analyze,
             "--stream-mib", str(args.stream_mib), "--only-stream"]
    require(subprocess.run(words).returncode == 0, "streaming")


if __name__ == "__main__":
    main()

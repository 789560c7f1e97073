"""Proves that a recording opens in the usual readers and holds what it says.

    python tests/interop/check.py --recording out.parquet --data fixtures/mnist-5k \\
        --variance variance.json --readme README.md

One program, four questions:

1. Is the schema the one of docs/format.md, and do the files beside the recording open without Layerscope?
2. Are the values right? They are computed anew here from the weights file and the raw images, in float64.
3. Does each reader (pyarrow, pandas, polars, DuckDB, Hugging Face datasets) return the same bits from one line?
4. Do the README's Python snippets run, and does `analyze variance --per-neuron` agree with numpy?

Exit status 0 only if every check passed. --snippets-only runs the README's snippets and nothing else.
"""

import argparse
import json
import os
import pathlib
import re
import sys

import numpy as np
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

from independent import MEAN, STD, close, moments, read_idx, read_safetensors, require
from readers import READERS, same_bits, with_pyarrow

SCHEMA = {
    "model": pa.string(), "dataset": pa.string(), "split": pa.string(), "size": pa.int32(), "replicate": pa.int32(),
    "epoch": pa.int32(), "layer": pa.string(), "sample": pa.int64(), "label": pa.int32(),
    "pre": pa.list_(pa.float32()), "post": pa.list_(pa.float32()),
}
HISTORY = ["model", "dataset", "size", "replicate", "epoch", "step", "measure", "value"]
MEASURES = {"train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"}


def check_schema(path):
    """Question 1: names, types and metadata of version 1; history and manifest open with stock readers."""
    schema = pq.read_schema(path)
    for name, kind in SCHEMA.items():
        require(name in schema.names, f"column {name} is missing")
        found = schema.field(name).type
        # Of a list, the element's name and nullability are the writer's business; the kind of list and value are not.
        lists = pa.types.is_list(kind) and pa.types.is_list(found)
        same = found.value_type == kind.value_type if lists else found == kind
        require(same, f"column {name} is {found}, expected {kind}")
    metadata = pq.read_metadata(path).metadata
    require(metadata[b"layerscope.format_version"] == b"1", "layerscope.format_version is not 1")
    inside = json.loads(metadata[b"layerscope.manifest"])
    beside = json.loads(path.with_suffix(".manifest.json").read_text())
    require(isinstance(inside, dict) and isinstance(beside, dict), "a manifest is not a JSON object")
    history = pandas.read_parquet(path.with_suffix(".history.parquet"))
    require(set(HISTORY) <= set(history.columns), f"history has {list(history.columns)}")
    require(MEASURES <= set(history["measure"]), f"history measures are {sorted(set(history['measure']))}")
    return history


def check_values(path, folder, history):
    """Question 2: the recorded values follow from the weights file and the images; returns the bits to expect."""
    weights = read_safetensors(path.with_suffix(".weights.safetensors"))
    splits = {"train": "train", "test": "t10k"}
    keys = pq.read_table(path, columns=["split", "size", "replicate", "epoch", "layer"]).group_by(
        ["split", "size", "replicate", "epoch", "layer"]).aggregate([]).to_pylist()
    require(keys, "the recording has no rows")
    require(len({key["replicate"] for key in keys}) == 1, "this check wants a recording of one replicate")
    last_epoch = int(history["epoch"].max())
    units = {}
    for key in sorted(keys, key=lambda key: key["size"]):
        size, replicate = key["size"], key["replicate"]
        require(key["epoch"] == last_epoch, f"size {size}: weights are of epoch {last_epoch}, rows of {key['epoch']}")
        tensor = {name: weights[f"size={size}/replicate={replicate}/{name}"].astype(np.float64)
                  for name in ("hidden.weight", "hidden.bias", "output.weight", "output.bias")}
        require(tensor["hidden.weight"].shape == (size, 784), f"size {size}: {tensor['hidden.weight'].shape}")
        sample, label, pre, post = with_pyarrow(path, size)
        require(np.array_equal(sample, np.arange(len(sample))), f"size {size}: samples are not 0, 1, 2, ...")
        pixels = read_idx(folder, f"{splits[key['split']]}-images-idx3-ubyte")[: len(sample)].astype(np.float64)
        labels = read_idx(folder, f"{splits[key['split']]}-labels-idx1-ubyte")[: len(sample), 0]
        require(np.array_equal(label, labels), f"size {size}: labels differ from the label file")
        x = (pixels / 255 - MEAN) / STD
        expected = x @ tensor["hidden.weight"].T + tensor["hidden.bias"]
        # An f32 dot product of n terms errs like a random walk of n roundings, each half a unit (2^-24) of a partial
        # sum; eight times sqrt(n) of them is past any luck and far below what a wrong row or neuron would show.
        # The recorder adds the pixels' part and the background's part separately, hence |p| + |background|.
        scale = (pixels / 255 + MEAN) / STD @ np.abs(tensor["hidden.weight"]).T + np.abs(tensor["hidden.bias"])
        worst = np.max(np.abs(pre - expected) / scale)
        require(worst <= 8 * 28 * 2.0**-24, f"size {size}: pre is off by {worst:.3g} of its terms' sum")
        require(np.array_equal(post, np.maximum(pre, 0)), f"size {size}: post is not max(pre, 0)")
        check_accuracy(history, tensor, folder, key)
        units[size] = sample, label, pre, post
    print(f"values     {len(units)} units follow from weights and images")
    return units


def check_accuracy(history, tensor, folder, key):
    """The history's last test accuracy is correct / n of the saved weights."""
    x = (read_idx(folder, "t10k-images-idx3-ubyte") / 255 - MEAN) / STD
    hidden = np.maximum(x @ tensor["hidden.weight"].T + tensor["hidden.bias"], 0)
    found = (hidden @ tensor["output.weight"].T + tensor["output.bias"]).argmax(1)
    labels = read_idx(folder, "t10k-labels-idx1-ubyte")[:, 0]
    last = history[(history["size"] == key["size"]) & (history["replicate"] == key["replicate"])
                   & (history["measure"] == "test_accuracy") & (history["epoch"] == key["epoch"])]["value"]
    require(len(last) == 1, f"size {key['size']}: {len(last)} rows of test_accuracy for the last epoch")
    # Two samples of slack: a tie within f32 rounding may fall the other way in float64.
    close(last.iloc[0], np.mean(found == labels), 2 / len(labels), 0, f"size {key['size']}: test_accuracy")


def check_readers(path, units):
    """Question 3: bit for bit the same from every reader."""
    for name, reader in READERS.items():
        for size, expected in units.items():
            same_bits(name, f"size {size}", reader(path, size), expected)
        print(f"{name:10} {sys.modules[name].__version__}: same bits, {len(units)} units")


def check_variance(report, units):
    """Question 4: every per-neuron number of `analyze` against numpy."""
    document = json.loads(report.read_text(), parse_constant=lambda name: require(False, f"JSON holds {name}"))
    require(document["schema"] == "layerscope.variance.v1", f"schema is {document['schema']}")
    rows = document["rows"]
    require(len(rows) == sum(post.shape[1] for *_, post in units.values()), f"{len(rows)} rows")
    for size, (*_, post) in units.items():
        of_size = sorted((row for row in rows if row["size"] == size), key=lambda row: row["neuron"])
        require([row["neuron"] for row in of_size] == list(range(post.shape[1])), f"size {size}: neurons are not 0..U")
        require(all(row["n_samples"] == len(post) and row["stage"] == "post" for row in of_size), f"size {size}: units")
        for name, want in moments(post).items():
            constant = post.max(0) == post.min(0)
            if name in ("skewness", "excess_kurtosis"):
                require(all(of_size[j][name] is None and of_size[j]["reason"] for j in np.flatnonzero(constant)),
                        f"size {size}: a constant neuron has a {name}, or no reason why not")
                want = np.where(constant, 0.0, want)
            found = [0.0 if row[name] is None and constant[j] else row[name] for j, row in enumerate(of_size)]
            require(None not in found, f"size {size}: {name} is null")
            # Both sides are float64 over at most 5,000 values: 1e-9 leaves room for the order of summation, also in
            # the fourth power; absolute 1e-12 for means and skewnesses that cancel to nothing.
            close(found, want, 1e-12, 1e-9, f"size {size}: {name} of neuron")
    print(f"variance   {len(rows)} neurons agree with numpy")


def run_snippets(readme, folder, expected=None):
    """Runs each ```python block of the README in the recording's folder; `hidden` is the matrix it must end with."""
    blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.DOTALL | re.MULTILINE)
    require(blocks, f"{readme}: no Python snippet found")
    here = pathlib.Path.cwd()
    os.chdir(folder)
    try:
        for block in blocks:
            space = {}
            exec(compile(block, f"{readme.name}: {block.splitlines()[0]}", "exec"), space)  # our own README
            require("hidden" in space, f"snippet ends without `hidden`:\n{block}")
            if expected is not None:
                same = np.array_equal(np.asarray(space["hidden"]), expected)
                require(same, f"snippet returns other values:\n{block}")
    finally:
        os.chdir(here)
    print(f"README     {len(blocks)} Python snippets run")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=pathlib.Path, required=True, help="named out.parquet, as in the README")
    parser.add_argument("--readme", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, help="folder with the IDX files the recording was made from")
    parser.add_argument("--variance", type=pathlib.Path, help="JSON of analyze variance --per-neuron")
    parser.add_argument("--snippets-only", action="store_true")
    args = parser.parse_args()
    require(args.recording.name == "out.parquet", "the README's snippets open out.parquet")
    recording = args.recording.resolve()
    if args.snippets_only:
        return run_snippets(args.readme, recording.parent)
    history = check_schema(recording)
    units = check_values(recording, args.data, history)
    check_readers(recording, units)
    check_variance(args.variance, units)
    require(64 in units, "the README's snippets read size 64")
    run_snippets(args.readme, recording.parent, units[64][3])


if __name__ == "__main__":
    main()

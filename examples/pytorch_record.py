"""Records the activations of any PyTorch model as a Layerscope recording.

    from pytorch_record import ActivationRecorder

    with ActivationRecorder(model, "out.parquet", layers=["relu1", "relu2"], epoch=15, split="test") as recorder:
        for images, labels in loader:
            recorder(images, labels)            # runs the model; samples are numbered as they come

    analyze summary out.parquet

`layers` names modules as `model.named_modules()` does. Of an activation function (a `ReLU`) the input is recorded as
`pre` and the output as `post`. Any other module (a `Linear`, a `Conv2d`) needs its activation function beside it,
`layers={"fc1": torch.relu}`: its output is `pre`, the function of that `post`; with `None` only its output is recorded,
as `post`. A module that a forward pass uses several times is recorded once for each, as `relu`, `relu:2`, ...

A row is one sample. Of a convolution's output [C, H, W] the row holds every value in C order (`conv="flatten"`) or the
mean of each channel over its positions (`conv="channels"`): docs/format.md says when to take which.

Values are held until they fill `memory_bytes`, then the layer with most of them is written as one row group: memory does
not grow with the number of samples. The file appears under its name only when the `with` block ends without an error.

Needs torch, numpy and pyarrow. Run as a program it trains a small network on the digits in fixtures/mnist-5k and records
it: `python examples/pytorch_record.py --out cnn.parquet`.
"""

import argparse
import gzip
import json
import os
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn

KEYS = {"model": pa.string(), "dataset": pa.string(), "split": pa.string(), "size": pa.int32(),
        "replicate": pa.int32(), "epoch": pa.int32(), "layer": pa.string()}
STAGES = ("pre", "post")
HISTORY = {"model": pa.string(), "dataset": pa.string(), "size": pa.int32(), "replicate": pa.int32(),
           "epoch": pa.int32(), "step": pa.int64(), "measure": pa.string(), "value": pa.float64()}


class ActivationRecorder:
    """Writes what the chosen layers of `model` compute to `path`, for every batch it is called with."""

    def __init__(self, model, path, layers, *, model_name="", dataset="", split="", size=None, replicate=0, epoch=0,
                 conv="flatten", memory_bytes=64 << 20):
        if conv not in ("flatten", "channels"):
            raise ValueError(f"conv is {conv!r}, expected 'flatten' or 'channels'")
        modules = dict(model.named_modules())
        layers = layers if isinstance(layers, dict) else {name: ... for name in layers}
        unknown = [name for name in layers if name not in modules]
        if unknown or not layers:
            raise ValueError(f"no layers {unknown}: the model has {[name for name in modules if name]}")
        self.model, self.path, self.conv, self.memory_bytes = model, pathlib.Path(path), conv, memory_bytes
        self.functions = layers
        self.modules = {name: modules[name] for name in layers}
        self.stages = ["post"] if None in layers.values() else list(STAGES)
        self.keys = {"model": model_name, "dataset": dataset, "split": split, "size": size, "replicate": replicate,
                     "epoch": epoch, "layer": None}
        self.buffers = {}   # layer -> [samples, labels, {stage: [arrays]}, bytes], one entry a batch
        self.shapes = {}    # layer -> shape of one sample's output
        self.inputs = {}    # layer -> its input, from the moment before the module runs
        self.calls = {}     # layer -> how often the running forward pass has used it
        self.history = []
        self.n_samples = 0
        self.running = False
        self.hooks = []
        self.writer = None

    def __enter__(self):
        # An in-place activation function overwrites its input: that has to be copied before.
        for name, module in self.modules.items():
            if self.functions[name] is ...:
                self.hooks.append(module.register_forward_pre_hook(
                    lambda _, inputs, name=name: self._before(name, inputs)))
            self.hooks.append(module.register_forward_hook(
                lambda _, inputs, output, name=name: self._after(name, output)))
        self.temporary = self.path.with_name(self.path.name + ".tmp")
        values = pa.list_(pa.field("element", pa.float32(), nullable=False))
        fields = [pa.field(name, kind, nullable=False) for name, kind in KEYS.items()]
        fields += [pa.field("sample", pa.int64(), nullable=False), pa.field("label", pa.int32())]
        fields += [pa.field(stage, values, nullable=False) for stage in self.stages]
        self.schema = pa.schema(fields, metadata={"layerscope.format_version": "1"})
        columns = [f"{stage}.list.element" for stage in self.stages]
        self.writer = pq.ParquetWriter(
            self.temporary, self.schema, compression="zstd", compression_level=1, data_page_version="1.0",
            data_page_size=512 << 10, write_page_checksum=True, use_dictionary=[*KEYS, "label"],
            write_statistics=[*KEYS, "sample", "label"],
            column_encoding={"sample": "DELTA_BINARY_PACKED"} | dict.fromkeys(columns, "BYTE_STREAM_SPLIT"))
        return self

    def __exit__(self, kind, error, trace):
        for hook in self.hooks:
            hook.remove()
        try:
            if kind is None:
                self._finish()
        finally:
            self.writer.close()
            self.temporary.unlink(missing_ok=True)

    def __call__(self, inputs, labels=None):
        """Runs the model on one batch, records it, and returns the model's output."""
        n = len(inputs)
        if labels is not None and len(labels) != n:
            raise ValueError(f"{n} samples, {len(labels)} labels")
        self.calls, self.inputs, self.running = {}, {}, True
        self.labels = np.full(n, -1, np.int64) if labels is None else np.asarray(torch.as_tensor(labels).cpu())
        self.has_labels = labels is not None
        try:
            with torch.no_grad():
                output = self.model(inputs)
        finally:
            self.running = False
        self.n_samples += n
        return output

    def begin(self, **keys):
        """Goes on with other key values, such as `begin(epoch=5)` or `begin(split="train")`; samples count from 0 again."""
        unknown = set(keys) - set(self.keys) - {"layer"}
        if unknown:
            raise ValueError(f"no key columns {sorted(unknown)}")
        self._flush_all()
        self.keys |= keys
        self.n_samples = 0

    def measure(self, step=0, **values):
        """Notes measures such as `test_accuracy=0.97` for the history file, which `analyze accuracy` reads."""
        if self.keys["size"] is None:
            raise ValueError("a history is kept per size: give size=, the width that tells this network from others")
        row = {name: self.keys.get(name) for name in HISTORY}
        self.history += [row | {"step": step, "measure": name, "value": float(value)} for name, value in values.items()]

    def _before(self, name, inputs):
        if self.running:
            self.inputs[name] = self._rows(name, inputs[0])

    def _after(self, name, output):
        if not self.running:
            return
        function = self.functions[name]
        if function is ...:
            rows = {"pre": self.inputs.pop(name), "post": self._rows(name, output)}
        elif function is None:
            rows = {"post": self._rows(name, output)}
        else:
            rows = {"pre": self._rows(name, output), "post": self._rows(name, function(output.detach()))}
        self.calls[name] = self.calls.get(name, 0) + 1
        layer = name if self.calls[name] == 1 else f"{name}:{self.calls[name]}"
        self.shapes[layer] = list(output.shape[1:])
        self._append(layer, {stage: rows[stage] for stage in self.stages})

    def _rows(self, name, values):
        """[N, U] on the CPU, float32: one row per sample."""
        if not isinstance(values, torch.Tensor) or values.dim() < 2:
            found = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
            raise TypeError(f"layer {name}: expected a tensor of samples x values, found {found}")
        if len(values) != len(self.labels):
            raise ValueError(f"layer {name}: {len(values)} rows for {len(self.labels)} samples")
        values = values.detach().to("cpu", torch.float32)
        if self.conv == "channels" and values.dim() > 2:
            # Added up in 64 bits, so that the mean does not depend on the number of positions.
            values = values.flatten(2).mean(2, dtype=torch.float64).float()
        # A copy: the tensor's memory may be used again by the next module.
        return values.flatten(1).contiguous().numpy().copy()

    def _append(self, layer, rows):
        buffer = self.buffers.setdefault(layer, [[], [], {stage: [] for stage in self.stages}, 0])
        buffer[0].append(np.arange(self.n_samples, self.n_samples + len(self.labels)))
        buffer[1].append(self.labels if self.has_labels else None)
        for stage, values in rows.items():
            buffer[2][stage].append(values)
            buffer[3] += values.nbytes
        if sum(buffer[3] for buffer in self.buffers.values()) > self.memory_bytes:
            self._flush(max(self.buffers, key=lambda layer: self.buffers[layer][3]))

    def _flush(self, layer):
        """Writes the rows of one layer as one row group."""
        samples, labels, stages, _ = self.buffers.pop(layer)
        lists = {}
        for stage in self.stages:
            parts = stages.pop(stage)
            width = {part.shape[1] for part in parts}
            if len(width) > 1:
                raise ValueError(f"layer {layer}: samples of {sorted(width)} values; one layer needs one width")
            n, width = sum(map(len, parts)), width.pop()
            # Buffers of their own for each batch, joined by reference: values are not copied once more.
            arrays = [pa.ListArray.from_arrays(np.arange(0, part.size + 1, width, dtype=np.int32), part.reshape(-1),
                                               type=self.schema.field(stage).type) for part in parts]
            lists[stage] = pa.chunked_array(arrays)
        keys = self.keys | {"layer": layer, "size": width if self.keys["size"] is None else self.keys["size"]}
        known = all(batch is not None for batch in labels)
        label = np.concatenate(labels) if known else [None] * n
        columns = [pa.repeat(pa.scalar(keys[name], kind), n) for name, kind in KEYS.items()]
        columns += [pa.array(np.concatenate(samples)), pa.array(label, pa.int32()), *lists.values()]
        self.writer.write_table(pa.table(columns, schema=self.schema), row_group_size=n)

    def _flush_all(self):
        for layer in list(self.buffers):
            self._flush(layer)

    def _finish(self):
        self._flush_all()
        if not self.shapes:
            raise ValueError("nothing was recorded: call the recorder with batches")
        described = {layer: {"shape": shape, "conv": self.conv} for layer, shape in self.shapes.items() if len(shape) > 1}
        if described:
            self.writer.add_key_value_metadata({"layerscope.layers": json.dumps(described)})
        self.writer.close()
        if self.history:
            table = pa.Table.from_pylist(self.history, pa.schema(HISTORY))
            name = self.path.name.removesuffix(".parquet")
            pq.write_table(table, self.path.with_name(f"{name}.history.parquet"))
        with open(self.temporary, "rb+") as file:
            os.fsync(file.fileno())
        self.temporary.replace(self.path)


def small_cnn(width=8):
    return nn.Sequential(nn.Conv2d(1, width, 3, stride=2), nn.ReLU(inplace=True),
                         nn.Conv2d(width, 2 * width, 3, stride=2), nn.ReLU(),
                         nn.Flatten(), nn.Linear(2 * width * 6 * 6, 32), nn.ReLU(), nn.Linear(32, 10))


def digits(folder, split):
    """Images [N, 1, 28, 28], normalised as `record` does, and labels, from IDX files."""
    def read(name):
        with gzip.open(folder / f"{name}.gz") as file:
            raw = file.read()
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    prefix = {"train": "train", "test": "t10k"}[split]
    pixels = read(f"{prefix}-images-idx3-ubyte").reshape(-1, 1, 28, 28).astype(np.float32)
    return torch.from_numpy((pixels / 255 - 0.1307) / 0.3081), torch.from_numpy(
        read(f"{prefix}-labels-idx1-ubyte").astype(np.int64))


def main():
    parser = argparse.ArgumentParser(description="Trains a small CNN on 5,000 digits and records its hidden layers.")
    parser.add_argument("--out", default="cnn.parquet", help="recording to write (default: %(default)s)")
    parser.add_argument("--conv", choices=["flatten", "channels"], default="flatten",
                        help="what a row holds of a convolution (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the training images (default: %(default)s)")
    parser.add_argument("--data", type=pathlib.Path, help="folder of the digits (default: fixtures/mnist-5k)",
                        default=pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "mnist-5k")
    args = parser.parse_args()
    torch.manual_seed(0)
    model = small_cnn()
    optimizer = torch.optim.Adam(model.parameters())
    images, labels = digits(args.data, "train")
    for epoch in range(args.epochs):
        for batch in torch.randperm(len(images)).split(128):
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    images, labels = digits(args.data, "test")
    with ActivationRecorder(model, args.out, ["1", "3", "6"], model_name="small_cnn", dataset="mnist-5k", split="test",
                            epoch=args.epochs, conv=args.conv) as recorder:
        correct = sum((recorder(x, y).argmax(1) == y).sum().item() for x, y in
                      zip(images.split(100), labels.split(100)))
    print(f"{args.out}: {len(images)} samples, test accuracy {correct / len(images):.4f}")


if __name__ == "__main__":
    main()

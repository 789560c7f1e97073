"""The size sweep of `mnist_h1` as a PyTorch user would train it: the same work as benches/train, on the same machine.

    python benches/peers/train.py --data-dir DIR --mode journal|packed [--steps 40] [--evaluate]

journal  the usual way: one nn.Module and one Adam per model, every model takes one step on every batch.
packed   the best hand-made PyTorch: all hidden layers are one Linear, the output layers stay separate Linears, one
         fused Adam over everything.

The work per step: take 128 rows of the shuffled training set (real images, already normalised f32 in memory: no
DataLoader, which only makes PyTorch slower), forward, cross-entropy, backward, Adam, for all 12 sizes 64..2896.
With --evaluate also the work after each epoch: loss and accuracy of every model over all training and test samples.
Prints one JSON line; times are medians over single steps.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn

import idx

NORMALIZATION = {"mnist": (0.1307, 0.3081), "mnist-5k": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}
SIZES = [64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896]
N_INPUTS, N_CLASSES = 784, 10
WARM_UP = 5


class OneHidden(nn.Module):
    """784 -> size (ReLU) -> 10."""

    def __init__(self, size):
        super().__init__()
        self.hidden, self.output = nn.Linear(N_INPUTS, size), nn.Linear(size, N_CLASSES)

    def forward(self, x):  # [B, 784] -> [B, 10]
        return self.output(torch.relu(self.hidden(x)))


class Packed(nn.Module):
    """Every model of the sweep in one: a common product for the hidden layers, one small product per output layer."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.hidden = nn.Linear(N_INPUTS, sum(sizes))
        self.outputs = nn.ModuleList(nn.Linear(size, N_CLASSES) for size in sizes)

    def forward(self, x):  # [B, 784] -> one [B, 10] per model
        parts = torch.relu(self.hidden(x)).split(self.sizes, dim=1)
        return [output(part) for output, part in zip(self.outputs, parts)]


def journal(sizes):
    """Returns (step, evaluate) of the usual loop over models."""
    models = [OneHidden(size) for size in sizes]
    optimizers = [torch.optim.Adam(model.parameters(), lr=1e-3) for model in models]

    def step(x, y):
        for model, optimizer in zip(models, optimizers):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()

    def logits(x):
        return [model(x) for model in models]

    return step, logits


def packed(sizes):
    """Returns (step, evaluate) of the packed network."""
    model = Packed(sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step(x, y):
        optimizer.zero_grad()
        # The sum of the models' mean losses: each model's gradient is what it would be alone.
        stacked = torch.cat(model(x))
        (nn.functional.cross_entropy(stacked, y.repeat(len(sizes))) * len(sizes)).backward()
        optimizer.step()

    return step, model


@torch.no_grad()
def evaluate(logits, splits, batch):
    """Loss and accuracy of every model on every split; returns {split: [(loss, accuracy), ...]}."""
    result = {}
    for name, (x, y) in splits.items():
        loss, correct = torch.zeros(len(SIZES)), torch.zeros(len(SIZES), dtype=torch.int64)
        for xs, ys in zip(x.split(batch), y.split(batch)):
            for k, out in enumerate(logits(xs)):
                loss[k] += nn.functional.cross_entropy(out, ys, reduction="sum")
                correct[k] += (out.argmax(1) == ys).sum()
        result[name] = [(float(a) / len(x), int(b) / len(x)) for a, b in zip(loss, correct)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="folder with the data set's four IDX files, plain or .gz")
    parser.add_argument("--dataset", choices=NORMALIZATION, default="mnist", help="whose mean and std to use")
    parser.add_argument("--mode", choices=["journal", "packed"], default="journal")
    parser.add_argument("--steps", type=int, default=40, help="timed steps, after a warm-up of 5")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evaluate", action="store_true", help="also time the evaluation after an epoch")
    parser.add_argument("--evaluate-batches", default="500,1000,2000", help="batch sizes tried; the fastest counts")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    splits, (mean, std) = {}, NORMALIZATION[args.dataset]
    for name, (pixels, labels) in idx.mnist(args.data_dir).items():
        x = (torch.from_numpy(pixels.copy()).float() / 255 - mean) / std
        splits[name] = x, torch.from_numpy(labels.copy()).long()
    x, y = splits["train"]
    step, logits = {"journal": journal, "packed": packed}[args.mode](SIZES)

    seconds, order = [], torch.randperm(len(x))
    for k in range(WARM_UP + args.steps):
        started = time.perf_counter()
        first = k * args.batch_size % (len(x) - args.batch_size)
        rows = order[first : first + args.batch_size]
        step(x[rows], y[rows])
        seconds.append(time.perf_counter() - started)
    seconds = seconds[WARM_UP:]
    steps_per_epoch = -(-len(x) // args.batch_size)
    line = dict(
        peer="pytorch", mode=args.mode, dataset=args.dataset, version=torch.__version__, threads=args.threads,
        sizes=len(SIZES), batch_size=args.batch_size, steps=args.steps, seconds_per_step=statistics.median(seconds),
        seconds_per_step_min=min(seconds), seconds_per_step_mean=statistics.fmean(seconds),
        isa=torch.backends.cpu.get_cpu_capability(),
    )
    if args.evaluate:
        by_batch = {}
        for batch in map(int, args.evaluate_batches.split(",")):
            started = time.perf_counter()
            measures = evaluate(logits, splits, batch)
            by_batch[batch] = time.perf_counter() - started
        best = min(by_batch, key=by_batch.get)
        line.update(
            seconds_per_evaluation=by_batch[best], evaluation_batch=best,
            seconds_per_evaluation_by_batch=by_batch,
            seconds_per_evaluation_per_step=by_batch[best] / steps_per_epoch,
            seconds_per_step_with_evaluation=line["seconds_per_step"] + by_batch[best] / steps_per_epoch,
            test_accuracy=[accuracy for _, accuracy in measures["test"]],
        )
    print(json.dumps(line))


if __name__ == "__main__":
    main()

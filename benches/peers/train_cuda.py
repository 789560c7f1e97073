"""The journal's sweep on a GPU as PyTorch users would train it: the same work as `record --backend cuda`, same device.

    python benches/peers/train_cuda.py --data-dir DIR --mode journal|packed|grouped [--replicates 11] [--steps 40]

journal  the usual way: one nn.Module and one fused Adam per network, every network takes one step on every batch.
packed   all hidden layers are one Linear, the output layers separate Linears, one fused Adam; all replicates see one batch
         (less work than Layerscope's: theirs are their own).
grouped  the best there is here: one batched product over the replicates for the hidden layers, one over the replicates for
         each size's output layers, own batches for each replicate, one fused Adam, a step as a CUDA graph; with --compile
         also through torch.compile.

TF32 is allowed. Images are on the device, normalised, before the clock starts. Prints one JSON line: seconds of a step
(median and mean, device synchronised) and of an epoch as steps times mean. With --device cpu it only shows that it runs.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn

import idx

SIZES = [64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896]
N_INPUTS, N_CLASSES = 784, 10
MEAN, STD = 0.1307, 0.3081
WARM_UP = 5


def uniform(*shape, inputs, device):
    """PyTorch's own initialisation of linear layers."""
    return nn.Parameter(torch.empty(*shape, device=device).uniform_(-(inputs**-0.5), inputs**-0.5))


class Packed(nn.Module):
    """Every network of the sweep in one; all see the same batch."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.hidden = nn.Linear(N_INPUTS, sum(sizes))
        self.outputs = nn.ModuleList(nn.Linear(size, N_CLASSES) for size in sizes)

    def forward(self, x):  # [B, 784] -> [M, B, 10]
        parts = torch.relu(self.hidden(x)).split(self.sizes, dim=1)
        return torch.stack([output(part) for output, part in zip(self.outputs, parts)])


class Grouped(nn.Module):
    """R replicates of every size, each replicate with its own batch."""

    def __init__(self, sizes, n_replicates, device):
        super().__init__()
        self.sizes, r = sizes, n_replicates
        self.weight = uniform(r, N_INPUTS, sum(sizes), inputs=N_INPUTS, device=device)
        self.bias = uniform(r, 1, sum(sizes), inputs=N_INPUTS, device=device)
        self.outputs = nn.ParameterList(uniform(r, s, N_CLASSES, inputs=s, device=device) for s in sizes)
        self.output_bias = nn.ParameterList(uniform(r, 1, N_CLASSES, inputs=s, device=device) for s in sizes)

    def forward(self, x):  # [R, B, 784] -> [sizes, R, B, 10]
        parts = torch.relu(torch.baddbmm(self.bias, x, self.weight)).split(self.sizes, dim=2)
        return torch.stack([torch.baddbmm(b, p, w) for b, p, w in zip(self.output_bias, parts, self.outputs)])


def adam(parameters, device, capturable=False):
    return torch.optim.Adam(parameters, lr=1e-3, fused=device == "cuda" or None, capturable=capturable)


def total_loss(logits, y):
    """The sum of the networks' mean losses: each network's gradient is what it would be alone."""
    n_networks = logits.numel() // (y.shape[-1] * N_CLASSES)
    labels = y.expand(logits.shape[:-1]).reshape(-1)
    return nn.functional.cross_entropy(logits.reshape(-1, N_CLASSES), labels) * n_networks


def journal(args):
    models = [
        nn.Sequential(nn.Linear(N_INPUTS, size), nn.ReLU(), nn.Linear(size, N_CLASSES)).to(args.device)
        for _ in range(args.replicates)
        for size in SIZES
    ]
    optimizers = [adam(model.parameters(), args.device) for model in models]

    def step(x, y):
        for index, (model, optimizer) in enumerate(zip(models, optimizers)):
            replicate = index // len(SIZES)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[replicate]), y[replicate]).backward()
            optimizer.step()

    return step


def packed(args):
    model = Packed(SIZES * args.replicates).to(args.device)
    optimizer = adam(model.parameters(), args.device)

    def step(x, y):
        optimizer.zero_grad()
        total_loss(model(x[0]), y[0]).backward()
        optimizer.step()

    return step


def grouped(args):
    model = Grouped(SIZES, args.replicates, args.device)
    optimizer = adam(model.parameters(), args.device, capturable=args.device == "cuda")
    forward = torch.compile(model) if args.compile else model

    def eager(x, y):
        total_loss(forward(x), y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)

    if args.device != "cuda":
        return eager
    x = torch.zeros(args.replicates, args.batch_size, N_INPUTS, device="cuda")
    y = torch.zeros(args.replicates, args.batch_size, dtype=torch.long, device="cuda")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            eager(x, y)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        eager(x, y)

    def step(new_x, new_y):
        x.copy_(new_x), y.copy_(new_y)
        graph.replay()

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="folder with MNIST's four IDX files, plain or .gz")
    parser.add_argument("--mode", choices=["journal", "packed", "grouped"], default="journal")
    parser.add_argument("--compile", action="store_true", help="grouped: through torch.compile")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--replicates", type=int, default=11)
    parser.add_argument("--steps", type=int, default=40, help=f"timed steps, after a warm-up of {WARM_UP}")
    parser.add_argument("--batch-size", type=int, default=128)
    args = parser.parse_args()

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = True
    pixels, labels = idx.mnist(args.data_dir)["train"]
    x = ((torch.from_numpy(pixels.copy()).float() / 255 - MEAN) / STD).to(args.device)
    y = torch.from_numpy(labels.copy()).long().to(args.device)
    step = {"journal": journal, "packed": packed, "grouped": grouped}[args.mode](args)
    orders = torch.stack([torch.randperm(len(x)) for _ in range(args.replicates)]).to(args.device)

    def synchronize():
        if args.device == "cuda":
            torch.cuda.synchronize()

    seconds = []
    for k in range(WARM_UP + args.steps):
        synchronize()
        started = time.perf_counter()
        first = k * args.batch_size % (len(x) - args.batch_size)
        rows = orders[:, first : first + args.batch_size]
        step(x[rows], y[rows])
        synchronize()
        seconds.append(time.perf_counter() - started)
    seconds = seconds[WARM_UP:]
    print(json.dumps(dict(
        peer="pytorch", mode=args.mode, compiled=args.compile, device=args.device, version=torch.__version__,
        networks=len(SIZES) * args.replicates, batch_size=args.batch_size, steps=args.steps,
        seconds_per_step=statistics.median(seconds), seconds_per_step_mean=statistics.fmean(seconds),
        seconds_per_epoch=statistics.fmean(seconds) * -(-len(x) // args.batch_size),
    )))


if __name__ == "__main__":
    main()

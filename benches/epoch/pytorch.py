"""PyTorch's side of the comparison: the same network, data, batches and updates as `main.rs`.

Prints for every epoch how long its training steps took: seconds by the clock and seconds of processor time, a line an
epoch. Variants:

plain   the loop as usually written: a batch is selected by its indices, loss and hits are added up in tensors;
same    operation by operation what Wattfront does: an epoch's samples are gathered at once and split, logits are kept
        and scored together at the end of the epoch;
fused   as `same`, with the optimizer's `fused=True`.
"""

import argparse
import gzip
import time

import torch
from torch import nn
from torch.nn import functional


def training_data(packed: str, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first samples of the digits; which ones they are does not change how long they take."""
    with gzip.open(packed) as file:
        data = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    count = data.numel() // 65
    labels, pixels = data[:count], data[count:].reshape(count, 1, 8, 8)
    return pixels[:samples].float() / 16, labels[:samples].long()


def mlp(width: int, depth: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in [64] + [width] * (depth - 1):
        layers += [nn.Linear(inputs, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def plain_epoch(model, optimizer, images, labels, batch):
    total = torch.zeros((), dtype=torch.float64)
    hits = torch.zeros((), dtype=torch.int64)
    for indices in torch.randperm(len(images)).split(batch):
        x, y = images[indices], labels[indices]
        logits = model(x)
        loss = functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            total += loss * len(x)
            hits += (logits.argmax(1) == y).sum()
    return total.item() / len(images), hits.item() / len(images)


def same_epoch(model, optimizer, images, labels, batch):
    order = torch.randperm(len(images))
    x_all, y_all = images.index_select(0, order), labels.index_select(0, order)
    outputs = []
    for x, y in zip(x_all.split(batch), y_all.split(batch)):
        logits = model(x)
        loss = functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        outputs.append(logits.detach())
    with torch.no_grad():
        logits = torch.cat(outputs)
        loss = functional.cross_entropy(logits, y_all)
        hits = (logits.argmax(1) == y_all).double().mean()
        return torch.stack([loss.double(), hits]).tolist()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", choices=["plain", "same", "fused"], required=True)
    parser.add_argument("--data", default="src/data/digits.gz")
    parser.add_argument("--samples", type=int, default=1079)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    images, labels = training_data(arguments.data, arguments.samples)
    model = mlp(arguments.width, arguments.depth)
    kind = torch.optim.Adam if arguments.optimizer == "adam" else torch.optim.SGD
    fused = {"fused": True} if arguments.variant == "fused" else {}
    optimizer = kind(model.parameters(), lr=1e-3, **fused)
    epoch = plain_epoch if arguments.variant == "plain" else same_epoch
    for _ in range(arguments.epochs):
        clock, processor = time.perf_counter(), time.process_time()
        epoch(model, optimizer, images, labels, arguments.batch)
        print(f"{time.perf_counter() - clock:e} {time.process_time() - processor:e}")


main()

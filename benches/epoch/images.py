"""Compares trainings on images in Wattfront with the same recipe in PyTorch: the same parts of the same data, the same network,
steps and augmentation. Both draw their own weights and orders.

    cargo bench --features torch --bench epoch --no-run     # prints the path of the executable
    python3 benches/epoch/images.py EXECUTABLE --model cnn --out FOLDER dataset=cifar10 samples=6000 width=32 depth=3

Wattfront and PyTorch take turns, a seed each, each in a fresh process on one thread; turns begin with another side each time.
Writes `raw.csv`, a line per training, and `summary.txt`: test accuracies, and seconds of an epoch's training steps by the clock and
of processor time, without the first epoch. `--compile` adds `torch.compile`, `--layouts` both sides with channels beside each
other in memory, and `--input` trainings of a network of one unit in Wattfront: the same samples are gathered, scaled and varied
for it, and next to nothing is computed, so its epoch over that of the network is an upper bound of what the input takes.
"""

import argparse
import csv
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE = {
    "epochs": 8,
    "batch_size": 64,
    "optimizer": "nesterov",
    "momentum": 0.9,
    "learning_rate": 0.02,
    "weight_decay": 5e-4,
    "schedule": "cosine",
    "preprocessing": "standardize",
    "augmentation": "flip-and-crop",
}


def network(model, width, depth, classes):
    """torch is imported by the processes that train alone."""
    from torch import nn

    if model == "cnn":
        layers, inputs, side = [], 3, 32
        for _ in range(depth):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
            if side >= 4:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            inputs = width
        fields = min(side, 4)
        net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(fields), nn.Flatten(), nn.Linear(width * fields**2, classes))
        for layer in net:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                fan_in = layer.weight[0].numel()
                bound = math.sqrt((3 if isinstance(layer, nn.Linear) else 6) / fan_in)
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.zeros_(layer.bias)
        return net
    if model == "resnet18":

        class Block(nn.Module):
            def __init__(self, inputs, outputs, stride):
                super().__init__()
                self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
                self.bn1 = nn.BatchNorm2d(outputs)
                self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
                self.bn2 = nn.BatchNorm2d(outputs)
                self.relu = nn.ReLU(inplace=True)
                self.shortcut = None
                if stride != 1 or inputs != outputs:
                    self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

            def forward(self, x):
                y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
                y += x if self.shortcut is None else self.shortcut(x)
                return self.relu(y)

        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
        inputs = 64
        for outputs, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
            layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
            inputs = outputs
        net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        return net
    sys.exit(f"no {model} here")


def flip_and_crop(x):
    import torch

    n, channels, height, width = x.shape
    pad = max(height // 8, 1)
    padded = torch.nn.functional.pad(x, (pad, pad, pad, pad))
    rows = torch.arange(height) + torch.randint(2 * pad + 1, (n, 1))
    columns = torch.arange(width)
    columns = torch.where(torch.randint(2, (n, 1)).bool(), columns.flip(0), columns) + torch.randint(2 * pad + 1, (n, 1))
    rows = rows.view(n, 1, height, 1).expand(n, channels, height, width + 2 * pad)
    columns = columns.view(n, 1, 1, width).expand(n, channels, height, width)
    return padded.gather(2, rows).gather(3, columns)


def train(arguments, settings):
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)

    def part(name):
        x = torch.frombuffer(bytearray((arguments.parts / f"{name}.x").read_bytes()), dtype=torch.uint8)
        y = torch.frombuffer(bytearray((arguments.parts / f"{name}.y").read_bytes()), dtype=torch.int32).long()
        return x.view(len(y), 3, 32, 32), y

    (x, y), (x_test, y_test) = part("train"), part("test")
    x, x_test = x.float() / 255, x_test.float() / 255
    mean, sd = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), unbiased=False, keepdim=True)
    x, x_test = (x - mean) / sd, (x_test - mean) / sd
    net = network(arguments.model, int(settings.get("width", 64)), int(settings.get("depth", 2)), int(y.max()) + 1)
    layout = torch.channels_last if arguments.side == "eager-cl" else torch.contiguous_format
    net = net.to(memory_format=layout)
    run = torch.compile(net) if arguments.side == "compiled" else net
    rate, epochs, batch = (float(settings[k]) for k in ("learning_rate", "epochs", "batch_size"))
    optimizer = torch.optim.SGD(
        net.parameters(), rate, float(settings["momentum"]), weight_decay=float(settings["weight_decay"]), nesterov=True
    )
    steps = int(epochs) * math.ceil(len(x) / batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)
    for _ in range(int(epochs)):
        clock, processor = time.perf_counter(), time.process_time()
        hits = torch.zeros((), dtype=torch.int64)
        for indices in torch.randperm(len(x)).split(int(batch)):
            targets = y[indices]
            logits = run(flip_and_crop(x[indices]).contiguous(memory_format=layout))
            loss = functional.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            hits += (logits.detach().argmax(1) == targets).sum()
        hits.item()
        print(f"{time.perf_counter() - clock:e} {time.process_time() - processor:e}", flush=True)
    net.eval()
    with torch.no_grad():
        told = torch.cat([net(piece).argmax(1) for piece in x_test.split(256)])
    print(f"accuracy nan test {(told == y_test).double().mean():.4f}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable")
    parser.add_argument("settings", nargs="*", help="of the recipe, as name=value")
    parser.add_argument("--model", default="cnn", choices=["cnn", "resnet18"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--input", action="store_true")
    parser.add_argument("--layouts", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_intermixed_args()
    settings = {**{k: str(v) for k, v in RECIPE.items()}, **dict(s.split("=", 1) for s in arguments.settings)}
    both = {"dataset", "samples", "width", "depth", "epochs", "batch_size", "momentum", "learning_rate", "weight_decay"}
    if own := {s.split("=", 1)[0] for s in arguments.settings} - both - (set(RECIPE) if arguments.side else set()):
        sys.exit(f"the other side does not know {', '.join(sorted(own))}; these can be set: {', '.join(sorted(both))}")
    if arguments.side:
        return train(arguments, settings)

    lines = [f"{name}={value}" for name, value in settings.items()]
    sides = ["wattfront", "eager"] + ["compiled"] * arguments.compile + ["input"] * arguments.input
    sides += ["wattfront-cl", "eager-cl"] * arguments.layouts
    rows = []
    with tempfile.TemporaryDirectory() as parts:
        subprocess.run([arguments.executable, *lines, "--parts", parts], check=True)
        for seed in range(arguments.seeds):
            turn = seed % len(sides)
            for side in sides[turn:] + sides[:turn]:
                command = [arguments.executable, *lines, f"model={arguments.model}", "--seed", str(seed)]
                if side == "input":
                    sizes = [line for line in lines if line.split("=")[0] not in ("width", "depth")]
                    command = [arguments.executable, *sizes, "model=mlp", "width=1", "depth=1", "--seed", str(seed)]
                elif side == "wattfront-cl":
                    command.append("internal_optimization=channels-last")
                elif side != "wattfront":
                    own = ["--side", side, "--seed", str(seed), "--parts", parts, "--model", arguments.model]
                    command = [sys.executable, __file__, arguments.executable, *own, *lines]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                times = [tuple(map(float, line.split())) for line in done.stdout.splitlines()][1:]
                accuracy = float(done.stderr.split("test ")[-1].split()[0])
                clock, processor = (statistics.median(t[k] for t in times) for k in (0, 1))
                rows.append((side, seed, accuracy, clock, processor))
                print(*rows[-1], flush=True)

    told = [f"{arguments.model} {' '.join(lines)}"]
    for side in sides:
        own = [row for row in rows if row[0] == side]
        accuracies = [row[2] for row in own]
        spread = statistics.stdev(accuracies) if len(own) > 1 else math.nan
        clocks, processors = ([row[k] for row in own] for k in (3, 4))
        told.append(
            f"{side:9} test accuracy {statistics.mean(accuracies):.4f} +- {spread:.4f} (n = {len(own)})"
            f"  epoch {statistics.median(clocks):.3f} s ({min(clocks):.3f} to {max(clocks):.3f})"
            f"  of processor time {statistics.median(processors):.3f} s ({min(processors):.3f} to {max(processors):.3f})"
        )
    pairs = [(own, side) for own in ("wattfront", "wattfront-cl") for side in sides if own in sides and own != side]
    for own, side in pairs:
        of = lambda name, k: [row[k] for row in rows if row[0] == name]
        ratios = [statistics.median(a / b for a, b in zip(of(own, k), of(side, k))) for k in (3, 4)]
        if side == "input":
            ratios, own, side = [1 / ratio for ratio in ratios], side, own
        told.append(f"{own} / {side}, median of pairs: clock {ratios[0]:.3f}, processor time {ratios[1]:.3f}")
    print("\n".join(told))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "summary.txt").write_text("\n".join(told) + "\n")
        with open(arguments.out / "raw.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["side", "seed", "test_accuracy", "epoch_clock_s", "epoch_processor_s"])
            writer.writerows(rows)


main()

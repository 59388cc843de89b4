"""Compares one epoch of the digits mlp in Wattfront with the same loop in PyTorch, on the same libtorch.

    cargo bench --features torch --bench epoch --no-run     # prints the path of the executable
    python3 benches/epoch/compare.py EXECUTABLE --out FOLDER

The sides take turns, each in a fresh process, and turns begin with another side each time. Of every process the first
epochs are left out. Writes `raw.csv` (every epoch) and `summary.txt`.
"""

import argparse
import csv
import pathlib
import statistics
import subprocess
import sys

SIDES = ["wattfront", "plain", "same", "fused"]


def command(side: str, executable: str, epochs: int, optimizer: str) -> list[str]:
    if side == "wattfront":
        return [executable, f"epochs={epochs}", f"optimizer={optimizer}", "batch_size=64", "--threads", "1"]
    script = pathlib.Path(__file__).with_name("pytorch.py")
    return [sys.executable, str(script), "--variant", side, "--epochs", str(epochs), "--optimizer", optimizer]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("executable")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--warm", type=int, default=10)
    parser.add_argument("--optimizers", nargs="+", default=["adam", "sgd"])
    arguments = parser.parse_args()

    rows = []
    for optimizer in arguments.optimizers:
        for turn in range(arguments.turns):
            for side in SIDES[turn % len(SIDES):] + SIDES[: turn % len(SIDES)]:
                line = command(side, arguments.executable, arguments.epochs, optimizer)
                done = subprocess.run(line, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                for epoch, line in enumerate(done.stdout.splitlines()):
                    if epoch >= arguments.warm:
                        rows.append((optimizer, turn, side, epoch, *map(float, line.split())))

    lines = []
    for optimizer in arguments.optimizers:
        for column, measure in (4, "clock"), (5, "processor"):
            of = {s: [1e3 * r[column] for r in rows if r[0] == optimizer and r[2] == s] for s in SIDES}
            ours = statistics.median(of["wattfront"])
            for side, values in of.items():
                low, median, high = statistics.quantiles(values, n=4)
                turns = [[1e3 * r[column] for r in rows if r[:3] == (optimizer, t, side)] for t in range(arguments.turns)]
                medians = [statistics.median(t) for t in turns]
                lines.append(
                    f"{optimizer:5} {measure:9} {side:10} median {median:7.3f} ms  quartiles {low:7.3f} to {high:7.3f} ms"
                    f"  medians of turns {min(medians):7.3f} to {max(medians):7.3f} ms"
                    f"  wattfront / {side} = {ours / median:.3f}"
                )
    print("\n".join(lines))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "summary.txt").write_text("\n".join(lines) + "\n")
        with open(arguments.out / "raw.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["optimizer", "turn", "side", "epoch", "clock_s", "processor_s"])
            writer.writerows((*r[:4], f"{r[4]:.6e}", f"{r[5]:.6e}") for r in rows)


main()

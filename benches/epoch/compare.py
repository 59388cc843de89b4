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
                seconds = [float(s) for s in done.stdout.split()]
                rows += [(optimizer, turn, side, i, s) for i, s in enumerate(seconds) if i >= arguments.warm]

    lines = []
    for optimizer in arguments.optimizers:
        of = {s: [r[4] for r in rows if r[0] == optimizer and r[2] == s] for s in SIDES}
        ours = statistics.median(of["wattfront"])
        for side, seconds in of.items():
            low, median, high = statistics.quantiles(seconds, n=4)
            turns = [[r[4] for r in rows if r[:3] == (optimizer, t, side)] for t in range(arguments.turns)]
            medians = [statistics.median(t) for t in turns]
            lines.append(
                f"{optimizer:5} {side:10} median {1e3 * median:7.3f} ms  quartiles {1e3 * low:7.3f} to {1e3 * high:7.3f} ms"
                f"  medians of turns {1e3 * min(medians):7.3f} to {1e3 * max(medians):7.3f} ms"
                f"  wattfront takes {ours / median:.3f} of it"
            )
    print("\n".join(lines))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "summary.txt").write_text("\n".join(lines) + "\n")
        with open(arguments.out / "raw.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["optimizer", "turn", "side", "epoch", "seconds"])
            writer.writerows((*r[:4], f"{r[4]:.6e}") for r in rows)


main()

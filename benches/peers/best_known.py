"""The best known hypervolume of every problem, against which the gaps are measured: best_known.json.

usage: best_known.py [PROBLEM ...]   (all, if none is named; about a minute)

Where the front is known in closed form, it is swept densely. Of the training problems, all values of the discrete parameters
are tried. For the rest, the published figure is taken, which is a lower bound found by a long evolutionary search.
"""

import json
import sys
from pathlib import Path

import numpy as np

from hypervolume import front, hypervolume
from problems import PROBLEMS, c2_dtlz2_constraint, dtlz2, training_optimum

FILE = Path(__file__).with_name("best_known.json")

PUBLISHED = {
    "branin_currin": (59.36011874867746, "BoTorch 0.18.1, test_functions.multi_objective, BraninCurrin._max_hv"),
    "vehicle_safety": (246.81607081187002, "BoTorch 0.18.1, test_functions.multi_objective, VehicleSafety._max_hv"),
}
SAME = {"branin_currin_noisy": "branin_currin", "heteroscedastic": "branin_currin", "training_noisy": "training_clean"}


def closed_form(name):
    """The hypervolume of a dense sweep of the front's formula, and in words how."""
    t = np.linspace(0.0, 1.0, 4_000_001)
    if name in ("zdt1_d10", "zdt2_d5"):
        points = np.stack([t, 1.0 - np.sqrt(t) if name == "zdt1_d10" else 1.0 - t**2], -1)
    else:
        middle = {f"x{i}": np.full_like(t, 0.5) for i in range(1, len(PROBLEMS[name].space))}
        points = np.stack(dtlz2({"x0": t, **middle}), -1)
        if name == "c2_dtlz2":
            points = points[c2_dtlz2_constraint({"x0": t, **middle})[0] <= 0.0]
    return hypervolume(points, PROBLEMS[name].reference), "4,000,001 points of the front's formula"


def exhausted(name):
    """Every network, batch, optimizer and length, each with the best that its other parameters allow.

    The energy does not depend on those others. Of the error, the weight decay has its optimum wherever all else is; the
    momentum only sets how fast a training can be, so that its optimum and a fine grid over the learning rate cover all.
    """
    problem = PROBLEMS[name]
    space = problem.space
    off = np.unique(np.concatenate((np.linspace(-4.0, 2.0, 1201), [0.0])))
    best = np.empty((0, 2))
    for optimizer in space["optimizer"].values:
        for size in space["batch_size"].values:
            for width in range(space["width"].low, space["width"].high + 1):
                epochs = np.arange(space["epochs"].low, space["epochs"].high + 1)[:, None]
                rate, decay = training_optimum(optimizer, size, width)
                effective = 10.0 ** (rate + off)[None, :]
                params = dict(
                    optimizer=optimizer,
                    momentum=0.9,
                    batch_size=size,
                    width=width,
                    epochs=epochs,
                    learning_rate=effective * (0.1 if optimizer == "sgd" else 1.0),
                    weight_decay=np.clip(10.0**decay, space["weight_decay"].low, space["weight_decay"].high),
                )
                allowed = (params["learning_rate"] >= space["learning_rate"].low) & (
                    params["learning_rate"] <= space["learning_rate"].high
                )
                if problem.crashes is not None:
                    allowed = allowed & ~problem.crashes(params)
                error, energy = problem.objectives(params)
                error = np.where(allowed, error, np.inf).min(1)
                best = front(np.concatenate((best, np.stack((error, energy[:, 0]), -1))))
    how = "all 179,280 values of optimizer, batch, width and epochs; 1,201 learning rates each, decay and momentum at their best"
    return hypervolume(best, problem.reference), how


def main():
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in sys.argv[1:] or PROBLEMS:
        if name in SAME:
            known[name] = {"hypervolume": known[SAME[name]]["hypervolume"], "how": f"as {SAME[name]}"}
            continue
        if name in PUBLISHED:
            volume, how = PUBLISHED[name]
        else:
            volume, how = exhausted(name) if name in ("training_clean", "crashing") else closed_form(name)
        known[name] = {"hypervolume": volume, "how": how}
        print(name, known[name])
    command = "python best_known.py"
    known = {name: {**known[name], "command": command} for name in PROBLEMS if name in known}
    FILE.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""The loop that every contestant goes through, and the line that it leaves behind."""

import json
import time

import numpy as np

from hypervolume import hypervolume
from problems import PROBLEMS


def run(contestant, name, seed, n):
    """`n` trials of `contestant`: what is dominated after each of them, and how long each ask took.

    The hypervolume is that of the noise-free values of all trials so far that did not crash and met the constraints. The
    noise depends on the seed and the number of the trial alone, so that it is the same for all contestants.
    """
    problem = PROBLEMS[name]
    rng = np.random.default_rng(1000 + seed)
    seen, dominated, asks = [], [], []
    for _ in range(n):
        start = time.perf_counter()
        params = contestant.ask()
        asks.append(round(time.perf_counter() - start, 5))
        outcome = problem.evaluate(params, rng)
        if outcome.counts:
            seen.append(outcome.truth)
        dominated.append(hypervolume(seen, problem.reference) if seen else 0.0)
        contestant.tell(params, outcome)
    return dict(hv=dominated, ask_s=asks, counted=len(seen))


def record(path, **fields):
    """Appends one line of JSON, in one write."""
    line = json.dumps(fields) + "\n"
    with open(path, "a") as file:
        file.write(line)

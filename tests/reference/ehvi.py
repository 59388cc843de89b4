"""Writes ehvi.json: log expected improvements (one loss) and log expected hypervolume improvements (two losses) to be minimized,
in 400-digit arithmetic.

The hypervolume case adds up grid cells between all front coordinates (not the crate's strips): for each cell that the
front leaves free, the product of two integrals of the normal distribution function. Five cases are compared with Monte Carlo
here. Set-up: pip install numpy mpmath.
"""
import json
import pathlib

import numpy as np
from mpmath import mp, mpf

mp.dps = 400


def integral(low, high, mean, sd):
    """Of P(Y <= c) over c from low to high."""
    def below(c):
        if c == -mp.inf:
            return mpf(0)
        z = (c - mean) / sd
        return sd * (mp.npdf(z) + z * mp.erfc(-z / mp.sqrt(2)) / 2)
    return below(high) - below(low)


def log_ehvi(front, reference, mean, sd):
    a = sorted({mpf(p[0]) for p in front if p[0] < reference[0]})
    b = sorted({mpf(p[1]) for p in front if p[1] < reference[1]})
    xs, ys = [-mp.inf, *a, mpf(reference[0])], [-mp.inf, *b, mpf(reference[1])]
    columns = [integral(u, v, mpf(mean[0]), mpf(sd[0])) for u, v in zip(xs, xs[1:])]
    rows = [integral(u, v, mpf(mean[1]), mpf(sd[1])) for u, v in zip(ys, ys[1:])]
    total = mpf(0)
    for i, left in enumerate(xs[:-1]):
        for j, bottom in enumerate(ys[:-1]):
            # A cell is free if no front point lies at its lower corner or further down left.
            if not any(p[0] <= left and p[1] <= bottom for p in front):
                total += columns[i] * rows[j]
    return mp.log(total)


def gain(front, reference, y):
    def volume(points):
        v, top = 0.0, reference[1]
        for p in sorted(p for p in points if p[0] < reference[0] and p[1] < reference[1]):
            if p[1] < top:
                v += (reference[0] - p[0]) * (top - p[1])
                top = p[1]
        return v
    return volume([*front, list(y)]) - volume(front)


rng = np.random.default_rng(7)
cases, checked = [], 0
for i in range(300):
    front = rng.normal(0, 1, (int(rng.integers(0, 9)), 2)).tolist()
    reference = (rng.random(2) * 1.5).tolist()
    mean = rng.normal(0, 1.5, 2).tolist()
    sd = np.exp(rng.uniform(-9 if i % 2 else -2, 1, 2)).tolist()
    if i % 10 == 0 and front:  # a mean right on the front, and a narrow strip
        mean, front = list(front[0]), [*front, [front[0][0] + 1e-7, front[0][1] - 1e-7]]
    log = log_ehvi(front, reference, mean, sd)
    best = float(min((p[0] for p in front), default=0.5))
    log_ei = mp.log(integral(-mp.inf, mpf(best), mpf(mean[0]), mpf(sd[0])))
    cases.append(dict(front=front, reference=reference, mean=mean, sd=sd, log_ehvi=float(log), best=best, log_ei=float(log_ei)))
    if checked < 5 and log > -3:
        checked += 1
        draws = [gain(front, reference, y.tolist()) for y in rng.normal(mean, sd, (100_000, 2))]
        error = np.std(draws) / np.sqrt(len(draws))
        assert abs(np.mean(draws) - np.exp(float(log))) < 4 * error + 1e-12, i
assert all(np.isfinite(c["log_ehvi"]) for c in cases)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
print(sum(c["log_ehvi"] < -745 for c in cases), "of", len(cases), "underflow without logarithms")

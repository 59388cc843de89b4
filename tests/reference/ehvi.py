"""Writes ehvi.json: log expected improvements (of the first loss) and log expected hypervolume improvements (of two to four
losses) to be minimized, with derivatives by means and standard deviations, in 400-digit arithmetic.

The hypervolume case adds up grid cells between all front coordinates (not the crate's boxes): for each cell that the
front leaves free, the product over losses of an integral of the normal distribution function. Derivatives are central
differences with steps of 1e-100. Five cases for each number of losses are compared with Monte Carlo here, the improvement
of a draw taken by inclusion and exclusion. Set-up: pip install numpy mpmath.
"""
import itertools
import json
import pathlib

import numpy as np
from mpmath import mp, mpf

mp.dps = 400
STEP = mpf(10) ** -100


def integral(low, high, mean, sd):
    """Of P(Y <= c) over c from low to high."""
    def below(c):
        if c == -mp.inf:
            return mpf(0)
        z = (c - mean) / sd
        return sd * (mp.npdf(z) + z * mp.erfc(-z / mp.sqrt(2)) / 2)
    return below(high) - below(low)


def ehvi(front, reference, mean, sd):
    """Logarithm, derivatives by means, derivatives by standard deviations."""
    m = len(reference)
    edges = [[-mp.inf, *sorted({mpf(p[j]) for p in front if p[j] < reference[j]}), mpf(reference[j])] for j in range(m)]
    free = np.zeros([len(e) - 1 for e in edges], dtype=object)
    for cell in itertools.product(*(range(n) for n in free.shape)):
        # A cell is free if no front point lies at its lower corner or below.
        corner = [e[i] for e, i in zip(edges, cell)]
        free[cell] = int(not any(all(a <= b for a, b in zip(p, corner)) for p in front))

    def factors(j, at_mean=0, at_sd=0):
        mean_j, sd_j = mpf(mean[j]) + at_mean, mpf(sd[j]) + at_sd
        return np.array([integral(a, b, mean_j, sd_j) for a, b in zip(edges[j], edges[j][1:])], dtype=object)

    def total(vectors):
        left = free
        for v in reversed(vectors):
            left = left @ v
        return left

    plain = [factors(j) for j in range(m)]
    value = total(plain)

    def slope(j, **which):
        name = next(iter(which))
        change = (factors(j, **{name: STEP}) - factors(j, **{name: -STEP})) / (2 * STEP)
        return float(total([change if k == j else v for k, v in enumerate(plain)]) / value)

    return mp.log(value), [slope(j, at_mean=1) for j in range(m)], [slope(j, at_sd=1) for j in range(m)]


def gains(front, reference, draws):
    """What each draw adds to the hypervolume: its own box, less its intersections with all sets of the front's boxes."""
    volume = lambda corners: np.prod(np.maximum(reference - corners, 0), axis=1)
    result = volume(draws)
    for size in range(1, len(front) + 1):
        for members in itertools.combinations(front, size):
            result += (-1) ** size * volume(np.maximum(draws, np.max(members, axis=0)))
    return result


rng = np.random.default_rng(7)
cases = []
for m, count, largest in [(2, 300, 9), (3, 200, 9), (4, 150, 7)]:
    checked = 0
    for i in range(count):
        front = rng.normal(0, 1, (int(rng.integers(0, largest)), m)).round(1 if i % 5 == 2 else 6).tolist()
        reference = (rng.random(m) * 1.5).round(6).tolist()
        mean = rng.normal(0, 1.5, m).round(6).tolist()
        spread = (1, 7) if i % 8 == 5 else (-9, 1) if i % 2 else (-2, 1)
        sd = [float(f"{s:.6g}") for s in np.exp(rng.uniform(*spread, m))]
        if i % 10 == 0 and front:  # a mean right on the front, and a narrow box
            mean, front = list(front[0]), [*front, [front[0][0] + 1e-7, *front[0][1:-1], front[0][-1] - 1e-7]]
        log, by_mean, by_sd = ehvi(front, reference, mean, sd)
        best = min((p[0] for p in front), default=0.5)
        log_ei = mp.log(integral(-mp.inf, mpf(best), mpf(mean[0]), mpf(sd[0])))
        cases.append(dict(front=front, reference=reference, mean=mean, sd=sd, log_ehvi=float(log), by_mean=by_mean,
                          by_sd=by_sd, best=best, log_ei=float(log_ei)))
        if checked < 5 and log > -3 and len(front) > 1 and max(sd) < 3:
            checked += 1
            draws = gains(front, np.array(reference), rng.normal(mean, sd, (100_000, m)))
            error = np.std(draws) / np.sqrt(len(draws))
            assert abs(np.mean(draws) - np.exp(float(log))) < 4 * error + 1e-12, (m, i)
    assert checked == 5
    part = [c for c in cases if len(c["reference"]) == m]
    print(m, "losses:", sum(c["log_ehvi"] < -745 for c in part), "of", len(part), "underflow without logarithms")
assert all(np.isfinite([c["log_ehvi"], *c["by_mean"], *c["by_sd"]]).all() for c in cases)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")

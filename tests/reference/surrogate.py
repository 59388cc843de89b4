"""Writes surrogate.json: predictions and marginal likelihoods of Gaussian processes by textbook formulas.

Independent of the crate: the Matern covariance in its general form with the modified Bessel function, the likelihood from
scipy's multivariate normal, dense solves by numpy. Set-up: pip install numpy scipy.
"""
import json
import pathlib

import numpy as np
from scipy.special import gamma, kv
from scipy.stats import multivariate_normal

NU = 2.5
FLOOR = 1e-6  # the crate's variance of exact observations


def matern(r):
    r = np.asarray(r)
    z = np.sqrt(2 * NU) * np.where(r > 0, r, 1.0)
    return np.where(r > 0, 2 ** (1 - NU) / gamma(NU) * z**NU * kv(NU, z), 1.0)


def logarithmic(x, bend):
    """A linear coordinate on a logarithmic scale whose ends have the ratio exp(bend)."""
    if bend == 0:
        return x
    low, high = 1.0, np.exp(bend)
    return (np.log(low + (high - low) * x) - np.log(low)) / (np.log(high) - np.log(low))


def distances(a, b, lengthscales, unordered, bends):
    a, b = (np.stack([logarithmic(p[:, k], s) for k, s in enumerate(bends)], axis=1) for p in (a, b))
    r2 = np.zeros((len(a), len(b)))
    for k, l in enumerate(lengthscales):
        gap = a[:, None, k] - b[None, :, k]
        r2 += (gap != 0) / l**2 if unordered[k] else (gap / l) ** 2
    return np.sqrt(r2)


def case(rng, n, d, categories):
    x, q = rng.random((n, d)), rng.random((5, d))
    unordered = [k == d // 2 and categories > 0 for k in range(d)]
    x[rng.random((n, d)) < 0.1], q[0] = 0.0, 1.0
    if categories:
        x[:, d // 2] = (rng.integers(categories, size=n) + 0.5) / categories
        q[:, d // 2] = (rng.integers(categories, size=5) + 0.5) / categories
    bends = np.where(unordered, 0.0, rng.choice([0.0, 5e-4, -2.0, 2.0, -6.0, 6.0], d))
    lengthscales = np.exp(rng.normal(-0.5, 0.7, d))
    outputscale, noise = np.exp(rng.normal(0, 0.5)), np.exp(rng.normal(-4, 1))
    known, inferred = rng.random(n) * 0.1 * (rng.random(n) < 0.5), rng.random(n) < 0.7
    y = np.sin(3 * x.sum(axis=1)) + rng.normal(0, 0.1, n)
    cov = outputscale * matern(distances(x, x, lengthscales, unordered, bends))
    cov += np.diag(FLOOR + known + np.where(inferred, noise, 0.0))
    cross = outputscale * matern(distances(q, x, lengthscales, unordered, bends))
    return dict(
        x=x.tolist(), y=y.tolist(), known=known.tolist(), inferred=inferred.tolist(), unordered=unordered,
        lengthscales=lengthscales.tolist(), outputscale=outputscale, noise=noise, bends=bends.tolist(), query=q.tolist(),
        mean=(cross @ np.linalg.solve(cov, y)).tolist(),
        variance=(outputscale - np.einsum("ij,ji->i", cross, np.linalg.solve(cov, cross.T))).tolist(),
        log_likelihood=float(multivariate_normal(np.zeros(n), cov).logpdf(y)),
    )


rng = np.random.default_rng(20250101)
cases = [case(rng, n, d, c) for n, d, c in [(1, 1, 0), (5, 2, 0), (12, 3, 4), (30, 6, 0), (40, 4, 3), (60, 10, 5)]]
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")

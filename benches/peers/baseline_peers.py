"""Searches that learn nothing: independent uniform points, and the points of one scrambled Sobol sequence."""

import math

import numpy as np
from scipy.stats import qmc

from problems import Choice, Int


def _value(spec, u):
    if isinstance(spec, Choice):
        return spec.values[min(int(u * len(spec.values)), len(spec.values) - 1)]
    # Whole numbers get bins of width one, from half below the lowest to half above the highest.
    half = 0.5 if isinstance(spec, Int) else 0.0
    low, high = spec.low - half, spec.high + half
    value = low * (high / low) ** u if spec.log else low + u * (high - low)
    return min(max(math.floor(value + 0.5), spec.low), spec.high) if isinstance(spec, Int) else value


class Uniform:
    def __init__(self, problem, seed):
        self.problem = problem
        self.rng = np.random.default_rng(seed)

    def _next(self):
        return self.rng.random(len(self.problem.space))

    def ask(self):
        point = self._next()
        return self.problem.active({name: _value(spec, u) for (name, spec), u in zip(self.problem.space.items(), point)})

    def tell(self, params, outcome):
        pass


class Sobol(Uniform):
    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        self.sequence = qmc.Sobol(len(problem.space), scramble=True, rng=np.random.default_rng(seed))

    def _next(self):
        return self.sequence.random(1)[0]

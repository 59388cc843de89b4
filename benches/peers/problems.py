"""The test problems. Every objective is minimized, and every constraint is met where its value is 0 or below.

Formulas take scalars or arrays, so that `best_known.py` can evaluate millions of points. A parameter with `when` exists only
where another one has one of the named values; its absence is what a peer that knows of conditions sees.
"""

from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np


@dataclass(frozen=True)
class Float:
    """A number between `low` and `high`; on a logarithmic scale if `log`."""

    low: float
    high: float
    log: bool = False
    when: Optional[tuple] = None  # (name, allowed values)


@dataclass(frozen=True)
class Int:
    """A whole number from `low` to `high`, both possible; on a logarithmic scale if `log`."""

    low: int
    high: int
    log: bool = False
    when: Optional[tuple] = None


@dataclass(frozen=True)
class Choice:
    """One of `values`; `ordered` if neighbours in the list are neighbours in effect."""

    values: tuple
    ordered: bool
    when: Optional[tuple] = None


@dataclass(frozen=True)
class Problem:
    """What is searched, and how it is scored.

    `noise(params, truth)` gives the standard deviations of what is observed; `noise_told` says whether a search is told them,
    per trial, or has to infer them. Without `noise`, observations are exact and every search is told so.
    """

    space: dict
    objectives: Callable
    reference: tuple
    constraints: Optional[Callable] = None
    constraint_count: int = 0
    noise: Optional[Callable] = None
    noise_told: bool = False
    crashes: Optional[Callable] = None

    @property
    def initial(self):
        """The size of the initial design: 2 (d + 1)."""
        return 2 * (len(self.space) + 1)

    @property
    def exact(self):
        return self.noise is None

    def active(self, params):
        """`params` without the parameters that do not exist there."""
        return {
            name: value
            for name, value in params.items()
            if (when := self.space[name].when) is None or params[when[0]] in when[1]
        }

    def evaluate(self, params, rng):
        """A trial: the truth for the score, and what the search gets to see."""
        if self.crashes is not None and bool(self.crashes(params)):
            return Outcome(failed=True)
        truth = [float(v) for v in self.objectives(params)]
        limits = [float(v) for v in self.constraints(params)] if self.constraints else []
        if self.noise is None:
            return Outcome(truth=truth, observed=truth, constraints=limits, sd=[0.0] * len(truth))
        sd = [float(s) for s in self.noise(params)]
        observed = [v + s * rng.standard_normal() for v, s in zip(truth, sd)]
        return Outcome(truth=truth, observed=observed, constraints=limits, sd=sd if self.noise_told else None)


@dataclass
class Outcome:
    """What came of a trial. `truth` is for the score alone; `sd` is None if it is to be inferred."""

    truth: Optional[list] = None
    observed: Optional[list] = None
    constraints: Optional[list] = None
    sd: Optional[list] = None
    failed: bool = False

    @property
    def counts(self):
        """Whether the trial may enter the front: it did not crash, and it meets its constraints."""
        return not self.failed and all(c <= 0 for c in self.constraints)


def _unit(names):
    return {name: Float(0.0, 1.0) for name in names}


def _xs(dimension):
    return [f"x{i}" for i in range(dimension)]


def _stack(params):
    return [params[f"x{i}"] for i in range(len(params))]


# ---------------------------------------------------------------------------------------------- published test functions


def branin_currin(params):
    """Branin with rescaled inputs, and Currin's exponential function; x1 and x2 in [0, 1]."""
    x1, x2 = params["x1"], np.asarray(params["x2"], float)
    u, v = 15.0 * x1 - 5.0, 15.0 * x2
    valley = v - 5.1 * u**2 / (4.0 * np.pi**2) + 5.0 * u / np.pi - 6.0
    branin = valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(u) + 10.0
    with np.errstate(divide="ignore"):
        damping = 1.0 - np.exp(-0.5 / x2)
    ratio = (2300.0 * x1**3 + 1900.0 * x1**2 + 2092.0 * x1 + 60.0) / (100.0 * x1**3 + 500.0 * x1**2 + 4.0 * x1 + 20.0)
    return branin, damping * ratio


def _zdt(params, shape):
    first, *rest = _stack(params)
    g = 1.0 + 9.0 * sum(rest) / len(rest)
    return first, g * shape(first / g)


def zdt1(params):
    """ZDT1 (Zitzler, Deb and Thiele 2000): a convex front."""
    return _zdt(params, lambda ratio: 1.0 - np.sqrt(ratio))


def zdt2(params):
    """ZDT2 (Zitzler, Deb and Thiele 2000): a concave front."""
    return _zdt(params, lambda ratio: 1.0 - ratio**2)


def dtlz2(params):
    """DTLZ2 (Deb et al. 2005) with two objectives: the front is a quarter of a circle."""
    first, *rest = _stack(params)
    radius = 1.0 + sum((x - 0.5) ** 2 for x in rest)
    return radius * np.cos(0.5 * np.pi * first), radius * np.sin(0.5 * np.pi * first)


def c2_dtlz2_constraint(params, r=0.2):
    """The constraint of C2-DTLZ2 (Jain and Deb 2014): near one of the axes' ends, or near the diagonal.

    As in BoTorch, whose maximum hypervolume is the one people quote, the disc on the diagonal has the squared radius 2 r^2.
    """
    f1, f2 = dtlz2(params)
    ends = np.minimum((f1 - 1.0) ** 2 + f2**2, (f2 - 1.0) ** 2 + f1**2) - r**2
    diagonal = (f1 - np.sqrt(0.5)) ** 2 + (f2 - np.sqrt(0.5)) ** 2 - 2.0 * r**2
    return (np.minimum(ends, diagonal),)


def vehicle_safety(params):
    """Mass, acceleration and intrusion of a car in a crash (Liao et al. 2008; RE3-5-4 of Tanabe and Ishibuchi 2020)."""
    a, b, c, d, e = _stack(params)
    mass = 1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d + 4.4559504 * e
    acceleration = (
        6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d + 0.0861 * a * e + 0.3628 * b * d
        - 0.1106 * a**2 - 0.3437 * c**2 + 0.1764 * d**2
    )  # fmt: skip
    intrusion = (
        -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c - 0.0118 * b * d
        - 0.0204 * c * d - 0.008 * c * e - 0.0241 * b**2 + 0.0109 * d**2
    )  # fmt: skip
    return mass, acceleration, intrusion


# -------------------------------------------------------------------------------- a training run, as its rules of thumb say

EXAMPLES = 10_000

TRAINING_SPACE = {
    "learning_rate": Float(1e-5, 1.0, log=True),
    "batch_size": Choice((16, 32, 64, 128, 256, 512), ordered=True),
    "optimizer": Choice(("sgd", "adam", "adamw"), ordered=False),
    "momentum": Float(0.0, 0.99, when=("optimizer", ("sgd",))),
    "width": Int(8, 256, log=True),
    "epochs": Int(1, 40),
    "weight_decay": Float(1e-6, 1e-1, log=True),
}


def _effective_learning_rate(params):
    """log10 of the learning rate; with momentum, of the rate at which a constant gradient would move the weights."""
    sgd = np.asarray(params["optimizer"]) == "sgd"
    momentum = np.where(sgd, params.get("momentum", 0.0), 0.0)
    return np.log10(params["learning_rate"]) - np.log10(1.0 - momentum), sgd, momentum


def training_optimum(optimizer, batch_size, width):
    """log10 of the effective learning rate at which a step gets furthest, and of the best weight decay."""
    sgd, adamw = np.asarray(optimizer) == "sgd", np.asarray(optimizer) == "adamw"
    batch, doublings = np.log2(batch_size / 64.0), np.log2(width / 32.0)
    rate = np.where(sgd, -0.7 + 0.24 * batch - 0.04 * doublings, -2.8 + 0.3 * adamw + 0.15 * batch - 0.12 * doublings)
    return rate, np.where(adamw, -2.0, -3.5) + 0.15 * doublings


def training(params):
    """Error and log10 of the joules of a made-up training of a small network.

    The error adds up a floor, what the network is too narrow for, what the training is too short for, overfitting and the
    loss of large batches. Progress follows the examples seen, less in batches above a critical size (McCandlish et al.
    2018), and the distance between the learning rate and its optimum, which depends on the optimizer, the batch (almost
    linearly for sgd, by the root for the others), the momentum and the width. Overfitting grows with width and progress
    and is least at a weight decay that depends on the optimizer and the width. The energy counts examples (dearer with
    width) and steps (a fixed price each, so that small batches are dear).
    """
    rate, sgd, momentum = _effective_learning_rate(params)
    size, width, epochs = (np.asarray(params[k], float) for k in ("batch_size", "width", "epochs"))
    batch, doublings = np.log2(size / 64.0), np.log2(width / 32.0)
    best_rate, best_decay = training_optimum(params["optimizer"], size, width)

    off = rate - best_rate
    misfit = off**2 * (1.0 + 0.6 * np.tanh(1.5 * off))
    speed = np.exp(-0.8 * misfit) * np.where(sgd, 0.75 * np.exp(-0.7 * (momentum - 0.9) ** 2), 1.0)
    progress = epochs * EXAMPLES / (size + 48.0) * speed / 60.0

    decay_off = np.log10(params["weight_decay"]) - best_decay
    overfit = 0.012 * 2.0 ** (0.35 * doublings) * np.log1p(progress / 8.0) * (0.4 + np.tanh(0.2 * decay_off**2))
    total = (
        0.015
        + 0.28 * (width / 8.0) ** -0.8
        + 0.75 * (1.0 + progress) ** -0.75
        + overfit * np.where(sgd, 0.6, 1.0)
        + 0.01 * np.log1p(np.exp(batch - 1.0))
    )
    error = 0.9 * -np.expm1(-total / 0.9)

    per_example = 0.004 + 2e-5 * width**1.6
    per_step = 0.4 * np.where(sgd, 1.0, 1.15)
    joules = 30.0 + epochs * EXAMPLES * (per_example + per_step / size)
    return error, np.log10(joules)


def training_crashes(params):
    """Five ways in which such a training ends without a result."""
    rate, sgd, _ = _effective_learning_rate(params)
    width, size, epochs = (np.asarray(params[k], float) for k in ("width", "batch_size", "epochs"))
    out_of_memory = width * size > 24_000
    sgd_diverges = sgd & (rate > 0.0)
    adam_diverges = ~sgd & (rate > -1.7)
    out_of_time = epochs * EXAMPLES * (0.004 + 2e-5 * width**1.6 + 0.4 / size) > 12_000
    kernel_fault = (width >= 48) & (width < 64) & (size >= 128)
    return out_of_memory | sgd_diverges | adam_diverges | out_of_time | kernel_fault


def _tenfold_noise(params):
    """Standard deviations that differ by a factor of ten over the square."""
    exponent = 0.5 + 0.5 * np.sin(2.0 * np.pi * (params["x1"] + 0.5 * params["x2"]))
    return 2.0 * 10.0**exponent, 0.035 * 10.0**exponent


def _constant(*sd):
    return lambda params: sd


_BRANIN_CURRIN = dict(space=_unit(["x1", "x2"]), objectives=branin_currin, reference=(18.0, 6.0))
_TRAINING = dict(space=TRAINING_SPACE, objectives=training, reference=(0.5, 4.5))

PROBLEMS = {
    "branin_currin": Problem(**_BRANIN_CURRIN),
    "dtlz2": Problem(space=_unit(_xs(6)), objectives=dtlz2, reference=(1.1, 1.1)),
    "zdt2_d5": Problem(space=_unit(_xs(5)), objectives=zdt2, reference=(1.1, 1.1)),
    "zdt1_d10": Problem(space=_unit(_xs(10)), objectives=zdt1, reference=(1.1, 1.1)),
    "vehicle_safety": Problem(
        space={name: Float(1.0, 3.0) for name in _xs(5)},
        objectives=vehicle_safety,
        reference=(1864.72022, 11.81993945, 0.2903999384),
    ),
    "branin_currin_noisy": Problem(**_BRANIN_CURRIN, noise=_constant(9.0, 0.15)),
    "c2_dtlz2": Problem(
        space=_unit(_xs(4)),
        objectives=dtlz2,
        reference=(1.1, 1.1),
        constraints=c2_dtlz2_constraint,
        constraint_count=1,
    ),
    "training_clean": Problem(**_TRAINING),
    "training_noisy": Problem(**_TRAINING, noise=_constant(0.012, 0.02)),
    "crashing": Problem(**_TRAINING, crashes=training_crashes),
    "heteroscedastic": Problem(**_BRANIN_CURRIN, noise=_tenfold_noise, noise_told=True),
}

# Against random and Sobol alone.
ROBUSTNESS = ("crashing", "heteroscedastic")

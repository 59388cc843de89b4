"""Ax through its client, with the generation strategy that it chooses itself.

Reference points become objective thresholds. Ax flattens conditional spaces, so it is given every parameter always, and an
inactive one has no effect.
"""

import logging

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

from problems import Choice, Int

logging.disable(logging.CRITICAL)

KINDS = {str: "str", int: "int", float: "float"}


def _config(name, spec):
    if isinstance(spec, Choice):
        kind = KINDS[type(spec.values[0])]
        return ChoiceParameterConfig(name=name, values=list(spec.values), parameter_type=kind, is_ordered=spec.ordered)
    return RangeParameterConfig(
        name=name,
        bounds=(spec.low, spec.high),
        parameter_type="int" if isinstance(spec, Int) else "float",
        scaling="log" if spec.log else "linear",
    )


class Ax:
    def __init__(self, problem, seed):
        self.exact = problem.exact
        self.client = Client(random_seed=seed)
        self.client.configure_experiment(parameters=[_config(name, spec) for name, spec in problem.space.items()])
        thresholds = [f"y{i} <= {r}" for i, r in enumerate(problem.reference)]
        limits = [f"c{i} <= 0" for i in range(problem.constraint_count)]
        self.client.configure_optimization(
            objective=", ".join(f"-y{i}" for i in range(len(problem.reference))),
            outcome_constraints=thresholds + limits,
        )
        self.client.configure_generation_strategy(
            method="fast", initialization_budget=problem.initial, initialization_random_seed=seed
        )

    def ask(self):
        ((self.trial, params),) = self.client.get_next_trials(max_trials=1).items()
        return dict(params)

    def tell(self, params, outcome):
        # (mean, standard error); a mean alone asks Ax to infer the noise.
        data = {f"y{i}": (v, 0.0) if self.exact else v for i, v in enumerate(outcome.observed)}
        data |= {f"c{i}": (v, 0.0) for i, v in enumerate(outcome.constraints)}
        self.client.complete_trial(trial_index=self.trial, raw_data=data)

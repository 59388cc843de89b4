"""Optuna's samplers, with conditional parameters suggested only where they exist. They take no reference point."""

import optuna

from problems import Choice, Int

optuna.logging.set_verbosity(optuna.logging.ERROR)


def _feasibility(trial):
    return trial.user_attrs["constraints"]


def _sampler(kind, problem, seed):
    constraints = dict(constraints_func=_feasibility) if problem.constraint_count else {}
    if kind == "gp":
        return optuna.samplers.GPSampler(
            seed=seed, n_startup_trials=problem.initial, deterministic_objective=problem.exact, **constraints
        )
    if kind == "tpe":
        # `group` is what multivariate TPE needs in a conditional space.
        conditional = any(spec.when for spec in problem.space.values())
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=problem.initial, multivariate=True, group=conditional, **constraints
        )
    return optuna.samplers.NSGAIISampler(seed=seed, population_size=20, **constraints)


class Optuna:
    def __init__(self, kind, problem, seed):
        self.problem = problem
        directions = ["minimize"] * len(problem.reference)
        self.study = optuna.create_study(directions=directions, sampler=_sampler(kind, problem, seed))

    def ask(self):
        self.trial = self.study.ask()
        params = {}
        for name, spec in self.problem.space.items():
            if spec.when is not None and params[spec.when[0]] not in spec.when[1]:
                continue
            if isinstance(spec, Choice) and spec.ordered:
                params[name] = spec.values[self.trial.suggest_int(name, 0, len(spec.values) - 1)]
            elif isinstance(spec, Choice):
                params[name] = self.trial.suggest_categorical(name, spec.values)
            else:
                suggest = self.trial.suggest_int if isinstance(spec, Int) else self.trial.suggest_float
                params[name] = suggest(name, spec.low, spec.high, log=spec.log)
        return params

    def tell(self, params, outcome):
        if outcome.failed:
            self.study.tell(self.trial, state=optuna.trial.TrialState.FAIL)
            return
        self.trial.set_user_attr("constraints", outcome.constraints)
        self.study.tell(self.trial, outcome.observed)

"""BoTorch: Gaussian processes and qLogNEHVI, as its documentation sets them up.

Continuous problems: `SingleTaskGP` and `optimize_acqf`. Mixed ones: `MixedSingleTaskGP` with the categorical columns declared,
and `optimize_acqf_mixed_alternating` with the discrete values declared. A parameter that does not exist at a point is given
one constant value inside the model, so that it cannot be mistaken for information.

The outcomes are independent, batched in one model. Argument checks and lazily evaluated kernels are switched off: that
changes no result and saves a third of the time with so few points.
"""

import math

import gpytorch
import linear_operator
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.fit import fit_gpytorch_mll
from botorch.models import MixedSingleTaskGP, SingleTaskGP
from botorch.models.transforms.input import InputTransform
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf, optimize_acqf_mixed_alternating
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood

from problems import Choice, Float, Int

torch.set_num_threads(1)
torch.distributions.Distribution.set_default_validate_args(False)
gpytorch.settings.debug._set_state(False)
gpytorch.settings.lazily_evaluate_kernels._set_state(False)
linear_operator.settings.debug._set_state(False)

SAMPLES = 128
RESTARTS = 10
RAW_SAMPLES = 512


class Columns:
    """A space as columns of a tensor: [0, 1] for numbers and ordered choices, the index for unordered choices."""

    def __init__(self, space):
        self.specs = list(space.items())
        names = [name for name, _ in self.specs]
        self.discrete, self.categorical, self.inactive = {}, {}, []
        for column, (_, spec) in enumerate(self.specs):
            if isinstance(spec, Int):
                self.discrete[column] = [self._unit(spec, v) for v in range(spec.low, spec.high + 1)]
            elif isinstance(spec, Choice) and spec.ordered:
                self.discrete[column] = [rank / (len(spec.values) - 1) for rank in range(len(spec.values))]
            elif isinstance(spec, Choice):
                self.categorical[column] = [float(index) for index in range(len(spec.values))]
            if spec.when is not None:
                parent = names.index(spec.when[0])
                allowed = [float(space[spec.when[0]].values.index(v)) for v in spec.when[1]]
                self.inactive.append((column, parent, allowed))

    @staticmethod
    def _unit(spec, value):
        if spec.log:
            return math.log(value / spec.low) / math.log(spec.high / spec.low)
        return (value - spec.low) / (spec.high - spec.low)

    @property
    def mixed(self):
        return bool(self.discrete or self.categorical)

    @property
    def bounds(self):
        top = [self.categorical[c][-1] if c in self.categorical else 1.0 for c in range(len(self.specs))]
        return torch.tensor([[0.0] * len(top), top], dtype=torch.double)

    def from_uniform(self, u):
        """Uniform numbers as a point: equal shares for the values of discrete and categorical columns."""
        x = u.clone()
        for column, values in {**self.discrete, **self.categorical}.items():
            if isinstance(self.specs[column][1], Int):
                x[column] = min(values, key=lambda v: abs(v - float(u[column])))
            else:
                x[column] = values[min(int(u[column] * len(values)), len(values) - 1)]
        return x

    def params(self, x):
        out = {}
        for column, (name, spec) in enumerate(self.specs):
            v = float(x[column])
            if isinstance(spec, Choice):
                index = round(v if column in self.categorical else v * (len(spec.values) - 1))
                out[name] = spec.values[index]
                continue
            value = spec.low * (spec.high / spec.low) ** v if spec.log else spec.low + v * (spec.high - spec.low)
            out[name] = value if isinstance(spec, Float) else round(value)
        return out


class IgnoreInactive(InputTransform):
    """Sets a column to 0.5 wherever its parameter does not exist."""

    is_one_to_many = False

    def __init__(self, inactive):
        super().__init__()
        self.inactive = inactive
        self.transform_on_train = self.transform_on_eval = self.transform_on_fantasize = True

    def transform(self, X):
        columns = list(X.unbind(-1))
        for column, parent, allowed in self.inactive:
            exists = torch.stack([(columns[parent] - value).abs() < 0.5 for value in allowed]).any(0)
            columns[column] = torch.where(exists, columns[column], torch.full_like(columns[column], 0.5))
        return torch.stack(columns, -1)


class BoTorch:
    """Scrambled Sobol points, then qLogNEHVI. Losses are negated, since BoTorch maximizes."""

    def __init__(self, problem, seed):
        torch.manual_seed(seed)
        self.problem, self.seed = problem, seed
        self.columns = Columns(problem.space)
        dimension = len(problem.space)
        self.initial = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=seed).draw(problem.initial).double()
        outcomes = len(problem.reference) + problem.constraint_count
        self.x = torch.empty(0, dimension, dtype=torch.double)
        self.y = torch.empty(0, outcomes, dtype=torch.double)

    def ask(self):
        if len(self.x) < self.problem.initial:
            self.asked = self.columns.from_uniform(self.initial[len(self.x)])
        else:
            self.asked = self._best(self._fit())
        return self.columns.params(self.asked)

    def tell(self, params, outcome):
        row = [-v for v in outcome.observed] + outcome.constraints
        self.x = torch.cat([self.x, self.asked.unsqueeze(0)])
        self.y = torch.cat([self.y, torch.tensor([row], dtype=torch.double)])

    def _fit(self):
        known = 1e-6 * self.y.var(0).clamp_min(1e-12).expand_as(self.y) if self.problem.exact else None
        common = dict(train_Yvar=known, outcome_transform=Standardize(self.y.shape[1]))
        if self.columns.categorical:
            inactive = IgnoreInactive(self.columns.inactive) if self.columns.inactive else None
            categorical = list(self.columns.categorical)
            model = MixedSingleTaskGP(self.x, self.y, cat_dims=categorical, input_transform=inactive, **common)
        else:
            model = SingleTaskGP(self.x, self.y, **common)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return model

    def _best(self, model):
        objectives = len(self.problem.reference)
        limits = range(objectives, self.y.shape[1])
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model,
            ref_point=[-r for r in self.problem.reference],
            X_baseline=self.x,
            prune_baseline=True,
            sampler=SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=self.seed),
            objective=IdentityMCMultiOutputObjective(outcomes=list(range(objectives))) if limits else None,
            constraints=[lambda z, j=j: z[..., j] for j in limits] or None,
        )
        common = dict(bounds=self.columns.bounds, q=1, num_restarts=RESTARTS, raw_samples=RAW_SAMPLES)
        if self.columns.mixed:
            best, _ = optimize_acqf_mixed_alternating(
                acquisition,
                discrete_dims=self.columns.discrete,
                cat_dims=self.columns.categorical,
                options={"num_spray_points": 20},
                **common,
            )
        else:
            best, _ = optimize_acqf(acquisition, options={"batch_limit": 5, "maxiter": 200}, **common)
        return best[0].detach()

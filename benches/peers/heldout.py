"""Problems on which nothing of the optimizer was tuned: BoTorch's own test functions, asked through `optimize ask-tell`.

usage: heldout.py BINARY PROBLEM SEED N OUT.jsonl
Appends the hypervolume of the feasible trials, and how many of the second half broke a constraint. Problems whose reference
point BoTorch leaves open are not among them. Two binaries, of two versions, can so be set side by side.
"""

import sys
import warnings
from subprocess import run

import torch
from botorch.test_functions import multi_objective as functions
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated

from problems import Float, Outcome, Problem
from trials import record
from wattfront import Wattfront

FUNCTIONS = {
    "penicillin": functions.Penicillin,
    "zdt3": lambda: functions.ZDT3(dim=6),
    "dtlz5": lambda: functions.DTLZ5(dim=6, num_objectives=2),
    "dtlz7": lambda: functions.DTLZ7(dim=6, num_objectives=2),
    "car_side_impact": functions.CarSideImpact,
    "disc_brake": functions.DiscBrake,
    "welded_beam": functions.WeldedBeam,
    "osy": functions.OSY,
    "constr": functions.CONSTR,
}


def search(binary, name, seed, n):
    """`n` trials: losses, and the largest excess over a constraint, each as a tensor."""
    function = FUNCTIONS[name]()
    bounds = function.bounds.tolist()
    constraints = getattr(function, "num_constraints", 0) or 0
    problem = Problem(
        space={f"x{i}": Float(low, high) for i, (low, high) in enumerate(zip(*bounds))},
        objectives=None,
        reference=tuple(map(float, function._ref_point)),
        constraint_count=constraints,
    )
    losses, excess = [], []
    with Wattfront(binary, problem, name, seed, n, "gp") as searched:
        for _ in range(n):
            params = searched.ask()
            x = torch.tensor([[params[key] for key in problem.space]], dtype=torch.double)
            y = function._evaluate_true(x)[0]
            broken = (-function._evaluate_slack_true(x)[0]).tolist() if constraints else []
            searched.tell(params, Outcome(observed=y.tolist(), truth=y.tolist(), constraints=broken, sd=[0.0] * len(y), failed=False))
            losses.append(y)
            excess.append(max(broken, default=-1.0))
    return torch.stack(losses), torch.tensor(excess), problem


def main():
    if len(sys.argv) != 6 or sys.argv[2] not in FUNCTIONS:
        sys.exit(f"{__doc__}PROBLEM: {', '.join(FUNCTIONS)}")
    binary, name, seed, n, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    warnings.filterwarnings("ignore")
    torch.set_default_dtype(torch.double)
    torch.set_num_threads(1)
    losses, excess, problem = search(binary, name, seed, n)
    gains = -losses[excess <= 0]
    front = gains[is_non_dominated(gains)] if len(gains) else gains
    hypervolume = Hypervolume(ref_point=-torch.tensor(problem.reference)).compute(front) if len(gains) else 0.0
    late = int((excess[n // 2 :] > 0).sum())
    version = run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    record(path, binary=binary, version=version, problem=name, seed=seed, n=n, hv=float(hypervolume), late_infeasible=late)


if __name__ == "__main__":
    main()

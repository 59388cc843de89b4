"""Runs one peer on one problem with one seed, and appends a line of JSON to a file.

usage: run.py PEER PROBLEM SEED N OUT.jsonl
PEER: botorch, ax, optuna-gp, optuna-tpe, optuna-nsga2, random or sobol
"""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import sys
import warnings
from importlib.metadata import version

from problems import PROBLEMS, ROBUSTNESS
from trials import record, run

PACKAGES = {"botorch": ("botorch", "gpytorch", "torch"), "ax": ("ax-platform", "botorch", "torch"), "optuna": ("optuna",)}


def contestant(peer, problem, seed):
    """The peers' packages are imported only where they are wanted."""
    if peer == "botorch":
        from botorch_peer import BoTorch

        return BoTorch(problem, seed)
    if peer == "ax":
        from ax_peer import Ax

        return Ax(problem, seed)
    if peer in ("optuna-gp", "optuna-tpe", "optuna-nsga2"):
        from optuna_peer import Optuna

        return Optuna(peer.removeprefix("optuna-"), problem, seed)
    if peer in ("random", "sobol"):
        from baseline_peers import Sobol, Uniform

        return Sobol(problem, seed) if peer == "sobol" else Uniform(problem, seed)
    sys.exit(f"unknown peer {peer!r}\n{__doc__}")


def main():
    if len(sys.argv) != 6 or sys.argv[2] not in PROBLEMS:
        sys.exit(f"{__doc__}PROBLEM: {', '.join(PROBLEMS)}")
    peer, name, seed, n, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    if name in ROBUSTNESS and peer not in ("random", "sobol"):
        sys.exit(f"{name} is for random and sobol alone")
    warnings.filterwarnings("ignore")
    searched = contestant(peer, PROBLEMS[name], seed)
    versions = {package: version(package) for package in PACKAGES.get(peer.split("-")[0], ("numpy", "scipy"))}
    record(path, peer=peer, problem=name, seed=seed, n=n, **run(searched, name, seed, n), versions=versions)


if __name__ == "__main__":
    main()

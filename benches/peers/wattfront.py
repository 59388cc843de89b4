"""Runs `optimize ask-tell` on one problem with one seed, through the loop that the peers go through.

usage: wattfront.py BINARY PROBLEM SEED N OUT.jsonl [SAMPLER]
SAMPLER: gp (default) or any other that the study file knows; recorded as peer `wattfront` and `wattfront-SAMPLER`
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from problems import PROBLEMS, Choice, Int
from trials import record, run


def study_file(problem, name, seed, n, sampler):
    """The study: the defaults throughout, and the reference point, as the peers are given it."""
    lines = [f"name = {json.dumps(name)}", f"seed = {seed}", "", "[budget]", f"trials = {n}"]
    for i, reference in enumerate(problem.reference):
        lines += ["", "[[objective]]", f'metric = "y{i}"', 'goal = "minimize"', f"reference = {reference!r}"]
    for i in range(problem.constraint_count):
        lines += ["", "[[constraint]]", f'metric = "c{i}"', "at_most = 0.0"]
    lines += ["", "[sampler]", f"kind = {json.dumps(sampler)}"]
    if sampler == "gp":
        lines.append(f"initial = {problem.initial}")
    lines += ["", "[space]"]
    lines += [f"{name} = {{ {parameter(spec)} }}" for name, spec in problem.space.items()]
    return "\n".join(lines) + "\n"


def parameter(spec):
    """A parameter as the study file has it. Numbers in a choice are ordered, texts are not."""
    if isinstance(spec, Choice):
        if spec.ordered != all(isinstance(v, (int, float)) for v in spec.values):
            raise ValueError(f"no study file has such a choice: {spec}")
        text = f"choice = {json.dumps(spec.values)}"
    else:
        kind = "int" if isinstance(spec, Int) else "float"
        text = f"{kind} = [{spec.low}, {spec.high}]" + (', scale = "log"' if spec.log else "")
    if spec.when is not None:
        parent, values = spec.when
        text += f", when = {{ {parent} = {json.dumps(values)} }}"
    return text


class Wattfront:
    """The process and its lines of JSON. A context manager: the process and its folder end with it."""

    def __init__(self, binary, problem, name, seed, n, sampler):
        self.problem = problem
        self.folder = tempfile.TemporaryDirectory()
        study = Path(self.folder.name) / "study.toml"
        study.write_text(study_file(problem, name, seed, n, sampler))
        self.process = subprocess.Popen(
            [binary, "ask-tell", study, "--results", study.parent / "results"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(60)
        self.folder.cleanup()

    def _call(self, **request):
        with contextlib.suppress(BrokenPipeError):  # a process that ended has said why
            print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended at {request}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{request}: {answer['error']}")
        return answer

    def ask(self):
        (trial,) = self._call(op="ask", count=1)["trials"]
        self.id = trial["id"]
        return trial["params"]

    def tell(self, params, outcome):
        if outcome.failed:
            self._call(op="tell", id=self.id, failed="crashed")
            return
        metrics = {f"y{i}": v for i, v in enumerate(outcome.observed)}
        metrics |= {f"c{i}": v for i, v in enumerate(outcome.constraints)}
        known = {f"y{i}": s for i, s in enumerate(outcome.sd)} if outcome.sd is not None else {}
        known |= {f"c{i}": 0.0 for i in range(len(outcome.constraints))}
        self._call(op="tell", id=self.id, metrics=metrics, sd=known)


def main():
    if len(sys.argv) not in (6, 7) or sys.argv[2] not in PROBLEMS:
        sys.exit(f"{__doc__}PROBLEM: {', '.join(PROBLEMS)}")
    binary, name, seed, n, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    sampler = sys.argv[6] if len(sys.argv) > 6 else "gp"
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    try:
        with Wattfront(binary, PROBLEMS[name], name, seed, n, sampler) as searched:
            result = run(searched, name, seed, n)
    except RuntimeError as error:
        sys.exit(f"{name}, {sampler}, seed {seed}: {error}")
    peer = "wattfront" if sampler == "gp" else f"wattfront-{sampler}"
    record(path, peer=peer, problem=name, seed=seed, n=n, **result, versions={"wattfront": version})


if __name__ == "__main__":
    main()

"""Lets the tools meter the scenarios, and appends a line of JSON for each window.

usage: run.py SCENARIO,..|gpu|cpu|inventory|all OUT.jsonl [TOOL ...]

`inventory` is what fails at opening, the shapes of powercap trees, what hangs, and a wall clock that is set. `peers` among
the tools stands for all but ours.

Run it by the Python of a virtual environment that has the tools (requirements.txt). OPTIMIZE names our binary, built
without torch by `cargo build --release --no-default-features --features cli,nvml`. `rustc` builds the fake NVML and the
work.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import truth
from child import Child
from scenarios import BOARD, CPU, GPU, INVENTORY, SCENARIOS, TOOLS, VARIANTS
from trees import TREES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PREPARATION = 60.0  # seconds within which all tools are set up, where an event has been fixed beforehand


def built(folder):
    """The fake NVML, the work, and an `nvidia-smi` that does nothing: CodeCarbon looks for one before NVML."""
    rustc = ["rustc", "--edition", "2024", "-C", "opt-level=2"]
    library, workload, programs = folder / "libnvidia-ml.so.1", folder / "workload", folder / "bin"
    subprocess.run([*rustc, "--crate-type", "cdylib", "-o", library, ROOT / "tests/fakes/nvml/lib.rs"], check=True)
    subprocess.run([*rustc, "-o", workload, HERE / "workload.rs"], check=True)
    programs.mkdir()
    (programs / "nvidia-smi").write_text("#!/bin/sh\nexit 0\n")
    (programs / "nvidia-smi").chmod(0o755)
    return {"library": library, "workload": str(workload), "bin": programs}


def mountable():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def true_joules(scenario, begin, end):
    if scenario.tree:
        parts = TREES[scenario.tree].truth
        return {part: sum(load.joules(begin, end) for load in loads) for part, loads in parts.items()}
    if not scenario.script:
        return {}
    loads = truth.of_script(scenario.script)
    loads = loads.values() if scenario.all_boards else [loads[BOARD]]
    found = {"gpu": sum(load.joules(begin, end) for load in loads)}
    if scenario.later:
        event = float(scenario.later.split("@")[1].split()[0])
        found["gpu_before_event"] = sum(load.joules(begin, begin + event) for load in loads)
    return found


def writer(scenario, folder, event):
    tree = folder / "tree"
    tree.mkdir()
    process = subprocess.Popen(
        [sys.executable, HERE / "powercap.py", tree, scenario.tree, str(event)], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    return tree, process


def windows(scenario, tools, setup, draw):
    """One window for each tool; yields what came of it. They run side by side, and open one after the other."""
    folder = Path(tempfile.mkdtemp(dir=setup["scratch"]))
    event, process = time.monotonic() + PREPARATION, None
    try:
        if scenario.tree:
            setup["tree"], process = writer(scenario, folder, event)
        children = [Child(tool, scenario, folder / tool, setup) for tool in tools]
        limit = time.monotonic() + 60.0 + scenario.patience
        ready = [child for child in children if child.wait_for("ready", max(limit - time.monotonic(), 0.1))]
        fixed = scenario.tree and any(zone.event for zone in TREES[scenario.tree].zones)
        if fixed:
            early = event - scenario.lead - time.monotonic()
            if early < 0.0:
                raise TimeoutError(f"{scenario.name}: the tools were not ready within {PREPARATION} s; try again")
            time.sleep(early)
        for child in ready:
            time.sleep(draw.uniform(0.0, 0.1 if fixed else 0.4))
            child.go()
            child.wait_for("never" if scenario.apart else "begun", scenario.patience + scenario.seconds)
        limit = time.monotonic() + scenario.patience + scenario.seconds
        for child in children:
            found = child.finish(max(limit - time.monotonic(), 0.1))
            edges = found.get("begin"), found.get("end")
            exact = true_joules(scenario, *edges) if all(edges) else {}
            told = {"tool": child.tool, "machine_load": os.getloadavg()[0], "truth": exact}
            if fixed and edges[0]:
                told["event"] = event - edges[0]
            yield told | found
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    groups = {"gpu": GPU, "cpu": CPU, "inventory": INVENTORY, "all": GPU + CPU + INVENTORY}
    wanted = groups.get(sys.argv[1]) or [SCENARIOS[name] for name in sys.argv[1].split(",")]
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    try:
        setup = built(scratch) | {"scratch": scratch}
        for scenario in wanted:
            if scenario.tree and not mountable():
                print(f"{scenario.name}: left out; a mount namespace needs the right to mount", file=sys.stderr)
                continue
            tools = sys.argv[3:] or [*TOOLS, *VARIANTS.get(scenario.name, ())]
            if tools == ["peers"]:
                tools = [tool for tool in TOOLS if tool != "wattfront"]
            for repeat in range(scenario.repeats):
                draw = random.Random(f"{scenario.name} {repeat}")
                order = draw.sample(tools, len(tools))
                with open(sys.argv[2], "a", encoding="utf-8") as out:
                    for found in windows(scenario, order, setup, draw):
                        out.write(json.dumps({"scenario": scenario.name, "repeat": repeat, **found}) + "\n")
                done = f"{scenario.name} {repeat + 1} of {scenario.repeats}"
                print(time.strftime("%H:%M:%S"), done, file=sys.stderr)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

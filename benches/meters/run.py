"""Lets the tools meter the scenarios, and appends a line of JSON for each window.

usage: run.py SCENARIO,..|gpu|cpu|all OUT.jsonl [TOOL ...]

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

import powercap
import truth
from child import Child
from scenarios import BOARD, CPU, GPU, SCENARIOS, TOOLS, VARIANTS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PREPARATION = 45.0  # seconds within which all tools are set up, where an event has been fixed beforehand


def built(folder):
    """The fake NVML, the work, and an `nvidia-smi` that does nothing: CodeCarbon looks for one before NVML."""
    rustc = ["rustc", "--edition", "2024", "-C", "opt-level=2"]
    library, workload, programs = folder / "libnvidia-ml.so.1", folder / "workload", folder / "bin"
    subprocess.run([*rustc, "--crate-type", "cdylib", "-o", library, ROOT / "examples/fake_nvml.rs"], check=True)
    subprocess.run([*rustc, "-o", workload, HERE / "workload.rs"], check=True)
    programs.mkdir()
    (programs / "nvidia-smi").write_text("#!/bin/sh\nexit 0\n")
    (programs / "nvidia-smi").chmod(0o755)
    return {"library": library, "workload": str(workload), "bin": programs}


def mountable():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def true_joules(scenario, begin, end):
    if scenario.tree:
        return {domain: load.joules(begin, end) for domain, load in powercap.LOADS.items()}
    if not scenario.script:
        return {}
    load = truth.of_script(scenario.script)[BOARD]
    found = {"gpu": load.joules(begin, end)}
    if scenario.later:
        event = float(scenario.later.split("@")[1].split()[0])
        found["gpu_before_event"] = load.joules(begin, begin + event)
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
        ready = [child for child in children if child.wait_for("ready", 90.0)]
        if scenario.tree in ("wrap", "moment"):
            early = event - scenario.lead - time.monotonic()
            if early < 0.0:
                raise TimeoutError(f"{scenario.name}: the tools were not ready within {PREPARATION} s; try again")
            time.sleep(early)
        for child in ready:
            time.sleep(draw.uniform(0.0, 0.4))
            child.go()
            child.wait_for("never" if scenario.apart else "begun", 30.0 + scenario.seconds)
        for child in children:
            found = child.finish(30.0 + scenario.seconds)
            edges = found.get("begin"), found.get("end")
            exact = true_joules(scenario, *edges) if all(edges) else {}
            yield {"tool": child.tool, "machine_load": os.getloadavg()[0], "truth": exact} | found
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    groups = {"gpu": GPU, "cpu": CPU, "all": GPU + CPU}
    wanted = groups.get(sys.argv[1]) or [SCENARIOS[name] for name in sys.argv[1].split(",")]
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    try:
        setup = built(scratch) | {"scratch": scratch}
        for scenario in wanted:
            if scenario.tree and not mountable():
                print(f"{scenario.name}: left out; a mount namespace needs the right to mount", file=sys.stderr)
                continue
            tools = sys.argv[3:] or [*TOOLS, *VARIANTS.get(scenario.name, ())]
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

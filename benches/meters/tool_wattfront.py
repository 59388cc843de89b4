"""Wattfront: `optimize meter --json`, with the work as its command. OPTIMIZE names the binary."""

import json
import os
import subprocess
from pathlib import Path

OPTIMIZE = os.environ.get("OPTIMIZE", "optimize")
VERSION = subprocess.run([OPTIMIZE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
SETTINGS = "optimize meter --json FILE -- COMMAND, else defaults"


def prepare():
    file = Path("wattfront.json")

    def measure(work):
        with subprocess.Popen(
            [OPTIMIZE, "meter", "--json", file, "--", *work.command()], stdout=subprocess.PIPE, text=True
        ) as process:
            work.begun()
            work.read(process.stdout.read())
        if process.returncode != 0:
            raise RuntimeError(f"optimize meter ended with {process.returncode}")
        found = json.loads(file.read_text())["energy"]
        figures = [(d["domain"]["kind"], d["domain"]["id"], d["joules"], d) for d in found["domains"]]
        return {"figures": figures, "total_j": found["joules"], "seconds": found["seconds"], "summary": found}

    return measure

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
        with open("printed", "w+", encoding="utf-8") as printed:
            with subprocess.Popen(
                [OPTIMIZE, "meter", "--json", file, "--", *work.command()],
                stdout=subprocess.PIPE, stderr=printed, text=True,
            ) as process:
                work.begun()
                if told := process.stdout.read():
                    work.read(told)
            printed.seek(0)
            text = printed.read()
        print(text, end="")
        if process.returncode != 0:
            raise RuntimeError(f"optimize meter ended with {process.returncode}: {text.strip()[:300]}")
        whole = json.loads(file.read_text())
        found = whole.pop("energy")
        figures = [(d["domain"]["kind"], d["domain"]["id"], d["joules"], d) for d in found["domains"]]
        return {"figures": figures, "total_j": found["joules"], "seconds": found["seconds"], "summary": found,
                "beside": {key: value for key, value in whole.items() if key != "command"},
                "printed": text.splitlines()[:60]}

    return measure

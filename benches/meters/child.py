"""A tool at work in a process of its own, and the lines that it says."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORTH = re.compile(r"warn|error|critical|fail|could not|cannot|unable|lost|backward|denied|fall", re.IGNORECASE)
# Of what the tools say at every start, whatever they meter.
NOISE = (
    "pynvml", "amd", "pkg_resources", "warnings.warn", "UserWarning:", "save_to_", "Multiple instances", "API keys",
    "ipinfo", "carbon intensity", "incompatible dtype",
)


class Child:
    """One tool over one window. `where` is the folder that is its own."""

    def __init__(self, tool, scenario, where, setup):
        self.tool, self.where = tool, Path(where)
        self.where.mkdir()
        environment = os.environ | {"HOME": str(self.where), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        environment["PATH"] = f"{setup['bin']}:{environment['PATH']}"
        if scenario.script:
            shutil.copy(setup["library"], self.where / "libnvidia-ml.so.1")
            (self.where / "libnvidia-ml.so.1.script").write_text(scenario.script)
            if scenario.later:
                (self.where / "template").write_text(scenario.script + scenario.later)
            environment["LD_LIBRARY_PATH"] = str(self.where)
        command = [sys.executable, HERE / "one.py", tool, str(scenario.seconds), self.where, setup["workload"]]
        if scenario.tree:
            command = [HERE / "namespace.sh", setup["tree"], *command]
        self.errors = open(self.where / "stderr", "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            env=environment | scenario.environment, start_new_session=True,
        )
        self.pending, self.found = b"", None

    def line(self, timeout):
        """The next line, or None where there is none to come. What came of it all is kept as `found`."""
        limit = time.monotonic() + timeout
        while b"\n" not in self.pending:
            if not select.select([self.process.stdout], [], [], max(limit - time.monotonic(), 0.0))[0]:
                return None
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                return None
            self.pending += read
        line, _, self.pending = self.pending.partition(b"\n")
        text = line.decode()
        if text.startswith("{"):
            self.found = json.loads(text)
        return text

    def wait_for(self, word, timeout):
        while self.found is None and (text := self.line(timeout)) is not None:
            if text == word:
                return True
        return False

    def go(self):
        try:
            self.process.stdin.write(b"go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def finish(self, timeout):
        """What came of it, whether or not it said so itself."""
        while self.found is None and self.line(timeout) is not None:
            pass
        try:
            code = self.process.wait(timeout=5.0 if self.found else 0.1)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.errors.close()
        gone = "hangs" if code is None else f"ended the whole program, exit code {code}"
        found = self.found or {"stage": "gone", "error": gone}
        found["said"] = self.said()
        if found.get("counted"):
            first, last = found.pop("counted")
            if last > first:
                found["calls"] = dict(Counter((self.where / "calls").read_bytes()[first:last].decode().split()))
        return found

    def said(self):
        """The lines on standard error that warn of something, without this machine's paths."""
        lines = (self.where / "stderr").read_text(errors="replace").splitlines()
        worth = [line.strip() for line in lines if WORTH.search(line) and not any(noise in line for noise in NOISE)]
        worth = [re.sub(r" @ [0-9:]+\]", "]", line) for line in worth]
        hidden = [line.replace(str(self.where), "FOLDER").replace(sys.prefix, "VENV")[:300] for line in worth]
        return list(dict.fromkeys(hidden))[:12]

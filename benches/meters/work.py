"""The work that is metered: it does nothing for a while, and knows to the microsecond when it did.

For tools that meter a block of Python it is a call, for those that meter a command it is `workload.rs`.
"""

import os
import re
import time
from pathlib import Path


def armed(template, begin):
    """`@2.5` in a script stands for the time 2.5 s after the work began."""
    return re.sub(r"@([0-9.]+)", lambda found: f"{begin + float(found[1]):.6f}", template)


def length(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


class Work:
    """The edges are known after it was done: `begin` and `end`, in seconds of CLOCK_MONOTONIC."""

    def __init__(self, seconds, folder, binary, begun):
        self.seconds, self.folder, self.binary, self.begun = seconds, Path(folder), binary, begun
        self.template, self.script, self.calls = (
            self.folder / name for name in ("template", "libnvidia-ml.so.1.script", "calls")
        )
        self.begin = self.end = self.counted = None

    def __call__(self):
        self.begin = time.monotonic()
        self.begun()
        if self.template.exists():
            fresh = self.script.with_suffix(".new")
            fresh.write_text(armed(self.template.read_text(), self.begin))
            fresh.rename(self.script)
        first = length(self.calls)
        time.sleep(max(self.begin + self.seconds - time.monotonic(), 0.0))
        self.counted = [first, length(self.calls)]
        self.end = time.monotonic()

    def command(self):
        return [self.binary, str(self.seconds), str(self.template), str(self.script), str(self.calls)]

    def read(self, line):
        """Takes what the command printed."""
        begin, first, end, last = line.split()
        self.begin, self.end, self.counted = float(begin), float(end), [int(first), int(last)]

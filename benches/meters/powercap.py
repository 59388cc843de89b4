"""A powercap tree as Linux has it, whose counters advance in real time: powercap.py ROOT KIND EVENT

KIND is one of trees.py's. At the time EVENT, of CLOCK_MONOTONIC, happens what the tree has in store: a counter wraps around
or freezes, or only its owner, `nobody`, may read it for 5 s. ROOT gets the folders `class` and `virtual`, to be laid over
/sys.
"""

import os
import sys
import time
from pathlib import Path

from trees import TREES

STEP = 0.004  # seconds between two writes
MOMENT = 5.0  # seconds without permission
WIDTH = 14
OWNER = 65534


class Counter:
    """The file of a zone's counter."""

    def __init__(self, zone, path, opened, event):
        self.zone, self.event = zone, event
        self.start = zone.start - zone.load.joules_since_zero(opened) * 1e6
        if zone.event == "wrap":
            self.start = zone.range - zone.load.joules_since_zero(event) * 1e6
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o444)
        os.fchown(self.file, OWNER, OWNER)
        self.readable = None

    def write(self, now):
        then = min(now, self.event) if self.zone.event == "freeze" else now
        value = int(self.start + self.zone.load.joules_since_zero(then) * 1e6) % self.zone.range
        os.pwrite(self.file, str(value).encode().ljust(WIDTH, b"\n"), 0)
        within = self.zone.event == "moment" and self.event <= now < self.event + MOMENT
        may = not (self.zone.unreadable or within)
        if may is not self.readable:
            os.fchmod(self.file, 0o444 if may else 0o400)
        self.readable = may


def build(root, tree):
    """Folders and files; returns the paths of the counters, in the order of the zones."""
    entries = root / "class/powercap"
    entries.mkdir(parents=True)
    for kind in {zone.at.split(":")[0] for zone in tree.zones}:
        folder = root / "virtual/powercap" / kind
        folder.mkdir(parents=True)
        (folder / "enabled").write_text("1\n")
        (folder / "subsystem").symlink_to("../../../../class/powercap")
        (entries / kind).symlink_to(f"../../devices/virtual/powercap/{kind}")
    counters = []
    for zone in tree.zones:
        kind = zone.at.split(":")[0]
        folder = root / "virtual/powercap" / kind / zone.at
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(zone.name + "\n")
        limit = folder / "max_energy_range_uj"
        limit.write_text(f"{zone.range}\n")
        if zone.range_unreadable:
            os.chown(limit, OWNER, OWNER)
            limit.chmod(0o400)
        (folder / "enabled").write_text("1\n")
        (entries / folder.name).symlink_to(f"../../devices/virtual/powercap/{kind}/{zone.at}")
        counters.append(folder / "energy_uj")
    return counters


def main():
    root, tree, event = Path(sys.argv[1]), TREES[sys.argv[2]], float(sys.argv[3])
    opened = time.monotonic()
    counters = [Counter(zone, path, opened, event) for zone, path in zip(tree.zones, build(root, tree))]
    told = False
    while os.getppid() != 1:
        now = time.monotonic()
        for counter in counters:
            counter.write(now)
        if not told:
            print("running", flush=True)  # the tree is there
            told = True
        time.sleep(STEP)


if __name__ == "__main__":
    main()

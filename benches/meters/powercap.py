"""A powercap tree as Linux has it, whose counters advance in real time: powercap.py ROOT KIND EVENT

KIND: plain, wrap (the package's counter wraps around at the time EVENT, of CLOCK_MONOTONIC), moment (only their owner,
`nobody`, may read from EVENT on for 5 s), unreadable (only their owner may read). ROOT gets the folders `class` and
`virtual`, to be laid over /sys.
"""

import os
import sys
import time
from pathlib import Path

from truth import Load

PERIOD = 1.7
LOADS = {
    "package": Load(20.0, 80.0, PERIOD),
    "core": Load(12.0, 48.0, PERIOD),
    "dram": Load(6.0, 6.0),
    "psys": Load(41.0, 101.0, PERIOD),  # package, DRAM, and 15 W for the rest of the board
}
PLACES = {
    "package": "intel-rapl:0",
    "core": "intel-rapl:0/intel-rapl:0:0",
    "dram": "intel-rapl:0/intel-rapl:0:1",
    "psys": "intel-rapl:1",
}
NAMES = {"package": "package-0"}
RANGES = {"dram": 65_712_999_613}  # in microjoules; that of server packages
RANGE = 262_143_328_850
STEP = 0.004  # seconds between two writes
MOMENT = 5.0  # seconds without permission
WIDTH = 14
OWNER = 65534


def build(root):
    """Folders and files; returns the counters' paths."""
    powercap = root / "virtual/powercap/intel-rapl"
    entries = root / "class/powercap"
    entries.mkdir(parents=True)
    counters = {}
    for domain, place in PLACES.items():
        folder = powercap / place
        folder.mkdir(parents=True)
        (folder / "name").write_text(NAMES.get(domain, domain) + "\n")
        (folder / "max_energy_range_uj").write_text(f"{RANGES.get(domain, RANGE)}\n")
        (folder / "enabled").write_text("1\n")
        (entries / folder.name).symlink_to(f"../../devices/virtual/powercap/intel-rapl/{place}")
        counters[domain] = folder / "energy_uj"
    (powercap / "enabled").write_text("1\n")
    (powercap / "subsystem").symlink_to("../../../../class/powercap")
    (entries / "intel-rapl").symlink_to("../../devices/virtual/powercap/intel-rapl")
    return counters


def main():
    root, kind, event = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    counters = build(root)
    # Counters of a machine that has been up for a while.
    opened = time.monotonic()
    start = {domain: 31_415_926_535 - LOADS[domain].joules_since_zero(opened) * 1e6 for domain in counters}
    if kind == "wrap":
        start["package"] = RANGE - LOADS["package"].joules_since_zero(event) * 1e6
    files = {domain: os.open(path, os.O_RDWR | os.O_CREAT, 0o444) for domain, path in counters.items()}
    for file in files.values():
        os.fchown(file, OWNER, OWNER)
    readable = None
    while os.getppid() != 1:
        now = time.monotonic()
        may = not (kind == "unreadable" or (kind == "moment" and event <= now < event + MOMENT))
        for domain, file in files.items():
            value = int(start[domain] + LOADS[domain].joules_since_zero(now) * 1e6) % RANGES.get(domain, RANGE)
            os.pwrite(file, str(value).encode().ljust(WIDTH, b"\n"), 0)
            if may is not readable:
                os.fchmod(file, 0o444 if may else 0o400)
        if readable is None:
            print("running", flush=True)  # the tree is there
        readable = may
        time.sleep(STEP)


if __name__ == "__main__":
    main()

"""Holds truth.py against the fake NVML itself, whose counter has hardly any ticks here: check.py LIBRARY"""

import ctypes
import random
import sys
import tempfile
from pathlib import Path
from shutil import copy

import truth
from scenarios import BOARD, GPU

TICK = 1e-5


def main():
    draw = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "libnvidia-ml.so.1"
        copy(sys.argv[1], path)
        script = Path(f"{path}.script")
        script.write_text("")
        library = ctypes.CDLL(str(path))
        if library.nvmlInit_v2() != 0:
            sys.exit("the fake NVML does not start")
        compared = 0
        for power in sorted({line for s in GPU for line in s.script.splitlines() if line.startswith("power")}):
            text = f"tick {TICK}\ngpu {BOARD} NVIDIA_H200\n{power}\n"
            load = truth.of_script(text)[BOARD]
            for time in (draw.uniform(0.0, 1e5) for _ in range(200)):
                script.write_text(f"time {time}\n{text}")
                handle, counter = ctypes.c_void_p(), ctypes.c_ulonglong()
                library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle))
                library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(counter))
                told, exact = counter.value * 1e-3, load.joules_since_zero(time)
                if not 0.0 <= exact - told + 1e-3 <= load.high * TICK + 2e-3:
                    sys.exit(f"{power} at {time} s: the counter tells {told} J, truth.py {exact} J")
                compared += 1
        print(f"{compared} readings agree to the tick")


if __name__ == "__main__":
    main()

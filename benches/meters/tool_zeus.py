"""Zeus: ZeusMonitor, begin_window and end_window. There is no framework to synchronize with."""

from importlib.metadata import version

from zeus.monitor import ZeusMonitor

VERSION = version("zeus")
SETTINGS = "ZeusMonitor(), sync_execution=False"


def prepare(approximate=False):
    monitor = ZeusMonitor(approx_instant_energy=approximate)

    def measure(work):
        monitor.begin_window("work", sync_execution=False)
        work()
        found = monitor.end_window("work", sync_execution=False)
        figures = [("gpu", str(i), j) for i, j in found.gpu_energy.items()]
        figures += [("cpu", str(i), j) for i, j in (found.cpu_energy or {}).items()]
        figures += [("dram", str(i), j) for i, j in (found.dram_energy or {}).items()]
        return {"figures": figures, "seconds": found.time}

    return measure

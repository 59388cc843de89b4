"""pyJoules: EnergyContext over all domains that it finds. RAPL comes in microjoules, NVML in millijoules."""

from importlib.metadata import version

from pyJoules.energy_meter import EnergyContext
from pyJoules.handler import EnergyHandler

VERSION = version("pyJoules")
SETTINGS = "EnergyContext(handler), all domains"
KINDS = {"package": "cpu", "dram": "dram", "core": "core", "uncore": "uncore"}


class Kept(EnergyHandler):
    def process(self, trace):
        self.trace = list(trace)


def prepare():
    handler = Kept()
    context = EnergyContext(handler=handler)

    def measure(work):
        with context:
            work()
        (sample,) = handler.trace
        figures = []
        for domain, value in sample.energy.items():
            if domain.startswith("nvidia_gpu_"):
                figures.append(("gpu", domain.removeprefix("nvidia_gpu_"), value * 1e-3))
            else:
                kind, socket = domain.rsplit("_", 1)
                figures.append((KINDS[kind], socket, value * 1e-6))
        return {"figures": figures, "seconds": sample.duration}

    return measure

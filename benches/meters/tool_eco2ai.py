"""Eco2AI: start and stop. Its table has the sum alone; the parts are what it added up."""

import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore", message="pkg_resources")

import eco2ai

VERSION = version("eco2ai")
SETTINGS = 'Tracker(alpha_2_code="FR", file_name=...), else defaults (10 s)'
JOULES = 3.6e6


def prepare():
    tracker = eco2ai.Tracker(
        project_name="meters", experiment_description="window", file_name="eco2ai.csv", alpha_2_code="FR"
    )

    def measure(work):
        tracker.start()
        cpu, gpu, ram = tracker._cpu, tracker._gpu, tracker._ram
        work()
        tracker.stop()
        figures = [
            ("gpu", "all", gpu.get_consumption() * JOULES),
            ("cpu", "model", cpu.get_consumption() * JOULES),
            ("ram model", "all", ram.get_consumption() * JOULES),
        ]
        return {"figures": figures}

    return measure

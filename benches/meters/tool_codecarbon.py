"""CodeCarbon: start and stop. The offline tracker does not ask where it is, and meters as the other does."""

from importlib.metadata import version

from codecarbon import OfflineEmissionsTracker

VERSION = version("codecarbon")
SETTINGS = 'OfflineEmissionsTracker(country_iso_code="FRA", allow_multiple_runs=True), no file, else defaults (15 s)'
JOULES = 3.6e6


def prepare():
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", save_to_file=False, allow_multiple_runs=True, log_level="warning"
    )

    def measure(work):
        tracker.start()
        work()
        tracker.stop()
        # Where its start fails it says so in its log, and has none.
        found = getattr(tracker, "final_emissions_data", None)
        if found is None:
            return {"figures": [("gpu", "all", None), ("cpu", "all", None)], "total_j": None}
        figures = [
            ("gpu", "all", found.gpu_energy * JOULES),
            ("cpu", "all", found.cpu_energy * JOULES),
            ("ram model", "all", found.ram_energy * JOULES),
        ]
        return {"figures": figures, "total_j": found.energy_consumed * JOULES, "seconds": found.duration}

    return measure

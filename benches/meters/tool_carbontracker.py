"""carbontracker: one epoch. Its figures by component are average power times duration, before the PUE of 1.58."""

from importlib.metadata import version

from carbontracker.tracker import CarbonTracker

VERSION = version("carbontracker")
SETTINGS = "CarbonTracker(epochs=2, epochs_before_pred=0), one epoch, else defaults (1 s)"
JOULES = 3.6e6


def prepare():
    tracker = CarbonTracker(epochs=2, epochs_before_pred=0)

    def measure(work):
        tracker.epoch_start()
        work()
        tracker.epoch_end()
        thread = tracker.tracker
        figures = [
            (component.name, "all", float(component.energy_usage(thread.epoch_times)[0]) * JOULES)
            for component in thread.components
        ]
        total = float(thread.total_energy_per_epoch()[0]) * JOULES
        return {"figures": figures, "total_j": total, "seconds": thread.epoch_times[0]}

    return measure

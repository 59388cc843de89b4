"""Zeus with approx_instant_energy, which its documentation advises for windows below the counter's update period."""

from tool_zeus import VERSION, prepare as prepare_zeus

SETTINGS = "ZeusMonitor(approx_instant_energy=True), sync_execution=False"


def prepare():
    return prepare_zeus(approximate=True)

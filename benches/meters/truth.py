"""What a load takes, exactly: the power functions of the fake NVML and of the powercap tree, and their integrals."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """Low for the first half of each period, then high. Times are those of CLOCK_MONOTONIC."""

    low: float
    high: float
    period: float = 1.0

    def joules_since_zero(self, time):
        periods = time // self.period
        rest = time - periods * self.period
        half = self.period / 2.0
        return periods * half * (self.low + self.high) + min(rest, half) * self.low + max(rest - half, 0.0) * self.high

    def joules(self, begin, end):
        return self.joules_since_zero(end) - self.joules_since_zero(begin)


def of_script(text):
    """{UUID: Load} of a script of the fake NVML."""
    loads, uuid = {}, None
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["gpu"]:
            uuid = words[1]
        elif words[:1] == ["power"]:
            if words[1] == "square":
                loads[uuid] = Load(*map(float, words[2:5]))
            elif words[1] == "pulse":
                raise ValueError("a pulse is not among the loads of this harness")
            else:
                loads[uuid] = Load(float(words[1]), float(words[1]))
    return loads

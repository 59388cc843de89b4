"""The shapes that powercap trees have: which zones there are, what each counts, and what the machine takes in truth."""

from dataclasses import dataclass, field

from truth import Load

PERIOD = 1.7
LOADS = {
    "package": Load(20.0, 80.0, PERIOD),
    "core": Load(12.0, 48.0, PERIOD),
    "dram": Load(6.0, 6.0),
    "psys": Load(41.0, 101.0, PERIOD),  # package, DRAM, and 15 W for the rest of the board
}
NOTHING = Load(0.0, 0.0)
RANGE = 262_143_328_850  # in microjoules
DRAM_RANGE = 65_712_999_613  # that of server packages
START = 31_415_926_535  # counters of a machine that has been up for a while


@dataclass(frozen=True)
class Zone:
    """A folder below the powercap root. `at` is its path, `intel-rapl:0/intel-rapl:0:1`."""

    at: str
    name: str
    load: Load
    range: int = RANGE
    start: int = START
    # Only its owner may read the counter; only its owner may read how far it goes.
    unreadable: bool = False
    range_unreadable: bool = False
    # What happens at the time EVENT: `wrap`s around, `freeze`s, may not be read for some seconds (`moment`).
    event: str = ""


@dataclass(frozen=True)
class Tree:
    zones: tuple
    # What packages and memory take, whether or not a zone counts it.
    truth: dict = field(default_factory=lambda: {"package": (LOADS["package"],), "dram": (LOADS["dram"],)})


def package(number=0, zone=None, name=None, load=LOADS["package"], **rest):
    return Zone(f"intel-rapl:{number if zone is None else zone}", name or f"package-{number}", load, **rest)


def dram(zone=0, part=0, load=LOADS["dram"], **rest):
    return Zone(f"intel-rapl:{zone}/intel-rapl:{zone}:{part}", "dram", load, DRAM_RANGE, **rest)


def whole(**rest):
    """A client's: package, core, DRAM and psys."""
    return (
        package(**rest),
        Zone("intel-rapl:0/intel-rapl:0:0", "core", LOADS["core"], **of_all(rest)),
        dram(part=1, **of_all(rest)),
        Zone("intel-rapl:1", "psys", LOADS["psys"], **of_all(rest)),
    )


def of_all(rest):
    """A wrap is the package's alone."""
    return {} if rest.get("event") == "wrap" else rest


def sockets(*loads):
    packages = tuple(package(number, load=load, start=START + 7_000_000_000 * number) for number, load in enumerate(loads))
    memories = tuple(dram(number, load=Load(6.0 + number, 6.0 + number)) for number in range(len(loads)))
    return Tree(packages + memories, {"package": loads, "dram": tuple(memory.load for memory in memories)})


SECOND = Load(30.0, 50.0, 1.3)
HEAVY = Load(1100.0, 1500.0, PERIOD)

TREES = {
    "plain": Tree(whole()),
    "wrap": Tree(whole(event="wrap")),
    "moment": Tree(whole(event="moment")),
    "unreadable": Tree(whole(unreadable=True)),
    "dram-unreadable": Tree((package(), dram(unreadable=True))),
    "mirrored-dies": Tree((package(name="package-0-die-0"), package(zone=1, name="package-0-die-1"))),
    "two-dies": Tree(
        (package(name="package-0-die-0"), package(zone=1, name="package-0-die-1", load=SECOND, start=START // 3)),
        {"package": (LOADS["package"], SECOND), "dram": (LOADS["dram"],)},
    ),
    "psys-only": Tree((package(name="psys", load=LOADS["psys"]),)),
    "mmio-only": Tree((Zone("intel-rapl-mmio:0", "package-0", LOADS["package"]),)),
    "four-sockets": sockets(LOADS["package"], SECOND, Load(40.0, 40.0), Load(10.0, 90.0, 0.9)),
    "odd-numbers": Tree(
        (package(), Zone("intel-rapl:2", "psys", Load(90.0, 170.0, PERIOD)), package(3, zone=10, load=SECOND, start=START // 5)),
        {"package": (LOADS["package"], SECOND), "dram": (LOADS["dram"],)},
    ),
    "dram-zero": Tree((package(), dram(load=NOTHING, start=0))),
    "range-unreadable": Tree((package(event="wrap", range_unreadable=True), dram())),
    "freeze": Tree((package(event="freeze"), dram())),
    "heavy": Tree((package(load=HEAVY), dram()), {"package": (HEAVY,), "dram": (LOADS["dram"],)}),
}

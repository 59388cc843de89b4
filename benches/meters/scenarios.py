"""What is metered: each scenario is a window over a load that is known exactly.

`script` is the fake NVML's before the work begins, `later` what is added when it has begun; `@2.5` is 2.5 s after that.
"""

from dataclasses import dataclass, field

BOARD = "GPU-11111111-aaaa-4aaa-8aaa-000000000001"
OTHER = "GPU-22222222-bbbb-4bbb-8bbb-000000000002"

# A period that is no multiple of the counter's tick, so that each window meets both in another phase.
SQUARE = "power square 150 500 0.317"
LIBRARY = "time monotonic\ntick 0.1\njitter 0.002\n"
# A counter as it is after hours of use, power as the mean of a second, and a buffer of samples.
PLAIN = "samples 0.02 120\nstart 86400123456\n"
DEVICE = "average 1.0\n" + PLAIN


def board(power=SQUARE, uuid=BOARD, rest=DEVICE):
    return f"gpu {uuid} NVIDIA_H200\n{power}\n{rest}"


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    seconds: float
    repeats: int = 1
    script: str = LIBRARY + board()
    later: str = ""
    environment: dict = field(default_factory=dict)
    # Of the processor: how many seconds after the windows opened the event falls that the tree has in store.
    tree: str = ""
    lead: float = 0.0
    # One after the other where a neighbour's start would fill the window, else one beside the other.
    apart: bool = False
    # Whether the truth is that of all boards of the script, else of BOARD alone.
    all_boards: bool = False
    # How long a tool that does not end is waited for, in seconds, beside the window.
    patience: float = 30.0


# A board from before Volta: its counter is not supported, and programs can know that from its architecture.
NO_COUNTER = "architecture 4 6.0\nfault energy 3\n"
GONE = "".join(
    f"fault {what} 15 @2.5\n"
    for what in (
        "handle uuid name energy power samples fields average instant temperature clocks throttle limit processes "
        "utilization process-utilization memory"
    ).split()
)

GPU = [
    Scenario("gpu-1s", "1 s, load of 150 and 500 W", 1.0, 5, apart=True),
    Scenario("gpu-5s", "5 s, the same load", 5.0, 5),
    Scenario("gpu-10s", "10 s, the same load", 10.0, 5),
    Scenario("gpu-50ms", "50 ms, the same load", 0.05, 5, apart=True),
    Scenario("gpu-idle", "5 s at rest, 70 W throughout", 5.0, 1, LIBRARY + board("power 70")),
    Scenario("gpu-reset", "5 s, the counter begins anew from zero after 2.5 s", 5.0, 3, later="reset @2.5\n"),
    Scenario("gpu-stall", "5 s, the counter stands still from 3 s on", 5.0, 1, later="stall @3 @60\n"),
    Scenario("gpu-lost", "5 s, the GPU is lost after 2.5 s", 5.0, 1, later=GONE),
    Scenario("gpu-flaky", "5 s, every reading fails from 2 to 3 s", 5.0, 1,
             later="fault energy 999 @2 @3\nfault power 999 @2 @3\nfault samples 999 @2 @3\nfault fields 999 @2 @3\n"),
    Scenario("gpu-no-counter", "5 s, no counter, power as it is at the moment", 5.0, 3,
             LIBRARY + board(rest=PLAIN + NO_COUNTER)),
    Scenario("gpu-mean", "5 s, no counter, power as the mean of a second", 5.0, 3,
             LIBRARY + board(rest=DEVICE + NO_COUNTER)),
    Scenario("gpu-quarter", "5 s, no counter, a sensor that watches 25 of every 100 ms, a load that keeps time with it",
             5.0, 3, LIBRARY + board("power square 150 500 0.1", rest="sensor 0.025 0.1\n" + PLAIN + NO_COUNTER)),
    Scenario("gpu-no-call", "5 s, a new board whose counter is not supported all the same", 5.0, 1,
             LIBRARY + board(rest=DEVICE + "fault energy 3\n")),
    Scenario("gpu-disagree", "5 s, the counter tells 57 % of what power tells", 5.0, 1,
             LIBRARY + board(rest=DEVICE + "counter-gain 0.57\n")),
    Scenario("gpu-uuid", "5 s, of two GPUs the second is chosen, by its UUID; the first rests at 70 W", 5.0, 1,
             LIBRARY + board("power 70", OTHER) + board(), environment={"CUDA_VISIBLE_DEVICES": BOARD}),
    Scenario("gpu-calls", "10 s, calls of NVML are counted", 10.0, 1, LIBRARY + "count calls\n" + board()),
]

CPU = [
    Scenario("cpu-domains", "10 s; package, core, DRAM and psys are there", 10.0, 3, "", tree="plain", lead=1.0),
    Scenario("cpu-wrap", "10 s, the package's counter wraps around once", 10.0, 1, "", tree="wrap", lead=6.0),
    Scenario("cpu-moment", "24 s, no counter can be read for 5 s", 24.0, 1, "", tree="moment", lead=15.5),
    Scenario("cpu-unreadable", "5 s, the counters may not be read", 5.0, 1, "", tree="unreadable", lead=1.0),
    Scenario("cpu-none", "5 s, there are no counters", 5.0, 1, ""),
]

# Two boards at 300 and 200 W, of which something is the matter with the second.
def second(trouble, first=""):
    return LIBRARY + board("power 300", rest=DEVICE + first) + board("power 200", OTHER, DEVICE + trouble)


def opening(name, what, script):
    return Scenario(f"gpu-open-{name}", what, 4.0, 2, script, all_boards=True)


BOTH = "4 s, two GPUs at 300 and 200 W"
OPENING = [
    opening("handle", f"{BOTH}; the second's handle fails, as after it fell off the bus", second("fault handle 15\n")),
    opening("uuid", f"{BOTH}; the second's UUID fails", second("fault uuid 999\n")),
    opening("nothing", f"{BOTH}; the second tells neither energy nor power",
            second("".join(f"fault {what} 3\n" for what in "energy power samples fields average instant".split()))),
    opening("count", f"{BOTH}; their count fails", "fault count 999\n" + second("")),
    *(
        opening(f"init-{code}", f"{BOTH}; the library does not open: {why}", f"fault init {code}\n" + second(""))
        for code, why in ((4, "no permission"), (9, "no driver loaded"), (18, "library and driver do not match"))
    ),
    opening("mig", "4 s, the only GPU, at 300 W, is cut into instances",
            LIBRARY + board("power 300", rest=DEVICE + "mig\ninstance MIG-1 1 0\n")),
]


def shape(name, what, seconds=4.0, lead=1.0):
    return Scenario(f"cpu-shape-{name}", what, seconds, 1, "", tree=name, lead=lead)


SHAPES = [
    shape("dram-unreadable", "4 s; the package may be read, DRAM may not"),
    shape("mirrored-dies", "4 s; two dies of one package that show one counter, as on AMD"),
    shape("two-dies", "4 s; two dies of one package, each with a counter of its own, as on Intel"),
    shape("psys-only", "4 s; there is psys and nothing else"),
    shape("mmio-only", "4 s; the package is there by MMIO alone"),
    shape("four-sockets", "4 s; four packages, each with DRAM"),
    shape("odd-numbers", "4 s; packages 0 and 3, psys between them, zones 0, 2 and 10"),
    shape("dram-zero", "4 s; DRAM has a counter that is always 0"),
    shape("range-unreadable", "10 s; it may not be read where the counter wraps around, and it does", 10.0, 5.0),
    shape("freeze", "10 s; the package's counter freezes after 2 to 5 s", 10.0, 5.0),
    shape("heavy", "4 s; a package of 1.3 kW"),
]


def hanging(name, what, later="", script=LIBRARY + board()):
    # A driver may take half a minute to start, and is waited for that long by some.
    patience = 45.0 if name == "init" else 20.0
    return Scenario(f"gpu-hang-{name}", what, 4.0, 1, script, later=later, patience=patience)


HANGS = [
    hanging("energy", "4 s; from 2 s on the call for energy does not return", "hang energy @2 @9999\n"),
    hanging("power", "4 s, no counter; from 2 s on the calls for power and samples do not return",
            "hang power @2 @9999\nhang samples @2 @9999\n", LIBRARY + board(rest=DEVICE + NO_COUNTER)),
    hanging("init", "4 s; the library does not return from being opened", script="hang init\n" + LIBRARY + board()),
]
CLOCK = [
    Scenario(f"gpu-clock-{name}", f"6 s, no counter; after 3 s the wall clock is set {what} by 0.9 s", 6.0, 2,
             LIBRARY + board("power 300", rest=DEVICE + NO_COUNTER), later=f"wall-jump @3 {step}\n")
    for name, what, step in (("forward", "forward", 0.9), ("back", "back", -0.9))
]
INVENTORY = OPENING + SHAPES + HANGS + CLOCK

SCENARIOS = {scenario.name: scenario for scenario in GPU + CPU + INVENTORY}
TOOLS = ("wattfront", "zeus", "codecarbon", "carbontracker", "pyjoules", "eco2ai")
# A variant of use that its documentation names for one case.
VARIANTS = {"gpu-50ms": ("zeus_instant",)}

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

SCENARIOS = {scenario.name: scenario for scenario in GPU + CPU}
TOOLS = ("wattfront", "zeus", "codecarbon", "carbontracker", "pyjoules", "eco2ai")
# A variant of use that its documentation names for one case.
VARIANTS = {"gpu-50ms": ("zeus_instant",)}

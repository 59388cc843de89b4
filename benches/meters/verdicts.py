"""What a tool's answer is worth where something cannot be read: verdicts, and tables of them."""

import re
from collections import Counter
from statistics import median

from scenarios import CLOCK, HANGS, OPENING, SCENARIOS, SHAPES
from trees import TREES

WITHIN = 5.0  # per cent
TRUTH = {"cpu": ("package",), "dram": ("dram",), "gpu": ("gpu",)}
# carbontracker's processor is package and DRAM, where there is a zone of that.
WIDER = {("carbontracker", "cpu"): ("package", "dram")}
WORDS = {
    "gpu": re.compile(r"gpu|nvml|nvidia", re.IGNORECASE),
    "cpu": re.compile(r"cpu|package(-\d| domain)|processor|rapl|powercap|psys|tdp", re.IGNORECASE),
    "dram": re.compile(r"\bd?ram\b|dram|memory", re.IGNORECASE),
}
REASONS = ("note", "reason", "why", "missing")
ORDER = ("right", "missing, said", "wrong, said", "refused", "missing, silent", "wrong, silent", "died", "never ended")
MEANING = f"""\
- **right**: within {WITHIN:.0f} % of the truth.
- missing, said: no figure, and a reason. wrong, said: a figure that is further off, with a warning or note on that part of the
  machine, or called an estimate. 0 J of what draws power is a figure.
- refused: it stopped before the work began, with a reason.
- **missing, silent** and **wrong, silent**: the same without a word. **died**: it failed during or after the work. **never ended**:
  it was killed {HANGS[0].patience:.0f} s after the work had ended, or the time for its set-up was over.
"""


def about(kind, line):
    """Whether a line may be about that part of the machine: it names it, or none at all."""
    line = re.sub(r"VENV\S*", "", line)  # where the tool lies says nothing
    return bool(WORDS[kind].search(line)) or not any(words.search(line) for words in WORDS.values())


def reasons(value, context=""):
    """The reasons within an outcome as JSON, each with what stands beside it."""
    if isinstance(value, list):
        for part in value:
            yield from reasons(part, context)
    elif isinstance(value, dict):
        beside = " ".join(str(v) for k, v in value.items() if isinstance(v, (str, int)) and k not in REASONS)
        domain = value.get("domain")
        if isinstance(domain, dict):
            beside += f" {domain.get('kind')}:{domain.get('id')}"
        for key, part in value.items():
            if key in REASONS and isinstance(part, str) and part:
                yield f"{beside or context}: {part}"
            else:
                yield from reasons(part, beside or context)


def said(run, kind):
    """What the tool said about a part of the machine."""
    lines = [line for line in run["said"] if about(kind, line)]
    own = [line for key in ("summary", "beside") for line in reasons(run.get(key)) if WORDS[kind].search(line)]
    return list(dict.fromkeys(lines + own))


def joules(run, kind):
    parts = [figure[2] for figure in run.get("figures", []) if figure[0] == kind]
    # Parts whose sum is said to be unknown are no answer, of whatever else there is.
    unknown = kind == "gpu" and run["tool"].startswith("wattfront") and run.get("total_j") is None and said(run, kind)
    return None if not parts or None in parts or unknown else sum(parts)


def is_estimate(run, kind):
    parts = [figure[3] for figure in run.get("figures", []) if figure[0] == kind and len(figure) > 3]
    return any(part.get("method") == "estimate" for part in parts)


def verdict(run, kind):
    """The word, and the error in per cent or what the tool died of."""
    if "error" in run:
        if run["error"] == "hangs":
            return "never ended", None
        name = run["error"].split(":")[0]
        if name == "RuntimeError":
            name = run["error"].partition(": ")[2][:60]
        before = run["stage"] == "setup" or (run["tool"].startswith("wattfront") and not run.get("begin"))
        return "refused" if before else "died", name
    found, word = joules(run, kind), "said" if said(run, kind) else "silent"
    if found is None:
        return f"missing, {word}", None
    tree = TREES.get(SCENARIOS[run["scenario"]].tree)
    wider = tree and any(zone.name == "dram" for zone in tree.zones)
    parts = WIDER.get((run["tool"], kind), TRUTH[kind]) if wider else TRUTH[kind]
    true = sum(run["truth"][part] for part in parts)
    error = 100.0 * (found / true - 1.0)
    if abs(error) <= WITHIN:
        return "right", error
    return "wrong, said" if is_estimate(run, kind) else f"wrong, {word}", error


def cell(runs, kind):
    if not runs:
        return ""
    found = [verdict(run, kind) for run in runs]
    texts = []
    for word in dict.fromkeys(word for word, _ in found):
        values = [value for other, value in found if other == word and value is not None]
        errors = [value for value in values if isinstance(value, float)]
        strong = word in ("right", "died", "never ended") or word.endswith("silent")
        text = f"**{word}**" if strong else word
        if errors:
            text += f", {median(errors):+.1f} %"
        elif values:
            text += f": {values[0]}".replace("|", "/")
        if len({w for w, _ in found}) > 1:
            text += f" ({sum(w == word for w, _ in found)} of {len(found)})"
        texts.append(text)
    return "; ".join(texts)


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def block(scenarios, found, kind, tools, names):
    yield row("window", *(names[tool] for tool in tools))
    yield row(*["---"] * (len(tools) + 1))
    for scenario in scenarios:
        if runs := found.get(scenario.name):
            yield row(f"{scenario.what} (`{scenario.name}`)", *(cell(runs.get(tool, []), kind) for tool in tools))


def tally(parts, found, tools, names):
    """How often each tool came to each verdict, over windows."""
    yield row("verdict", *(names[tool] for tool in tools))
    yield row("---", *["---:"] * len(tools))
    counts = {tool: Counter() for tool in tools}
    for scenarios, kind in parts:
        for scenario in scenarios:
            for tool in tools:
                counts[tool].update(verdict(run, kind)[0] for run in found.get(scenario.name, {}).get(tool, []))
    for word in ORDER:
        yield row(word, *(counts[tool][word] or "" for tool in tools))


def section(found, tools, names):
    tools = [tool for tool in tools if any(tool in runs for runs in found.values())]
    memory = [shape for shape in SHAPES if any(zone.name == "dram" for zone in TREES[shape.tree].zones)]
    # Of memory only those are asked that have a figure of it anywhere.
    having = [
        tool for tool in tools
        if any(figure[0] == "dram" for runs in found.values() for run in runs.get(tool, []) for figure in run.get("figures", []))
    ]
    print("\n# Where something cannot be read\n")
    print(MEANING)
    for title, scenarios, kind, asked in (
        ("GPUs that fail at opening: energy of all GPUs", OPENING, "gpu", tools),
        ("Shapes of powercap trees: energy of all packages", SHAPES, "cpu", tools),
        ("Shapes of powercap trees: energy of memory, by tools that meter it", memory, "dram", having),
        ("Calls that hang", HANGS, "gpu", tools),
        ("A wall clock that is set", CLOCK, "gpu", tools),
    ):
        if any(scenario.name in found for scenario in scenarios):
            print(f"\n## {title}\n")
            print(*block(scenarios, found, kind, asked, names), sep="\n")
    parts = ((OPENING, "gpu"), (SHAPES, "cpu"), (HANGS, "gpu"), (CLOCK, "gpu"))
    print("\n## How often, over all windows but for memory\n")
    print(*tally(parts, found, tools, names), sep="\n")
    print("\n## What they said of the part that the window is about\n")
    for scenarios, kind in ((OPENING, "gpu"), (SHAPES, "cpu"), (memory, "dram"), (HANGS, "gpu"), (CLOCK, "gpu")):
        for scenario in scenarios:
            for tool in tools:
                lines = [line for run in found.get(scenario.name, {}).get(tool, []) for line in said(run, kind)]
                for line in list(dict.fromkeys(re.sub(r"[0-9.]+ (m?J|s)\b", r"# \1", line) for line in lines))[:4]:
                    of = " (memory)" if kind == "dram" else ""
                    print(f"- `{scenario.name}`{of}, {names[tool]}: {line.replace('|', '/')[:240]}")

"""Tables of recorded runs: how close each peer came to the best known front, and whether ours did better.

usage: table.py FILE.jsonl ... > table.md

The figure is log10 of the share of the best known hypervolume that is missing after the last trial: -2 is one per cent.
Only runs of the same problem and the same number of trials are set side by side. `wattfront` is compared with each other
peer over the seeds that both have, by the Wilcoxon signed-rank test, two-sided; the p-values of all comparisons are corrected
together by Holm's method, and a verdict needs a corrected p below 0.05.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon

OURS = "wattfront"
LEVEL = 0.05
SMALLEST = 1e-9  # of the missing share, below which a logarithm says nothing


def load(paths):
    """{(problem, n): {peer: {seed: run}}}. A run recorded twice counts as recorded first."""
    groups = defaultdict(lambda: defaultdict(dict))
    for path in paths:
        for line in Path(path).read_text().splitlines():
            run = json.loads(line)
            groups[run["problem"], run["n"]][run["peer"]].setdefault(run["seed"], run)
    return groups


def gap(run, best):
    """log10 of the missing share of the best known hypervolume."""
    return float(np.log10(max(1.0 - run["hv"][-1] / best, SMALLEST)))


def late_ask(runs):
    """Median seconds of an ask in the second halves of `runs`."""
    return float(np.median([s for run in runs for s in run["ask_s"][len(run["ask_s"]) // 2 :]]))


def compare(ours, theirs):
    """(seeds, median of ours - theirs, p) over the common seeds, from gaps by seed; None without any."""
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None
    differences = np.array([ours[s] - theirs[s] for s in seeds])
    p = float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0
    return len(seeds), float(np.median(differences)), p


def holm(p_values):
    """The p-values, corrected for their number (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return corrected


def verdict(difference, corrected):
    if corrected >= LEVEL:
        return "no difference shown"
    return "better" if difference < 0 else "worse"


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def results(groups, best):
    yield "## After the last trial"
    yield ""
    yield "log10 of the missing share of the best known hypervolume; less is better."
    for (problem, n), peers in groups.items():
        yield f"\n### {problem}, {n} trials (best known {best[problem]:.6g})\n"
        yield row("peer", "seeds", "median", "quartiles", "hypervolume, median", "ask, s")
        yield row("---", "---:", "---:", "---:", "---:", "---:")
        ranked = sorted(
            ((np.array([gap(r, best[problem]) for r in runs.values()]), peer, runs) for peer, runs in peers.items()),
            key=lambda entry: np.median(entry[0]),
        )
        for gaps, peer, runs in ranked:
            low, middle, high = np.quantile(gaps, [0.25, 0.5, 0.75])
            volume = np.median([r["hv"][-1] for r in runs.values()])
            name = f"**{peer}**" if peer == OURS else peer
            ask = f"{late_ask(list(runs.values())):.3g}"
            yield row(name, len(runs), f"{middle:.2f}", f"{low:.2f} to {high:.2f}", f"{volume:.5g}", ask)
    yield ""
    yield "An ask is the median of the second half of the trials; times of runs that shared their machine say little."


def comparisons(groups, best):
    found = []
    for (problem, n), peers in groups.items():
        gaps = {peer: {s: gap(r, best[problem]) for s, r in runs.items()} for peer, runs in peers.items()}
        for peer in gaps:
            if peer != OURS and OURS in gaps and (result := compare(gaps[OURS], gaps[peer])) is not None:
                found.append((problem, n, peer, *result))
    if not found:
        return
    corrected = holm([entry[-1] for entry in found])
    yield f"\n## {OURS} against each peer\n"
    yield "Paired by seed; the difference is ours less theirs, so that less than zero is better for us.\n"
    yield row("problem", "trials", "peer", "seeds", "median difference", "p", f"p, Holm over {len(found)}", "verdict")
    yield row("---", "---:", "---", "---:", "---:", "---:", "---:", "---")
    for (problem, n, peer, seeds, difference, p), p_holm in zip(found, corrected):
        yield row(problem, n, peer, seeds, f"{difference:+.2f}", f"{p:.3g}", f"{p_holm:.3g}", verdict(difference, p_holm))
    fewest = min(entry[3] for entry in found)
    yield f"\nThe smallest p that {fewest} seeds allow is {2.0 ** (1 - fewest):.3g} before any correction."
    yield ""
    yield row("peer", "problems", "median better", "shown better", "shown worse")
    yield row("---", "---:", "---:", "---:", "---:")
    for peer in dict.fromkeys(entry[2] for entry in found):
        own = [(entry[4], verdict(entry[4], p)) for entry, p in zip(found, corrected) if entry[2] == peer]
        said = [v for _, v in own]
        yield row(peer, len(own), sum(d < 0 for d, _ in own), said.count("better"), said.count("worse"))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    known = json.loads(Path(__file__).with_name("best_known.json").read_text())
    best = {problem: entry["hypervolume"] for problem, entry in known.items()}
    groups = load(sys.argv[1:])
    print("\n".join([*results(groups, best), *comparisons(groups, best)]))


if __name__ == "__main__":
    main()

"""Tables of recorded runs: how close each peer came to the best known front, and whether ours did better.

usage: table.py FILE.jsonl ... > table.md

The figure is log10 of the share of the best known hypervolume that is missing after the last trial: -2 is one per cent.
Only runs of the same problem and the same number of trials are set side by side. `wattfront` is compared with each other
peer over the seeds that both have, by the Wilcoxon signed-rank test, two-sided; the p-values of all comparisons are corrected
together by Holm's method, and a verdict needs a corrected p below 0.05. n seeds allow no p below 2^(1-n): where no verdict was
possible at all, the table says so. One more test for each peer takes all problems together.
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


def differences(ours, theirs):
    """Ours less theirs over the common seeds, from gaps by seed."""
    return np.array([ours[s] - theirs[s] for s in sorted(ours.keys() & theirs.keys())])


def signed_rank(found):
    """The two-sided p-value of the Wilcoxon signed-rank test; 1 if there is no difference anywhere."""
    return float(wilcoxon(found).pvalue) if np.any(found) else 1.0


def holm(p_values):
    """The p-values, corrected for their number (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return corrected


def verdict(difference, corrected, possible):
    """`possible` is the smallest corrected p that so many seeds and comparisons allow."""
    if corrected < LEVEL:
        return "better" if difference < 0 else "worse"
    return "no difference shown" if possible < LEVEL else "too few seeds to show any"


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
    found = []  # (peer, problem, n, differences)
    for (problem, n), peers in groups.items():
        gaps = {peer: {s: gap(r, best[problem]) for s, r in runs.items()} for peer, runs in peers.items()}
        for peer in gaps.keys() - {OURS} if OURS in gaps else ():
            if len(paired := differences(gaps[OURS], gaps[peer])):
                found.append((peer, problem, n, paired))
    if not found:
        return
    order = [peer for peers in groups.values() for peer in peers]
    found.sort(key=lambda entry: order.index(entry[0]))
    p_values = [signed_rank(paired) for *_, paired in found]
    corrected = holm(p_values)

    yield f"\n## {OURS} against each peer\n"
    yield "Paired by seed; the difference is ours less theirs, so that less than zero is better for us.\n"
    yield row("peer", "problem", "trials", "median difference", "ours better in", "p", f"Holm over {len(found)}", "verdict")
    yield row("---", "---", "---:", "---:", "---:", "---:", "---:", "---")
    for (peer, problem, n, paired), p, p_holm in zip(found, p_values, corrected):
        middle, possible = float(np.median(paired)), 2.0 ** (1 - len(paired)) * len(found)
        wins = f"{np.sum(paired < 0)} of {len(paired)}"
        said = verdict(middle, p_holm, possible)
        yield row(peer, problem, n, f"{middle:+.2f}", wins, f"{p:.3g}", f"{p_holm:.3g}", said)

    yield "\n### Over all problems\n"
    yield "One test for each peer, over all pairs of runs; Holm's correction over the peers.\n"
    yield row("peer", "problems", "median better", "pairs", "ours better in", "median difference", "p", "Holm", "verdict")
    yield row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---")
    by_peer = defaultdict(list)
    for peer, _, _, paired in found:
        by_peer[peer].append(paired)
    pooled = {peer: np.concatenate(all_paired) for peer, all_paired in by_peer.items()}
    p_values = [signed_rank(pairs) for pairs in pooled.values()]
    for (peer, pairs), p, p_holm in zip(pooled.items(), p_values, holm(p_values)):
        better = sum(np.median(paired) < 0 for paired in by_peer[peer])
        middle, possible = float(np.median(pairs)), 2.0 ** (1 - len(pairs)) * len(pooled)
        said = verdict(middle, p_holm, possible)
        cells = (len(by_peer[peer]), better, len(pairs), int(np.sum(pairs < 0)), f"{middle:+.2f}", f"{p:.3g}", f"{p_holm:.3g}")
        yield row(peer, *cells, said)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    known = json.loads(Path(__file__).with_name("best_known.json").read_text())
    best = {problem: entry["hypervolume"] for problem, entry in known.items()}
    groups = load(sys.argv[1:])
    print("\n".join([*results(groups, best), *comparisons(groups, best)]))


if __name__ == "__main__":
    main()

"""How quickly and how well user agents are judged, with all lists, with each left out, and by the signs alone.

    python bench/bots.py [--agents FOLDER] [--more-bots FILE ...] [--more-humans FILE ...]

FOLDER holds bots.*.txt and humans.*.txt, one agent a line, and raw/intoli-weighted.json with the weights of real traffic.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from newsapp.traffic.agents.lists import current  # noqa: E402
from newsapp.traffic.agents.matcher import Matcher  # noqa: E402
from newsapp.traffic.agents.trial import read_agents, try_out  # noqa: E402
from newsapp.traffic.bots import classify, matcher_of, verdict  # noqa: E402

EVENTS = 50_000
WARM_UP = 10_000


def microseconds(judge: Callable[[str], str], agents: list[str]) -> str:
    taken = []
    for agent in agents:
        start = time.perf_counter_ns()
        judge(agent)
        taken.append((time.perf_counter_ns() - start) / 1000)
    return f"median {statistics.median(taken):8.2f} µs   99th percentile {statistics.quantiles(taken, n=100)[98]:8.2f} µs"


def traffic(folder: Path) -> list[str]:
    """Events as real visitors send them."""
    rows = json.loads((folder / "raw" / "intoli-weighted.json").read_text())
    return random.Random(1).choices([row["userAgent"] for row in rows], [row["weight"] for row in rows], k=EVENTS)


def matchers() -> dict[str, Matcher]:
    """What is tried: all lists, each left out, halves left out, none."""
    lists = current(None)
    half = random.Random(2)
    return {
        "all lists": matcher_of(lists),
        **{f"without {one.name}": matcher_of([other for other in lists if other is not one]) for one in lists},
        "half of each list": Matcher(pattern for one in lists for pattern in one.entries() if half.random() < 0.5),
        "signs alone": matcher_of([]),
    }


def accuracy(bots: list[Path], humans: list[Path]) -> None:
    print(f"\n{'':<30}" + "".join(f"{path.stem[:26]:>28}" for path in [*bots, *humans]))
    for name, matcher in matchers().items():
        cells = []
        for path in bots:
            trial = try_out(read_agents(path), (), matcher)
            cells.append(f"{100 * (1 - len(trial.missed) / trial.bots):.2f} % found")
        for path in humans:
            trial = try_out((), read_agents(path), matcher)
            cells.append(f"{100 * len(trial.flagged) / trial.humans:.2f} % flagged")
        print(f"{name:<30}" + "".join(f"{cell:>28}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=Path, default=ROOT.parent / "shared" / "data" / "ua")
    parser.add_argument("--more-bots", type=Path, nargs="*", default=[])
    parser.add_argument("--more-humans", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    bots, humans = sorted(given.agents.glob("bots.*.txt")), sorted(given.agents.glob("humans.*.txt"))
    events = traffic(given.agents)
    for agent in events[:WARM_UP]:
        classify(agent)
    print(f"real traffic, remembered   {microseconds(classify, events[WARM_UP:])}")
    matcher = matcher_of(current(None))
    fresh = list(dict.fromkeys([*events, *(agent for path in bots for agent in read_agents(path))]))
    random.Random(3).shuffle(fresh)
    for agent in fresh[:1000]:
        verdict(agent, matcher)  # patterns are compiled when first tried
    print(f"every agent for the first time   {microseconds(lambda agent: verdict(agent, matcher), fresh[1000:])}")
    wrong = sum(1 for agent in events if classify(agent))
    print(f"real traffic taken for bots: {100 * wrong / len(events):.4f} %")
    accuracy([*bots, *given.more_bots], [*humans, *given.more_humans])


if __name__ == "__main__":
    main()

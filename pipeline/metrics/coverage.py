"""How often the intervals hold the truth: `python -m pipeline.metrics.coverage` simulates and prints it.

A simulated respondent writes a random number of units (geometric) and has an own leaning drawn from a
Dirichlet distribution, so that units of one respondent resemble each other (intra-class correlation `icc`).
With `informative`, those with a negative leaning write more. Truth: the same model with very many draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.metrics import intervals
from pipeline.metrics.clusters import Clusters, Floats, Ints, correlation, ratio

TRUTH_RESPONDENTS = 400_000


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated: shares of positive, neutral, negative; likeness within respondents; how much they
    write.
    """

    name: str
    shares: tuple[float, float, float]
    icc: float
    mean_units: float = 2.0
    informative: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of intervals that hold the truth, of those that are given; mean width; and the same of the naive
    interval.
    """

    held: float
    width: float
    naive: float | None
    given: float


WORLDS = (
    World("half negative, alike", (0.40, 0.10, 0.50), 0.5),
    World("few negative", (0.80, 0.10, 0.10), 0.2),
    World("few negative, alike", (0.80, 0.10, 0.10), 0.5),
    World("rare negative", (0.85, 0.12, 0.03), 0.3),
    World("nearly all negative", (0.03, 0.05, 0.92), 0.3),
    World("complainers write more", (0.50, 0.20, 0.30), 0.3, informative=True),
    World("long texts", (0.45, 0.20, 0.35), 0.3, mean_units=6.0),
)


@dataclass(frozen=True, slots=True)
class Draws:
    """Many simulated data sets side by side: group = data set, [units] each; sentiment 0 positive, 1 neutral,
    2 negative.
    """

    clusters: Clusters
    sentiment: Ints


def draw(world: World, *, respondents: int, repeats: int, rng: np.random.Generator) -> Draws:
    """Simulate `repeats` data sets of `respondents` each."""
    total = respondents * repeats
    concentration = np.asarray(world.shares) * (1 - world.icc) / world.icc
    leaning = rng.dirichlet(concentration, size=total)
    mean = np.full(total, world.mean_units)
    if world.informative:
        mean = 1 + (world.mean_units - 1) * 2 * leaning[:, 2] / max(world.shares[2], 0.5)
    size = rng.geometric(1 / np.maximum(mean, 1.0))
    who = np.repeat(np.arange(total), size)
    sentiment = (rng.random(who.size)[:, None] > np.cumsum(leaning, axis=1)[who, :2]).sum(axis=1)
    return Draws(Clusters.of(who // respondents, who % respondents, repeats), sentiment.astype(np.int64))


@cache
def truth(world: World) -> tuple[float, float]:
    """The negative share and net sentiment that the intervals should hold."""
    drawn = draw(world, respondents=TRUTH_RESPONDENTS, repeats=1, rng=np.random.default_rng(0)).sentiment
    return float((drawn == 2).mean()), float((drawn == 0).mean() - (drawn == 2).mean())


def measure(
    world: World, *, respondents: int, repeats: int, seed: int, confidence: float = 0.95
) -> dict[str, Coverage]:
    """Coverage of the negative share, of net sentiment, and of a change that is not there: each unit falls
    into one of two halves by chance, so that respondents are heard in both.
    """
    negative, net = truth(world)
    rng = np.random.default_rng(seed)
    data = draw(world, respondents=respondents, repeats=repeats, rng=rng)
    minus, plus = data.sentiment == 2, data.sentiment == 0
    bad, good = ratio(data.clusters, minus), ratio(data.clusters, plus)
    naive = intervals.wilson(bad.value, bad.n, confidence=confidence)
    rho = correlation(data.clusters, (plus, None), (minus, None))
    late = rng.random(minus.size) < 0.5
    shared = correlation(data.clusters, (minus, late), (minus, ~late))
    after, before = ratio(data.clusters, minus, late), ratio(data.clusters, minus, ~late)
    return {
        "negative share": _held(intervals.share(bad, confidence=confidence), negative, naive),
        "net sentiment": _held(intervals.difference(good, bad, rho, confidence=confidence), net, None),
        "change": _held(intervals.difference(after, before, shared, confidence=confidence), 0.0, None),
    }


def measure_scores(shares: tuple[float, ...], *, respondents: int, repeats: int, seed: int) -> Coverage:
    """Coverage of the mean of a score from 1 to len(shares), one answer per respondent."""
    rng = np.random.default_rng(seed)
    points = np.linspace(0, 1, len(shares))
    drawn = rng.choice(points, p=shares, size=respondents * repeats)
    who = np.arange(drawn.size)
    estimate = ratio(Clusters.of(who // respondents, who % respondents, repeats), drawn)
    return _held(intervals.bounded_mean(estimate, confidence=0.95), float(points @ np.asarray(shares)), None)


def _held(estimate: intervals.Estimate, target: float, naive: tuple[Floats, Floats] | None) -> Coverage:
    given = ~np.isnan(estimate.low)
    inside = (estimate.low <= target) & (target <= estimate.high)
    plain = None if naive is None else float(((naive[0] <= target) & (target <= naive[1])).mean())
    width = (estimate.high - estimate.low)[given].mean()
    return Coverage(float(inside[given].mean()), float(width), plain, float(given.mean()))


def table(*, repeats: int, seed: int, sizes: tuple[int, ...] = (5, 10, 30, 100, 400)) -> Iterator[str]:
    """The coverage tables as Markdown lines."""
    yield (
        "| world | respondents | negative share | mean width | naive Wilson | net sentiment | mean width | no change |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for world in WORLDS:
        for size in sizes:
            found = measure(world, respondents=size, repeats=repeats, seed=seed)
            share, net, change = found["negative share"], found["net sentiment"], found["change"]
            yield (
                f"| {world.name} | {size} | {share.held:.3f} | {share.width:.2f} | {share.naive:.3f} "
                f"| {net.held:.3f} | {net.width:.2f} | {change.held:.3f} |"
            )
    yield ""
    yield "| score, one answer per respondent | respondents | mean | mean width |"
    yield "|---|---|---|---|"
    scores = {
        "1-5, mostly 5": (0.08, 0.04, 0.08, 0.2, 0.6),
        "1-5, even": (0.2,) * 5,
        "1-7, middling": (0.02, 0.05, 0.13, 0.3, 0.3, 0.15, 0.05),
    }
    for name, shares in scores.items():
        for size in sizes:
            mean = measure_scores(shares, respondents=size, repeats=repeats, seed=seed)
            yield f"| {name} | {size} | {mean.held:.3f} | {mean.width:.2f} |"


def main(show: Callable[[str], None] = print) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20230523)
    options = parser.parse_args()
    for line in table(repeats=options.repeats, seed=options.seed):
        show(line)


if __name__ == "__main__":
    main()

"""What a model scores on labelled feedback, as Markdown tables: headline figures, confusions, groups, calibration.

`cxi evaluate` prints them for any gold file and compares two models; `models.evaluate` makes docs/evaluation.md of
them. Headline figures carry n and a 95 % interval by bootstrap over feedbacks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models import bootstrap
from models.bootstrap import Counts, Estimate, estimate
from models.gold import GoldText
from models.labels import HEADS, LANGS, LabelSet
from models.scoring import Answer, Tally, match, same_span, tally
from models.units import UnitModel, UnitPrediction

_BINS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled feedback, what a model says about it, and how they compare."""

    gold: GoldText
    predicted: list[UnitPrediction]
    tally: Tally
    exact: int
    """Units whose boundaries are right but for punctuation and spaces at their ends."""


def answer(unit: UnitPrediction) -> Answer:
    """A prediction with plain label ids."""
    return Answer(unit.start, unit.end, *(getattr(unit, head).id for head in HEADS))


def measure(model: UnitModel, gold: Sequence[GoldText], *, progress: Callable[[int], None] | None = None) -> list[Case]:
    """Run `model` over `gold`, in order."""
    predictions = model.predict([g.text for g in gold], progress=progress)
    return [_case(text, units) for text, units in zip(gold, predictions, strict=True)]


def _case(gold: GoldText, predicted: list[UnitPrediction]) -> Case:
    ours = [answer(unit) for unit in predicted]
    return Case(gold, predicted, tally(gold.units, ours), same_span(gold.text, gold.units, ours))


def by_language(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of each language that has any."""
    found = {lang: [c for c in cases if c.gold.lang == lang] for lang in LANGS}
    return {lang: mine for lang, mine in found.items() if mine}


def document(cases: Sequence[Case], labels: LabelSet, *, title: str) -> str:
    """All tables for one model."""
    parts = [f"# {title}"]
    for lang, mine in by_language(cases).items():
        parts += [f"## {lang}", headline(mine)]
        parts += [f"### Confusions: {head} ({lang})\n\n{confusion(mine, head, labels)}" for head in HEADS]
        parts += [f"### Domains ({lang})", groups(mine, lambda g: g.domain or g.source)]
    parts += ["## Calibration", CALIBRATION_NOTE, calibration(by_language(cases))]
    parts += ["## Risk and coverage", COVERAGE_NOTE, coverage(by_language(cases))]
    return "\n\n".join(parts) + "\n"


def comparison(ours: Sequence[Case], theirs: Sequence[Case], *, names: tuple[str, str]) -> str:
    """Every headline figure of two models on the same gold, and their difference with a paired interval."""
    lines = [f"| figure | n feedbacks | {names[0]} | {names[1]} | difference | |", "|---|---:|---:|---:|---:|---|"]
    pairs = zip(by_language(ours).items(), by_language(theirs).values(), strict=True)
    for (lang, mine), other in pairs:
        for name, columns, statistic in _figures():
            a, b = columns(mine), columns(other)
            width = a.shape[1]
            gap = estimate(
                np.hstack([a, b]),
                lambda s, f=statistic, w=width: f(s[:, :w]) - f(s[:, w:]),  # type: ignore[misc]
            )
            clear = "clear" if gap.low > 0 or gap.high < 0 else "within noise"
            cells = (show(estimate(a, statistic)), show(estimate(b, statistic)), show(gap, sign=True), clear)
            lines.append(f"| {lang} {name} | {len(mine)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures() -> list[tuple[str, Callable[[Sequence[Case]], Counts], Callable[[Counts], Counts]]]:
    found: list[tuple[str, Callable[[Sequence[Case]], Counts], Callable[[Counts], Counts]]] = [
        ("unit F1", lambda cases: bootstrap.f1_columns([c.tally for c in cases], None), bootstrap.f1)
    ]
    for head in HEADS:
        found += [
            (
                f"{head} accuracy",
                lambda cases, h=head: bootstrap.accuracy_columns([c.tally for c in cases], h),  # type: ignore[misc]
                bootstrap.ratio,
            ),
            (
                f"{head} end-to-end F1",
                lambda cases, h=head: bootstrap.f1_columns([c.tally for c in cases], h),  # type: ignore[misc]
                bootstrap.f1,
            ),
        ]
    return found


def headline(cases: Sequence[Case]) -> str:
    """Counts, unit F1 and exact-boundary F1, then a row per label."""
    tallies = [c.tally for c in cases]
    gold, predicted = sum(t.gold for t in tallies), sum(t.predicted for t in tallies)
    units = estimate(bootstrap.f1_columns(tallies, None), bootstrap.f1)
    exact = estimate(np.array([(c.exact, c.tally.gold + c.tally.predicted) for c in cases], float), bootstrap.f1)
    lines = [
        f"{len(cases)} feedbacks, {gold} gold units, {predicted} predicted units. Unit F1 (overlap of at least half) "
        f"**{show(units)}**, exact boundaries {show(exact)}.",
        "",
        "| label | n | accuracy | macro-F1 | end-to-end F1 | calibration error |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for head in HEADS:
        accuracy = bootstrap.accuracy_columns(tallies, head)
        cells = (
            show(estimate(accuracy, bootstrap.ratio)),
            show(estimate(bootstrap.macro_columns(tallies, head), bootstrap.macro)),
            show(estimate(bootstrap.f1_columns(tallies, head), bootstrap.f1)),
            f"{calibration_error(*confidences(cases, head)):.3f}",
        )
        lines.append(f"| {head} | {int(accuracy[:, 1].sum())} | {' | '.join(cells)} |")
    return "\n".join(lines)


def confusion(cases: Sequence[Case], head: str, labels: LabelSet) -> str:
    """Matched units: a row per gold class, a column per predicted class, counts."""
    counts = Counter(pair for c in cases for pair in c.tally.pairs[head])
    ids = [i for i in labels.ids(head) if any(i in pair for pair in counts)]
    lines = [f"| gold \\ predicted | {' | '.join(ids)} |", "|---|" + "---:|" * len(ids)]
    for gold in ids:
        lines.append(f"| {gold} | " + " | ".join(str(counts[gold, p] or "") for p in ids) + " |")
    return "\n".join(lines)


def groups(cases: Sequence[Case], key: Callable[[GoldText], str], *, worst: int | None = None) -> str:
    """A row per group of feedbacks (domain, source), lowest unit F1 first; the `worst` ones only, or all."""
    members: dict[str, list[Tally]] = defaultdict(list)
    for case in cases:
        members[key(case.gold)].append(case.tally)
    rows = []
    for name, tallies in members.items():
        units = estimate(bootstrap.f1_columns(tallies, None), bootstrap.f1)
        shares = [estimate(bootstrap.accuracy_columns(tallies, head), bootstrap.ratio).value for head in HEADS]
        rows.append((units.value, name, len(tallies), units, shares))
    lines = [
        f"| group | feedbacks | unit F1 | {' | '.join(f'{head} accuracy' for head in HEADS)} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for _, name, count, units, shares in sorted(rows)[:worst]:
        lines.append(f"| {name} | {count} | {show(units)} | {' | '.join(f'{share:.2f}' for share in shares)} |")
    return "\n".join(lines)


def classes(cases: Sequence[Case]) -> str:
    """Precision, recall and F1 of every class, on matched units."""
    lines = ["| label | class | matched gold units | precision | recall | F1 |", "|---|---|---:|---:|---:|---:|"]
    for head in HEADS:
        pairs = [pair for c in cases for pair in c.tally.pairs[head]]
        for label in sorted({g for g, _ in pairs}):
            gold, predicted = sum(g == label for g, _ in pairs), sum(p == label for _, p in pairs)
            hits = sum(g == p == label for g, p in pairs)
            precision, recall, f1 = hits / max(1, predicted), hits / gold, 2 * hits / (gold + predicted)
            lines.append(f"| {head} | {label} | {gold} | {precision:.2f} | {recall:.2f} | {f1:.2f} |")
    return "\n".join(lines)


CALIBRATION_NOTE = (
    "How far probabilities are from the share that is right: expected calibration error (Guo et al. 2017), "
    f"{_BINS} equal-width bins, matched units."
)


def calibration(sets: Mapping[str, Sequence[Case]]) -> str:
    """A row per set of cases and label."""
    lines = [
        "| texts | label | n | mean probability | share right | calibration error |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, cases in sets.items():
        for head in HEADS if cases else ():
            scores, right = confidences(cases, head)
            figures = (scores.mean(), right.mean(), calibration_error(scores, right)) if len(scores) else ()
            lines.append(f"| {name} | {head} | {len(scores)} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")
    return "\n".join(lines)


def confidences(cases: Sequence[Case], head: str) -> tuple[Counts, Counts]:
    """Of all matched units: the probability of the chosen label, and 1 where it is right (n,), (n,)."""
    found = []
    for case in cases:
        for i, j in match(case.gold.units, case.predicted):
            label = getattr(case.predicted[j], head)
            found.append((label.score, label.id == getattr(case.gold.units[i], head)))
    table = np.array(found, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


COVERAGE_NOTE = (
    "Units are flagged whose sentiment, stage and touchpoint are all right with less than a probability (the product "
    "of the three). Per threshold: the share of matched units that is flagged, and how many of the others and of the "
    "flagged ones have a wrong label among the three."
)
THRESHOLDS = (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
DECIDING = ("sentiment", "stage", "touchpoint")


def coverage(sets: Mapping[str, Sequence[Case]]) -> str:
    """Risk and coverage (El-Yaniv and Wiener 2010): a row per set of cases and threshold."""
    lines = [
        "| texts | threshold | n | flagged | wrong among the others | wrong among the flagged |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, cases in sets.items():
        sure, wrong = certainties(cases)
        for threshold in THRESHOLDS if len(sure) else ():
            flagged = sure < threshold
            figures = (flagged.mean(), _mean(wrong[~flagged]), _mean(wrong[flagged]))
            cells = ("-" if f is None else f"{f:.3f}" for f in figures)
            lines.append(f"| {name} | {threshold:.2f} | {len(sure)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(values: Counts) -> float | None:
    return float(values.mean()) if len(values) else None


def certainties(cases: Sequence[Case]) -> tuple[Counts, Counts]:
    """Of all matched units: the probability that all deciding labels are right, and 1 where one is wrong (n,), (n,)."""
    per_head = [confidences(cases, head) for head in DECIDING]
    sure = np.prod([scores for scores, _ in per_head], axis=0)
    right = np.prod([hits for _, hits in per_head], axis=0)
    return sure, 1 - right


def calibration_error(scores: Counts, right: Counts) -> float:
    """Mean gap between probability and share right over bins of probability, weighted by their size."""
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    gaps = [abs(scores[bins == b].sum() - right[bins == b].sum()) for b in range(_BINS)]
    return float(sum(gaps) / max(1, len(scores)))


def show(e: Estimate, *, sign: bool = False) -> str:
    """An estimate with its interval."""
    form = "+.3f" if sign else ".3f"
    return f"{e.value:{form}} ({e.low:{form}} to {e.high:{form}})"

"""What a model scores on labelled feedback, as Markdown tables: headline figures, confusions, groups, comparisons.

`cxi evaluate` prints them for any gold file and compares two models; `models.evaluate` makes docs/evaluation.md of
them. Headline figures carry n and a 95 % interval by bootstrap over feedbacks. How far probabilities can be trusted:
`models.reliability`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from scipy.stats import false_discovery_control

from models import bootstrap
from models.bootstrap import Counts, Statistic, chance_of, difference, estimate, show
from models.cases import Case, by_language
from models.gold import GoldText
from models.labels import HEADS, LabelSet
from models.reliability import CALIBRATION_NOTE, COVERAGE_NOTE, calibration, calibration_error, coverage
from models.scoring import Tally, accuracy

CLEAR = 0.05
FEW = 20
"""Groups with fewer feedbacks get no interval: percentiles of so few are too narrow."""


COMPARISON_NOTE = (
    "Differences are paired: of the same feedbacks. *Clear*: p is below "
    f"{CLEAR} in a paired randomisation test ({bootstrap.SWAPS:,} swaps of feedbacks; Noreen 1989), the p of a table's "
    "rows adjusted for their number (Benjamini and Hochberg 1995). Macro-F1 is over the classes that have support "
    "among the matched units of both."
)


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


def comparison(
    ours: Mapping[str, Sequence[Tally]],
    theirs: Mapping[str, Sequence[Tally]],
    *,
    names: tuple[str, str],
    spans: bool = True,
) -> str:
    """Unit F1 and three figures a label of two systems on the same texts of each language, and their difference.

    Without `spans`, unit F1 is left out: both label the same units.
    """
    rows, chances = [], []
    for lang, mine in ours.items():
        for name, a, b, statistic in _figures(mine, theirs[lang], spans=spans):
            shown = (estimate(a, statistic), estimate(b, statistic))
            gap = difference(a, b, statistic)
            rows.append(f"| {lang} {name} | {len(mine)} | {' | '.join(map(show, shown))} | {show(gap, sign=True)} |")
            chances.append(chance_of(a, b, statistic))
    adjusted = false_discovery_control(chances) if chances else []
    lines = [f"| figure | n feedbacks | {names[0]} | {names[1]} | difference | p, adjusted | |"]
    lines += ["|---|---:|---:|---:|---:|---:|---|"]
    lines += [
        f"{row} {p:.3f} | {'clear' if p < CLEAR else 'not shown'} |" for row, p in zip(rows, adjusted, strict=True)
    ]
    return "\n".join(lines)


def _figures(
    ours: Sequence[Tally], theirs: Sequence[Tally], *, spans: bool
) -> Iterator[tuple[str, Counts, Counts, Statistic]]:
    def both(columns: Callable[[Sequence[Tally]], Counts]) -> tuple[Counts, Counts]:
        return columns(ours), columns(theirs)

    if spans:
        yield "unit F1", *both(lambda t: bootstrap.f1_columns(t, None)), bootstrap.f1
    for head in HEADS:
        yield f"{head} accuracy", *both(partial(bootstrap.accuracy_columns, head=head)), bootstrap.ratio
        classes = sorted(set(bootstrap.macro_classes(ours, head)) & set(bootstrap.macro_classes(theirs, head)))
        if classes:
            columns = partial(bootstrap.macro_columns, head=head, classes=classes)
            yield f"{head} macro-F1", *both(columns), bootstrap.macro
        yield f"{head} end-to-end F1", *both(partial(bootstrap.f1_columns, head=head)), bootstrap.f1


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
        right = bootstrap.accuracy_columns(tallies, head)
        cells = (
            show(estimate(right, bootstrap.ratio)),
            show(estimate(bootstrap.macro_columns(tallies, head), bootstrap.macro)),
            show(estimate(bootstrap.f1_columns(tallies, head), bootstrap.f1)),
            show(calibration_error(cases, head)),
        )
        lines.append(f"| {head} | {int(right[:, 1].sum())} | {' | '.join(cells)} |")
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
    """A row per group of feedbacks (domain, source), lowest unit F1 first; or the `worst` ones of at least `FEW`."""
    members: dict[str, list[Tally]] = defaultdict(list)
    for case in cases:
        members[key(case.gold)].append(case.tally)
    rows = []
    for name, mine in members.items():
        if worst is None or len(mine) >= FEW:
            units = estimate(bootstrap.f1_columns(mine, None), bootstrap.f1)
            shown = show(units) if len(mine) >= FEW else f"{units.value:.3f} (few)"
            matched = sum(len(t.pairs[HEADS[0]]) for t in mine)
            shares = [f"{accuracy(mine, head):.2f}" if matched else "-" for head in HEADS]
            rows.append((units.value, f"| {name} | {len(mine)} | {shown} | {matched} | {' | '.join(shares)} |"))
    lines = [
        f"| group | feedbacks | unit F1 | matched units | {' | '.join(f'{head} accuracy' for head in HEADS)} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join(lines + [row for _, row in sorted(rows)[:worst]])


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

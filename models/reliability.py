"""How far a model's probabilities can be trusted, as Markdown tables: calibration, and what abstaining gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.bootstrap import Counts, Estimate, estimate, show
from models.cases import Case
from models.labels import HEADS
from models.scoring import match

Bools = NDArray[np.bool_]

_BINS = 10
_DRAWS = 500
_SEED = 20250902

CALIBRATION_NOTE = (
    "How far probabilities are from the share that is right: expected calibration error (Guo et al. 2017), "
    f"{_BINS} equal-width bins, matched units. It is never 0 for a finite sample: *if calibrated* is what these "
    "probabilities would give on average if they were exactly right, units taken as independent."
)
THRESHOLDS = (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
DECIDING = ("sentiment", "stage", "touchpoint")
COVERAGE_NOTE = (
    "Units are flagged whose sentiment, stage and touchpoint are all right with less than a probability (the product "
    "of the three). Per threshold: the share of all predicted units that is flagged; of the units that match a gold "
    "unit, how many of the others and of the flagged ones have a wrong label among the three; and how many of all "
    "others are wrong in that sense or match no gold unit: what a reader of unflagged units meets."
)


def calibration(sets: Mapping[str, Sequence[Case]]) -> str:
    """A row per set of cases and label."""
    lines = [
        "| texts | label | n | mean probability | share right | calibration error | if calibrated |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, cases in sets.items():
        for head in HEADS if cases else ():
            scores, right = confidences(cases, head)
            if len(scores):
                means = f"{scores.mean():.3f} | {right.mean():.3f}"
                error = f"{show(calibration_error(cases, head))} | {expected_error(scores):.3f}"
            else:
                means, error = "- | -", "- | -"
            lines.append(f"| {name} | {head} | {len(scores)} | {means} | {error} |")
    return "\n".join(lines)


def calibration_error(cases: Sequence[Case], head: str) -> Estimate:
    """Mean gap between probability and share right over bins of probability, weighted by their size; NaN without
    matched units.
    """
    rows = []
    for case in cases:
        scores, right = confidences([case], head)
        gaps = np.bincount(_bins(scores), weights=scores - right, minlength=_BINS)
        rows.append([*gaps, len(scores)])
    return estimate(np.array(rows, dtype=np.float64), _per_unit)


def _bins(scores: Counts) -> NDArray[np.intp]:
    return np.minimum((scores * _BINS).astype(np.intp), _BINS - 1)


def _per_unit(sums: Counts) -> Counts:
    """What the columns but the last add up to, by the units in the last; NaN without any."""
    units = sums[:, -1]
    result: Counts = np.where(units > 0, np.abs(sums[:, :-1]).sum(axis=1) / np.maximum(1, units), np.nan)
    return result


def expected_error(scores: Counts) -> float:
    """The mean calibration error of labels that are right with exactly the probabilities `scores` (n,)."""
    right = np.random.default_rng(_SEED).random((_DRAWS, len(scores))) < scores
    inside = np.eye(_BINS)[_bins(scores)]  # (n, bins)
    return float(np.abs((scores - right) @ inside).sum(axis=1).mean() / len(scores))


def confidences(cases: Sequence[Case], head: str) -> tuple[Counts, Counts]:
    """Of all matched units: the probability of the chosen label, and 1 where it is right (n,), (n,)."""
    found = []
    for case in cases:
        for i, j in match(case.gold.units, case.predicted):
            label = getattr(case.predicted[j], head)
            found.append((label.score, label.id == getattr(case.gold.units[i], head)))
    table = np.array(found, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def coverage(sets: Mapping[str, Sequence[Case]]) -> str:
    """Risk and coverage (El-Yaniv and Wiener 2010): a row per set of cases and threshold."""
    lines = [
        "| texts | threshold | predicted units | flagged | wrong among the others | wrong among the flagged "
        "| wrong or without gold unit among the others |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, cases in sets.items():
        units = sum(len(case.predicted) for case in cases)
        for threshold in THRESHOLDS if units else ():
            columns = _coverage_columns(cases, threshold)
            pairs = (columns[:, [n, n + 1]] for n in range(0, columns.shape[1], 2))
            cells = (show(estimate(pair, _per_unit)) for pair in pairs)
            lines.append(f"| {name} | {threshold:.2f} | {units} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _coverage_columns(cases: Sequence[Case], threshold: float) -> Counts:
    """(texts, 8): the four shares of `COVERAGE_NOTE`, each as what counts and what it is a share of."""
    rows = []
    for case in cases:
        sure, wrong, matched = certainties(case)
        flagged = sure < threshold
        kept, doubted = matched & ~flagged, matched & flagged
        bad = ~flagged & (wrong | ~matched)
        shares = ((flagged, sure >= 0), (wrong & kept, kept), (wrong & doubted, doubted), (bad, ~flagged))
        rows.append([part.sum() for share in shares for part in share])
    return np.array(rows, dtype=np.float64)


def certainties(case: Case) -> tuple[Counts, Bools, Bools]:
    """Of all predicted units: the probability that all deciding labels are right, whether one is wrong, and whether
    the unit matches a gold one (n,), (n,), (n,); one that matches none is not called wrong.
    """
    units = case.predicted
    sure = np.array([np.prod([getattr(unit, head).score for head in DECIDING]) for unit in units], dtype=np.float64)
    wrong, matched = np.zeros(len(units), dtype=bool), np.zeros(len(units), dtype=bool)
    for i, j in match(case.gold.units, units):
        matched[j] = True
        wrong[j] = any(getattr(units[j], head).id != getattr(case.gold.units[i], head) for head in DECIDING)
    return sure, wrong, matched

"""What the dev part decides: how clause scores become units, and a temperature per language and head.

Decoding weights are searched for the best mean of unit F1 and end-to-end F1 over data sets and
languages. Temperatures (Guo et al. 2017, "On Calibration of Modern Neural Networks") minimise the negative
log-likelihood of the gold label on matched units of real texts (every source but `own`), where there are enough: those
that this project wrote are harder on purpose. How the real ones were chosen makes no difference that shows
(docs/experiments.md).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from models.decode import Array, DecodeSettings, Segment, find_units, unit_probabilities
from models.encode import Encoded
from models.gold import GoldText
from models.labels import HEADS, LANGS, LabelSet
from models.scoring import Answer, Tally, end_to_end_f1, match, tally, unit_f1
from models.storage import Calibration

if TYPE_CHECKING:
    from models.engine import TransformerModel
    from models.scored import Scored

log = logging.getLogger("models.calibrate")

LABEL_WEIGHTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0)
LINK_BIASES = (-1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
TEMPERATURES = tuple(float(t) for t in np.round(np.arange(0.4, 3.01, 0.02), 2))
ENOUGH = 300  # matched units of real texts below which calibration takes every text
_PLAIN = dict.fromkeys(HEADS, 1.0)


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A gold text with the network's scores for it."""

    gold: GoldText
    encoded: Encoded
    scores: Scored


def calibrate(model: TransformerModel, gold: Sequence[GoldText]) -> Calibration:
    """The calibration of `model` that suits the dev texts `gold` best."""
    cases = score_cases(model, gold)
    decode = best_decoding(cases, model.labels)
    return Calibration(decode, best_temperatures(cases, decode, model.labels))


def score_cases(model: TransformerModel, gold: Sequence[GoldText]) -> list[ScoredText]:
    """Run the network over `gold`, in order."""
    cases: dict[int, ScoredText] = {}
    for n, encoded, scores in model.score([g.text for g in gold]):
        cases[n] = ScoredText(gold[n], encoded, scores)
    return [cases[n] for n in range(len(gold))]


def best_decoding(cases: Sequence[ScoredText], labels: LabelSet) -> DecodeSettings:
    """The settings with the highest mean of unit F1 and end-to-end F1 over (own or not, language), one searched after
    the other until neither changes.
    """

    @cache
    def quality(settings: DecodeSettings) -> float:
        return _quality(cases, settings, labels)

    best, before = DecodeSettings(), None
    while best != before:
        before = best
        best = max((replace(best, link_bias=b) for b in LINK_BIASES), key=quality)
        best = max((replace(best, label_weight=w) for w in LABEL_WEIGHTS), key=quality)
    found = quality(best)
    log.info("decoding: label weight %.2f, link bias %.2f, dev mean %.4f", best.label_weight, best.link_bias, found)
    return best


def _quality(cases: Sequence[ScoredText], settings: DecodeSettings, labels: LabelSet) -> float:
    groups: dict[tuple[bool, str], list[Tally]] = defaultdict(list)
    for case in cases:
        key = (case.gold.source == "own", case.gold.lang)
        groups[key].append(tally(case.gold.units, answers(case, settings, labels)))
    return fmean(
        (unit_f1(tallies) + fmean(end_to_end_f1(tallies, head) for head in HEADS)) / 2 for tallies in groups.values()
    )


def answers(case: ScoredText, settings: DecodeSettings, labels: LabelSet) -> list[Answer]:
    """The units that `settings` gives, with their most probable labels."""
    segments = find_units(case.scores.labels, case.scores.link, settings)
    probabilities = unit_probabilities(case.scores.labels, segments, _PLAIN)
    chosen = [[labels.ids(head)[n] for n in rows.argmax(axis=1)] for head, rows in probabilities.items()]
    return [Answer(*_span(case, segment), *ids) for segment, *ids in zip(segments, *chosen, strict=True)]


def _span(case: ScoredText, segment: Segment) -> tuple[int, int]:
    return case.encoded.clauses[segment.first].start, case.encoded.clauses[segment.last - 1].end


def best_temperatures(
    cases: Sequence[ScoredText], decode: DecodeSettings, labels: LabelSet
) -> dict[str, dict[str, float]]:
    """Per language and head the temperature with the least negative log-likelihood on matched units."""
    return {lang: _temperatures([c for c in cases if c.encoded.lang == lang], decode, labels, lang) for lang in LANGS}


def _temperatures(cases: Sequence[ScoredText], decode: DecodeSettings, labels: LabelSet, lang: str) -> dict[str, float]:
    rows = _matched_rows([c for c in cases if c.gold.source != "own"], decode, labels)
    if len(rows["sentiment"]) < ENOUGH:
        rows = _matched_rows(cases, decode, labels)
    found = {}
    for head in HEADS:
        if not rows[head]:
            found[head] = 1.0
            continue
        logs = np.log(np.clip(np.array([p for p, _ in rows[head]]), 1e-12, 1.0))
        gold = np.array([g for _, g in rows[head]])
        found[head] = min(TEMPERATURES, key=_likelihood_at(logs, gold))
    log.info("temperatures %s on %d units: %s", lang, len(rows["sentiment"]), found)
    return found


def _likelihood_at(logs: Array, gold: Array) -> Callable[[float], float]:
    def loss(temperature: float) -> float:
        scaled = logs / temperature
        norm = np.log(np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)) + scaled.max(axis=1)
        return float((norm - scaled[np.arange(len(gold)), gold]).mean())

    return loss


def _matched_rows(
    cases: Sequence[ScoredText], decode: DecodeSettings, labels: LabelSet
) -> dict[str, list[tuple[Array, int]]]:
    rows: dict[str, list[tuple[Array, int]]] = {head: [] for head in HEADS}
    for case in cases:
        segments = find_units(case.scores.labels, case.scores.link, decode)
        spans = [Answer(*_span(case, s), "", "", "", "") for s in segments]
        probabilities = unit_probabilities(case.scores.labels, segments, _PLAIN)
        for i, j in match(case.gold.units, spans):
            for head in HEADS:
                rows[head].append((probabilities[head][j], labels.ids(head).index(getattr(case.gold.units[i], head))))
    return rows

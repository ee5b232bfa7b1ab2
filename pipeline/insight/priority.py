"""`fact_action_priority`: where to act first. score = 100 * weight * reach^a * severity^b * reliability^c.

Formula, sources and a worked example: docs/insight.md. Exponents and weights: `priority` in the
configuration.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.config import Config
from pipeline.insight import bootstrap, trend
from pipeline.insight.cells import Cells, Parts, counts, observe, order, parts
from pipeline.insight.playbook import LANGUAGES, Playbook
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Clusters, Floats, Ints, correlation, ratio
from pipeline.metrics.intervals import Estimate
from pipeline.metrics.sample import take
from pipeline.taxonomy import Taxonomy

KEY = ["stage", "touchpoint"]
TEXTS = ("stage", "touchpoint", "action_id", "owner_role", "action_zh", "action_en", "owner_zh", "owner_en")
COLUMNS = (
    *("stage", "touchpoint", "rank", "score", "reach", "reach_low", "reach_high", "severity", "reliability"),
    *("weight", "n_feedback", "n_respondents", "n_units"),
    *("n_negative_feedback", "n_negative_respondents", "n_negative_units"),
    *("negative_share", "negative_share_low", "negative_share_high"),
    *("net_sentiment", "net_sentiment_low", "net_sentiment_high"),
    *("rank_low", "rank_high", "trend", "trend_low", "trend_high"),
    *("reach_trend", "reach_trend_low", "reach_trend_high"),
    *("action_id", "owner_role", "action_zh", "action_en", "owner_zh", "owner_en", "small_n"),
)


def rank(
    feedback: pd.DataFrame, units: pd.DataFrame, *, config: Config, taxonomy: Taxonomy, playbook: Playbook
) -> pd.DataFrame:
    """Rank the cells that units speak of, from the frames fact_feedback and fact_opinion_unit.

    Cells about which fewer than `priority.min_feedback` respondents complain keep their figures without a
    rank. Raises ConfigError if a weight names a label that does not exist.
    """
    cells = observe(take(feedback, units), "negative")
    confidence = config.metrics.confidence
    sums = cells.sums()
    found = parts(sums, cells.respondents, confidence=confidence)
    weight = _weights(cells.frame, config, taxonomy)
    frame = pd.concat([cells.frame, _sizes(cells)], axis=1)
    frame["score"] = _score(found, weight, config)
    _add(frame, "reach", Estimate(found.reach, found.reach_low, found.reach_high))
    frame["severity"], frame["reliability"] = found.severity, found.reliability
    frame["weight"] = weight
    ranked = np.flatnonzero(sums.speaking >= config.priority.min_feedback)
    _add_ranks(frame, cells, weight, ranked, config)
    _add_figures(frame, cells, confidence)
    _add(frame, "trend", trend.of_share(cells, confidence=confidence))
    _add(frame, "reach_trend", trend.of_reach(cells, confidence=confidence))
    _add_actions(frame, playbook)
    frame["small_n"] = frame["n_respondents"] < config.metrics.small_n
    return frame[list(COLUMNS)].astype(dict.fromkeys(TEXTS, "str")).sort_values(KEY, ignore_index=True)


def _weights(frame: pd.DataFrame, config: Config, taxonomy: Taxonomy) -> Floats:
    """Weight of stage times weight of touchpoint, over the greatest there is, so that weights only lower:
    [cells].
    """
    stages, touchpoints = config.priority.stage_weights, config.priority.touchpoint_weights
    taxonomy.require("stage", stages, where="priority.stage_weights")
    taxonomy.require("touchpoint", touchpoints, where="priority.touchpoint_weights")
    greatest = max(stages.get(label, 1.0) for label in taxonomy.ids("stage")) * max(
        touchpoints.get(label, 1.0) for label in taxonomy.ids("touchpoint")
    )
    own = [
        stages.get(stage, 1.0) * touchpoints.get(touchpoint, 1.0)
        for stage, touchpoint in zip(frame["stage"], frame["touchpoint"], strict=True)
    ]
    return np.array(own, dtype=np.float64) / greatest if greatest > 0 else np.zeros(len(own))


def _score(found: Parts, weight: Floats, config: Config) -> Floats:
    settings = config.priority
    product = found.reach**settings.reach * found.severity**settings.severity * found.reliability**settings.reliability
    # With an exponent of 0 a part counts as 1 even where nobody complains; such a cell has no priority all
    # the same.
    return np.where(found.reach > 0, 100 * weight * product, 0.0)


def _sizes(cells: Cells) -> pd.DataFrame:
    return counts(cells).rename(columns=lambda name: name.replace("n_side_", "n_negative_"))


def _add_ranks(frame: pd.DataFrame, cells: Cells, weight: Floats, ranked: Ints, config: Config) -> None:
    """rank and its bootstrap interval, among the ranked cells only."""
    for name in ("rank", "rank_low", "rank_high"):
        frame[name] = pd.Series(pd.NA, index=frame.index, dtype="Int64")
    if not ranked.size:
        return
    score = frame["score"].to_numpy(dtype=np.float64)[ranked]
    best = ranked[order(score, frame["n_negative_units"].to_numpy(dtype=np.float64)[ranked])]
    place = np.arange(1, best.size + 1)
    settings = config.metrics
    scores = np.concatenate(
        [
            _score(parts(cells.sums(drawn), cells.respondents, confidence=settings.confidence), weight, config)[:, best]
            for drawn in bootstrap.weights(cells.respondents, repeats=settings.bootstrap, seed=settings.seed)
        ]
    )
    low, high = bootstrap.rank_limits(scores, place, confidence=settings.confidence)
    for name, values in (("rank", place), ("rank_low", low), ("rank_high", high)):
        frame.loc[best, name] = values


def _add_figures(frame: pd.DataFrame, cells: Cells, confidence: float) -> None:
    """negative_share and net_sentiment of the units, with their intervals."""
    clusters = Clusters.of(cells.code, cells.sample.speaker, cells.size)
    negative, positive = cells.hit, cells.sample.is_("positive")
    bad, good = ratio(clusters, negative), ratio(clusters, positive)
    _add(frame, "negative_share", intervals.share(bad, confidence=confidence))
    rho = correlation(clusters, (positive, None), (negative, None))
    _add(frame, "net_sentiment", intervals.difference(good, bad, rho, confidence=confidence))


def _add(frame: pd.DataFrame, name: str, found: Estimate) -> None:
    frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = found.value, found.low, found.high


def _add_actions(frame: pd.DataFrame, playbook: Playbook) -> None:
    chosen = [playbook.action_for(*cell) for cell in zip(frame["stage"], frame["touchpoint"], strict=True)]
    frame["action_id"] = [action.id for action in chosen]
    frame["owner_role"] = [action.owner for action in chosen]
    for language in LANGUAGES:
        frame[f"action_{language}"] = [action.said(language) for action in chosen]
        frame[f"owner_{language}"] = [playbook.owner(action.owner).said(language) for action in chosen]

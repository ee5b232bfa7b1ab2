"""`fact_strength`: what goes well and should be kept. The priority formula seen from the side of praise.

score = 100 * reach * favour * reliability, with reach the share of respondents who praise the cell and favour
the positive share of its polar units. No weights: what customers praise is not for the configuration to
decide.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.config import Config
from pipeline.insight.cells import counts, observe, order, parts
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Clusters, ratio
from pipeline.metrics.sample import take

COLUMNS = (
    *("stage", "touchpoint", "rank", "score", "reach", "reach_low", "reach_high", "favour", "reliability"),
    *(
        "n_feedback",
        "n_respondents",
        "n_units",
        "n_positive_feedback",
        "n_positive_respondents",
        "n_positive_units",
    ),
    *("positive_share", "positive_share_low", "positive_share_high", "small_n"),
)


def rank(feedback: pd.DataFrame, units: pd.DataFrame, *, config: Config) -> pd.DataFrame:
    """Rank the cells by praise; those praised by fewer than `priority.min_feedback` respondents have no
    rank.
    """
    cells = observe(take(feedback, units), "positive")
    confidence = config.metrics.confidence
    sums = cells.sums()
    found = parts(sums, cells.respondents, confidence=confidence)
    sizes = counts(cells).rename(columns=lambda name: name.replace("n_side_", "n_positive_"))
    frame = pd.concat([cells.frame, sizes], axis=1)
    score = 100 * found.reach * found.severity * found.reliability
    frame["score"], frame["favour"], frame["reliability"] = score, found.severity, found.reliability
    frame["reach"], frame["reach_low"], frame["reach_high"] = found.reach, found.reach_low, found.reach_high
    clusters = Clusters.of(cells.code, cells.sample.speaker, cells.size)
    share = intervals.share(ratio(clusters, cells.hit), confidence=confidence)
    frame["positive_share"] = share.value
    frame["positive_share_low"], frame["positive_share_high"] = share.low, share.high
    ranked = np.flatnonzero(sums.speaking >= config.priority.min_feedback)
    best = ranked[order(score[ranked], frame["n_positive_units"].to_numpy(dtype=np.float64)[ranked])]
    frame["rank"] = pd.Series(pd.NA, index=frame.index, dtype="Int64")
    frame.loc[best, "rank"] = np.arange(1, best.size + 1)
    frame["small_n"] = frame["n_respondents"] < config.metrics.small_n
    return frame[list(COLUMNS)].sort_values(["stage", "touchpoint"], ignore_index=True)

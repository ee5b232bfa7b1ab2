"""docs/insight.md: the worked examples give the numbers printed there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import stats

from pipeline.config import Config, Metrics
from pipeline.insight import priority
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Clusters, ratio

TEXT = " ".join((Path(__file__).parents[3] / "docs" / "insight.md").read_text(encoding="utf-8").split())


def test_interval() -> None:
    written = [1] * 8 + [3, 3, 3, 6]
    negative = [1, 1, 0, 0, 0, 0, 0, 0, 3, 0, 1, 6]
    who = np.repeat(np.arange(12), written)
    hits = np.concatenate([np.arange(m) < y for m, y in zip(written, negative, strict=True)])
    found = ratio(Clusters.of(np.zeros(23, dtype=np.int64), who, 1), hits)
    p, v, k = found.value[0], found.variance[0], found.kish[0]
    size = intervals.effective_size(found, confidence=0.95, at_most_n=True)[0]
    estimate = intervals.share(found, confidence=0.95)
    naive = intervals.wilson(found.value, found.n, confidence=0.95)
    t = stats.t.isf(0.025, k - 1)
    assert f"p = 12/23 = {p:.3f}. v = {v:.4f}, a design effect of {v * 23 / (p * (1 - p)):.2f}" in TEXT
    assert f"so n* = {p * (1 - p) / v:.2f}; k = {k:.2f}, t = {t:.3f} on {k - 1:.2f} degrees of freedom" in TEXT
    assert f"n* becomes {size:.2f}. The interval is {estimate.low[0]:.3f} to {estimate.high[0]:.3f}" in TEXT
    assert f"would have claimed {naive[0][0]:.3f} to {naive[1][0]:.3f}" in TEXT


def test_score(story, taxonomy, playbook) -> None:
    cell = ("delivery", "fulfilment")
    made = story().many(20, "negative", cell).many(5, "positive", cell).many(75, "positive", ("usage", "product"))
    table = priority.rank(
        made.feedback,
        made.units,
        config=Config(metrics=Metrics(bootstrap=100)),
        taxonomy=taxonomy,
        playbook=playbook,
    )
    found = table.set_index(["stage", "touchpoint"]).loc[cell]
    parts = f"100 × {found['reach']:.3f} × {found['severity']:.3f} × {found['reliability']:.3f} = {found['score']:.2f}"
    assert f"score = {parts}" in TEXT

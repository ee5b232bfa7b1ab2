from __future__ import annotations

import numpy as np
import pytest

from pipeline.insight import bootstrap


def test_every_replicate_draws_as_many_respondents_as_there_are() -> None:
    drawn = np.concatenate(list(bootstrap.weights(50, repeats=300, seed=1)))
    assert drawn.shape == (300, 50)
    assert (drawn.sum(axis=1) == 50).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(50), abs=0.3)
    assert drawn.var() == pytest.approx(1 - 1 / 50, abs=0.05), "multinomial"


def test_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(bootstrap.weights(40, repeats=30, seed=9)))
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 120)
    blocks = list(bootstrap.weights(40, repeats=30, seed=9))
    assert len(blocks) == 10
    assert (np.concatenate(blocks) == whole).all()
    assert not (np.concatenate(list(bootstrap.weights(40, repeats=30, seed=10))) == whole).all()


def test_ranks_and_ties() -> None:
    assert bootstrap.ranks(np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0]])).tolist() == [[3, 1, 2], [1, 2, 3]]


def test_rank_limits_hold_the_rank_itself() -> None:
    scores = np.array([[1.0, 2.0]] * 10)
    low, high = bootstrap.rank_limits(scores, np.array([1, 2]), confidence=0.95)
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 2])

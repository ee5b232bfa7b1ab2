"""From runs to problems: levels, places, and no word from the data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.alerts.problems import of_absence, of_crash, of_failure, of_quality, place_of
from pipeline.config import load_config
from pipeline.errors import ConfigError, InputError, exit_code
from pipeline.ingest.discover import discover

SECRET = "张三 13800138000"


def failure(call, *args) -> BaseException:
    with pytest.raises(Exception) as caught:
        call(*args)
    return caught.value


def test_a_failed_run_is_named_by_class_code_and_place(tmp_path):
    error = failure(discover, [tmp_path / f"{SECRET}.csv"])
    problem = of_failure(error, code=exit_code(error))
    for message in problem.message:
        assert "InputError" in message
        assert "3" in message
        assert "pipeline.ingest.discover:_named" in message
        assert SECRET not in message


def test_settings_name_their_key_and_input_does_not_name_its_columns(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("metrics: {confidence: 7}\n", encoding="utf-8")
    error = failure(load_config, path)
    assert isinstance(error, ConfigError)
    assert "metrics.confidence" in of_failure(error, code=2).message[1]
    said = of_failure(InputError(SECRET, where=f"a.csv, column {SECRET}", value=SECRET), code=3).message
    assert SECRET not in "".join(said)
    assert SECRET not in "".join(of_failure(ValueError(SECRET), code=1).message)


def test_the_place_is_ours_and_not_a_librarys():
    assert place_of(failure(load_config, Path("/nowhere/c.yaml"))) == "pipeline.config:_read_yaml"
    assert place_of(ValueError()) == "?"
    assert "Crashed" in of_crash("Crashed").message[1]


def quality(check: str, value: float | None, threshold: float | None, state: str = "alert") -> dict[str, object]:
    row = {"check_id": check, "check": check, "value": value, "threshold": threshold, "state": state}
    return {**row, "message_zh": "中", "message_en": "en"}


@pytest.mark.parametrize(
    ("row", "level"),
    [
        (quality("set_aside", 0.06, 0.05), 1),
        (quality("set_aside", 0.10, 0.05), 2),
        (quality("set_aside", 0.45, 0.05), 4),
        (quality("score_shift", -0.11, 0.05), 2),
        (quality("volume_drop", 0.3, 0.5), 1),
        (quality("volume_drop", 0.0, 0.5), 2),
        (quality("silence", float("nan"), 3), 1),
    ],
)
def test_only_twice_as_far_is_worse(row, level):
    problems, fine = of_quality(pd.DataFrame([row]))
    assert [each.level for each in problems] == [level]
    assert not fine


def test_what_cannot_be_told_neither_opens_nor_closes():
    rows = [quality("a", 1, 1, "ok"), quality("b", None, 1, "cannot_tell"), quality("c", 2, 1)]
    problems, fine = of_quality(pd.DataFrame(rows))
    assert ([each.id for each in problems], fine) == (["c"], {"a"})


NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def runs(*hours: float, forgotten: int = 0) -> pd.DataFrame:
    row = {"rows": 5, "forgotten": forgotten, "input_digests": "{}"}
    return pd.DataFrame([{**row, "published_at": NOW - timedelta(hours=each)} for each in hours])


def test_a_run_is_overdue_by_the_last_real_one():
    assert of_absence(runs(60, 25.9), hours=26, now=NOW) is None
    late = of_absence(runs(60, 26.1), hours=26, now=NOW)
    assert late is not None
    assert "26 hours ago (limit 26)" in late.message[1]
    assert of_absence(runs(60), hours=26, now=NOW).level > late.level
    only_forgot = pd.concat([runs(60), runs(1, forgotten=5)])
    assert "60 hours ago" in of_absence(only_forgot, hours=26, now=NOW).message[1]
    assert "No run" in of_absence(runs(), hours=26, now=NOW).message[1]

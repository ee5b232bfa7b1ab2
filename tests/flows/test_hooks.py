"""The flow's hooks and the backfill's deployment runs, as plain functions."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.states import Crashed, Failed
from pydantic import ValidationError

from flows import backfill, insights
from flows.backfill import BackfillParameters, by_deployment
from pipeline.backfill import Partition
from pipeline.errors import StoreError


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setenv("CXI_ALERT_URLS", "json://127.0.0.1:9")
    monkeypatch.setattr("flows.notifying._deliver", lambda url, title, body: texts.append(body))
    return texts


def run_with(parameters: Any) -> Any:
    return SimpleNamespace(parameters={"parameters": parameters})


def test_a_failed_flow_run_alerts(sent, tmp_path):
    state = Failed(data=StoreError("secret", where="/somewhere"))
    insights.alert_failed(insights.insights, run_with({"out": str(tmp_path)}), state)
    assert len(sent) == 1
    assert "StoreError (exit code 5)" in sent[0]
    assert "secret" not in sent[0]


def test_a_failure_whose_error_is_lost_alerts_too(sent, tmp_path):
    insights.alert_failed(insights.insights, run_with({"out": str(tmp_path)}), Failed())
    assert len(sent) == 1


@pytest.mark.parametrize("parameters", [{"nonsense": 1}, {"config": "/nowhere/c.yaml"}, {"out": "/nowhere"}])
def test_a_crash_alerts_whatever_the_parameters(sent, parameters):
    insights.alert_crashed(insights.insights, run_with(parameters), Crashed())
    assert len(sent) == 1
    assert "A run crashed: Crashed" in sent[0]


def test_the_runs_of_a_backfill_leave_people_in_peace(sent):
    run = run_with({"out": "/nowhere", "alerts": False})
    insights.alert_failed(insights.insights, run, Failed(data=ValueError("x")))
    insights.alert_crashed(insights.insights, run, Crashed())
    assert sent == []


def test_a_partition_is_a_run_of_the_deployment_under_its_key(monkeypatch, tmp_path):
    asked: list[Any] = []
    ends = iter([Crashed(), SimpleNamespace(is_completed=lambda: True, name="Completed"), None])

    def run_deployment(name, **options):
        asked.append((name, options))
        return SimpleNamespace(state=next(ends))

    monkeypatch.setattr(backfill, "run_deployment", run_deployment)
    parameters = BackfillParameters(config=tmp_path / "c.yaml", first=date(2026, 1, 1), last=date(2026, 2, 1))
    partition = Partition("2026-01", (tmp_path / "2026-01.csv",), "d")
    execute = by_deployment(parameters, tmp_path / "out")
    assert [execute(partition, key) for key in "abc"] == ["flow run Crashed", None, "flow run lost"]
    name, options = asked[0]
    assert (name, options["idempotency_key"]) == ("insights/ad-hoc", "a")
    given = insights.InsightsParameters.model_validate(options["parameters"]["parameters"])
    assert given.paths == [tmp_path / "2026-01.csv"]
    assert not given.alerts


def test_days_in_the_wrong_order(tmp_path):
    with pytest.raises(ValidationError, match="first is after last"):
        BackfillParameters(config=tmp_path, first=date(2026, 2, 1), last=date(2026, 1, 1))

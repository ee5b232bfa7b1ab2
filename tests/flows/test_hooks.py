"""The flow's hooks and the backfill's deployment runs, as plain functions."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.states import Crashed, Failed
from pydantic import ValidationError

from flows import backfill, insights
from flows.backfill import BackfillParameters, by_deployment
from pipeline.backfill import Partition
from pipeline.errors import StoreError, UndeliveredError
from pipeline.progress import Silent
from pipeline.store import snapshot


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


@pytest.fixture
def plain(monkeypatch) -> dict[str, Any]:
    """The flow's tasks as plain functions, without server and retries; what it says in the end, and in which order."""
    for name in ("ingest", "reconcile", "analyse", "commit", "publish", "complete_forgetting", "deliver"):
        monkeypatch.setattr(insights, f"{name}_task", getattr(insights, f"{name}_task").fn)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(insights, "ArtifactProgress", Silent)
    monkeypatch.setattr(insights, "get_run_logger", lambda: logging.getLogger("flow"))
    monkeypatch.setattr(insights, "publish_summary", lambda result, alerts: seen.update(result=result, alerts=alerts))
    return seen


def test_a_database_that_is_away_costs_the_flow_no_summary_and_no_alert(sent, plain, monkeypatch, tmp_path):
    def away(*_, **__):
        raise StoreError("no route", where="db.example")

    monkeypatch.setattr(insights.sink, "deliver", away)
    (tmp_path / "a.jsonl").write_text('{"id": "1", "text": "很好"}\n', encoding="utf-8")
    settings = {"model": {"name": "lexicon"}}
    parameters = {"settings": settings, "paths": [str(tmp_path / "a.jsonl")], "out": str(tmp_path / "out")}
    with pytest.raises(UndeliveredError, match="no route") as caught:
        insights.insights.fn(insights.InsightsParameters.model_validate(parameters))
    assert caught.value.exit_code == 5
    assert plain["result"].snapshot == snapshot.current(tmp_path / "out")
    assert "not_delivered" in {alert.id for alert in plain["alerts"]}
    assert "PostgreSQL is behind" in "".join(sent)
    sent.clear()
    insights.alert_failed(insights.insights, run_with({"out": str(tmp_path)}), Failed(data=caught.value))
    assert sent == []


def test_publishing_again_is_no_part_of_a_retry(plain, monkeypatch, tmp_path):
    def refuse(_):
        raise StoreError("still open", where="/somewhere")

    monkeypatch.setattr(insights.steps, "complete_forgetting", refuse)
    (tmp_path / "a.jsonl").write_text('{"id": "1", "text": "很好"}\n', encoding="utf-8")
    settings = {"model": {"name": "lexicon"}}
    parameters = {"settings": settings, "paths": [str(tmp_path / "a.jsonl")], "out": str(tmp_path / "out")}
    done = insights.insights.fn(insights.InsightsParameters.model_validate({**parameters, "alerts": False}))
    assert done.notes[-1].startswith("an earlier cxi forget is not finished")
    assert len(done.tables["dim_run"]) == 1


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


def test_a_worker_is_sent_absolute_paths(monkeypatch, tmp_path):
    asked: list[Any] = []
    monkeypatch.setattr(
        backfill, "run_deployment", lambda _, **options: asked.append(options) or SimpleNamespace(state=None)
    )
    monkeypatch.chdir(tmp_path)
    parameters = BackfillParameters(config=Path("c.yaml"), first=date(2026, 1, 1), last=date(2026, 2, 1))
    by_deployment(parameters, Path("out"))(Partition("2026-01", (Path("in/2026-01.csv"),), "d"), "a")
    given = asked[0]["parameters"]["parameters"]
    assert (given["config"], given["out"]) == (str(tmp_path / "c.yaml"), str(tmp_path / "out"))
    assert given["paths"] == [str(tmp_path / "in" / "2026-01.csv")]


def test_days_in_the_wrong_order(tmp_path):
    with pytest.raises(ValidationError, match="first is after last"):
        BackfillParameters(config=tmp_path, first=date(2026, 2, 1), last=date(2026, 1, 1))

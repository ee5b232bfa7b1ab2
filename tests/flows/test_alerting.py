"""Alerts from runs to people: a real server takes the notifications of Apprise's json:// scheme."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.alerting import after_delivery, after_run, alert_on_failure
from flows.cli import app
from pipeline.config import Config
from pipeline.errors import InputError, StoreError
from pipeline.store.store import DATABASE, Store

SECRET = "s3cret-token"
HERE = Config()


class Receiver:
    """What was posted; `answer` is the status to give."""

    def __init__(self) -> None:
        self.posted: list[dict[str, str]] = []
        self.answer = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posted.append(json.loads(body))
                self.send_response(receiver.answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/{SECRET}"

    def take(self) -> list[str]:
        texts = [post["title"] + "\n" + post["message"] for post in self.posted]
        self.posted.clear()
        return texts


@pytest.fixture
def receiver(monkeypatch) -> Iterator[Receiver]:
    made = Receiver()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("CXI_ALERT_URLS", made.url)
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def out(tmp_path) -> Path:
    with Store.open(tmp_path / "out"):
        return tmp_path / "out"


def result(out: Path, **states: str) -> Any:
    rows = [
        {"check_id": name, "check": name, "state": state, "value": 0.1, "threshold": 0.05}
        | {"message_zh": f"{name} 中文", "message_en": f"{name} English"}
        for name, state in states.items()
    ]
    columns = ["check_id", "check", "state", "value", "threshold", "message_zh", "message_en"]
    return SimpleNamespace(out=out, tables={"fact_quality": pd.DataFrame(rows, columns=columns)}, undelivered=None)


def said() -> tuple[list[str], Any]:
    lines: list[str] = []
    return lines, lines.append


def test_opening_is_told_once_in_both_languages_and_closing_too(out, receiver):
    lines, say = said()
    assert [each.id for each in after_run(HERE, result(out, set_aside="alert"), say=say)] == ["set_aside"]
    (text,) = receiver.take()
    assert "1 alert" in text
    assert "set_aside 中文" in text
    assert "set_aside English" in text
    after_run(HERE, result(out, set_aside="alert"), say=say)
    after_run(HERE, result(out, set_aside="cannot_tell"), say=say)
    assert receiver.take() == []
    assert after_run(HERE, result(out, set_aside="ok"), say=say) == []
    (text,) = receiver.take()
    assert "已解除" in text
    assert "over: set_aside" in text
    assert not lines


def test_a_check_that_is_no_more_closes_its_alert(out, receiver):
    after_run(HERE, result(out, set_aside="alert"), say=print)
    assert after_run(HERE, result(out, silence="ok"), say=print) == []


def test_a_notifier_that_fails_is_said_without_its_address_and_tried_again(out, receiver, caplog, capfd):
    lines, say = said()
    receiver.answer = 500
    with caplog.at_level(logging.DEBUG):
        after_run(HERE, result(out, set_aside="alert"), say=say)
    assert len(receiver.take()) == 1
    assert lines == ["alerts: address 1 of 1 in CXI_ALERT_URLS did not take it"]
    assert SECRET not in "".join(capfd.readouterr()) + caplog.text
    receiver.answer = 200
    after_run(HERE, result(out, set_aside="cannot_tell"), say=say)
    (text,) = receiver.take()
    assert "new: set_aside" in text


def test_an_address_that_is_none_is_not_shown(out, monkeypatch, caplog, capfd):
    monkeypatch.setenv("CXI_ALERT_URLS", f"nothing-like-this://{SECRET}@host")
    lines, say = said()
    after_run(HERE, result(out, set_aside="alert"), say=say)
    assert lines == ["alerts: address 1 of 1 in CXI_ALERT_URLS is not one that Apprise knows"]
    assert SECRET not in "".join(capfd.readouterr()) + caplog.text


def test_a_run_that_fails_alerts_and_the_next_success_closes_it(out, receiver):
    def fail() -> None:
        with alert_on_failure(HERE, out, say=print):
            raise InputError(SECRET, where=SECRET, value=SECRET)

    for expected in (1, 0):
        with pytest.raises(InputError):
            fail()
        texts = receiver.take()
        assert len(texts) == expected
        assert SECRET not in "".join(texts)
    assert after_run(HERE, result(out), say=print) == []
    assert "over: A run failed: InputError (exit code 3)" in receiver.take()[0]


@pytest.mark.parametrize("healed", ["run", "publish"])
def test_a_database_that_is_behind_is_an_alert_of_its_own_until_a_delivery(out, receiver, healed):
    behind = result(out, set_aside="alert")
    behind.undelivered = StoreError(SECRET, where="db.example:5432/feedback, schema cx")
    assert [each.id for each in after_run(HERE, behind, say=print)] == ["set_aside", "not_delivered"]
    (text,) = receiver.take()
    assert "The new snapshot is published, but PostgreSQL is behind (StoreError, db.example:5432/feedback" in text
    assert "新快照已发布" in text
    assert "set_aside English" in text
    assert SECRET not in text
    after_run(HERE, behind, say=print)
    assert receiver.take() == []
    if healed == "run":
        after_run(HERE, result(out, set_aside="alert"), say=print)
    else:
        after_delivery(HERE, out, say=print)
    assert "over: The new snapshot" in receiver.take()[0]


@pytest.mark.parametrize("broken", ["locked", "none", "unknown"])
def test_where_the_store_cannot_remember_people_are_told_all_the_same(out, receiver, broken):
    target = {"none": out.parent / "nothing", "unknown": None}.get(broken, out)
    with Store.open(out) as _:
        if broken != "locked":
            _._close()
        with pytest.raises(ValueError, match="x"), alert_on_failure(HERE, target, say=lambda _: None):
            raise ValueError("x")
    assert len(receiver.take()) == 1
    assert not (out.parent / "nothing").exists()


def test_nobody_to_be_told_leaves_a_failed_run_without_a_trace(tmp_path, monkeypatch):
    monkeypatch.delenv("CXI_ALERT_URLS", raising=False)
    with pytest.raises(ValueError, match="x"), alert_on_failure(HERE, tmp_path / "out", say=print):
        raise ValueError("x")
    assert not (tmp_path / "out").exists()


def cxi(*args: object) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def test_list_and_acknowledge(out, receiver):
    after_run(HERE, result(out, set_aside="alert", silence="alert"), say=print)
    listed = cxi("alerts", "list", "--out", out)
    assert "set_aside  open, seen 1×" in listed.output
    assert "silence 中文" in listed.output
    assert cxi("alerts", "ack", "set_aside", "--out", out).exit_code == 0
    assert "set_aside  acknowledged" in cxi("alerts", "list", "--out", out).output
    wrong = cxi("alerts", "ack", "nothing", "--out", out)
    assert wrong.exit_code == 1
    assert "silence" in wrong.output
    nowhere = cxi("alerts", "list", "--out", out / "nothing")
    assert nowhere.exit_code == 5
    assert not (out / "nothing").exists()


def test_overdue_exits_with_8_tells_once_and_closes(out, receiver, monkeypatch):
    for expected in (1, 0):
        late = cxi("alerts", "overdue", "--out", out, "--hours", "26")
        assert late.exit_code == 8
        assert "还没有任何一次运行" in late.output
        assert len(receiver.take()) == expected
    monkeypatch.setattr("pipeline.alerts.problems.of_absence", lambda *_, **__: None)
    assert cxi("alerts", "overdue", "--out", out).exit_code == 0
    assert len(receiver.take()) == 1
    assert cxi("alerts", "overdue", "--out", out / "nothing").exit_code == 5


def test_the_command_that_runs_alerts_too_and_a_broken_configuration(out, receiver, tmp_path):
    failed = cxi("run", tmp_path / f"{SECRET}.csv", "--out", out, "--model", "lexicon")
    assert failed.exit_code == 3
    (text,) = receiver.take()
    assert "InputError (exit code 3) at pipeline.ingest.discover" in text
    assert SECRET not in text
    (tmp_path / "c.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    assert cxi("run", "--config", tmp_path / "c.yaml").exit_code == 2
    assert "ConfigError (exit code 2)" in receiver.take()[0]


def test_a_test_notification(receiver, monkeypatch):
    assert cxi("alerts", "test").exit_code == 0
    assert "测试" in receiver.take()[0]
    monkeypatch.delenv("CXI_ALERT_URLS")
    assert cxi("alerts", "test").exit_code == 2


def test_alerts_are_in_a_migrated_store_and_survive_it(tmp_path, receiver):
    import duckdb

    with Store.open(tmp_path):
        pass
    with duckdb.connect(str(tmp_path / "store" / DATABASE)) as connection:
        for table in ("alert", "backfill", "watermark"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET value = '2' WHERE name = 'version'")
    after_run(HERE, result(tmp_path, silence="alert"), say=print)
    with Store.open(tmp_path) as store:
        (alert,) = store.alerts().values()
        assert (alert.id, alert.due, alert.told_level) == ("silence", None, 2)
        store.rewrite()
        assert store.alerts() == {"silence": alert}
        assert store.backfills() == {}

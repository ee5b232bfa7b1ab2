"""The whole job with a sink: what dashboards read is what was published, also after the database was away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from urllib.parse import quote

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline.store import snapshot
from pipeline.tables import TABLES
from pipeline.tables.sql import NAME

pytestmark = pytest.mark.postgres

WORD, CUSTOMER = "PLANTEDWORD", "Zhang-7731"
CONFIG = """
timezone: Asia/Shanghai
model: {name: lexicon}
priority: {min_feedback: 1}
report: {language: en}
input: {columns: {attributes: [店]}}
"""
ROWS = [
    {
        "id": "A1",
        "customer": "c1",
        "text": "房间很干净，但是早餐太差",
        "time": "2026-09-01",
        "channel": "微信",
        "nps": 3,
    },
    {
        "id": "A2",
        "customer": "c2",
        "text": 'Great "room"\\.\n\\.\nbut\tcold, breakfast',
        "time": "2026-09-02",
        "nps": 9,
    },
    {"id": "A3", "customer": CUSTOMER, "text": f"一直不给{WORD}退款，太差了", "time": "2026-09-03", "店": "中\\N山"},
    {"id": "A4", "customer": CUSTOMER, "text": f"The {WORD} refund never came.", "time": "2026-09-04"},
    {"id": "A5", "customer": CUSTOMER, "text": f"{WORD}很差", "time": f"{WORD} day"},
    {"id": "A6", "customer": "c3", "text": "送餐太慢了😀", "channel": "\\N", "nps": 0},
    {"id": "A7", "customer": "c4", "text": "很好，很干净", "time": "2026-09-11"},
]
FORGET = ("forget", "--out", "out", "--config", "sink.yaml", "--customer", CUSTOMER)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A folder with the input, a configuration with a sink, and `out` after a run without one."""
    folder = tmp_path_factory.mktemp("loaded")
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS]
    (folder / "a.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "plain.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "sink.yaml").write_text(f"{CONFIG}\nsink: {{postgres: {{schema_name: cx}}}}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call("run", "a.jsonl", "--out", "out", "--config", "plain.yaml")
    return folder


@pytest.fixture
def there(loaded, tmp_path, monkeypatch):
    """A copy of it, as the working directory."""
    shutil.copytree(loaded, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    return tmp_path / "there"


@pytest.fixture
def away(database, monkeypatch):
    """Let the environment name a server that is not there; call it to have the right one back."""
    right = database.url("cxi")
    monkeypatch.setenv("CXI_POSTGRES_URL", right.replace(f"host={database.folder}", "host=/nowhere/at/all"))
    return lambda: monkeypatch.setenv("CXI_POSTGRES_URL", right)


def call(*args, code=0):
    result = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def assert_tells_no_secret(database, said):
    secret = database.url("cxi").split(":")[2].split("@")[0]
    assert secret == quote("wr/i@ter:pä%ss", safe="")
    assert secret not in said
    assert "wr/i@ter:pä%ss" not in said


def from_postgres(database, _, query):
    with database.connect() as reader:
        cursor = reader.execute(query)
        return pd.DataFrame(cursor.fetchall(), columns=[item.name for item in cursor.description])


def from_duckdb(_, folder, query):
    with duckdb.connect(str(folder / "cx.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        cursor = connection.execute(query)
        return pd.DataFrame(cursor.fetchall(), columns=[item[0] for item in cursor.description])


def test_both_copies_hold_what_was_published(there, database):
    assert "0 changed, 0 removed" in call("publish", "--out", "out", "--config", "sink.yaml")
    folder = snapshot.current(there / "out")
    published = snapshot.load(folder)
    assert all(len(table) for table in published.values())
    views = []
    for read in (from_duckdb, from_postgres):
        for name, expected in published.items():
            pd.testing.assert_frame_equal(TABLES[name].check(read(database, folder, f"SELECT * FROM {name}")), expected)
        order = "feedback_key, unit_index"
        views.append(read(database, folder, f"SELECT * FROM {NAME} ORDER BY {order}"))
    pd.testing.assert_frame_equal(*views)
    assert len(views[0]) == len(published["fact_opinion_unit"])


def test_a_database_that_is_away_costs_no_snapshot_and_the_next_run_heals(there, database, away):
    before = snapshot.number(there / "out")
    said = call("run", "a.jsonl", "--out", "out", "--config", "sink.yaml", code=5)
    assert "/nowhere/at/all" in said
    assert "the next run (even with nothing new) or `cxi publish` brings PostgreSQL up to date" in said
    assert "7 rows = 0 new" in said
    assert "not_delivered: The new snapshot is published, but PostgreSQL is behind" in said
    assert "run_failed" not in said
    assert_tells_no_secret(database, said)
    assert snapshot.number(there / "out") == before + 1
    away()
    call("publish", "--out", "out", "--config", "sink.yaml")
    assert "not_delivered" not in call("alerts", "list", "--out", "out")
    said = call("run", "a.jsonl", "--out", "out", "--config", "sink.yaml")
    assert "nothing new to analyse" in said
    runs = from_postgres(database, None, "SELECT run_id FROM dim_run ORDER BY run_id")
    assert runs["run_id"].tolist()[-1] == snapshot.current(there / "out").name
    assert len(runs) == before + 2


def test_a_refused_login_tells_no_secret(there, database, monkeypatch):
    monkeypatch.setenv("CXI_POSTGRES_URL", database.url("cxi", password="wrong-4711"))
    said = call("publish", "--out", "out", "--config", "sink.yaml", code=5)
    assert 'password authentication failed for user "cxi"' in said
    assert "4711" not in said
    monkeypatch.setenv("CXI_POSTGRES_URL", database.url("dashboard"))  # may log in, and nothing else
    said = call("publish", "--out", "out", "--config", "sink.yaml", code=5)
    assert "permission denied" in said
    assert "read-0nly" not in said


def holding(database):
    """Tables in PostgreSQL with the planted word or the customer."""
    tables = {name: from_postgres(database, None, f"SELECT * FROM {name}").to_csv() for name in (*TABLES, NAME)}
    return {name for name, content in tables.items() if WORD in content or CUSTOMER in content}


def test_forgetting_leaves_no_row_behind(there, database, server, away):
    away()
    call("publish", "--out", "out", "--config", "sink.yaml")
    assert {"fact_feedback", "fact_opinion_unit", "fact_action_evidence", "quarantine", NAME} <= holding(database)
    said = call(*FORGET)
    assert f"/{database.name}, schema cx: 000002-" in said
    assert "dead rows until VACUUM" in said
    assert not holding(database)
    assert WORD not in (server.folder / "log").read_text(encoding="utf-8")  # every statement is logged there
    assert "COPY pg_temp.staged" in (server.folder / "log").read_text(encoding="utf-8")


def test_forgetting_while_the_database_is_away_is_finished_by_the_same_command(there, database, away):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXI_POSTGRES_URL", database.url("cxi"))
        call("publish", "--out", "out", "--config", "sink.yaml")
    said = call(*FORGET, code=5)
    assert_tells_no_secret(database, said)
    assert holding(database)
    assert WORD not in snapshot.load(snapshot.current(there / "out"))["fact_feedback"].to_csv()
    away()
    said = call(*FORGET)
    assert "forgotten before" in said
    assert not holding(database)


def flow(*args):
    """The command in a process of its own, with no pause between tries: exit code, and all it said."""
    script = (
        "import sys\nfrom flows.insights import deliver_task\nfrom pipeline.sink import connection\n"
        "deliver_task.retry_delay_seconds, connection.RETRY_DELAYS = [0, 0, 0], ()\n"
        f"from flows.cli import main\nsys.argv = {['cxi', *args]!r}\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.server
@pytest.mark.timeout(1500)
def test_the_flow_delivers_in_a_task_of_its_own(there, database, away):
    command = ("run", "a.jsonl", "--out", "out", "--config", "sink.yaml", "--prefect")
    before = snapshot.number(there / "out")
    code, said = flow(*command)
    assert code == 5, said
    assert snapshot.number(there / "out") == before + 1
    assert "Task run 'deliver" in said
    assert "Retry 3/3" in said
    assert "/nowhere/at/all" in said
    assert_tells_no_secret(database, said)
    away()
    code, said = flow(*command)
    assert code == 0, said
    assert_tells_no_secret(database, said)
    runs = from_postgres(database, None, "SELECT max(run_id) AS last FROM dim_run")
    assert runs["last"].tolist() == [snapshot.current(there / "out").name]

"""Rows of a database: read without ever changing it, from a watermark on, and with no secret or row in any message."""

from __future__ import annotations

import json
import logging
import sqlite3
import traceback
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from pipeline import watermarks
from pipeline.config import Config, Input, Sql
from pipeline.errors import ConfigError, CxiError, InputError, UnavailableError
from pipeline.ingest.database import open_engine
from pipeline.ingest.read import read_feedback
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import PrivacyPolicy
from pipeline.select_only import require_select

SECRET = "s3cr3tpassw0rd"
ROWS = [
    (1, "送餐太慢了", "2026-09-01 10:00:00"),
    (2, "The room was great", "2026-09-02 10:00:00"),
    (3, "call 13812345678", "2026-09-02 10:00:00"),
    (4, "no time at all", None),
]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A database with a table and a view, named by CXI_URL."""
    path = tmp_path / "tickets.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tickets (id INTEGER, text TEXT, updated_at TEXT)")
        connection.executemany("INSERT INTO tickets VALUES (?, ?, ?)", ROWS)
        connection.execute("CREATE VIEW newest AS SELECT * FROM tickets WHERE id > 2")
    connection.close()
    monkeypatch.setenv("CXI_URL", f"sqlite:///{path}")
    return path


@pytest.fixture
def fetch(masker, hasher):
    """Read a source to its end: the reading and its items."""

    def _fetch(known=None, **sql):
        source = Input(name="tickets", sql=Sql(url_env="CXI_URL", **sql))
        reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher, known=known)
        return reading, list(reading.items())

    return _fetch


def add(path, *rows):
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO tickets VALUES (?, ?, ?)", rows)
    connection.close()


@pytest.mark.parametrize(
    ("sql", "ids"),
    [
        ({"table": "tickets"}, "1234"),
        ({"table": "main.tickets"}, "1234"),
        ({"table": "newest"}, "34"),
        ({"query": "SELECT id, text FROM tickets WHERE id < 3 -- all that counts"}, "12"),
        ({"query": "WITH t AS (SELECT * FROM tickets) SELECT * FROM t WHERE text LIKE '%:time%' OR id = 1;"}, "1"),
    ],
)
def test_tables_views_and_queries(path, fetch, sql, ids):
    reading, items = fetch(**sql)
    assert "".join(item.external_id for item in items) == ids
    assert [(item.origin.file, item.origin.row) for item in items] == [("tickets", n + 1) for n in range(len(ids))]
    assert "13812345678" not in repr(items)
    assert reading.survey.rows == len(ids)


def test_bytes_are_read_as_text(path, fetch):
    _, items = fetch(query="SELECT id, CAST(text AS BLOB) AS text FROM tickets")
    assert items[0].text == "送餐太慢了"


def test_rows_without_an_id_under_a_watermark_are_said_to_be_a_risk(path, fetch):
    of = {"query": "SELECT text, updated_at FROM tickets", "watermark": "updated_at"}
    (note,) = fetch(**of)[0].survey.notes
    assert note.startswith("tickets: its rows have no id")


def test_columns_of_one_name_are_told_apart(path, fetch):
    _, items = fetch(query="SELECT id, text, id FROM tickets")
    assert [item.external_id for item in items] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("of", [{"table": "tickets"}, {"query": "SELECT * FROM tickets -- as they come"}])
def test_only_what_is_at_or_above_the_watermark_is_read_again(path, fetch, of):
    reading, _ = fetch(**of, watermark="updated_at")
    known = reading.survey.watermarks
    assert watermarks.read(known["tickets"].value) == "2026-09-02 10:00:00"
    assert reading.survey.partial == frozenset()
    add(
        path,
        (5, "equal and late", "2026-09-02 10:00:00"),
        (6, "older", "2026-09-01 00:00:00"),
        (7, "new", "2026-09-03"),
    )
    reading, items = fetch(known, **of, watermark="updated_at")
    assert sorted(item.external_id for item in items) == ["2", "3", "4", "5", "7"]  # 4 has no time: nobody can tell
    assert reading.survey.partial == {"tickets"}
    known = reading.survey.watermarks
    assert watermarks.read(known["tickets"].value) == "2026-09-03"
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM tickets")
    reading, items = fetch(known, **of, watermark="updated_at")
    assert items == []
    assert reading.survey.watermarks == known  # nothing new does not start again


def test_another_query_column_or_database_starts_again(path, fetch, tmp_path, monkeypatch):
    known = fetch(table="tickets", watermark="updated_at")[0].survey.watermarks
    assert len(fetch(known, table="tickets", watermark="id")[1]) == 4
    assert len(fetch(known, query="SELECT * FROM tickets", watermark="updated_at")[1]) == 4
    (tmp_path / "other.db").write_bytes(path.read_bytes())
    monkeypatch.setenv("CXI_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert len(fetch(known, table="tickets", watermark="updated_at")[1]) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"attributes": ["id"]}},
        {"scales": {"rating": {"low": 1, "high": 5}}},
        {"day_first": True},
        {"timezone": "Europe/London"},
        {"policy": {"kinds": {"NAME": "keep"}}},
    ],
)
def test_another_mapping_time_zone_or_policy_starts_again(path, hasher, change):
    def fetch(known=None, *, policy=None, timezone="UTC", **settings):
        sql = Sql(url_env="CXI_URL", table="tickets", watermark="updated_at")
        masker = Masker(PrivacyPolicy.model_validate(policy or {}))
        source = Input.model_validate({"name": "tickets", "sql": sql, **settings})
        reading = read_feedback([source], config=Config(timezone=timezone), masker=masker, hasher=hasher, known=known)
        return reading.survey, len(list(reading.items()))

    known = fetch()[0].watermarks
    assert fetch(known)[1] == 3
    survey, rows = fetch(known, **change)
    assert (rows, survey.partial) == (4, frozenset())
    assert fetch(survey.watermarks, **change)[1] == 3


def test_a_reading_that_was_not_finished_moves_no_watermark(path, masker, hasher):
    source = Input(name="tickets", sql=Sql(url_env="CXI_URL", table="tickets", watermark="updated_at"))
    reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher)
    items = reading.items()
    next(items)
    survey = reading.survey
    plan = survey.plans[0]
    plan.table.newest = None  # what the first pass, over all rows, found
    next(items)
    assert survey.watermarks == {}


@pytest.mark.parametrize(
    "value",
    [
        "2026",
        7,
        1.5,
        Decimal("12345678901234567890.123456789"),
        date(2026, 9, 1),
        datetime(2026, 9, 1, 1, 2, 3, 4),
        datetime(2026, 9, 1, 1, 2, 3, 4, tzinfo=UTC),
    ],
)
def test_a_watermark_is_kept_exactly(value):
    again = watermarks.read(watermarks.write(value))
    assert (type(again), again) == (type(value), value)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM tickets",
        "UPDATE tickets SET text = ''",
        "SELECT 1; DROP TABLE tickets",
        "WITH gone AS (DELETE FROM tickets RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM tickets",
        "SELECT * FROM tickets FOR UPDATE",
        "/* SELECT */ DROP TABLE tickets",
        "-- SELECT\nPRAGMA writable_schema = 1",
        "",
    ],
)
def test_anything_but_select_is_refused(query):
    with pytest.raises(ValueError, match="SELECT"):
        require_select(query)


@pytest.mark.parametrize(
    "query",
    [
        "select a from t",
        "  (SELECT 1) UNION (SELECT 2) ; ",
        "SELECT 'delete; update' AS \"insert\", replace(text, 'a', 'b'), last_update FROM t -- drop it; now",
        "/* c */ WITH x AS (SELECT 1) SELECT $$ drop $$, [update] FROM x",
    ],
)
def test_what_only_reads_passes(query):
    assert require_select(query) == query.strip().removesuffix(";").rstrip()


def test_the_database_cannot_be_written_to(path):
    from sqlalchemy import make_url, text

    for url in (f"sqlite:///{path}", f"sqlite:///file:{path}?uri=true"):
        engine = open_engine(make_url(url), where="x")
        with engine.connect() as connection, pytest.raises(Exception, match=r"readonly|read-only"):
            connection.execute(text("INSERT INTO tickets VALUES (9, 'x', 'x')"))


def test_a_missing_file_is_not_made(tmp_path, monkeypatch, fetch):
    monkeypatch.setenv("CXI_URL", f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(UnavailableError, match="cannot connect"):
        fetch(table="tickets")
    assert not (tmp_path / "none.db").exists()


FAILURES = {
    "missing variable": (None, {"table": "t"}, ConfigError, "CXI_URL"),
    "no url": (f"not a url {SECRET}", {"table": "t"}, ConfigError, "CXI_URL"),
    "unknown database": (f"acme://u:{SECRET}@h/d", {"table": "t"}, ConfigError, "acme"),
    "missing driver": (f"oracle+oracledb://u:{SECRET}@h/d", {"table": "t"}, ConfigError, "oracledb"),
    "unreachable": (f"postgresql://u:{SECRET}@127.0.0.1:1/d", {"table": "t"}, UnavailableError, "cannot connect"),
    "bad port": (f"postgresql://u:{SECRET}@127.0.0.1:port/d", {"table": "t"}, ConfigError, "CXI_URL"),
    "no table": ("", {"table": "tikets"}, InputError, "tickets"),
    "no column": ("", {"table": "tickets", "watermark": "changed"}, InputError, "updated_at"),
    "bad query": ("", {"query": f"SELECT nothing, '{SECRET}' FROM tickets"}, InputError, "refused"),
    "fails on a row": (
        "",
        {"query": f"SELECT id, text, abs('{SECRET}' || text) + json(text) FROM tickets"},
        InputError,
        "refused",
    ),
    "mixed watermark": (
        "",
        {"query": "SELECT id, text, 1 AS w FROM tickets UNION SELECT 9, 'x', 'y'", "watermark": "w"},
        InputError,
        "only one",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_say_what_to_do_and_hold_neither_secrets_nor_rows(path, fetch, monkeypatch, caplog, case):
    url, sql, kind, said = FAILURES[case]
    if url is None:
        monkeypatch.delenv("CXI_URL")
    elif url:
        monkeypatch.setenv("CXI_URL", url)
    with caplog.at_level(logging.DEBUG), pytest.raises(CxiError) as caught:
        fetch(**sql)
    assert type(caught.value) is kind
    assert said in str(caught.value)
    assert caught.value.remedy
    assert caught.value.where.startswith("source tickets: sql")
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(caught.value.__context__)
    for word in (SECRET, "送餐", "13812345678", "127.0.0.1"):
        assert word not in told


def test_a_secret_block_is_read_by_flows_only(monkeypatch, masker, hasher, path):
    source = Input(name="tickets", sql=Sql(url_block="tickets-url", table="tickets"))
    monkeypatch.setattr("pipeline.credentials._reader", None)
    with pytest.raises(ConfigError, match="url_env"):
        read_feedback([source], config=Config(), masker=masker, hasher=hasher)
    monkeypatch.setattr("pipeline.credentials._reader", {"tickets-url": f"sqlite:///{path}"}.__getitem__)
    assert read_feedback([source], config=Config(), masker=masker, hasher=hasher).survey.rows == 4


def test_the_configuration_holds_names_only(path):
    source = Input(name="tickets", sql=Sql(url_env="CXI_URL", table="tickets"))
    assert str(path) not in json.dumps(Config(sources=[source]).model_dump(mode="json"))
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(
            {"sources": [{"name": "a", "sql": {"url_env": f"postgres://u:{SECRET}@h/d", "table": "t"}}]}
        )
    assert SECRET not in str(caught.value)


def test_memory_stays_bounded(tmp_path, monkeypatch, masker, hasher):
    """Rows are handed over batch by batch: the first comes before the last has been made."""
    source = Input(
        name="t",
        sql=Sql(
            url_env="CXI_URL",
            query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
            " SELECT i AS id, 'good ' || i AS text, CASE WHEN i < 4500 THEN 0 ELSE json('broken') END AS x FROM n",
        ),
    )
    sqlite3.connect(tmp_path / "e.db").close()
    monkeypatch.setenv("CXI_URL", f"sqlite:///{tmp_path / 'e.db'}")
    (tmp_path / "e.db").touch()
    from pipeline.ingest.discover import InputFile
    from pipeline.ingest.places import Database
    from pipeline.ingest.readers.sql import open_sql

    table = open_sql(InputFile(Database("t"), "sql", "t", named=True), source, None, ())
    rows = table.rows()
    assert [next(rows).row for _ in range(3000)][-1] == 3000
    with pytest.raises(InputError, match="broke it off"):
        list(rows)

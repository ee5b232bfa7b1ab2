"""Rows of a real PostgreSQL: times with zones as watermarks, a cursor of the server, a connection that only reads.

Needs of the fixture `server` only its folder (the socket's) and the role `admin`.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import Engine

from pipeline import watermarks
from pipeline.config import Config, Input, Sql
from pipeline.errors import InputError, UnavailableError
from pipeline.ingest.database import connected, open_engine
from pipeline.ingest.read import read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy

pytestmark = pytest.mark.postgres

PASSWORD = "adm1n"


@pytest.fixture(scope="session")
def masker():
    return Masker(load_policy(None))


@pytest.fixture
def url(server: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"postgresql://admin:{PASSWORD}@/postgres?host={Path(server.folder)}"
    monkeypatch.setenv("CXI_URL", url)
    execute(url, "DROP SCHEMA IF EXISTS care CASCADE", "CREATE SCHEMA care")
    execute(
        url,
        "CREATE TABLE care.tickets (id bigint, body text, at timestamptz, updated_at timestamptz)",
        "INSERT INTO care.tickets VALUES (1, '送餐太慢了', '2026-09-01 10:00+08', '2026-09-01 10:00:00.12+08')",
        "INSERT INTO care.tickets VALUES (2, 'call 13812345678', NULL, '2026-09-01 03:00+00')",
    )
    return url


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def fetch(masker, known=None, **sql):
    source = Input(name="care", sql=Sql(url_env="CXI_URL", **sql), columns={"text": "body", "time": "at"})
    hasher = KeyedHasher(b"a key only for these tests")
    reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher, known=known)
    return reading, list(reading.items())


@pytest.mark.parametrize(
    "of", [{"table": "care.tickets"}, {"query": "SELECT * FROM care.tickets ORDER BY id::int -- %"}]
)
def test_only_what_is_new_is_read_again(url, masker, of):
    reading, items = fetch(masker, **of, watermark="updated_at")
    assert [item.external_id for item in items] == ["1", "2"]
    assert items[0].occurred_at == datetime(2026, 9, 1, 2, tzinfo=UTC)
    assert items[1].text == "call [PHONE]"
    known = reading.survey.watermarks
    assert watermarks.read(known["care"].value) == datetime(2026, 9, 1, 3, tzinfo=UTC)
    execute(
        url,
        "SET TimeZone = 'America/New_York'",
        "INSERT INTO care.tickets VALUES (3, 'equal', NULL, '2026-09-01 03:00+00')",
        "INSERT INTO care.tickets VALUES (4, 'before', NULL, '2026-09-01 02:59+00')",
        "INSERT INTO care.tickets VALUES (5, 'untimed', NULL, NULL)",
    )
    _, items = fetch(masker, known, **of, watermark="updated_at")
    assert sorted(item.external_id for item in items) == ["2", "3", "5"]


def test_nothing_can_be_written(url):
    engine = open_engine(make_url(url.replace("postgresql:", "postgresql+psycopg:")), where="x")
    with connected(engine, where="x", variable=None) as connection:
        assert connection.execute(text("SHOW transaction_read_only")).scalar() == "on"
        with pytest.raises(Exception, match="read-only transaction"):
            connection.execute(text("DELETE FROM care.tickets"))


def test_rows_come_from_a_cursor_of_the_server(url, masker):
    seen: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def watch(connection, cursor, *rest):
        seen.append(type(cursor).__name__)

    try:
        execute(
            url, "INSERT INTO care.tickets SELECT i, 'good ' || i, now(), now() FROM generate_series(10, 4000) AS i"
        )
        _, items = fetch(masker, table="care.tickets")
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
    assert len(items) == 3993
    assert "ServerCursor" in seen


@pytest.mark.parametrize(
    ("change", "sql", "kind", "said"),
    [
        ({"admin": "nobody"}, {"table": "care.tickets"}, UnavailableError, "cannot connect"),
        ({PASSWORD: "wr0ngpassw0rd"}, {"table": "care.tickets"}, UnavailableError, "cannot connect"),
        ({}, {"table": "care.tikets"}, InputError, "tickets"),
        ({}, {"query": "SELECT id, body, body::int FROM care.tickets"}, InputError, "22P02"),
        ({}, {"query": "SELECT id, bodi FROM care.tickets"}, InputError, "42703"),
        ({}, {"query": "SELECT id, body, 'infinity'::timestamptz AS t FROM care.tickets"}, InputError, "broke it off"),
    ],
)
def test_failures_hold_neither_secrets_nor_rows(url, masker, monkeypatch, change, sql, kind, said):
    for old, new in change.items():
        monkeypatch.setenv("CXI_URL", url.replace(old, new, 1))
    with pytest.raises(kind, match=said) as caught:
        fetch(masker, **sql)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    for word in (PASSWORD, "wr0ngpassw0rd", "cxi-pg-", "送餐", "13812345678"):
        assert word not in told

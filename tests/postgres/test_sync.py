"""A snapshot and its copy in PostgreSQL: equal, whole at any moment, and never in a reader's way."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from pipeline.config import Postgres, Sink
from pipeline.errors import StoreError
from pipeline.progress import Silent
from pipeline.sink import connection, deliver, examine, schema, sync
from pipeline.store import snapshot
from pipeline.tables import SCHEMA_VERSION, TABLES
from pipeline.tables.sql import NAME, view_columns

pytestmark = pytest.mark.postgres

RUNS_FILE = Path(__file__).parents[1] / "pipeline" / "store" / "runs.py"
SINK = Sink(postgres=Postgres())
TYPES = {
    "string": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp with time zone",
}
IDENTITY = f"SELECT oid, cardinality(relacl) FROM pg_class WHERE oid = '{NAME}'::regclass"
"""Which view it is, and how many grants it has."""
RUNS = runpy.run_path(str(RUNS_FILE))


def publish(out, numbers, content):
    return RUNS["nightly"](out, [RUNS["feedback"](number, content=content) for number in numbers])


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A store's folder with two snapshots: the second has three more feedbacks, and other texts for nine."""
    folder = tmp_path_factory.mktemp("history")
    for numbers, content in ((range(12), "b"), (range(3, 15), "c")):
        publish(folder, numbers, content)
    return folder


@pytest.fixture
def out(history, tmp_path):
    """A copy of it, with the first one as the current one."""
    shutil.copytree(history, tmp_path / "out")
    choose(tmp_path / "out", 1)
    return tmp_path / "out"


def choose(out, number):
    """Make a snapshot the current one. Returns its folder."""
    folder = snapshot.folders(out)[number - 1]
    (out / "published" / "CURRENT").write_text(folder.name)
    return folder


def send(out, **options):
    done = deliver(SINK, out, progress=Silent(), **options)
    return done.inserted, done.updated, done.deleted


def rows(database, query):
    with database.connect() as reader:
        return reader.execute(query).fetchall()


def frame(database, name):
    with database.connect() as reader:
        cursor = reader.execute(f"SELECT * FROM {name}")
        return pd.DataFrame(cursor.fetchall(), columns=[item.name for item in cursor.description])


def assert_holds(database, folder):
    for name, expected in snapshot.load(folder).items():
        pd.testing.assert_frame_equal(TABLES[name].check(frame(database, name)), expected)


def written(database):
    """Where each row lies and which transaction wrote it."""
    return {
        name: sorted(rows(database, f"SELECT ctid::text, xmin::text FROM {name}")) for name in (*TABLES, schema.META)
    }


def locked(database):
    """How many rows another transaction has at least locked."""
    return {name: rows(database, f"SELECT count(*) FROM {name} WHERE xmax::text <> '0'") for name in written(database)}


def test_tables_have_the_declared_types_keys_and_meanings(database, out):
    send(out)
    for name, contract in TABLES.items():
        found = rows(
            database,
            "SELECT column_name, data_type, is_nullable, col_description(table_name::regclass, ordinal_position::int)"
            f" FROM information_schema.columns WHERE table_schema = 'cx' AND table_name = '{name}'"
            " ORDER BY ordinal_position",
        )
        assert [row[:3] for row in found] == [
            (column, TYPES[item.metadata["kind"]], "YES" if item.nullable else "NO")
            for column, item in contract.columns.items()
        ]
        assert all(item.metadata["zh"] in row[3] for row, item in zip(found, contract.columns.values(), strict=True))
        [(key,)] = rows(
            database,
            "SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index AS i"
            " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            f" WHERE i.indisprimary AND i.indrelid = '{name}'::regclass",
        )
        assert tuple(key) == contract.key
        [(comment,)] = rows(database, f"SELECT obj_description('{name}'::regclass)")
        assert contract.grain_zh in comment
    assert dict(rows(database, "SELECT * FROM cxi_meta")) == {
        "tables": SCHEMA_VERSION,
        "run_id": snapshot.current(out).name,
    }


def test_a_second_delivery_writes_nothing(database, out):
    inserted, updated, deleted = send(out)
    assert (updated, deleted) == (0, 0)
    assert inserted == sum(len(table) for table in snapshot.load(snapshot.current(out)).values())
    before, at_rest = written(database), locked(database)
    assert send(out) == (0, 0, 0)
    assert (written(database), locked(database)) == (before, at_rest)


def test_rows_that_changed_or_went_follow_and_others_are_left_alone(database, out):
    send(out)
    facts = {name: written(database)[name] for name in ("dim_taxonomy", "dim_date")}
    choose(out, 2)
    assert send(out)[1] > 0
    assert_holds(database, snapshot.current(out))
    assert {name: written(database)[name] for name in facts} == facts
    with database.connect("cxi") as writer:  # somebody's hands
        writer.execute("DELETE FROM fact_opinion_unit WHERE unit_index = 1")
        writer.execute("UPDATE fact_feedback SET channel = NULL")
        writer.execute(
            "INSERT INTO dim_date SELECT '1999-01-01', iso_year, iso_week, week, month, weekday FROM dim_date LIMIT 1"
        )
    inserted, updated, deleted = send(out)
    assert inserted > 0
    assert updated > 0
    assert deleted == 1
    assert_holds(database, snapshot.current(out))


def test_killed_in_the_middle_leaves_the_old_state(database, out):
    old = snapshot.current(out)
    send(out)
    before = written(database)
    new = choose(out, 2)
    script = (
        "import runpy, sys\nfrom pathlib import Path\n"
        f"runpy.run_path({str(RUNS_FILE)!r})['die_at']('pipeline.sink.sync:_apply', 5)\n"
        "from pipeline.config import Postgres, Sink\nfrom pipeline.progress import Silent\n"
        "from pipeline.sink import deliver\n"
        f"deliver(Sink(postgres=Postgres()), Path({str(out)!r}), progress=Silent())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert written(database) == before
    assert_holds(database, old)
    assert dict(rows(database, "SELECT * FROM cxi_meta"))["run_id"] == old.name
    send(out)  # the lock went with the killed client
    assert_holds(database, new)


def test_a_reader_neither_blocks_nor_is_blocked(database, out, monkeypatch):
    send(out)
    choose(out, 2)
    count = "SELECT count(*) FROM fact_feedback"
    monkeypatch.setattr(connection, "PATIENCE", "2s")
    locks = []

    def look(connection, name, value):
        """At the end of the transaction, with all rows written: what is locked, and what others can do meanwhile."""
        with database.connect(settings="-c statement_timeout=2s") as other:
            assert other.execute(count).fetchone() == (12,)
            assert other.execute(f"SELECT count(*) > 0 FROM {NAME}").fetchone() == (True,)
        locks.extend(
            rows(
                database,
                "SELECT mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
                " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'cx' AND l.database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
        )
        remember(connection, name, value)

    remember = sync.remember
    monkeypatch.setattr(sync, "remember", look)
    with database.connect() as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert reader.execute(count).fetchone() == (12,)
        send(out)
        assert reader.execute(count).fetchone() == (12,)
        reader.commit()
        assert reader.execute(count).fetchone() == (15,)
    assert {mode for (mode,) in locks} <= {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
    assert ("RowExclusiveLock",) in locks


def test_two_deliveries_at_once(database, out):
    folder = snapshot.current(out)
    problems = []

    def work():
        try:
            send(out)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert_holds(database, folder)


def test_waiting_for_another_delivery_ends(database, out, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", "100ms")
    with database.connect("cxi") as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('cx-insight'), hashtext('cx'))")
        with pytest.raises(StoreError, match="another delivery"):
            send(out)
    send(out)


def test_another_stores_tables_are_not_replaced_by_accident(database, out, tmp_path):
    theirs = publish(tmp_path / "theirs", range(2), "b")
    send(out)
    with pytest.raises(StoreError, match=r"another store.*\n.*--replace"):
        send(tmp_path / "theirs")
    assert_holds(database, snapshot.current(out))
    assert send(tmp_path / "theirs", replace=True)[2] > 0
    assert_holds(database, theirs)


def test_an_older_snapshot_does_not_come_back(database, out):
    choose(out, 2)
    send(out)
    choose(out, 1)
    with pytest.raises(StoreError, match="later state"):
        send(out)


def earlier_version(database, version="1.0"):
    """What 1.0 had made, with views that others made on ours."""
    old = [name for name in view_columns() if name not in ("low_confidence", "week")]
    with database.connect("cxi") as writer:
        [(text,)] = writer.execute(f"SELECT pg_get_viewdef('{NAME}'::regclass)").fetchall()
        writer.execute(f"DROP VIEW {NAME}")
        writer.execute("ALTER TABLE fact_opinion_unit DROP COLUMN low_confidence")
        writer.execute("ALTER TABLE dim_run DROP COLUMN forgotten")
        writer.execute("DROP TABLE fact_strength")
        body = "\n".join(line for line in text.splitlines() if ".low_confidence," not in line and ".week," not in line)
        writer.execute(f"CREATE VIEW {NAME} AS {body}")
        writer.execute("CREATE VIEW v_theirs AS SELECT stage, month FROM v_opinion_unit")
        writer.execute("GRANT SELECT ON v_opinion_unit TO PUBLIC")
        writer.execute("UPDATE cxi_meta SET value = %s WHERE name = 'tables'", [version])
        found = [item.name for item in writer.execute(f"SELECT * FROM {NAME}").description]
    assert found == old


def test_a_schema_of_an_earlier_version_gets_what_it_lacks(database, out):
    send(out)
    earlier_version(database)
    theirs = rows(database, "SELECT * FROM v_theirs ORDER BY 1, 2")
    oid = rows(
        database,
        IDENTITY,
    )
    send(out)
    assert_holds(database, snapshot.current(out))
    assert dict(rows(database, "SELECT * FROM cxi_meta"))["tables"] == SCHEMA_VERSION
    view = frame(database, NAME)
    assert set(view.columns) == set(view_columns())
    assert list(view.columns)[-2:] == ["low_confidence", "week"]
    assert rows(database, "SELECT * FROM v_theirs ORDER BY 1, 2") == theirs
    assert (
        rows(
            database,
            IDENTITY,
        )
        == oid
    )
    assert rows(
        database,
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'cx' AND column_default IS NOT NULL",
    ) == [(0,)]
    before, at_rest = written(database), locked(database)
    assert send(out) == (0, 0, 0)
    assert (written(database), locked(database)) == (before, at_rest)


def test_old_rows_have_the_declared_value_between_migration_and_delivery(database, out, monkeypatch):
    send(out)
    earlier_version(database)
    monkeypatch.setattr(sync, "_stage", lambda *_: (_ for _ in ()).throw(psycopg.OperationalError("lost")))
    with pytest.raises(StoreError, match="lost"):
        send(out)
    assert rows(database, "SELECT DISTINCT low_confidence FROM fact_opinion_unit") == [(False,)]
    assert rows(database, "SELECT DISTINCT forgotten FROM dim_run") == [(0,)]


@pytest.mark.parametrize(
    ("version", "said"), [("2.0", "newer cx-insight"), ("1.99", "newer cx-insight"), ("0.9", "another")]
)
def test_tables_that_this_version_cannot_write_are_refused(database, out, version, said):
    send(out)
    with database.connect("cxi") as writer:
        writer.execute("UPDATE cxi_meta SET value = %s WHERE name = 'tables'", [version])
    before = written(database)
    with pytest.raises(StoreError, match=f"version {version}.*\n.*{said}|{said}.*\n.*schema_name"):
        send(out, replace=True)
    assert written(database) == before


def test_a_schema_with_somebody_elses_tables_is_refused(database, out):
    with database.connect("cxi") as writer:
        writer.execute("CREATE TABLE dim_date (mine int)")
    with pytest.raises(StoreError, match="dim_date that cx-insight has not made"):
        send(out)


def test_what_doctor_says(database, out):
    assert "nothing delivered yet" in examine(SINK)
    folder = snapshot.current(out)
    send(out)
    assert f"run {folder.name}, tables {SCHEMA_VERSION}" in examine(SINK)
    assert "wr" not in examine(SINK)


def test_a_database_that_is_not_utf8_is_refused(database, out, monkeypatch):
    with database.admin() as admin:
        admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        monkeypatch.setenv("CXI_POSTGRES_URL", database.url("cxi").replace(database.name, "latin"))
        with pytest.raises(StoreError, match="encoding is LATIN1"):
            send(out)
    finally:
        with database.admin() as admin:
            admin.execute("DROP DATABASE latin")

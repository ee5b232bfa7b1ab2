"""Snapshots: complete, read-only, swapped in one step, pruned; a failure leaves the current one alone."""

import errno
import os
import stat
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.errors import ContractError, ReportError, StoreError
from pipeline.store import snapshot
from pipeline.store.store import Store
from pipeline.tables import SCHEMA_VERSION, TABLES
from pipeline.tables.sql import view_columns

FACTS = [name for name in TABLES if name != "dim_run"]


def names(out):
    return sorted(path.name for path in (out / "published").iterdir())


@pytest.fixture
def publish(runs, tmp_path):
    """Publish a store of four feedbacks, with changes to its tables."""
    with Store.open(tmp_path) as store:
        runs.run(store, [runs.feedback(number) for number in range(4)])
        made = runs.tables(store)

        def call(keep=3, extra=None, **changes):
            return snapshot.publish(tmp_path, made | changes, run=runs.run_row(), keep=keep, extra=extra)

        call.tables = made
        yield call


def test_a_snapshot_holds_every_table_the_database_and_what_was_added(runs, tmp_path):
    folder = runs.nightly(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in TABLES), "cx.duckdb", "report.md"]
    )
    assert snapshot.current(tmp_path) == folder
    assert names(tmp_path) == [folder.name, "CURRENT"]
    assert not any(path.stat().st_mode & 0o222 for path in folder.iterdir())


def test_the_database_holds_the_same_tables_with_keys_and_comments(runs, tmp_path):
    folder = runs.nightly(tmp_path)
    loaded = snapshot.load(folder)
    with duckdb.connect(str(folder / "cx.duckdb"), read_only=True) as connection:
        for name, table in TABLES.items():
            found = connection.sql(f"SELECT * FROM {name} ORDER BY ALL").to_arrow_table()
            expected = loaded[name].sort_values(list(table.columns), ignore_index=True)
            assert found.num_rows == len(expected), name
            pd.testing.assert_frame_equal(table.check(table.typed(found)), table.check(expected), check_dtype=True)
        comment = connection.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'fact_feedback' AND column_name = 'text'"
        ).fetchall()
        assert "个人信息已脱敏" in comment[0][0]
        keys = connection.execute(
            "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
        assert keys[0][0] == len(TABLES)


def test_the_wide_view_has_one_row_per_unit_with_names_and_dates(runs, tmp_path):
    folder = runs.nightly(tmp_path)
    units = snapshot.load(folder)["fact_opinion_unit"]
    with duckdb.connect(str(folder / "cx.duckdb"), read_only=True) as connection:
        view = connection.sql("SELECT * FROM v_opinion_unit").df()
    assert len(view) == len(units) > 0
    assert list(view.columns) == list(view_columns())
    assert set(view["stage_zh"]) == {"交付"}
    assert set(view["week"].dropna()) == {"2026-W40"}
    assert view["week"].isna().sum() == view["occurred_at"].isna().sum() > 0


def test_the_database_can_be_opened_by_older_duckdb(runs, tmp_path):
    folder = runs.nightly(tmp_path)
    with duckdb.connect(str(folder / "cx.duckdb"), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert tags[0][0]["storage_version"].startswith(snapshot.STORAGE_VERSION)


def test_parquet_files_say_what_they_hold(runs, tmp_path):
    schema = pq.read_schema(runs.nightly(tmp_path) / "fact_feedback.parquet")
    assert schema.metadata[b"schema_version"].decode() == SCHEMA_VERSION
    assert schema.field("rating").metadata[b"zh"].decode() == "评分（原值）"


def test_two_runs_over_the_same_input_give_equal_facts_and_one_more_run(runs, tmp_path):
    first = snapshot.load(runs.nightly(tmp_path))
    second = snapshot.load(runs.nightly(tmp_path))
    for name in FACTS:
        pd.testing.assert_frame_equal(first[name], second[name])
    assert second["dim_run"]["new"].tolist() == [12, 0]
    assert second["dim_run"]["unchanged"].tolist() == [0, 12]
    assert second["dim_run"]["run_id"].iloc[-1] == snapshot.current(tmp_path).name
    pd.testing.assert_frame_equal(first["dim_run"], second["dim_run"].iloc[:1])


def test_the_last_snapshots_are_kept(runs, publish, tmp_path):
    folders = [publish(keep=2) for _ in range(4)]
    assert names(tmp_path) == [*(folder.name for folder in folders[2:]), "CURRENT"]
    assert [int(folder.name.split("-")[0]) for folder in folders] == [1, 2, 3, 4]
    assert len(snapshot.load(folders[-1])["dim_run"]) == 4
    publish(keep=1)
    assert len(names(tmp_path)) == 2


def test_leftovers_are_removed_and_a_snapshot_that_never_became_current_too(publish, tmp_path):
    first = publish()
    lost = publish()
    (tmp_path / "published" / "CURRENT").write_text(first.name + "\n")
    for name in (".tmp-000009-x", ".old-000001-x"):
        (tmp_path / "published" / name / "deep").mkdir(parents=True)
    (tmp_path / "published" / ".CURRENT.tmp").write_text("half")
    third = publish()
    assert names(tmp_path) == [first.name, third.name, "CURRENT"]
    assert third.name.split("-")[0] == lost.name.split("-")[0]
    assert len(snapshot.load(third)["dim_run"]) == 2


def test_a_snapshot_folder_that_stands_alone_is_not_thrown_away(publish, tmp_path):
    first = publish()
    (tmp_path / "published" / "CURRENT").unlink()
    second = publish()
    assert names(tmp_path) == [first.name, second.name, "CURRENT"]


def test_a_table_that_breaks_its_contract_publishes_nothing(publish, tmp_path):
    first = publish()
    with pytest.raises(ContractError, match=r"fact_feedback\.language.*got 'fr'"):
        publish(fact_feedback=publish.tables["fact_feedback"].assign(language="fr"))
    assert names(tmp_path) == [first.name, "CURRENT"]
    assert snapshot.current(tmp_path) == first


def test_a_unit_of_an_unknown_feedback_publishes_nothing(publish, tmp_path):
    with pytest.raises(ContractError, match=r"fact_opinion_unit\.\(feedback_key\): not in fact_feedback"):
        publish(fact_feedback=publish.tables["fact_feedback"].iloc[1:])
    assert not (tmp_path / "published" / "CURRENT").exists()


def test_a_missing_table_publishes_nothing(publish, tmp_path):
    del publish.tables["quarantine"]
    with pytest.raises(ContractError, match="quarantine: table missing"):
        publish()


def test_a_report_that_fails_leaves_the_current_snapshot(publish, tmp_path):
    first = publish()

    def fail(folder):
        (folder / "half.md").write_text("half")
        raise ReportError("no template")

    with pytest.raises(ReportError):
        publish(extra=fail)
    assert names(tmp_path) == [first.name, "CURRENT"]


def test_a_full_disk_leaves_the_current_snapshot(publish, tmp_path, monkeypatch):
    first = publish()

    def full(_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(snapshot, "sync", full)
    with pytest.raises(StoreError, match="free disk space"):
        publish()
    monkeypatch.undo()
    assert snapshot.current(tmp_path) == first
    assert publish().name.startswith("000002")


def test_nothing_published_yet(tmp_path):
    with pytest.raises(StoreError, match="run cxi run first"):
        snapshot.current(tmp_path)


@pytest.mark.parametrize("name", ["000009-20260101T000000Z", "../elsewhere", ""])
def test_a_pointer_to_nowhere(publish, tmp_path, name):
    publish()
    (tmp_path / "published" / "CURRENT").write_text(name)
    with pytest.raises(StoreError, match="CURRENT names no snapshot"):
        snapshot.current(tmp_path)


def test_published_is_a_file(publish, tmp_path):
    (tmp_path / "published").write_text("x")
    with pytest.raises(StoreError, match="a part of this path is a file"):
        publish()


def test_a_snapshot_that_lost_a_table(publish):
    folder = publish()
    path = folder / "dim_date.parquet"
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match=r"dim_date\.parquet"):
        snapshot.load(folder)
    assert list(snapshot.load(folder, ["dim_taxonomy"])) == ["dim_taxonomy"]


@pytest.fixture
def held(monkeypatch):
    """A file of every snapshot cannot be removed, as where another machine or program has it open; call to let go."""
    unlink = os.unlink

    def refuse(path, **more):
        if Path(path).name == "dim_date.parquet":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", refuse)
    return lambda: monkeypatch.setattr(os, "unlink", unlink)


def test_a_snapshot_that_cannot_be_removed_stops_no_publishing(publish, tmp_path, held):
    first, second, third = (publish(keep=1) for _ in range(3))
    assert snapshot.current(tmp_path) == third
    left = [third.with_name(f".old-{each.name}") for each in (first, second)]
    assert snapshot.left_over(tmp_path, keep=1) == left
    assert [path.name for folder in left for path in folder.iterdir()] == ["dim_date.parquet"] * 2
    held()
    fourth = publish(keep=1)
    assert names(tmp_path) == [fourth.name, "CURRENT"]
    assert snapshot.left_over(tmp_path, keep=1) == []


def test_what_was_forgotten_must_be_gone(publish, tmp_path, held):
    first, second = (publish() for _ in range(2))
    with pytest.raises(StoreError, match=rf"\.old-{first.name}: cannot be removed, and may hold what was forgotten"):
        snapshot.keep_current(tmp_path)
    held()
    snapshot.keep_current(tmp_path)
    assert names(tmp_path) == [second.name, "CURRENT"]


def test_read_only_files_are_made_writable_where_the_system_asks_for_it(publish, tmp_path, monkeypatch):
    unlink = os.unlink

    def windows(path, **more):
        if not os.stat(path, **more).st_mode & stat.S_IWUSR:  # noqa: PTH116
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", windows)
    last = [publish(keep=1) for _ in range(2)][-1]
    assert names(tmp_path) == [last.name, "CURRENT"]

"""How far databases were read is stored with what was read of them, or not at all."""

from __future__ import annotations

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.records import Origin, QuarantinedRow
from pipeline.store import partitions
from pipeline.store.database import STORE_VERSION
from pipeline.store.store import Store
from pipeline.watermarks import Watermark

MARK = Watermark("definition", '["int", 7]')


def reconciled(store, items, **how):
    staged = partitions.write_feedback(items, store.work / "staged", rows=10)
    return store.reconcile(staged.feedback, staged.quarantine, analysis_key="k", **how)


def read(runs, store, items, **how):
    """One run over `items`."""
    found = reconciled(store, items, **how)
    written = []
    for path in found.pending:
        batch = partitions.read_feedback(path)
        for item in batch:
            item.units = runs.units(item)
        written.append(path.with_name(f"units-{path.name}"))
        partitions.write_units(batch, written[-1])
    store.commit(found, written, analysis_key="k")


def aside(row, identity=None, reason="bad_date", file="tickets", detail="no day", customer=None):
    return QuarantinedRow(Origin(file, row), reason, detail, identity=identity, customer=customer)


PART = {"partial": frozenset({"tickets"})}


def test_a_watermark_is_stored_with_the_run_and_the_next_replaces_it(runs, tmp_path):
    with Store.open(tmp_path) as store:
        assert store.watermarks() == {}
        read(runs, store, [runs.feedback(1)], watermarks={"a": MARK, "b": MARK})
        later = Watermark("definition", '["int", 8]')
        read(runs, store, [runs.feedback(2)], watermarks={"a": later})
    with Store.open(tmp_path) as store:
        store.rewrite()
        assert store.watermarks() == {"a": later, "b": MARK}


def test_a_commit_that_fails_stores_none(runs, tmp_path):
    with Store.open(tmp_path) as store:
        found = reconciled(store, [runs.feedback(1)], watermarks={"a": MARK})
        with pytest.raises(StoreError, match="not analysed"):
            store.commit(found, [], analysis_key="k")
        assert store.watermarks() == {}
        assert store.feedback_frame().empty


def test_a_store_of_version_2_is_migrated(runs, tmp_path):
    with Store.open(tmp_path) as store:
        read(runs, store, [runs.feedback(1)])
    with duckdb.connect(str(tmp_path / "store" / "store.duckdb")) as connection:
        for table in ("alert", "backfill", "watermark"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET value = '2' WHERE name = 'version'")
    with Store.open(tmp_path) as store:
        assert store.watermarks() == {}
        read(runs, store, [runs.feedback(2)], watermarks={"a": MARK})
        assert store.watermarks() == {"a": MARK}
        assert len(store.feedback_frame()) == 2
        ((version,),) = store._connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchall()
        assert version == str(STORE_VERSION)


def test_of_a_source_read_in_part_only_rows_read_again_leave_the_quarantine(runs, tmp_path):
    with Store.open(tmp_path) as store:
        first = [aside(1, "i1"), aside(2, "i2"), aside(3), aside(4, reason="missing_id"), aside(1, "i1", file="other")]
        read(runs, store, first)
        # i1 is mended, i2 is still bad, the third is read again as another row number, the fourth is not read.
        again = [runs.feedback(1, identity="i1", origin=Origin("tickets", 1)), aside(2, "i2"), aside(3)]
        read(runs, store, again, **PART)
        left = store.quarantine_frame()[["file", "row", "reason"]].to_numpy().tolist()
        assert left == [
            ["other", 1, "bad_date"],
            ["tickets", 2, "bad_date"],
            ["tickets", 3, "bad_date"],
            ["tickets", 4, "missing_id"],
        ]
        read(runs, store, [aside(1, "i2")], **PART)
        assert len(store.quarantine_frame()) == 4
        read(runs, store, [aside(9, "i9")])  # read as a whole
        assert store.quarantine_frame()[["file", "row"]].to_numpy().tolist() == [["other", 1], ["tickets", 9]]


def test_rows_of_several_nights_under_one_number_are_told_apart_whatever_their_order_in_the_file(runs, tmp_path):
    with Store.open(tmp_path) as store:
        read(runs, store, [aside(1, "i1"), aside(2, "i2", detail="late")])
        read(runs, store, [aside(1, "i3"), aside(2, "i4", detail="early")], **PART)
        frame = runs.tables(store)["quarantine"]
        assert frame[["row", "occurrence", "detail"]].to_numpy().tolist() == [
            [1, 1, "no day"],
            [1, 2, "no day"],
            [2, 1, "early"],
            [2, 2, "late"],
        ]
        for order in ("identity", "identity DESC"):
            store._connection.execute(
                f"CREATE OR REPLACE TEMP TABLE moved AS SELECT * FROM quarantine ORDER BY {order}"
            )
            store._connection.execute("DELETE FROM quarantine")
            store._connection.execute("INSERT INTO quarantine SELECT * FROM moved")
            assert runs.tables(store)["quarantine"].equals(frame)


def test_a_row_that_is_again_what_the_store_holds_leaves_the_quarantine(runs, tmp_path):
    good = runs.feedback(1, identity="i1", origin=Origin("tickets", 1))
    with Store.open(tmp_path) as store:
        read(runs, store, [good, aside(2, "i2")])
        read(runs, store, [aside(1, "i1")], **PART)
        assert len(store.quarantine_frame()) == 2
        read(runs, store, [good], **PART)
        assert store.quarantine_frame()["row"].tolist() == [2]


def test_rows_without_an_id_that_look_alike_stay_as_many_as_were_ever_read_together(runs, tmp_path):
    with Store.open(tmp_path) as store:
        read(runs, store, [aside(1), aside(2), aside(3), aside(4, detail="another"), aside(1, file="other")])
        read(runs, store, [aside(1)], **PART)
        assert len(store.quarantine_frame()) == 5
        read(runs, store, [aside(row) for row in range(1, 5)], **PART)
        assert len(store.quarantine_frame()) == 6
        read(runs, store, [aside(1, customer="c1"), aside(2, customer="c2")], **PART)
        read(runs, store, [aside(1, customer="c2")], **PART)
        assert len(store.quarantine_frame()) == 8
        read(runs, store, [aside(1)])  # read as a whole
        assert store.quarantine_frame()["file"].tolist() == ["other", "tickets"]

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


def aside(row, identity=None, reason="bad_date", file="tickets", detail="no day"):
    return QuarantinedRow(Origin(file, row), reason, detail, identity=identity)


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
    part = {"partial": frozenset({"tickets"})}
    with Store.open(tmp_path) as store:
        first = [aside(1, "i1"), aside(2, "i2"), aside(3), aside(4, reason="missing_id"), aside(1, "i1", file="other")]
        read(runs, store, first)
        # i1 is mended, i2 is still bad, the third is read again as another row number, the fourth is not read.
        again = [runs.feedback(1, identity="i1", origin=Origin("tickets", 1)), aside(2, "i2"), aside(3)]
        read(runs, store, again, **part)
        left = store.quarantine_frame()[["file", "row", "reason"]].to_numpy().tolist()
        assert left == [
            ["other", 1, "bad_date"],
            ["tickets", 2, "bad_date"],
            ["tickets", 3, "bad_date"],
            ["tickets", 4, "missing_id"],
        ]
        read(runs, store, [aside(1, "i2")], **part)
        assert len(store.quarantine_frame()) == 4
        read(runs, store, [aside(9, "i9")])  # read as a whole
        assert store.quarantine_frame()[["file", "row"]].to_numpy().tolist() == [["other", 1], ["tickets", 9]]

"""Reading only what is new where files, an inbox, a database and object storage stand side by side."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import date
from types import SimpleNamespace

import fsspec
import pytest

from pipeline.backfill import plan as plan_backfill
from pipeline.config import Columns, Config, Input, Sql
from pipeline.errors import InputError
from pipeline.ingest.remote import RemoteFile
from pipeline.planning import plan_run
from pipeline.progress import Silent
from pipeline.retry import retry
from pipeline.run import run
from pipeline.staging import stage
from pipeline.store import snapshot
from pipeline.store.store import Store

CONFIG = Config.model_validate({"model": {"name": "lexicon"}})


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with one file, an inbox with another, a database with one row, and the sources that name them."""
    (tmp_path / "in").mkdir()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,text\n1,很好\n", encoding="utf-8")
    (tmp_path / "inbox" / "b.csv").write_text("id,text\n2,送餐太慢了\n3,\n", encoding="utf-8")
    monkeypatch.setenv("CXI_URL", f"sqlite:///{tmp_path / 'tickets.db'}")
    execute(tmp_path, "CREATE TABLE t (id TEXT, text TEXT, changed INTEGER)", "INSERT INTO t VALUES ('1', 'good', 1)")
    return SimpleNamespace(
        folder=tmp_path,
        out=tmp_path / "out",
        sources=[
            Input(name="files", paths=[tmp_path / "in"]),
            Input(name="shop", inbox=tmp_path / "inbox", settle_seconds=0),
            Input(name="tickets", sql=Sql(url_env="CXI_URL", table="t", watermark="changed")),
        ],
    )


def execute(folder, *statements):
    with sqlite3.connect(folder / "tickets.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def marks(out):
    with Store.open(out) as store:
        return {name: mark.value for name, mark in store.watermarks().items()}


def test_an_unchanged_file_is_not_read_again_while_a_database_is(there):
    first = run(CONFIG, there.sources, there.out)
    assert (first.balance.new, first.balance.quarantined) == (3, 1)
    execute(there.folder, "INSERT INTO t VALUES ('2', 'bad', 2)")
    with Store.open(there.out) as store:
        ingested = stage(CONFIG, there.sources, store, progress=Silent())
        assert (ingested.known, ingested.always) == (("a.csv",), ("tickets",))
        assert (ingested.partial, ingested.arrivals) == (frozenset({"tickets"}), ())
        assert list(ingested.digests) == ["a.csv"]
        assert len(ingested.readings) == 1
    second = run(CONFIG, there.sources, there.out)
    assert (second.balance.new, second.balance.unchanged) == (1, 2)
    assert marks(there.out) == {"tickets": '["int", 2]'}
    assert len(list((there.out / "store" / "read").iterdir())) == 1  # nothing of the database, nor of what went


def test_rows_of_a_database_set_aside_in_several_nights_can_be_published(there):
    """Row numbers of a database start again in every run."""
    tickets = there.sources[2]
    execute(there.folder, "INSERT INTO t VALUES ('2', '', 2), ('3', 'fine', 3)")
    run(CONFIG, [tickets], there.out)
    execute(there.folder, "INSERT INTO t VALUES ('4', '', 4)")
    run(CONFIG, [tickets], there.out)
    aside = snapshot.load(snapshot.current(there.out))["quarantine"]
    assert aside[["row", "occurrence"]].to_numpy().tolist() == [[2, 1], [2, 2]]


def test_another_mapping_reaches_the_stored_rows_of_a_database(there):
    tickets = there.sources[2]
    execute(there.folder, "INSERT INTO t VALUES ('2', 'bad', 2)")
    run(CONFIG, [tickets], there.out)
    assert run(CONFIG, [tickets], there.out).balance.unchanged == 1
    more = tickets.model_copy(update={"columns": Columns(attributes=["changed"])})
    assert run(CONFIG, [more], there.out).balance.updated == 2


def test_a_plan_leaves_inbox_and_watermark_alone(there):
    planned = plan_run(CONFIG, there.sources, there.out, reanalyse=False, progress=Silent())
    assert planned.files == {"a.csv": "new", "b.csv": "new", "tickets": "read every time"}
    assert not there.out.exists()
    assert run(CONFIG, there.sources[2:], there.out).balance.new == 1
    execute(there.folder, "INSERT INTO t VALUES ('2', 'bad', 2)")
    planned = plan_run(CONFIG, there.sources, there.out, reanalyse=False, progress=Silent())
    assert (planned.balance.new, planned.balance.unchanged, planned.balance.quarantined) == (3, 1, 1)
    assert marks(there.out) == {"tickets": '["int", 1]'}
    assert [path.name for path in (there.folder / "inbox").iterdir()] == ["b.csv"]
    assert run(CONFIG, there.sources, there.out).balance == planned.balance
    assert marks(there.out) == {"tickets": '["int", 2]'}
    assert [path.name for path in (there.folder / "inbox").iterdir()] == ["archive"]


def test_what_a_killed_run_read_of_an_inbox_is_known_and_still_put_away(there):
    with Store.open(there.out) as store:
        stage(CONFIG, there.sources, store, progress=Silent())
    with Store.open(there.out) as store:
        ingested = stage(CONFIG, there.sources, store, progress=Silent())
    assert ingested.known == ("a.csv", "b.csv")
    assert [(each.label, each.reason) for each in ingested.arrivals] == [("b.csv", None)]


def test_names_of_files_stay_masked_in_what_is_kept(there):
    (there.folder / "inbox" / "b.csv").rename(there.folder / "inbox" / "13812345678.csv")
    with Store.open(there.out) as store:
        stage(CONFIG, there.sources, store, progress=Silent())
    kept = list((there.out / "store" / "read").rglob("*"))
    assert len([path for path in kept if path.name == "reading.json"]) == 2
    for path in kept:
        assert "13812345678" not in path.name
        assert path.is_dir() or b"13812345678" not in path.read_bytes()


@pytest.mark.parametrize(
    ("version", "sure"),
    [({"ETag": '"1"'}, True), ({"ETag": 'W/"1"'}, False), ({"LastModified": "1"}, False), ({}, False)],
)
def test_only_a_sure_version_of_an_object_stands_for_its_bytes(version, sure):
    place = RemoteFile(None, "/bucket/a.csv", "s3://bucket/a.csv", {"size": "4", **version}, 4)
    assert (place.fingerprint() is not None) == sure


def test_an_object_with_a_sure_version_is_read_once(tmp_path, monkeypatch):
    content = b"id,text\n1,good\n"
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    storage.pipe("/bucket/a.csv", content)
    source = Input(name="app", urls=["memory://bucket/*.csv"])
    with Store.open(tmp_path / "out") as store:
        for _ in range(2):  # this storage knows only times
            ingested = stage(CONFIG, [source], store, progress=Silent())
            assert (ingested.known, ingested.always) == ((), ("a.csv",))
            assert ingested.digests == {"a.csv": hashlib.sha256(content).hexdigest()}
        monkeypatch.setattr(RemoteFile, "fingerprint", lambda place: json.dumps(place.version))
        stage(CONFIG, [source], store, progress=Silent())
        monkeypatch.setattr(RemoteFile, "open", lambda place: pytest.fail("downloaded again"))
        ingested = stage(CONFIG, [source], store, progress=Silent())
    assert (ingested.known, ingested.always) == (("a.csv",), ())
    assert ingested.digests == {"a.csv": hashlib.sha256(content).hexdigest()}
    storage.store.clear()


def test_a_retry_says_where_a_file_of_an_inbox_went_and_moves_no_watermark(there):
    execute(there.folder, "INSERT INTO t VALUES ('9', '', 2)")
    (there.folder / "in" / "c.csv").write_text("id,text\n7,\n", encoding="utf-8")
    run(CONFIG, there.sources, there.out)
    (there.folder / "in" / "c.csv").write_text("id,text\n7,good\n", encoding="utf-8")
    execute(there.folder, "INSERT INTO t VALUES ('10', 'new', 3)")
    done = retry(CONFIG, there.sources, there.out, progress=Silent())
    assert (done.tried, done.stay, done.lost) == (1, 0, {"b.csv": 1, "tickets": 1})
    (archive,) = (there.folder / "inbox" / "archive").iterdir()
    told = "\n".join(done.notes)
    assert f"b.csv: came by an inbox and lies in {archive} now" in told
    assert "tickets: rows of a database are not retried" in told
    assert marks(there.out) == {"tickets": '["int", 2]'}
    with pytest.raises(InputError, match="nothing was changed") as caught:
        retry(CONFIG, there.sources, there.out, progress=Silent())
    assert str(archive) in str(caught.value.remedy)


def test_a_backfill_names_sources_without_paths_and_reads_none_of_them(there):
    (there.folder / "in" / "2026-09.csv").write_text("id,text\n1,good\n", encoding="utf-8")
    found = plan_backfill(there.sources, date(2026, 9, 1), date(2026, 9, 30), "month", config=CONFIG)
    assert [partition.name for partition in found.partitions] == ["2026-09"]
    assert found.left_out == ("shop", "tickets")
    with pytest.raises(InputError, match="shop, tickets"):
        plan_backfill(there.sources[1:], date(2026, 9, 1), date(2026, 9, 30), "month", config=CONFIG)

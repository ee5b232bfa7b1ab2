"""Opening a store: one run at a time, and a clear error for every way an output directory can be unusable."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.store import lock
from pipeline.store import store as module
from pipeline.store.store import Store


def test_opening_makes_the_folders_and_removes_the_scratch_at_the_end(tmp_path):
    with Store.open(tmp_path / "a" / "out") as store:
        assert store.work.is_dir()
        assert (store.out / "store" / "store.duckdb").is_file()
    assert not store.work.exists()
    assert sorted(path.name for path in (store.out / "store").iterdir() if path.name != "lock") == [
        "hash.key",
        "store.duckdb",
    ]


def test_hashes_are_the_same_in_the_next_run_and_differ_between_stores(tmp_path):
    seen = []
    for name in ("a", "a", "b"):
        with Store.open(tmp_path / name) as store:
            seen.append(store.hasher.hexdigest("x"))
    assert seen[0] == seen[1] != seen[2]


def test_a_store_whose_key_is_missing_is_refused_and_gets_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("CXI_HASH_KEY", "a key of the environment")
    with Store.open(tmp_path):
        pass
    monkeypatch.delenv("CXI_HASH_KEY")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="set CXI_HASH_KEY"), Store.open(tmp_path):
        pass
    assert sorted(tmp_path.rglob("*")) == before
    monkeypatch.setenv("CXI_HASH_KEY", "a key of the environment")
    with Store.open(tmp_path):
        pass


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    with Store.open(tmp_path):
        pass
    for name in (".store.duckdb.new", ".store.duckdb.new.wal", ".hash.key.0123"):
        (tmp_path / "store" / name).write_bytes(b"half")
    (tmp_path / "work" / "staged").mkdir(parents=True)
    (tmp_path / "work" / "staged" / "feedback-00000.parquet").write_bytes(b"half")
    with Store.open(tmp_path) as store:
        assert list(store.work.iterdir()) == []
    assert not list((tmp_path / "store").glob(".*"))


def test_a_failure_inside_the_block_is_not_taken_for_a_storage_failure(tmp_path):
    with pytest.raises(FileNotFoundError, match="input"), Store.open(tmp_path):
        raise FileNotFoundError("input.csv")
    with Store.open(tmp_path):
        pass


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_path_that_is_a_file_or_lies_below_one(tmp_path, below):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(StoreError, match=r"a part of this path is a file|is a file") as caught,
        Store.open(tmp_path / "file" / below),
    ):
        pass
    assert str(tmp_path / "file") in str(caught.value)
    assert (tmp_path / "file").read_text() == "x"


def test_the_work_folder_is_a_file(tmp_path):
    (tmp_path / "work").write_text("x")
    with pytest.raises(StoreError, match=r"work.*File exists"), Store.open(tmp_path):
        pass


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system nobody can write to")
def test_a_file_system_that_takes_no_files():
    with pytest.raises(StoreError, match="/proc/nowhere") as caught, Store.open(Path("/proc/nowhere")):
        pass
    assert "choose another --out" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (PermissionError(13, "Permission denied"), "get the right to write there"),
        (OSError(30, "Read-only file system"), "get the right to write there"),
        (OSError(28, "No space left on device"), "free disk space"),
    ],
)
def test_an_output_directory_that_refuses_to_be_written_to(tmp_path, monkeypatch, error, remedy):
    def refuse(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(module, "make_empty", refuse)
    with pytest.raises(StoreError, match=error.strerror) as caught, Store.open(tmp_path):
        pass
    assert remedy in str(caught.value)
    monkeypatch.undo()
    with Store.open(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root ignores permission bits")
def test_a_read_only_directory(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StoreError, match="get the right"), Store.open(tmp_path / "out"):
        pass


def test_a_second_run_is_told_who_holds_the_store(tmp_path):
    with Store.open(tmp_path):
        since = json.loads((tmp_path / "store" / "lock.json").read_text())["since"]
        with pytest.raises(StoreError, match=rf"process {os.getpid()} on .*, since {since}"), Store.open(tmp_path):
            pass
    with Store.open(tmp_path):
        pass


def test_a_second_process_is_told_too(tmp_path, runs):
    script = (
        "import sys; from pathlib import Path; from pipeline.store.store import Store\n"
        "with Store.open(Path(sys.argv[1])): pass"
    )
    with Store.open(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"another run is using this store: process {os.getpid()}" in done.stderr


def test_a_holder_that_has_not_said_who_it_is(tmp_path):
    with Store.open(tmp_path):
        (tmp_path / "store" / "lock.json").write_text("{")
        with pytest.raises(StoreError, match="a process that has just started"), Store.open(tmp_path):
            pass


def test_the_store_may_be_closed_by_another_thread(tmp_path):
    context = Store.open(tmp_path)
    context.__enter__()
    thread = threading.Thread(target=context.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    with Store.open(tmp_path):
        pass


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    with Store.open(tmp_path):
        pass
    with duckdb.connect(str(tmp_path / "store" / "store.duckdb")) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    with pytest.raises(StoreError, match="newer cx-insight, which knows store version 99"), Store.open(tmp_path):
        pass


def test_a_file_that_is_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("CXI_HASH_KEY", "some key or other")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.duckdb").write_bytes(b"hello " * 2000)
    with pytest.raises(StoreError, match="not a DuckDB database"), Store.open(tmp_path):
        pass


def test_a_database_that_is_no_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CXI_HASH_KEY", "some key or other")
    (tmp_path / "store").mkdir()
    duckdb.connect(str(tmp_path / "store" / "store.duckdb")).close()
    with pytest.raises(StoreError, match="not a cx-insight store"), Store.open(tmp_path):
        pass


def test_another_key_is_refused_before_every_feedback_looks_new(tmp_path, monkeypatch):
    with Store.open(tmp_path):
        pass
    key = (tmp_path / "store" / "hash.key").read_bytes()
    with Store.open(tmp_path / "other"):
        pass
    (tmp_path / "store" / "hash.key").write_bytes((tmp_path / "other" / "store" / "hash.key").read_bytes())
    with pytest.raises(StoreError, match="not this store's own"), Store.open(tmp_path):
        pass
    (tmp_path / "store" / "hash.key").write_bytes(key)
    with Store.open(tmp_path):
        pass
    monkeypatch.setenv("CXI_HASH_KEY", "quite another secret key")
    with pytest.raises(StoreError, match="not this store's own"), Store.open(tmp_path):
        pass


def test_masked_pieces_are_counted_by_kind(runs, tmp_path):
    with Store.open(tmp_path) as store:
        runs.run(store, [runs.feedback(number) for number in range(8)])
        assert store.masked_counts() == {"PHONE": 2}


def test_a_path_with_quotes_brackets_and_spaces(runs, tmp_path):
    folder = runs.nightly(tmp_path / "it's [a] *path* 输出")
    assert (folder / "cx.duckdb").is_file()


@pytest.mark.parametrize("place", ["acquire", "write_text"])
def test_a_full_disk_where_the_lock_is_taken(tmp_path, monkeypatch, place):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(lock.FileLock if place == "acquire" else Path, place, full)
        with pytest.raises(StoreError, match="free disk space"), lock.run_lock(tmp_path):
            pass
    with lock.run_lock(tmp_path):
        pass

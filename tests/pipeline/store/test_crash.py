"""A run killed at any instant: readers keep the old snapshot, and the next run ends as if nothing had happened."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from pipeline.store import snapshot
from pipeline.tables import TABLES

SCRIPT = Path(__file__).with_name("runs.py")
FACTS = [name for name in TABLES if name != "dim_run"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
SECRET = "one secret for all stores of this test"

AFTER_THE_SWAP = ("pipeline.store.snapshot:_prune", "pipeline.store.snapshot:remove")
NEVER = ("os:abort", 1)
SLOW = pytest.mark.slow
POINTS = [
    pytest.param("pipeline.store.partitions:write_table", 2, marks=SLOW),  # staging
    pytest.param("pipeline.store.reconcile:_write_changes", 1, marks=SLOW),
    ("pipeline.store.partitions:write_units", 2),  # analysis
    ("pipeline.store.commit:_store_units", 1),  # feedbacks replaced, their units not yet
    pytest.param("pipeline.store.commit:_store_quarantine", 1, marks=SLOW),
    ("pipeline.store.store:Store.feedback_frame", 1),  # committed, nothing published
    pytest.param("pipeline.store.snapshot:_write", 1, marks=SLOW),
    ("pipeline.store.snapshot:pq.write_table", 5),  # half of the tables written
    pytest.param("pipeline.store.snapshot:_seal", 1, marks=SLOW),
    ("pipeline.store.snapshot:replacing", 1),  # the snapshot is complete but not current
    ("pipeline.store.snapshot:_prune", 1),  # current, old ones still there
    ("pipeline.store.snapshot:remove", 1),  # an old one taken away by name, not yet removed
]
FIRST_POINTS = [
    pytest.param("pipeline.store.lock:FileLock", 1, marks=SLOW),
    ("pipeline.store.store:open_database", 1),  # a key, no database
    ("pathlib:Path.replace", 1),  # the database made, under its draft name
    pytest.param("pipeline.store.database:_check", 1, marks=SLOW),
]


@pytest.fixture(autouse=True)
def _one_key(monkeypatch):
    monkeypatch.setenv("CXI_HASH_KEY", SECRET)


@pytest.fixture(scope="module")
def before(runs):
    """What is in the store before the run that is killed: other versions, and feedback 20 besides."""
    return [runs.feedback(number) for number in (*range(8), 20)]


@pytest.fixture(scope="module")
def first_run(runs, before, tmp_path_factory):
    """An output directory after the run before."""
    out = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXI_HASH_KEY", SECRET)
        runs.nightly(out, before)
    return out


@pytest.fixture(scope="module")
def undisturbed(runs, first_run, tmp_path_factory):
    """The facts of two runs that nothing disturbed."""
    out = shutil.copytree(first_run, tmp_path_factory.mktemp("undisturbed") / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXI_HASH_KEY", SECRET)
        return snapshot.load(runs.nightly(out))


@pytest.fixture
def out(first_run, tmp_path):
    """A copy of the first run's output, to be disturbed."""
    return shutil.copytree(first_run, tmp_path / "out")


def killed_run(out, point, count):
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(out), point, str(count)],
        env={**ENVIRONMENT, "CXI_HASH_KEY": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_like_undisturbed(out, undisturbed):
    found = snapshot.load(snapshot.current(out))
    for name in FACTS:
        pd.testing.assert_frame_equal(found[name], undisturbed[name])
    drafts = [path for path in out.rglob("*") if path.name.startswith(".") or path.suffix in (".tmp", ".wal")]
    assert drafts == []
    assert not (out / "work").exists()


@pytest.mark.parametrize(("point", "count"), POINTS)
def test_killed_in_a_later_run(runs, undisturbed, out, point, count):
    old = snapshot.current(out)
    done = killed_run(out, point, count)
    assert done.returncode == -signal.SIGKILL, done.stderr
    readable = snapshot.current(out)
    assert (readable == old) == (point not in AFTER_THE_SWAP)
    assert len(snapshot.load(readable)["fact_feedback"]) > 0
    runs.nightly(out, keep=1)
    assert_like_undisturbed(out, undisturbed)
    assert len(list((out / "published").iterdir())) == 2


@pytest.mark.parametrize(("point", "count"), FIRST_POINTS)
def test_killed_while_the_store_is_made(runs, before, undisturbed, tmp_path, point, count):
    done = killed_run(tmp_path, point, count)
    assert done.returncode == -signal.SIGKILL, done.stderr
    runs.nightly(tmp_path, before)
    runs.nightly(tmp_path)
    assert_like_undisturbed(tmp_path, undisturbed)


@pytest.mark.slow
def test_killed_at_random_instants(runs, undisturbed, out, tmp_path):
    chance = random.Random(7)
    started = time.monotonic()
    assert killed_run(tmp_path / "whole", *NEVER).returncode == 0
    span = time.monotonic() - started
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(out), *map(str, NEVER)], env={**ENVIRONMENT, "CXI_HASH_KEY": SECRET}
        )
        time.sleep(span * chance.uniform(0.3, 1.0))
        process.kill()
        process.wait()
        assert len(snapshot.load(snapshot.current(out))["fact_feedback"]) > 0
    runs.nightly(out)
    assert_like_undisturbed(out, undisturbed)


@pytest.mark.parametrize("limit", [3_000, 60_000, 300_000])
def test_a_disk_that_takes_no_more(runs, undisturbed, out, limit):
    """A limit on file size stands in for a full disk: writes fail within files of Arrow, DuckDB and Python."""
    old = snapshot.current(out)

    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(out), *map(str, NEVER)],
        env={**ENVIRONMENT, "CXI_HASH_KEY": SECRET, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=no_more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = [line for line in done.stderr.splitlines() if line and not line.startswith(" ")][-1]
    assert last.startswith("pipeline.errors.StoreError"), done.stderr
    assert snapshot.current(out) == old
    runs.nightly(out, keep=1)
    assert_like_undisturbed(out, undisturbed)

"""`cxi forget` over the whole job: no trace in any file, never back, whatever kills it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline.store import snapshot
from pipeline.tables import TABLES

FACTS = [name for name in TABLES if name.startswith("fact_") and name != "fact_quality"]  # that judges the run
RUNS = Path(__file__).parents[1] / "pipeline" / "store" / "runs.py"
SECRET = "PLANTEDWORD"
CUSTOMER = "Zhang-7731"
CONFIG = """
timezone: Asia/Shanghai
model: {name: lexicon}
priority: {min_feedback: 1}
"""
ROWS = [
    {"id": "A1", "customer": "c1", "text": "房间很干净，但是早餐太差", "time": "2026-09-01", "channel": "微信"},
    {"id": "A2", "customer": "c2", "text": "The room was great but breakfast was cold.", "time": "2026-09-02"},
    {"id": "A3", "customer": CUSTOMER, "text": f"一直不给{SECRET}退款，太差了", "time": "2026-09-03"},
    {"id": "A4", "customer": CUSTOMER, "text": f"The {SECRET} refund never came.", "time": "2026-09-04"},
    {"id": "A5", "customer": CUSTOMER, "text": f"{SECRET}很差", "time": f"{SECRET} day"},
    {"id": "A6", "customer": "c3", "text": "送餐太慢了", "time": "2026-09-10"},
    {"id": "A7", "customer": "c4", "text": "很好", "time": "2026-09-11"},
]
OTHERS = [row for row in ROWS if row["customer"] != CUSTOMER]
FORGET = ("forget", "--out", "out", "--config", "c.yaml", "--customer", CUSTOMER)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A folder with the input, and `out` after two runs over it."""
    folder = tmp_path_factory.mktemp("loaded")
    write(folder / "a.jsonl", ROWS)
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for _ in range(2):
            call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    return folder


@pytest.fixture
def there(loaded, tmp_path, monkeypatch):
    """A copy of it, as the working directory."""
    shutil.copytree(loaded, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    return tmp_path / "there"


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def call(*args, code=0):
    result = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def holding(out, words=(SECRET,)):
    """Files under `out` that hold one of the words, as bytes or in a table (Parquet is compressed)."""
    found = set()
    for path in (path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pq.read_table(path).to_pandas().to_csv().encode()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=path.name == "cx.duckdb") as connection:
                for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                    content += connection.sql(f'SELECT * FROM "{name}"').df().to_csv().encode()
        found |= {path.name for word in words if word.encode() in content}
    return found


def tables_of(out):
    return snapshot.load(snapshot.current(out))


def assert_facts_equal(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name in FACTS:
        pd.testing.assert_frame_equal(one[name], other[name])


@pytest.fixture(scope="module")
def never(loaded, tmp_path_factory):
    """The tables of a run over the input without the customer's rows, under the same key."""
    folder = tmp_path_factory.mktemp("never")
    (folder / "out" / "store").mkdir(parents=True)
    shutil.copy2(loaded / "out" / "store" / "hash.key", folder / "out" / "store" / "hash.key")
    write(folder / "a.jsonl", OTHERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call("run", "a.jsonl", "--out", "out", "--config", loaded / "c.yaml")
    return tables_of(folder / "out")


def test_nothing_is_left_and_it_does_not_come_back(there, never):
    out = there / "out"
    everywhere = {"store.duckdb", "cx.duckdb", "report.zh.md", "report.en.html", "quarantine.parquet"}
    everywhere |= {"fact_feedback.parquet", "fact_opinion_unit.parquet", "fact_action_evidence.parquet"}
    assert everywhere <= holding(out)  # the search can find it
    old = [folder.name for folder in snapshot.folders(out)]
    said = call(*FORGET, "a.jsonl")
    assert "removed 2 feedbacks" in said
    assert "1 row set aside" in said
    assert all(name in said for name in old)
    assert "a.jsonl: still holds 3 rows" in said
    assert not holding(out, (SECRET, CUSTOMER))
    assert [folder.name[:6] for folder in snapshot.folders(out)] == ["000003"]
    assert_facts_equal(tables_of(out), never)

    said = call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    assert "7 rows = 0 new + 0 updated + 4 unchanged + 0 duplicates + 3 forgotten + 0 quarantined" in said
    assert not holding(out, (SECRET, CUSTOMER))
    assert_facts_equal(tables_of(out), never)
    runs = tables_of(out)["dim_run"]
    assert runs["forgotten"].tolist() == [0, 0, 3, 3]
    assert runs["rows"].tolist() == [7, 7, 3, 7]
    assert (runs["model_id"] == runs["model_id"].iloc[0]).all()
    page = {name: (snapshot.current(out) / f"report.{name}.md").read_text(encoding="utf-8") for name in ("zh", "en")}
    assert "应要求删除" in page["zh"]
    assert "Deleted on request" in page["en"]

    assert "forgotten before" in call(*FORGET)


def test_a_plan_changes_no_byte(there):
    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    said = call(*FORGET, "a.jsonl", "--plan")
    assert "holds 2 feedbacks" in said
    assert "2 of 2 with its texts" in said
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["--id", "nosuch-4711"], 1, "not known here"),
        (["--id", "A1", "--id", "nosuch-4711"], 1, r"--id (2 of 2): not known here"),
        (["--customer", "nosuch-4711"], 1, "not known here"),
        (["--id", "A1", "--source", "elsewhere"], 1, "not known here"),
        (["--customer", "匿名"], 2, "names no customer"),
        (["--id", " "], 2, "empty"),
        ([], 2, "nothing to forget"),
        (["--id", "A1", "--out", "nowhere"], 5, "there is no store here"),
        (["--id", "A1", "--config", "other.yaml"], 2, "the last run was made with Asia/Shanghai"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(there, given, code, said):
    (there / "other.yaml").write_text("timezone: UTC\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    told = call("forget", "--out", "out", "--config", "c.yaml", *given, code=code)
    assert said in told
    assert "4711" not in told
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before


def test_an_id_of_two_sources_must_be_said_of_which(there):
    write(there / "b.jsonl", [{"id": "A1", "text": f"{SECRET} again", "time": "2026-09-20"}])
    (there / "c.yaml").write_text(f"{CONFIG}\nsources: [{{name: shop, paths: [b.jsonl]}}]\n", encoding="utf-8")
    call("run", "--out", "out", "--config", "c.yaml")
    told = call("forget", "--out", "out", "--config", "c.yaml", "--id", "A1", code=2)
    assert "in several sources (got 'files, shop')" in told
    call("forget", "--out", "out", "--config", "c.yaml", "--id", "A1", "--source", "shop")
    feedback = tables_of(there / "out")["fact_feedback"]
    assert feedback.loc[feedback["external_id"] == "A1", "source"].tolist() == ["files"]
    call("forget", "--out", "out", "--config", "c.yaml", "--id", "A1", code=2)  # may mean the one that is gone


def test_after_a_restore_what_came_since_the_backup_is_kept_out(there):
    out, backup = there / "out", there / "backup"
    shutil.copytree(out / "store", backup)
    late = [
        {"id": "B1", "customer": "late-4711", "text": f"{SECRET} late", "time": "2026-09-12"},
        {"id": "B2", "text": f"{SECRET} later", "time": "2026-09-12"},
    ]
    write(there / "a.jsonl", [*OTHERS, *late])
    call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    forget = ("forget", "--out", "out", "--config", "c.yaml")
    call(*forget, "--customer", "late-4711", "--id", "B2")
    shutil.rmtree(out / "store")
    shutil.copytree(backup, out / "store")
    shutil.rmtree(backup)
    call(*FORGET)  # it was in the backup
    assert not holding(out)

    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    both = (*forget, "--customer", "late-4711", "--id", "B2")
    assert "add --also-unknown" in call(*both, code=1)
    told = call(*both, "--also-unknown", code=2)
    assert "--id (1 of 1): not known here" in told
    assert "remedy: name the source with --source" in told
    told = call(*both, "--source", "files", "--also-unknown", "--plan")
    assert "holds 0 feedbacks" in told
    assert "tombstone  would keep it out" in told
    assert "2 of the ids and customers: not known here" in told
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before

    told = call(*both, "--source", "files", "--also-unknown", "a.jsonl")
    assert "tombstone  keeps it out" in told
    assert "a.jsonl: still holds 2 rows of it, left out by later runs" in told
    assert "4711" not in told
    assert "forgotten before" in call(*both, "--source", "files", "--also-unknown")
    assert "forgotten before" in call(*both)
    said = call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    assert "+ 2 forgotten + 0 quarantined" in said
    assert not holding(out, (SECRET, CUSTOMER, "4711"))


def test_a_source_that_nobody_knows_is_said_when_an_unknown_id_is_kept_out(there):
    forget = ("forget", "--out", "out", "--config", "c.yaml", "--id", "B2", "--also-unknown", "--plan")
    assert "--source is the name of no source" in call(*forget, "--source", "flies")
    assert "--source is the name of no source" not in call(*forget, "--source", "files")


def test_a_window_stays_and_files_that_cannot_be_searched_are_named(there):
    call("run", "a.jsonl", "--out", "out", "--config", "c.yaml", "--since", "2026-09-03")
    (there / "broken.xlsx").write_bytes(b"no workbook")
    said = call("forget", "a.jsonl", "broken.xlsx", "--out", "out", "--config", "c.yaml", "--id", "A3", "--id", "A5")
    assert "broken.xlsx: not searched" in said
    assert "a.jsonl: still holds 2 rows" in said
    tables = tables_of(there / "out")
    assert sorted(tables["fact_feedback"]["external_id"]) == ["A4", "A6", "A7"]
    assert str(tables["dim_run"]["since"].iloc[-1]) == "2026-09-03"
    assert tables["quarantine"].empty


POINTS = [
    ("pipeline.store.store:forgetting.remove", 1),  # nothing done yet
    ("pipeline.store.forgetting:visible", 3),  # inside the transaction
    ("pipeline.store.snapshot:_write", 1),  # deleted, no snapshot without it yet
    ("pipeline.store.store:Store.rewrite", 1),  # published, old bytes and snapshots still there
    ("pipeline.store.store:forgetting.swap", 1),  # the new file is written beside the old one
    ("pipeline.store.snapshot:remove", 1),  # an old snapshot taken away by name
    ("pipeline.store.store:forgetting.finish", 1),  # all gone, not yet said so
]


def killed(point, count, *args):
    script = (
        "import runpy, sys\n"
        f"runpy.run_path({str(RUNS)!r})['die_at']({point!r}, {count})\n"
        "from flows.cli import main\n"
        f"sys.argv = {['cxi', *map(str, args)]!r}\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("point", "count"),
    [pytest.param(*each, marks=pytest.mark.slow if place in (0, 1, 4, 6) else ()) for place, each in enumerate(POINTS)],
)
def test_killed_and_run_again(there, never, point, count):
    out = there / "out"
    killed(point, count, *FORGET)
    readable = tables_of(out)  # whole: with it or without it
    assert len(readable["fact_feedback"]) in (4, 6)
    begun = POINTS.index((point, count)) >= 2
    assert ("an earlier cxi forget of 3 rows, interrupted, was finished" in call(*FORGET)) == begun
    assert_clean(out, never)
    assert tables_of(out)["dim_run"]["forgotten"].tolist() == [0, 0, 3]


def test_killed_and_finished_by_the_next_run(there, never):
    out = there / "out"
    killed("pipeline.store.snapshot:_write", 1, *FORGET)
    assert holding(out)
    call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    assert_clean(out, never)
    assert "forgotten before" in call(*FORGET)


def assert_clean(out, never):
    assert not holding(out, (SECRET, CUSTOMER))
    assert_facts_equal(tables_of(out), never)
    assert not [path for path in out.rglob("*") if path.name.startswith(".") or path.suffix == ".wal"]
    assert sorted(path.name for path in (out / "published").iterdir()) == [snapshot.current(out).name, "CURRENT"]
    assert not (out / "work").exists()


def test_what_cannot_be_removed_is_an_error_here_and_a_note_of_a_run(there, never, monkeypatch):
    out, unlink = there / "out", os.unlink

    def refuse(path, **more):
        if Path(path).name == "dim_date.parquet":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", refuse)
    assert "cannot be removed, and may hold what was forgotten" in call(*FORGET, code=5)
    said = call("run", "a.jsonl", "--out", "out", "--config", "c.yaml")
    assert "note: an earlier cxi forget is not finished" in said
    assert tables_of(out)["dim_run"]["forgotten"].tolist() == [0, 0, 3, 3]
    monkeypatch.setattr(os, "unlink", unlink)
    call(*FORGET)
    assert_clean(out, never)

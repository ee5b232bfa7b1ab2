"""The whole job over an inbox and a database: nothing lost, nothing counted twice, nothing said that is secret."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline.store import snapshot

RUNS = Path(__file__).parents[1] / "pipeline" / "store" / "runs.py"
SECRET = "PLANTEDWORD"
CONFIG = """
out: out
timezone: Asia/Shanghai
model: {name: lexicon}
sources:
  - {name: shop, inbox: inbox, settle_seconds: 0}
  - {name: tickets, sql: {url_env: CXI_URL, table: tickets, watermark: updated_at}}
"""
RUN = ("run", "--config", "c.yaml")


@pytest.fixture
def there(tmp_path, monkeypatch, cxi):
    """An empty inbox, an empty table, and the configuration that names both."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("CXI_URL", f"sqlite:///{tmp_path / 'tickets.db'}")
    execute(tmp_path, "CREATE TABLE tickets (id TEXT, customer TEXT, text TEXT, time TEXT, updated_at TEXT)")
    return tmp_path


def execute(there, *statements):
    with sqlite3.connect(there / "tickets.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def call(cxi, *args, code=0):
    result = cxi(*args)
    assert result.exit_code == code, result.output
    return result.output


def tables(there):
    return snapshot.load(snapshot.current(there / "out"))


def balance(there):
    row = tables(there)["dim_run"].iloc[-1]
    counts = {name: int(row[name]) for name in ("new", "updated", "unchanged", "duplicates", "quarantined")}
    assert int(row["rows"]) == sum(counts.values())
    return {name: count for name, count in counts.items() if count}


def kept(there, name="archive"):
    return sorted(path.name for path in (there / "inbox" / name).rglob("*") if path.is_file())


def test_nightly_runs(there, cxi):
    assert "0 rows = " in call(cxi, *RUN)  # nothing there at all is a normal night
    (there / "inbox" / "a.csv").write_text("id,text\n1,送餐太慢了\n2,\n", encoding="utf-8")
    (there / "inbox" / "b.xlsx").write_text("no workbook")
    (there / "inbox" / "c.csv.part").write_text("id,text\n3,half")
    execute(
        there,
        "INSERT INTO tickets VALUES ('T1', 'c1', 'The app crashes', '2026-09-01', '2026-09-01 10:00')",
        "INSERT INTO tickets VALUES ('T2', 'c2', 'call 13812345678', 'no day', '2026-09-01 11:00')",
    )
    said = call(cxi, *RUN)
    assert balance(there) == {"new": 2, "quarantined": 3}
    assert "shop: c.csv.part left for the next run" in said
    assert kept(there) == ["a.csv"]
    assert kept(there, "failed") == ["b.xlsx", "b.xlsx.reason.txt"]
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert abs((day - datetime.fromisoformat(next((there / "inbox/archive").iterdir()).name).date()).days) <= 1

    (there / "inbox" / "a.csv").write_text("id,text\n1,送餐太慢了\n4,room was great\n", encoding="utf-8")
    execute(there, "INSERT INTO tickets VALUES ('T3', 'c1', '登录失败', '2026-09-02', '2026-09-02 09:00')")
    call(cxi, *RUN)
    assert balance(there) == {"new": 2, "unchanged": 1, "quarantined": 1}  # T2, at the watermark, is read again
    assert kept(there) == ["a (2).csv", "a.csv"]
    assert sorted(tables(there)["fact_feedback"]["external_id"]) == ["1", "4", "T1", "T3"]

    call(cxi, *RUN)
    assert balance(there) == {"unchanged": 1}  # T3 is at the watermark; T2 is below it
    aside = tables(there)["quarantine"]
    assert aside.loc[aside["file"] == "tickets", "reason"].tolist() == ["bad_date"]  # and still set aside
    execute(there, "UPDATE tickets SET time = '2026-09-01', updated_at = '2026-09-03 10:00' WHERE id = 'T2'")
    call(cxi, *RUN)
    assert balance(there) == {"new": 1, "unchanged": 1}
    aside = tables(there)["quarantine"]
    assert aside[aside["file"] == "tickets"].empty
    runs = tables(there)["dim_run"]
    assert list(json.loads(runs["input_digests"].iloc[2])) == ["a.csv"]
    for path in (there / "out").rglob("*"):
        assert path.is_dir() or b"tickets.db" not in path.read_bytes()
    assert "0 feedbacks would be read" not in call(cxi, "check", "--config", "c.yaml")
    assert kept(there) == ["a (2).csv", "a.csv"]


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
    ("point", "expected"),
    [
        ("pipeline.store.commit:_store_watermarks", {"new": 2}),  # inside the transaction: nothing was stored
        ("pipeline.run:clear_inboxes", {"unchanged": 2}),  # stored, nothing moved
    ],
)
def test_killed_and_run_again(there, cxi, point, expected):
    (there / "inbox" / "a.csv").write_text("id,text\n1,送餐太慢了\n", encoding="utf-8")
    execute(there, "INSERT INTO tickets VALUES ('T1', 'c1', 'The app crashes', '2026-09-01', '2026-09-01 10:00')")
    killed(point, 1, *RUN)
    assert (there / "inbox" / "a.csv").exists()
    call(cxi, *RUN)
    assert balance(there) == expected
    assert kept(there) == ["a.csv"]
    assert sorted(tables(there)["fact_feedback"]["external_id"]) == ["1", "T1"]


ROWS = [
    ("1", "c1", "送餐太慢了"),
    ("2", "c9", f"{SECRET}, 很差\n真的"),
    ("3", "c3", "很好"),
    ("4", "c9", f"{SECRET} again"),
]


def deliver(inbox):
    """Files with the same rows, two of them customer c9's. Returns what the text files must be afterwards."""
    csv = "\ufeffid,customer,text\r\n" + "".join(f'{a},{b},"{c}"\r\n' for a, b, c in ROWS)
    left = "\ufeffid,customer,text\r\n" + "".join(f'{a},{b},"{c}"\r\n' for a, b, c in ROWS if b != "c9")
    lines = [json.dumps(dict(zip(("id", "customer", "text"), row, strict=True)), ensure_ascii=False) for row in ROWS]
    jsonl = "".join(f"{line}\n" for line in lines)
    fewer = "".join(f"{line}\n" for line, row in zip(lines, ROWS, strict=True) if row[1] != "c9")
    (inbox / "a.csv").write_bytes(csv.encode("utf-8"))
    (inbox / "b.tsv").write_bytes(csv.replace(",", "\t").lstrip("\ufeff").encode("gb18030"))
    (inbox / "c.jsonl.gz").write_bytes(gzip.compress(jsonl.encode()))
    (inbox / "d.jsonl").write_bytes(jsonl.encode("utf-16"))
    frame = pd.DataFrame(ROWS, columns=["id", "customer", "text"])
    frame.to_parquet(inbox / "e.parquet", compression="zstd")
    frame.to_excel(inbox / "f.xlsx", index=False)
    return {
        "a.csv": left.encode("utf-8"),
        "b.tsv": left.replace(",", "\t").lstrip("\ufeff").encode("gb18030"),
        "c.jsonl.gz": fewer.encode(),
        "d.jsonl": fewer.encode("utf-16"),
    }


def test_forget_in_the_archive(there, cxi):
    expected = deliver(there / "inbox")
    execute(there, f"INSERT INTO tickets VALUES ('T1', 'c9', '{SECRET}', '2026-09-01', '2026-09-01 10:00')")
    call(cxi, *RUN)
    (archive,) = (there / "inbox" / "archive").iterdir()
    shown = archive.relative_to(there)  # the configuration was named from here
    before = {path.name: path.read_bytes() for path in archive.iterdir()}
    forget = ("forget", "--config", "c.yaml", "--customer", "c9")
    told = call(cxi, *forget, "--plan", "--purge-inbox")
    told += call(cxi, *forget)
    for name in before:
        assert f"{shown / name}: still holds 2 rows of it, left out by later runs; --purge-inbox removes them" in told
    assert "database of tickets: still holds 1 row of it" in told
    assert {path.name: path.read_bytes() for path in archive.iterdir()} == before

    (archive / "a.csv").chmod(0o640)
    told = call(cxi, *forget, "--purge-inbox")
    after = {path.name: path.read_bytes() for path in archive.iterdir()}
    assert after.keys() == before.keys()
    for name, content in expected.items():
        assert (gzip.decompress(after[name]) if name.endswith(".gz") else after[name]) == content, name
        assert f"removed 2 rows from {shown / name}" in told
    assert pd.read_parquet(archive / "e.parquet")["id"].tolist() == ["1", "3"]
    assert after["f.xlsx"] == before["f.xlsx"]
    assert "f.xlsx: still holds 2 rows of it, left out by later runs; not rewritten" in told
    assert (archive / "a.csv").stat().st_mode & 0o777 == 0o640
    assert SECRET not in told
    told = call(cxi, *forget, "--purge-inbox")
    assert "removed" not in told.split("out of reach")[0].replace("removed 0", "")
    assert "remedy" in call(cxi, "forget", "--out", "out", "--customer", "c9", "--purge-inbox", "a.csv", code=2)


def test_forget_names_what_cannot_be_searched(there, cxi, monkeypatch):
    (there / "inbox" / "a.csv").write_text("id,customer,text\n1,c9,送餐太慢了\n2,c8,很好\n", encoding="utf-8")
    call(cxi, *RUN)
    (archive,) = (there / "inbox" / "archive").iterdir()
    (archive / "b.csv").symlink_to(there / "moved by a run.csv")  # listed, and gone when it is looked at
    told = call(cxi, "forget", "--config", "c.yaml", "--customer", "c9")
    assert "b.csv: not searched: No such file or directory; once it can be read, the same command again" in told
    assert "a.csv: still holds 1 row of it" in told

    def refuse(folder):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("pipeline.remains.kept_files", refuse)
    told = call(cxi, "forget", "--config", "c.yaml", "--customer", "c8")
    assert "removed 1 feedback" in told
    assert "inbox: not searched: Permission denied" in told


def test_after_a_restore_a_run_over_each_day_of_the_archive_gives_the_same(there, cxi):
    archive, backup = there / "inbox" / "archive", there / "backup"
    delivered = ["id,text\n1,送餐太慢了\n", "text\n很好\n太贵了\n", "text\n很好\n"]  # a row without id, twice
    for number, content in enumerate(delivered, start=1):
        (there / "inbox" / "a.csv").write_text(content, encoding="utf-8")
        call(cxi, *RUN)
        (folder,) = (folder for folder in archive.iterdir() if "2026-11-0" not in folder.name)
        folder.rename(archive / f"2026-11-0{number}")
        if number == 1:
            shutil.copytree(there / "out" / "store", backup)
    columns = ["feedback_key", "source", "n_units"]
    before = tables(there)["fact_feedback"][columns]
    assert len(before) == 3

    shutil.rmtree(there / "out" / "store")
    shutil.copytree(backup, there / "out" / "store")
    for day in ("2026-11-02", "2026-11-03"):
        call(cxi, *RUN, archive / day)
    assert balance(there) == {"unchanged": 1}
    call(cxi, *RUN)
    pd.testing.assert_frame_equal(tables(there)["fact_feedback"][columns], before)
    assert kept(there) == ["a.csv"] * 3


def test_a_wrong_configuration_is_said_before_anything_is_done(there, cxi, monkeypatch):
    monkeypatch.delenv("CXI_URL")
    (there / "inbox" / "a.csv").write_text("id,text\n1,good\n", encoding="utf-8")
    for command in ("check", "run"):
        said = call(cxi, command, "--config", "c.yaml", code=2)
        assert "source tickets: sql.url_env: this environment variable is not set (got 'CXI_URL')" in said
        assert "remedy" in said
    assert (there / "inbox" / "a.csv").exists()

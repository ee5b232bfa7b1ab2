"""`cxi quarantine` over the whole job: listed, handed on, mended, read again as a run would, whatever kills it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline.store import snapshot
from pipeline.tables import TABLES

FACTS = [name for name in TABLES if name.startswith("fact_") and name != "fact_quality"]  # that judges the run
COMPARED = [*FACTS, "quarantine"]
RUNS = Path(__file__).parents[1] / "pipeline" / "store" / "runs.py"
CONFIG = """
timezone: Asia/Shanghai
model: {name: lexicon}
priority: {min_feedback: 1}
sources:
  - {name: shop, paths: [in/shop.csv]}
  - {name: calls, paths: [in/calls.csv]}
"""
HEADER = "id,text,time,星级"
SHOP = [
    "1,房间很干净，但是早餐太差,2026-09-01,5",
    "2,The room was great but breakfast was cold.,someday,4",
    "3,送餐太慢了,2026-13-40,2",
    "4,很好,2026-09-04,九",
    ",客服不回电话,2026-09-05,1",
    "1,房间很脏,2026-09-01,5",
]
CALLS = ["=1+1,退款一直没到账,1900-01-01,1", "C2,The app crashes on login.,2026-09-03,2"]
MENDED = {2: "2,The room was great but breakfast was cold.,2026-09-02,4", 5: "5,客服不回电话,2026-09-05,1"}


def write(path: Path, rows: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([HEADER.replace("，", ","), *rows]) + "\n", encoding="utf-8")


def call(*args: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def tables_of(out: Path) -> dict[str, pd.DataFrame]:
    return snapshot.load(snapshot.current(out))


def places(out: Path) -> list[tuple[str, int, str]]:
    frame = tables_of(out)["quarantine"]
    return sorted(zip(frame["file"], frame["row"], frame["reason"], strict=True))


def assert_equal(one: Path, other: Path) -> None:
    first, second = tables_of(one), tables_of(other)
    for name in COMPARED:
        pd.testing.assert_frame_equal(first[name], second[name])


def mend(folder: Path, changes: dict[int, str] = MENDED) -> None:
    """Put other lines in the places of rows of shop.csv (numbered from 1)."""
    write(folder / "in" / "shop.csv", [changes.get(number, row) for number, row in enumerate(SHOP, start=1)])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    write(folder / "in" / "shop.csv", SHOP)
    write(folder / "in" / "calls.csv", CALLS)
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call("run", "--out", "out", "--config", "c.yaml")
    return folder


@pytest.fixture
def there(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(loaded, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    return tmp_path / "there"


RETRY = ("quarantine", "retry", "--out", "out", "--config", "c.yaml")
BEFORE = [
    ("calls.csv", 2, "bad_date"),
    ("shop.csv", 3, "bad_date"),
    ("shop.csv", 4, "bad_date"),
    ("shop.csv", 6, "missing_id"),
    ("shop.csv", 7, "conflicting_content"),
]


def test_list_counts_every_row_once(there):
    assert places(there / "out") == BEFORE
    listed = json.loads(call("quarantine", "list", "--out", "out", "--format", "json"))
    assert listed["total"] == sum(group["count"] for group in listed["groups"]) == len(BEFORE)
    group = next(group for group in listed["groups"] if (group["file"], group["reason"]) == ("shop.csv", "bad_date"))
    assert (group["source"], group["count"]) == ("shop", 2)
    assert [example["row"] for example in group["examples"]] == [3, 4]
    assert (group["reason_zh"], group["examples"][0]["column"]) == ("日期无法识别", "time")
    said = call("quarantine", "list", "--config", "c.yaml", "--out", "out", "--reason", "missing_id")
    assert "the id column is empty in this row / 编号列为空" in said
    assert "fill the id" in said
    assert "bad_date" not in said
    assert "no such reason" in call("quarantine", "list", "--out", "out", "--reason", "no", code=2)
    assert "no store" in call("quarantine", "list", "--out", "elsewhere", code=5)


def test_export_holds_every_row_and_no_formula(there):
    for name in ("a.csv", "a.xlsx", "a.jsonl"):
        call("quarantine", "export", name, "--out", "out")
    rows = [json.loads(line) for line in Path("a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted((row["file"], row["row"], row["reason"]) for row in rows) == BEFORE
    table = pd.read_csv("a.csv", encoding="utf-8-sig", keep_default_na=False)
    assert table["preview"].tolist() == [row["preview"] for row in rows]
    assert table["remedy_zh"].str.len().min() > 0
    sheet = openpyxl.load_workbook("a.xlsx").active
    assert sheet.max_row == len(rows) + 1
    assert "end the name" in call("quarantine", "export", "a.pdf", "--out", "out", code=3)


def test_what_was_mended_is_taken_in_and_the_rest_stays(there):
    mend(there)
    said = call(*RETRY)
    assert "5 rows set aside read again: 2 now good, 3 still bad, 0 no longer in the file" in said
    assert "6 rows = 2 new + 0 updated + 1 unchanged + 0 duplicates + 0 forgotten + 3 quarantined" in said
    assert places(there / "out") == [BEFORE[0], BEFORE[2], BEFORE[4]]
    assert {"2", "5"} < set(tables_of(there / "out")["fact_feedback"]["external_id"])


def test_a_retry_and_a_run_agree_and_a_second_retry_changes_nothing(there, tmp_path):
    mend(there, {**MENDED, 3: "3,送餐太慢了,soon,2", 6: "6,房间很脏,2026-09-01,5"})
    shutil.copytree("out", "run")
    call(*RETRY)
    call("run", "--out", "run", "--config", "c.yaml")
    assert_equal(Path("out"), Path("run"))
    shutil.copytree("out", "again")
    call("quarantine", "retry", "--out", "again", "--config", "c.yaml")
    assert_equal(Path("out"), Path("again"))
    call("run", "--out", "out", "--config", "c.yaml")
    assert_equal(Path("out"), Path("again"))


def test_only_what_is_asked_for_and_nothing_besides_changes(there):
    mend(there, {1: "1,房间很好,2026-09-01,5", **MENDED})
    call(*RETRY, "--reason", "missing_id", "--file", "shop.csv")
    assert places(there / "out") == [place for place in BEFORE if place[2] != "missing_id"]
    kept = tables_of(there / "out")["fact_feedback"].set_index("external_id")["text"]
    assert kept["1"] == "房间很干净，但是早餐太差"
    assert "2" not in kept


def test_a_mended_mapping(there):
    strict = CONFIG.replace("shop.csv]", "shop.csv], max_chars: 10")
    Path("strict.yaml").write_text(strict, encoding="utf-8")
    call("run", "--out", "other", "--config", "strict.yaml")
    assert ("shop.csv", 2, "too_long") in places(Path("other"))
    said = call("quarantine", "retry", "--out", "other", "--config", "c.yaml", "--reason", "too_long")
    assert "1 now good" in said
    assert "the configuration is not the last run's" in said
    assert [reason for _, _, reason in places(Path("other")) if reason == "too_long"] == []


def test_a_file_that_is_gone_is_named_and_the_others_go_on(there):
    mend(there)
    Path("in/calls.csv").unlink()
    said = call(*RETRY)
    assert "not found: calls.csv; still set aside of it: 1 row" in said
    assert BEFORE[0] in places(there / "out")
    assert "2 now good" in said
    shutil.rmtree("in")
    assert "calls.csv" in call(*RETRY, code=3)


def test_rows_that_are_no_longer_there_leave_quarantine(there):
    write(there / "in" / "shop.csv", SHOP[:2])
    assert "0 now good" in call(*RETRY, "--reason", "missing_id")
    assert [place for place in BEFORE if place[2] != "missing_id"] == places(there / "out")


def test_an_unreadable_file_becomes_readable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in" / "a.csv", SHOP[:1])
    (tmp_path / "in" / "b.csv").write_bytes(bytes(range(256)) * 40)
    call("run", "in", "--model", "lexicon", "--out", "out")
    assert places(Path("out")) == [("b.csv", 0, "unreadable_file")]
    assert "1 still bad" in call("quarantine", "retry", "in", "--model", "lexicon", "--out", "out")
    write(tmp_path / "in" / "b.csv", SHOP[2:4])
    said = call("quarantine", "retry", "in", "--model", "lexicon", "--out", "out")
    assert "2 rows = 1 new + 0 updated + 0 unchanged + 0 duplicates + 0 forgotten + 1 quarantined" in said
    assert places(Path("out")) == [("b.csv", 2, "bad_date")]


def test_equal_rows_without_id_are_numbered_as_a_run_would(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["text,time", "很好,2026-09-01", "很好,x", "很好,2026-09-01", "很好,2026-09-01"]
    Path("a.csv").write_text("\n".join(rows), encoding="utf-8")
    call("run", "a.csv", "--model", "lexicon", "--out", "out")
    Path("a.csv").write_text("\n".join(rows).replace(",x", ",2026-09-01"), encoding="utf-8")
    shutil.copytree("out", "run")
    assert "4 rows = 1 new" in call("quarantine", "retry", "a.csv", "--model", "lexicon", "--out", "out")
    call("run", "a.csv", "--model", "lexicon", "--out", "run")
    assert_equal(Path("out"), Path("run"))


def test_a_conflict_with_a_file_that_is_not_read_again_stays_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", ["1,早餐太差,2026-09-01,5"])
    write(tmp_path / "b.csv", ["1,房间很脏,2026-09-01,5"])
    call("run", "a.csv", "b.csv", "--model", "lexicon", "--out", "out")
    for paths in (("b.csv",), ("a.csv", "b.csv")):
        call("quarantine", "retry", *paths, "--model", "lexicon", "--out", "out")
        assert places(Path("out")) == [("b.csv", 2, "conflicting_content")]
        assert tables_of(Path("out"))["fact_feedback"]["text"].tolist() == ["早餐太差"]


def test_what_was_forgotten_does_not_come_back(there):
    call("forget", "--out", "out", "--config", "c.yaml", "--id", "2", "--source", "shop")
    mend(there, {2: MENDED[2], 5: "2,客服不回电话,2026-09-05,1"})
    assert "+ 1 forgotten +" in call(*RETRY)
    assert ("shop.csv", 6, "missing_id") not in places(there / "out")
    assert "2" not in set(tables_of(there / "out")["fact_feedback"]["external_id"])


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("finish", [RETRY, ("run", "--out", "out", "--config", "c.yaml")])
@pytest.mark.parametrize(
    ("point", "count"),
    [
        ("pipeline.store.commit:_store_quarantine", 1),
        ("pipeline.store.store:Store.feedback_frame", 1),  # committed, nothing published
        pytest.param("pipeline.retry:narrow", 1, marks=pytest.mark.slow),
        pytest.param("pipeline.store.snapshot:_prune", 1, marks=pytest.mark.slow),
    ],
)
def test_killed_at_any_point_and_finished(there, point, count, finish):
    fixed = {**MENDED, 3: "3,送餐太慢了,2026-09-03,2", 6: "6,房间很脏,2026-09-01,5"}
    mend(there, fixed)
    write(there / "in" / "calls.csv", ["C1,退款一直没到账,2026-09-01,1", CALLS[1]])
    shutil.copytree("out", "undisturbed")
    script = (
        f"import sys; sys.path.insert(0, {str(RUNS.parent)!r}); import runs; runs.die_at({point!r}, {count});"
        f" from flows.cli import app; app({list(RETRY)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    call(*finish)
    call("quarantine", "retry", "--out", "undisturbed", "--config", "c.yaml")
    assert places(there / "out") == []
    assert_equal(Path("out"), Path("undisturbed"))

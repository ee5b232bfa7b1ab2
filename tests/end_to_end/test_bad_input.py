"""Input nobody wants to meet at night: a clear error or quarantine, the right exit code, nothing half written."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from pipeline.store import snapshot

GOOD = ["味道不错，送餐太慢了", "The room was great but breakfast was cold."]


def published(out: Path) -> dict[str, pd.DataFrame]:
    return snapshot.load(snapshot.current(out))


def balance(out: Path) -> dict[str, int]:
    run = published(out)["dim_run"].iloc[-1]
    counts = {name: int(run[name]) for name in ("rows", "new", "updated", "unchanged", "duplicates", "quarantined")}
    assert counts["rows"] == sum(count for name, count in counts.items() if name != "rows")
    return counts


def reasons(out: Path) -> list[str]:
    return sorted(published(out)["quarantine"]["reason"])


def refuse(cxi: Callable, code: int, *words: str, args: tuple[str | Path, ...]) -> None:
    """The command fails with `code`, says all `words`, and writes nothing."""
    result = cxi("run", *args)
    assert result.exit_code == code, result.output
    for word in words:
        assert word in result.output
    assert "Traceback" not in result.output
    assert not Path("cx-out/published").exists()


def test_missing_file(cxi):
    refuse(cxi, 3, "nowhere.csv", "remedy", args=("nowhere.csv",))


def test_directory_without_readable_files(cxi, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").write_bytes(b"\x89PNG")
    refuse(cxi, 3, "pictures", args=("pictures",))


def test_binary_file_named_csv(cxi, tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    refuse(cxi, 3, "picture.csv", args=("picture.csv",))


def test_empty_file(cxi, tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    refuse(cxi, 3, "empty.csv", "remedy", args=("empty.csv",))


def test_header_only_is_a_run_without_rows(cxi, tmp_path):
    (tmp_path / "header.csv").write_text("id,text\n", encoding="utf-8")
    result = cxi("run", "header.csv")
    assert result.exit_code == 0, result.output
    assert balance(Path("cx-out"))["rows"] == 0


def test_no_text_column_lists_the_columns_seen(cxi, tmp_path):
    (tmp_path / "odd.csv").write_text("foo,bar\n1,2\n", encoding="utf-8")
    refuse(cxi, 3, "foo", "bar", "--text", args=("odd.csv",))


def test_broken_quotes_and_ragged_rows_cost_only_themselves(cxi, tmp_path):
    lines = ["id,text", f"1,{GOOD[0].replace('，', ' ')}", "2,too,many,cells", f'3,"{GOOD[1]}"', "4"]
    (tmp_path / "ragged.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert cxi("run", "ragged.csv").exit_code == 0
    assert balance(Path("cx-out")) == {
        "rows": 4, "new": 2, "updated": 0, "unchanged": 0, "duplicates": 0, "quarantined": 2
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8-sig"])
def test_encodings(cxi, tmp_path, encoding):
    big5 = encoding == "big5"
    text = "房間很乾淨，但是早餐太差" if big5 else "房间很干净，但是早餐太差"
    header = "編號,內容" if big5 else "编号,内容"
    (tmp_path / "a.csv").write_bytes(f"{header}\n1,{text}\n2,{text}了\n".encode(encoding))
    assert cxi("run", "a.csv").exit_code == 0
    assert text in set(published(Path("cx-out"))["fact_feedback"]["text"])


def test_workbook_with_merged_title_rows(cxi, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "2026年第三季度客户反馈汇总"
    sheet.merge_cells("A1:C1")
    sheet.append([])
    sheet.append(["编号", "时间", "评论内容"])
    sheet.append([1, "2026-09-01", GOOD[0]])
    book.save(tmp_path / "汇总.xlsx")
    assert cxi("run", "汇总.xlsx").exit_code == 0
    assert list(published(Path("cx-out"))["fact_feedback"]["text"]) == [GOOD[0]]


def test_huge_cell_nul_bytes_and_lone_surrogates(cxi, tmp_path):
    rows = [
        '{"id": "1", "text": "' + "很好" * 2_500_000 + '"}',
        '{"id": "2", "text": "送餐\\u0000太慢"}',
        '{"id": "3", "text": "slow \\ud83d delivery"}',
        '{"id": "4", "text": "  "}',
        json.dumps({"id": "5", "text": GOOD[1]}),
    ]
    (tmp_path / "odd.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert cxi("run", "odd.jsonl").exit_code == 0
    assert reasons(Path("cx-out")) == ["empty_text", "too_long"]
    assert balance(Path("cx-out"))["new"] == 3


def test_truncated_gzip(cxi, tmp_path):
    whole = gzip.compress(b"".join(b'{"id": "%d", "text": "fine %d"}\n' % (i, i * i) for i in range(5000)))
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    refuse(cxi, 3, "cut.jsonl.gz", args=("cut.jsonl.gz",))


def test_all_rows_in_thai_are_kept_and_left_unclassified(cxi, write_rows):
    write_rows("thai.jsonl", [{"id": "1", "text": "อาหารอร่อยมาก"}, {"id": "2", "text": "บริการช้ามาก"}])
    result = cxi("run", "thai.jsonl")
    assert result.exit_code == 0, result.output
    tables = published(Path("cx-out"))
    assert list(tables["fact_feedback"]["language"]) == ["other", "other"]
    assert not tables["fact_feedback"]["classified"].any()
    assert tables["fact_opinion_unit"].empty


def test_one_bad_file_in_a_directory_does_not_stop_the_others(cxi, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.csv").write_text(f"id,text\n1,{GOOD[1]}\n", encoding="utf-8")
    (inbox / "b.csv").write_bytes(bytes(range(256)) * 40)
    assert cxi("run", "inbox").exit_code == 0
    assert reasons(Path("cx-out")) == ["unreadable_file"]
    assert balance(Path("cx-out"))["new"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modle: {name: current}", ("modle", "unknown key")),
        ("priority: {stage_weights: {deliverry: 2}}", ("priority.stage_weights", "deliverry", "delivery")),
        ("timezone: Shanghai", ("timezone", "Asia/Shanghai")),
        ("input: {scales: {rating: {low: 5, high: 1}}}", ("input.scales.rating", "low must be below high")),
        ("- a list", ("must be a mapping",)),
        ("a: [", ("YAML",)),
    ],
)
def test_bad_configuration(cxi, tmp_path, write_rows, text, words):
    write_rows("a.jsonl", [{"id": "1", "text": GOOD[0]}])
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    refuse(cxi, 2, "c.yaml" if "deliverry" not in text else "deliverry", *words, args=("a.jsonl", "--config", "c.yaml"))


def test_unknown_options_values(cxi, write_rows):
    write_rows("a.jsonl", [{"id": "1", "text": GOOD[0]}])
    refuse(cxi, 2, "language", "fr", args=("a.jsonl", "--lang", "fr"))
    refuse(cxi, 2, "--since", "yesterday", args=("a.jsonl", "--since", "yesterday"))


def test_out_is_a_file(cxi, tmp_path, write_rows):
    write_rows("a.jsonl", [{"id": "1", "text": GOOD[0]}])
    (tmp_path / "taken").write_text("here")
    result = cxi("run", "a.jsonl", "--out", "taken")
    assert result.exit_code == 5, result.output
    assert "taken" in result.output
    assert "remedy" in result.output
    assert (tmp_path / "taken").read_text() == "here"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder nobody, not even root, can write to")
def test_out_cannot_be_written(cxi, write_rows):
    write_rows("a.jsonl", [{"id": "1", "text": GOOD[0]}])
    result = cxi("run", "a.jsonl", "--out", "/proc/cx-out")
    assert result.exit_code == 5, result.output
    assert "remedy" in result.output


def test_unknown_model(cxi, write_rows):
    write_rows("a.jsonl", [{"id": "1", "text": GOOD[0]}])
    result = cxi("run", "a.jsonl", "--model", "./no-such-folder", model=None)
    assert result.exit_code == 7, result.output
    assert "no-such-folder" in result.output


def test_rows_set_aside_stay_with_their_file_when_another_of_its_name_comes(cxi, write_rows, tmp_path):
    rows = [{"id": "1", "text": GOOD[0]}, {"id": "2", "text": ""}]
    for month in ("2026-09", "2026-10"):
        (tmp_path / "in" / month).mkdir(parents=True)
        write_rows(f"in/{month}/export.jsonl", [{**row, "id": f"{month}-{row['id']}"} for row in rows])
        assert cxi("run", "in").exit_code == 0
    aside = published(Path("cx-out"))["quarantine"]
    assert sorted(aside["file"]) == ["2026-09/export.jsonl", "2026-10/export.jsonl"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupted_in_the_middle_then_run_again(tmp_path, write_rows):
    rows = [{"id": str(i), "text": f"{GOOD[i % 2]} {i}"} for i in range(4000)]
    write_rows("a.jsonl", rows)
    command = [sys.executable, "-m", "flows.cli", "run", "a.jsonl", "--model", "lexicon", "--out", "out"]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # As in a terminal: pytest-xdist has its workers, and so what they start, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    # Interrupt while rows are staged: late enough that work has begun, long before it can be done.
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("out/work/staged/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, error = run.communicate(timeout=300)
    assert run.returncode == 130, error
    assert "interrupted" in error
    assert not (tmp_path / "out/published").exists()
    assert not (tmp_path / "out/work").exists()

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert balance(tmp_path / "out")["new"] == 4000

"""The whole job on small input: what comes out, what a second run does, what a later version of a file does."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipeline.export import COLUMNS
from pipeline.store import snapshot
from pipeline.tables import TABLES

FACTS = [name for name in TABLES if name.startswith("fact_")]
PHONE = "13800138000"
ROWS = [
    {"id": "1", "text": "房间很干净，但是早餐太差", "time": "2026-09-01", "nps": 3, "channel": "微信"},
    {"id": "2", "text": "The room was great but breakfast was cold.", "time": "2026-09-02", "nps": 9},
    {"id": "3", "text": f"一直不给退款，请打电话{PHONE}联系我，谢谢", "time": "2026-09-03", "nps": 0},
    {"id": "4", "text": "很好", "time": "2026-09-10", "nps": 10},
]


def tables_of(out: Path) -> dict[str, pd.DataFrame]:
    return snapshot.load(snapshot.current(out))


def run_counts(out: Path) -> tuple[int, ...]:
    run = tables_of(out)["dim_run"].iloc[-1]
    return tuple(int(run[name]) for name in ("new", "updated", "unchanged", "duplicates", "quarantined"))


def test_everything_promised_is_there(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    result = cxi("run", "a.jsonl")
    assert result.exit_code == 0, result.output
    assert "4 rows = 4 new" in result.output
    folder = snapshot.current(tmp_path / "cx-out")
    for language in ("zh", "en"):
        page = (folder / f"report.{language}.html").read_text(encoding="utf-8")
        assert f'lang="{language}' in page
        assert (folder / f"report.{language}.md").exists()
    assert {path.stem for path in folder.glob("*.parquet")} == set(TABLES)
    with duckdb.connect(str(folder / "cx.duckdb"), read_only=True) as copy:
        (units,) = copy.execute("SELECT count(*) FROM v_opinion_unit").fetchone()
    assert units == len(tables_of(tmp_path / "cx-out")["fact_opinion_unit"])


def test_a_second_run_changes_no_fact_and_analyses_nothing(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    cxi("run", "a.jsonl")
    first = tables_of(tmp_path / "cx-out")
    again = cxi("run", "a.jsonl")
    assert "nothing new to analyse" in again.output
    assert run_counts(tmp_path / "cx-out") == (0, 0, 4, 0, 0)
    second = tables_of(tmp_path / "cx-out")
    for name in FACTS:
        pd.testing.assert_frame_equal(first[name], second[name])


def test_a_renamed_and_grown_file_keeps_its_keys(cxi, tmp_path):
    (tmp_path / "a.csv").write_text("评论,渠道\n很好,微信\n很好,微信\n送餐太慢了,电话\n", encoding="utf-8")
    cxi("run", "a.csv")
    first = set(tables_of(tmp_path / "cx-out")["fact_feedback"]["feedback_key"])
    assert len(first) == 3
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    with (tmp_path / "b.csv").open("a", encoding="utf-8") as file:
        file.write("很好,微信\n")
    cxi("run", "b.csv")
    assert run_counts(tmp_path / "cx-out") == (1, 0, 3, 0, 0)
    assert first < set(tables_of(tmp_path / "cx-out")["fact_feedback"]["feedback_key"])


def test_other_content_under_a_known_id(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", [*ROWS, {**ROWS[3], "text": "不好"}, ROWS[0]])
    cxi("run", "a.jsonl")
    assert run_counts(tmp_path / "cx-out") == (4, 0, 0, 1, 1)
    write_rows("a.jsonl", [{**ROWS[3], "text": "不好"}])
    cxi("run", "a.jsonl")
    assert run_counts(tmp_path / "cx-out") == (0, 1, 0, 0, 0)
    feedback = tables_of(tmp_path / "cx-out")["fact_feedback"]
    assert "不好" in set(feedback["text"])
    assert "很好" not in set(feedback["text"])


def test_personal_data_is_in_no_file(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    cxi("run", "a.jsonl")
    written = [path for path in (tmp_path / "cx-out").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if PHONE.encode() in path.read_bytes()]
    texts = tables_of(tmp_path / "cx-out")["fact_feedback"]["text"]
    assert any("[PHONE]联系我" in text for text in texts)


def test_analyze_offsets_index_the_original_text(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    result = cxi("analyze", "a.jsonl", "-o", "units.jsonl")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "cx-out").exists()
    texts = {row["id"]: row["text"] for row in ROWS}
    units = [json.loads(line) for line in (tmp_path / "units.jsonl").read_text(encoding="utf-8").splitlines()]
    assert units
    assert list(units[0]) == list(COLUMNS)
    for unit in units:
        original = texts[unit["feedback_id"]][unit["start"] : unit["end"]]
        assert original.replace(PHONE, "[PHONE]") == unit["text"]


def test_analyze_names_file_and_row_where_an_id_was_masked(cxi, write_rows, tmp_path):
    texts = {"13800138000": "很好", "13900139000": "The app is slow.", "A3": "太贵"}
    rows = [{"id": each, "text": text} for each, text in texts.items()]
    write_rows("a.jsonl", rows)
    assert cxi("analyze", "a.jsonl", "-o", "units.jsonl").exit_code == 0
    units = [json.loads(line) for line in (tmp_path / "units.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {unit["feedback_id"] for unit in units} == {"a.jsonl:1", "a.jsonl:2", "A3"}


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_analyze_formats(cxi, write_rows, tmp_path, suffix):
    write_rows("a.jsonl", [{"id": "1", "text": "=1+1 很好"}])
    assert cxi("analyze", "a.jsonl", "-o", f"u.{suffix}").exit_code == 0
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[suffix]
    frame = read(tmp_path / f"u.{suffix}")
    assert list(frame.columns) == list(COLUMNS)
    # A spreadsheet must not run a customer's text; a program must get it as it is.
    assert str(frame["text"].iloc[0]).startswith("=1+1" if suffix == "parquet" else "'=1+1")


def test_analyze_refuses_what_it_cannot_write(cxi, write_rows):
    write_rows("a.jsonl", ROWS)
    assert cxi("analyze", "a.jsonl", "-o", "units.doc").exit_code == 3
    assert cxi("analyze", "a.jsonl", "-o", "nowhere/units.csv").exit_code == 5


def test_standard_input(cxi, monkeypatch, tmp_path):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    from typer.testing import CliRunner

    from flows.cli import app

    result = CliRunner().invoke(app, ["run", "-", "--model", "lexicon"], input=lines, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert run_counts(tmp_path / "cx-out") == (4, 0, 0, 0, 0)


def test_a_window_of_days(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    assert cxi("run", "a.jsonl", "--since", "2026-09-02", "--until", "2026-09-03").exit_code == 0
    tables = tables_of(tmp_path / "cx-out")
    assert sorted(tables["fact_feedback"]["external_id"]) == ["2", "3"]
    assert set(tables["fact_opinion_unit"]["feedback_key"]) <= set(tables["fact_feedback"]["feedback_key"])
    assert str(tables["dim_run"].iloc[-1]["since"]) == "2026-09-02"


def test_several_verbatim_columns(cxi, tmp_path):
    (tmp_path / "s.csv").write_text("id,q1,q2\n1,味道不错,送餐太慢了\n2,很好,\n", encoding="utf-8")
    result = cxi("run", "s.csv", "--text", "q1", "--text", "q2")
    assert result.exit_code == 0, result.output
    feedback = tables_of(tmp_path / "cx-out")["fact_feedback"]
    assert sorted(feedback["question"]) == ["q1", "q1", "q2"]
    assert feedback["respondent_key"].nunique() == 2


def test_check_stores_nothing_and_shows_no_personal_data(cxi, write_rows, tmp_path):
    write_rows("a.jsonl", ROWS)
    before = sorted(tmp_path.iterdir())
    result = cxi("check", "a.jsonl")
    assert result.exit_code == 0, result.output
    assert PHONE not in result.output
    assert "[PHONE]" in result.output
    assert "id -> id" in result.output
    assert sorted(tmp_path.iterdir()) == before


def test_tables_taxonomy_doctor(cxi):
    assert "fact_opinion_unit" in cxi("tables").output
    assert "履约与配送" in cxi("taxonomy").output
    doctor = cxi("doctor")
    assert doctor.exit_code == 0, doctor.output
    assert "DuckDB" in doctor.output


def test_configured_sources_run_without_naming_them_and_count_once(cxi, tmp_path):
    (tmp_path / "shop.csv").write_text("id,text,rating\n1,味道不错,5\n2,送餐太慢,1\n", encoding="utf-8")
    config = tmp_path / "nightly.yaml"
    config.write_text(
        f"out: {tmp_path / 'store'}\nmodel: {{name: lexicon}}\n"
        "sources: [{name: shop, paths: [shop.csv], scales: {rating: {low: 1, high: 5}}}]\n",
        encoding="utf-8",
    )
    assert cxi("run", "--config", str(config)).exit_code == 0
    again = cxi("run", "--config", str(config), str(tmp_path / "shop.csv"))
    assert "2 rows = 0 new + 0 updated + 2 unchanged" in again.output
    assert "not used" not in cxi("check", "--config", str(config), str(tmp_path / "shop.csv")).output


@pytest.mark.parametrize(
    ("given", "code"), [(["--since", "2026-08-10", "--until", "2026-08-01"], 2), (["--model", "nosuch"], 7)]
)
def test_what_cannot_work_is_said_before_anything_is_read(cxi, tmp_path, given, code):
    (tmp_path / "a.csv").write_text("id,text\n1,好\n", encoding="utf-8")
    result = cxi("run", str(tmp_path / "a.csv"), "-o", str(tmp_path / "out"), *given, model=None)
    assert result.exit_code == code
    assert not (tmp_path / "out").exists()

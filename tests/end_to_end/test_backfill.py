"""`cxi backfill` on three months of files: resumed, balanced, and equal to the nightly runs it stands for."""

from __future__ import annotations

import json

from pipeline.store import snapshot
from pipeline.store.store import Store


def test_a_backfill_goes_on_after_a_failure_and_where_it_stopped(cxi, tmp_path):
    inbox = tmp_path / "in"
    inbox.mkdir()
    for month in ("2026-07", "2026-08", "2026-09"):
        row = {"id": month, "text": "送餐太慢了，等了四十分钟", "time": f"{month}-03"}
        (inbox / f"{month}.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    (inbox / "2026-08.jsonl").write_text("", encoding="utf-8")
    words = ("backfill", "in", "--from", "2026-07-01", "--to", "2026-09-30", "--model", "lexicon")
    planned = cxi(*words, "--plan")
    assert [line.split(":")[0] for line in planned.output.splitlines()] == ["2026-07", "2026-08", "2026-09"]
    assert not (tmp_path / "cx-out").exists()
    first = cxi(*words)
    assert first.exit_code == 9
    assert [line.split()[1] for line in first.output.splitlines() if line.startswith("2026-")] == [
        *("done", "failed", "done")
    ]
    assert "InputError (exit code 3)" in first.output
    row = {"id": "2026-08", "text": "很好", "time": "2026-08-03"}
    (inbox / "2026-08.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    again = cxi(*words)
    assert again.exit_code == 0
    assert [line.split()[1] for line in again.output.splitlines() if line.startswith("2026-")] == [
        *("skipped", "done", "skipped")
    ]
    runs = snapshot.load(snapshot.current(tmp_path / "cx-out"), ["dim_run"])["dim_run"]
    assert runs["rows"].tolist() == runs["new"].tolist() == [1, 1, 1]
    with Store.open(tmp_path / "cx-out") as store:
        assert len(store.feedback_frame()) == 3
        assert store.alerts() == {}


def test_what_cannot_be_asked(cxi, tmp_path):
    (tmp_path / "2026-07.csv").write_text("text\n好\n", encoding="utf-8")
    days = ("--from", "2026-07-01", "--to", "2026-07-31")
    assert cxi("backfill", ".", *days, "--by", "year").exit_code == 2
    assert cxi("backfill", ".", "--from", "2026-08-01", "--to", "2026-07-01").exit_code == 2
    assert cxi("backfill", ".", *days, "--deployment", "insights/ad-hoc").exit_code == 2
    (tmp_path / "c.yaml").write_text("model: {name: lexicon}\n", encoding="utf-8")
    sent = cxi("backfill", ".", *days, "--config", "c.yaml", "--deployment", "insights/ad-hoc", "--model", "current")
    assert sent.exit_code == 2
    assert "--model: a deployment takes its model from the configuration" in sent.output
    assert cxi("backfill", ".", "--from", "2020-01-01", "--to", "2020-02-01").exit_code == 3

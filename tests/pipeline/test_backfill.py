"""Which files belong to which partition, and which runs a second call makes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backfill import carry_out, date_of, guarded, name_of, plan
from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.store.store import Store

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("reviews-2026-09-05.csv", date(2026, 9, 5)),
        ("reviews_20260905.csv", date(2026, 9, 5)),
        ("评价2026年9月05日.xlsx", date(2026, 9, 5)),
        ("评价2026年9月.xlsx", date(2026, 9, 1)),
        ("202609.csv", date(2026, 9, 1)),
        ("2026-09/part-1.csv", date(2026, 9, 1)),
        ("2026/09/05.csv", date(2026, 9, 5)),
        ("2026/09/all.csv", date(2026, 9, 1)),
        ("2026-W36.jsonl", date(2026, 8, 31)),
        ("2026-09/export-2026-10-02.csv", date(2026, 10, 2)),
        ("2026-13.csv", None),
        ("order-120260905.csv", None),
        ("reviews.csv", None),
    ],
)
def test_the_date_of_a_file_stands_in_its_name_or_folder(path, day):
    assert date_of(Path("/data/in") / path) == day


@given(st.dates(date(1990, 1, 1), date(2089, 12, 31)), st.sampled_from(["month", "week", "day"]))
def test_a_partitions_name_lies_in_the_partition(day, by):
    assert name_of(date_of(Path(f"/in/{name_of(day, by)}.csv")), by) == name_of(day, by)


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("b-2026-09-20", "a-2026-09-03", "2026-10-01", "2025-12-31", "undated"):
        (tmp_path / f"{name}.csv").write_text(f"text\n{name}\n", encoding="utf-8")
    return tmp_path


def planned(folder: Path, **changes):
    return plan([Input(paths=[folder])], FIRST, LAST, changes.pop("by", "month"), config=Config(**changes))


def test_files_are_sorted_into_partitions_oldest_first(folder):
    found = planned(folder)
    assert [(each.name, [path.name for path in each.paths]) for each in found.partitions] == [
        ("2026-09", ["a-2026-09-03.csv", "b-2026-09-20.csv"]),
        ("2026-10", ["2026-10-01.csv"]),
    ]
    assert [path.name for path in found.undated] == ["undated.csv"]
    assert len(planned(folder, by="day").partitions) == 3
    with pytest.raises(InputError, match="no file carries"):
        plan([Input(paths=[folder])], date(2020, 1, 1), date(2020, 2, 1), "month", config=Config())


def test_other_content_or_another_reading_makes_another_partition(folder):
    first = [each.digest for each in planned(folder).partitions]
    assert [each.digest for each in planned(folder).partitions] == first
    assert [each.digest for each in planned(folder, timezone="Asia/Shanghai").partitions] != first
    (folder / "2026-10-01.csv").write_text("text\nmore\n", encoding="utf-8")
    changed = [each.digest for each in planned(folder).partitions]
    assert [old == new for old, new in zip(first, changed, strict=True)] == [True, False]


def test_what_is_done_is_skipped_what_failed_is_tried_again_under_another_key(folder, tmp_path):
    out, calls, broken = tmp_path / "out", [], {"2026-09"}

    def execute(partition, key):
        calls.append((partition.name, key))
        return "boom" if partition.name in broken else None

    partitions = planned(folder).partitions
    assert [each.state for each in carry_out(partitions, out, execute)] == ["failed", "done"]
    broken.clear()
    assert [each.state for each in carry_out(partitions, out, execute)] == ["done", "skipped"]
    assert [each.state for each in carry_out(partitions, out, execute)] == ["skipped", "skipped"]
    assert [name for name, _ in calls] == ["2026-09", "2026-10", "2026-09"]
    assert len({key for _, key in calls}) == 3
    assert calls[2][1] == calls[0][1].removesuffix("-1") + "-2"


def test_a_kill_between_run_and_record_gives_the_same_key_again(folder, tmp_path):
    keys = []

    def killed(_, key):
        keys.append(key)
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            carry_out(planned(folder).partitions, tmp_path / "out", killed)
    assert len(set(keys)) == 1


def test_a_failure_is_named_without_its_words():
    def fail(_):
        raise ValueError("张三 13800138000")

    assert guarded(fail)(None, "") == "ValueError (exit code 1)"


def test_a_store_that_another_run_holds_fails_the_partition_and_not_the_rest(folder, tmp_path):
    out = tmp_path / "out"

    with Store.open(out):
        outcomes = carry_out(planned(folder).partitions, out, lambda *_: None)
    assert [each.state for each in outcomes] == ["failed", "failed"]
    assert outcomes[0].error.startswith("StoreError (exit code 5): another run is using this store")
    assert [each.state for each in carry_out(planned(folder).partitions, out, lambda *_: None)] == ["done", "done"]

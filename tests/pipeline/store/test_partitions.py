"""Feedback and units survive the way through Parquet; files appear whole or not at all."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.privacy.masker import MaskedText, MaskSpan
from pipeline.records import Origin, QuarantinedRow, Score
from pipeline.store import layout, partitions


def test_a_feedback_with_everything_comes_back_as_it_was(runs, tmp_path):
    item = runs.feedback(
        1,
        text="電話 [PHONE]，𠮷野家😀\n“ok” \\ ' \"",
        masked=MaskedText("電話 [PHONE]，𠮷野家😀\n“ok” \\ ' \"", (MaskSpan("PHONE", 3, 10, 3, 14),)),
        origin=Origin("表.xlsx", 7, "一月"),
        customer="c" * 32,
        question="哪里不满意？",
        occurred_at=datetime(2026, 10, 1, 8, tzinfo=timezone(timedelta(hours=8))),
        updated_at=datetime(2026, 10, 2, 0, 0, 0, 123456, tzinfo=UTC),
        product="空调",
        region="华南",
        nps=Score(9, 0, 10),
        csat=Score(3.5, 1, 5),
        attributes={"键": "值", "a": ""},
    )
    staged = partitions.write_feedback([item], tmp_path / "in", rows=10)
    assert partitions.read_feedback(staged.feedback[0]) == [item]


def test_a_bare_feedback_comes_back_as_it_was(runs, tmp_path):
    item = runs.feedback(0, occurred_at=None, channel=None, rating=None, external_id=None)
    staged = partitions.write_feedback([item], tmp_path / "in", rows=10)
    assert partitions.read_feedback(staged.feedback[0]) == [item]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_survives(runs, tmp_path_factory, text):
    item = runs.feedback(3, text=text, attributes={text: text})
    staged = partitions.write_feedback([item], tmp_path_factory.mktemp("in"), rows=1)
    assert partitions.read_feedback(staged.feedback[0]) == [item]


def test_units_come_back_with_and_without_probabilities(runs, tmp_path):
    items = [dataclasses.replace(runs.feedback(number), units=runs.units(runs.feedback(number))) for number in (1, 3)]
    items[1].units = []
    partitions.write_units(items, tmp_path / "deep" / "units.parquet")
    found = partitions.read_units(tmp_path / "deep" / "units.parquet")
    assert found == {items[0].key: items[0].units, items[1].key: []}
    assert [unit.p_sentiment is None for unit in items[0].units] == [True, False]


def test_rows_are_split_into_partitions_in_order_and_bad_rows_set_aside(runs, tmp_path):
    items = [runs.feedback(number) for number in range(7)]
    aside = QuarantinedRow(
        Origin("b.csv", 4), "bad_date", "column time", column="time", preview="很好", identity="ab", customer="cd"
    )
    staged = partitions.write_feedback([*items[:5], aside, *items[5:]], tmp_path / "in", rows=3)
    sizes = [len(partitions.read_feedback(path)) for path in staged.feedback]
    assert sizes == [3, 3, 1]
    assert [item.key for path in staged.feedback for item in partitions.read_feedback(path)] == [i.key for i in items]
    assert partitions.read_table(staged.quarantine).to_pylist() == [
        {
            "file": "b.csv",
            "sheet": "",
            "row": 4,
            "column": "time",
            "reason": "bad_date",
            "detail": "column time",
            "preview": "很好",
            "identity": "ab",
            "customer": "cd",
        }
    ]


def test_rows_set_aside_are_written_many_at_a_time_in_order(tmp_path):
    broken = (QuarantinedRow(Origin("b.csv", row), "empty_text", "no text in this row") for row in range(4001))
    staged = partitions.write_feedback(broken, tmp_path / "in", rows=3)
    assert partitions.read_table(staged.quarantine)["row"].to_pylist() == list(range(4001))
    assert pq.read_metadata(staged.quarantine).num_row_groups == 3


def test_nothing_read_gives_no_partition_and_an_empty_quarantine(tmp_path):
    staged = partitions.write_feedback([], tmp_path / "in", rows=3)
    assert staged.feedback == []
    assert partitions.read_table(staged.quarantine).num_rows == 0


def test_staging_again_replaces_what_was_there(runs, tmp_path):
    partitions.write_feedback([runs.feedback(number) for number in range(5)], tmp_path / "in", rows=1)
    partitions.write_feedback([runs.feedback(9)], tmp_path / "in", rows=1)
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == [
        "feedback-00000.parquet",
        "quarantine.parquet",
    ]


def test_a_reader_that_fails_half_way_leaves_no_temporary_file(runs, tmp_path):
    def items():
        yield runs.feedback(0)
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError, match="the source is gone"):
        partitions.write_feedback(items(), tmp_path / "in", rows=1)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["feedback-00000.parquet"]


def test_half_a_surrogate_pair_is_refused_without_showing_the_text(runs, tmp_path):
    with pytest.raises(StoreError, match="surrogate") as caught:
        partitions.write_feedback([runs.feedback(0, channel="secret \ud83d")], tmp_path / "in", rows=1)
    assert "secret" not in str(caught.value)


def test_a_damaged_work_file_is_named(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(StoreError, match=r"x\.parquet"):
        partitions.read_feedback(path)


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 7))
def test_rebatching_keeps_rows_and_order(sizes, rows):
    import pyarrow as pa

    numbers = iter(range(100))
    tables = [pa.table({"n": [next(numbers) for _ in range(size)]}) for size in sizes]
    tables = [table.cast(pa.schema([("n", pa.int64())])) for table in tables]
    batches = list(partitions.rebatch(tables, rows))
    assert [value for batch in batches for value in batch["n"].to_pylist()] == list(range(sum(sizes)))
    assert all(batch.num_rows == rows for batch in batches[:-1])
    assert all(0 < batch.num_rows <= rows for batch in batches)


def test_every_column_has_a_place_in_the_store():
    assert "text" in layout.ddl(list(layout.FEEDBACK))
    assert layout.names(layout.QUARANTINE).count('"') == 2 * len(layout.QUARANTINE)

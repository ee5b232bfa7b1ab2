"""The table contracts: every violation names table, column and value; the documentation is generated and current."""

import dataclasses
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import tables
from pipeline.errors import ContractError
from pipeline.tables import TABLES, document, sql
from pipeline.tables.contract import column as declare

DOCS = Path(__file__).parents[2] / "docs" / "tables.md"
SAMPLES = {"string": "x", "integer": 1, "number": 0.5, "boolean": True, "date": date(2026, 10, 1)}


def frame(name, rows=1, **changes):
    """A frame that keeps the contract: `rows` equal rows but for their key."""
    found = {}
    for column, item in TABLES[name].columns.items():
        meta = item.metadata
        value = datetime(2026, 10, 1, tzinfo=UTC) if meta["kind"] == "timestamp" else SAMPLES[meta["kind"]]
        found[column] = [meta["values"][0] if meta["values"] else value] * rows
    last = TABLES[name].key[-1]
    if rows > 1:
        found[last] = [f"{row:06d}" for row in range(rows)]
    return pd.DataFrame({**found, **changes})


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_keeps_its_contract(name):
    checked = tables.check(name, frame(name))
    assert list(checked.columns) == list(TABLES[name].columns)
    again = tables.check(name, checked)
    pd.testing.assert_frame_equal(checked, again)
    written = pa.Table.from_pandas(checked, schema=tables.arrow_schema(name), preserve_index=False)
    pd.testing.assert_frame_equal(TABLES[name].typed(written), checked)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_keeps_its_types(name):
    empty = tables.check(name, pd.DataFrame(columns=list(TABLES[name].columns)))
    assert empty.dtypes.to_dict() == tables.check(name, frame(name)).dtypes.to_dict()


@pytest.mark.parametrize("name", TABLES)
def test_missing_values_are_allowed_exactly_where_declared(name):
    for column, item in TABLES[name].columns.items():
        broken = frame(name).astype({column: object})
        broken[column] = None
        if item.nullable:
            assert tables.check(name, broken)[column].isna().all()
            assert tables.check(name, broken).dtypes.to_dict() == tables.check(name, frame(name)).dtypes.to_dict()
        else:
            with pytest.raises(ContractError, match=rf"{name}\.{column}: missing value"):
                tables.check(name, broken)


def test_columns_are_put_in_order_and_rows_sorted_by_key():
    shuffled = frame("dim_taxonomy", rows=5).iloc[::-1]
    checked = tables.check("dim_taxonomy", shuffled[shuffled.columns[::-1]])
    assert list(checked.columns) == list(TABLES["dim_taxonomy"].columns)
    assert checked["label"].tolist() == [f"{row:06d}" for row in range(5)]
    assert checked.index.tolist() == list(range(5))


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("fact_feedback", "language", "fr", r"fact_feedback\.language: .*isin.*got 'fr'"),
        ("fact_feedback", "n_units", -1, r"fact_feedback\.n_units: .*got -1"),
        ("fact_feedback", "n_units", 1.5, r"fact_feedback\.n_units: not of type integer \(got 1\.5\)"),
        ("fact_feedback", "rating", "five", r"fact_feedback\.rating: not of type number \(got 'five'\)"),
        ("fact_feedback", "source", 7, r"fact_feedback\.source: not of type string \(got 7\)"),
        ("fact_feedback", "classified", 1, r"fact_feedback\.classified: not of type boolean \(got 1\)"),
        ("fact_feedback", "n_units", True, r"fact_feedback\.n_units: not of type integer \(got True\)"),
        ("fact_feedback", "occurred_at", 1, r"fact_feedback\.occurred_at: not of type timestamp \(got 1\)"),
        ("fact_feedback", "occurred_date", "soon", r"fact_feedback\.occurred_date: not of type date \(got 'soon'\)"),
        ("fact_feedback", "occurred_at", datetime(2026, 1, 1), r"fact_feedback\.occurred_at: times must carry"),
        ("fact_opinion_unit", "sentiment_score", 1.01, r"fact_opinion_unit\.sentiment_score: .*got 1\.01"),
        ("fact_opinion_unit", "p_negative", float("inf"), r"fact_opinion_unit\.p_negative: .*got inf"),
        ("fact_metric_period", "metric", "mood", r"fact_metric_period\.metric: .*got 'mood'"),
        ("fact_action_priority", "rank", 0, r"fact_action_priority\.rank: .*got 0"),
        ("quarantine", "reason", "because", r"quarantine\.reason: .*got 'because'"),
        ("dim_date", "iso_week", 54, r"dim_date\.iso_week: .*got 54"),
    ],
)
def test_a_violation_names_table_column_and_value(name, column, value, message):
    with pytest.raises(ContractError, match=message):
        tables.check(name, frame(name).assign(**{column: pd.Series([value])}))


@pytest.mark.parametrize("value", [5, ["secret"]])
def test_a_value_that_may_be_feedback_text_is_not_shown(value):
    with pytest.raises(ContractError, match=r"fact_feedback\.text: not of type string") as caught:
        tables.check("fact_feedback", frame("fact_feedback").assign(text=pd.Series([value], dtype=object)))
    assert "got" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_column_too_few_or_too_many_is_named():
    with pytest.raises(ContractError, match=r"dim_date\.week: column missing"):
        tables.check("dim_date", frame("dim_date").drop(columns="week"))
    with pytest.raises(ContractError, match=r"dim_date\.moon: column not in the contract"):
        tables.check("dim_date", frame("dim_date").assign(moon=1))


def test_a_repeated_key_is_named():
    twice = pd.concat([frame("fact_opinion_unit")] * 2)
    with pytest.raises(ContractError, match=r"fact_opinion_unit\.\(feedback_key, unit_index\): .*got \('x', 1\)"):
        tables.check("fact_opinion_unit", twice)


def test_an_unknown_table():
    with pytest.raises(ContractError, match="moods: no such table"):
        tables.check("moods", pd.DataFrame())


@pytest.mark.parametrize(
    "values",
    [
        [date(2026, 10, 1)],
        [pd.Timestamp("2026-10-01")],
        pd.to_datetime(["2026-10-01"]),
        pd.Series([date(2026, 10, 1)], dtype="date32[pyarrow]"),
    ],
)
def test_dates_come_in_every_usual_form_and_go_out_as_dates(values):
    checked = tables.check("fact_feedback", frame("fact_feedback").assign(occurred_date=values))
    assert checked["occurred_date"].tolist() == [date(2026, 10, 1)]


@pytest.mark.parametrize("as_objects", [True, False])
def test_times_of_any_zone_become_utc(as_objects):
    moment = datetime(2026, 10, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    values = pd.Series([moment], dtype=object if as_objects else None)
    checked = tables.check("fact_feedback", frame("fact_feedback").assign(occurred_at=values))
    assert checked["occurred_at"].tolist() == [datetime(2026, 10, 1, tzinfo=UTC)]


def test_times_of_mixed_zones_become_utc():
    hour = timedelta(hours=1)
    moments = [datetime(2026, 10, 1, 8, tzinfo=timezone(offset * hour)) for offset in (8, -4)]
    rows = frame("dim_run", rows=2).drop(columns="published_at")
    rows["run_id"] = ["a", "b"]
    checked = tables.check("dim_run", rows.assign(published_at=pd.Series(moments, dtype=object)))
    assert [moment.hour for moment in checked["published_at"]] == [0, 12]


def test_arrow_keeps_the_zone_of_python_times_after_pandera_is_imported():
    moment = datetime(2026, 10, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert pa.array([moment], type=pa.timestamp("us", tz="UTC")).to_pylist() == [datetime(2026, 10, 1, tzinfo=UTC)]


def test_a_table_of_an_earlier_minor_version_lacks_columns():
    written = pa.Table.from_pandas(
        tables.check("dim_run", frame("dim_run")), schema=tables.arrow_schema("dim_run"), preserve_index=False
    )
    typed = TABLES["dim_run"].typed(written.drop_columns(["since"]))
    assert typed["since"].isna().all()
    assert tables.check("dim_run", typed)["run_id"].tolist() == ["x"]


@pytest.mark.parametrize(
    ("kind", "before"), [("integer", 0), ("number", 0.5), ("string", "none"), ("boolean", False), ("integer", None)]
)
def test_a_column_added_later_has_a_value_in_earlier_rows(kind, before):
    null = None if before is not None else ("not known then", "当时未知")
    added = declare(kind, "added in 1.1", "1.1 版新增", before=before, null=null)
    newer = dataclasses.replace(TABLES["dim_run"], columns={**TABLES["dim_run"].columns, "n_added": added})
    written = pa.Table.from_pandas(tables.check("dim_run", frame("dim_run")), preserve_index=False)
    typed = newer.typed(written)
    assert newer.check(typed)["n_added"].tolist() == [pd.NA if before is None else before]


def test_a_column_that_earlier_rows_cannot_have_is_an_error():
    table = TABLES["dim_run"]
    written = pa.Table.from_pandas(tables.check("dim_run", frame("dim_run")), preserve_index=False)
    with pytest.raises(ContractError, match=r"dim_run\.run_id: column missing"):
        table.typed(written.drop_columns(["run_id"]))


def test_a_hundred_thousand_rows():
    rows = frame("fact_feedback").loc[np.zeros(100_000, dtype=int)]
    rows["feedback_key"] = [f"{row:032x}" for row in range(len(rows))][::-1]
    checked = tables.check("fact_feedback", rows)
    assert checked["feedback_key"].is_monotonic_increasing
    assert checked.memory_usage(deep=True).sum() < 100 * 2**20


@pytest.fixture
def related():
    labels = pd.DataFrame(
        [("stage", "delivery"), ("touchpoint", "fulfilment"), ("sentiment", "negative"), ("intent", "complaint")],
        columns=["head", "label"],
    )
    terms = pd.concat([frame("dim_taxonomy")] * 4, ignore_index=True).assign(**labels)
    chosen = {"sentiment": "negative", "stage": "delivery", "touchpoint": "fulfilment", "intent": "complaint"}
    return {
        "fact_feedback": frame("fact_feedback"),
        "fact_opinion_unit": frame("fact_opinion_unit").assign(**chosen),
        "dim_taxonomy": terms,
    }


def test_related_tables_hold_together(related):
    assert set(tables.check_all(related)) == set(related)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feedback_key": "y"}, r"\(feedback_key\): not in fact_feedback \(got \('y',\)\)"),
        ({"stage": "teleport"}, r"\(stage\): not in dim_taxonomy \(stage\) \(got \('teleport',\)\)"),
    ],
)
def test_a_reference_to_nothing_is_named(related, change, message):
    related["fact_opinion_unit"] = related["fact_opinion_unit"].assign(**change)
    with pytest.raises(ContractError, match=message):
        tables.check_all(related)


def test_every_table_and_column_is_described_in_both_languages():
    for table in TABLES.values():
        assert table.grain and table.grain_zh and table.title_zh
        assert set(table.key) <= set(table.columns)
        for item in table.columns.values():
            assert item.description.isascii()
            assert item.metadata["zh"] and not item.metadata["zh"].isascii()
    for target in (target for table in TABLES.values() for target in table.references.values()):
        assert target in TABLES


def test_fact_tables_carry_no_run_and_no_clock():
    for table in TABLES.values():
        if table.name.startswith("fact_"):
            assert not {"run_id", "published_at"} & set(table.columns)


def test_docs_are_current():
    assert DOCS.read_text(encoding="utf-8") == document.markdown(TABLES), (
        "run: python -m pipeline.tables > docs/tables.md"
    )


def test_the_command_that_makes_the_docs():
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.tables"], cwd=DOCS.parents[1], capture_output=True, check=True
    )
    assert done.stdout.decode("utf-8") == document.markdown(TABLES)


def test_the_terminal_text_names_every_table_and_column():
    text = tables.describe()
    for table in TABLES.values():
        assert table.name in text
        assert all(f"    {column}" in text for column in table.columns)


def test_the_view_names_every_column_once():
    columns = sql.view_columns()
    assert {"text", "feedback_text", "sentiment", "feedback_sentiment", "stage_zh", "touchpoint_en", "week"} <= set(
        columns
    )
    assert len(columns) == len(TABLES["fact_opinion_unit"].columns) + 8 + len(TABLES["fact_feedback"].columns) - 1 + 5

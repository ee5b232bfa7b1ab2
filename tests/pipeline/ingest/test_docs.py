"""docs/input.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipeline.ingest.columns import matches
from pipeline.ingest.discover import FORMATS
from pipeline.ingest.docs import MEANINGS, REMEDIES, renew
from pipeline.ingest.names import known_names
from pipeline.ingest.scale_names import read_name
from pipeline.records import QUARANTINE_REASONS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "input.md").read_text(encoding="utf-8")


def _block(language: str, *, first: str) -> str:
    """The block of a language whose first line begins with `first`."""
    found = re.search(rf"```{language}\n({first}.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_generated_parts_are_current():
    assert renew(DOCUMENT) == DOCUMENT, "run: python -m pipeline.ingest.docs docs/input.md"
    assert "| `nps` |" in DOCUMENT


def test_every_field_and_reason_is_explained():
    assert set(MEANINGS) == set(known_names())
    assert set(REMEDIES) == set(QUARANTINE_REASONS)


def test_every_suffix_is_named():
    assert all(f"`{suffix}`" in DOCUMENT for suffix in FORMATS)


def test_the_survey_example(write, read):
    options = yaml.safe_load(_block("yaml", first="input:"))["input"]
    result = read(write("survey.csv", _block("csv", first="答卷编号")), **options)
    assert len(result.feedbacks) == 4
    assert len({feedback.respondent for feedback in result.feedbacks}) == 3
    assert result.quarantined == result.notes == []
    first = result.feedbacks[0]
    assert (first.external_id, first.question, first.text) == ("S-001", "哪里做得好", "店员很耐心")
    assert first.occurred_at.isoformat() == "2026-10-01T15:20:00+08:00"
    assert (first.csat.value, first.nps.value, first.attributes) == (5, 9, {"门店等级": "A"})


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("评分(1-5)", "rating"),
        ("csat_1_7", "csat"),
        ("rating out of 10", "rating"),
        ("score/10", "rating"),
        ("五分制评分", "rating"),
        ("百分制评分", "rating"),
        ("满意度（1=非常满意，5=非常不满意）", "csat"),
        ("ces_1_easy_7_hard", "ces"),
        ("轻松度(1-5)", "ces"),
    ],
)
def test_the_names_given_as_examples_are_understood(column, field):
    assert f"`{column}`" in DOCUMENT
    assert matches(column, field) is not None
    assert read_name(column, field)[1].high is not None

"""How tests read a report's content: built from tables, its numbers looked up in them, its words."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from pipeline.config import Config
from pipeline.report.build import build
from pipeline.report.content import ReportContent, Source, figures_of
from pipeline.taxonomy import load_taxonomy

from .tables import Said, Tables, comment, published

TAXONOMY = load_taxonomy()
CONFIG = Config()
LANGUAGES = ("zh", "en")


def built(tables: Tables, language: Any = "en", config: Config = CONFIG) -> ReportContent:
    return build(tables, config=config, taxonomy=TAXONOMY, language=language)


def looked_up(source: Source, tables: Tables) -> tuple[float, dict[str, Any]]:
    """The number a source points to, by a query of its own, and the row if it is a single one."""
    frame = tables[source.table]
    for column, value in source.where:
        frame = frame[frame[column] == value]
    match source.how:
        case "count":
            return len(frame), {}
        case "sum":
            return float(frame[source.column].sum()), {}
        case "json":
            return json.loads(frame[source.column].item())[source.key], {}
        case "value":
            assert len(frame) == 1
            return float(frame[source.column].item()), dict(frame.iloc[0])
        case other:
            raise AssertionError(other)


def check_figures(content: ReportContent, tables: Tables) -> int:
    figures = list(figures_of(content))
    for figure in figures:
        value, row = looked_up(figure.source, tables)
        assert figure.value == pytest.approx(value)
        if figure.low is not None:
            ends = (
                ("ci_low", "ci_high")
                if figure.source.table == "fact_metric_period"
                else (
                    f"{figure.source.column}_low",
                    f"{figure.source.column}_high",
                )
            )
            assert (figure.low, figure.high) == pytest.approx(tuple(float(row[end]) for end in ends))
        if figure.n is not None:
            assert figure.n == row["n_feedback"]
            assert f"{figure.n:,}" in figure.detail
            assert figure.small == row["small_n"]
    return len(figures)


def texts(content: ReportContent) -> str:
    return " ".join(item.text for item in content.summary)


def words(part: object) -> list[str]:
    """Every text of a part of the content."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, tuple):
        return [text for item in part for text in words(item)]
    if is_dataclass(part) and not isinstance(part, Source):
        return [text for field in fields(part) for text in words(getattr(part, field.name))]
    return []


def section(content: ReportContent, name: str) -> Any:
    return next(part for part in content.sections if part.id == name)


def told(number: int, sentiment: str, stage: str, touchpoint: str, **fields: Any) -> list[Any]:
    return [comment(Said("x", sentiment, stage, touchpoint), **fields) for _ in range(number)]


def reading(comments: list[Any], name: str, language: Any = "en", small_n: int = 30) -> str:
    """The first sentences of a section; its figures stand in the tables."""
    tables = published(comments, small_n=small_n)
    content = built(tables, language)
    check_figures(content, tables)
    return str(section(content, name).blocks[0].text)

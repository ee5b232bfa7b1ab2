"""The Markdown report: golden files in both languages, and nothing a customer writes becomes markup.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipeline/report/test_markdown.py`, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.report import markdown
from pipeline.report.build import build
from pipeline.taxonomy import load_taxonomy

from .stories import CONFIG, HOSTILE, hostile, shop
from .tables import Tables

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


def rendered(tables: Tables, language) -> str:
    content = build(tables, config=CONFIG, taxonomy=load_taxonomy(), language=language)
    other = {"zh": ("report.en.md", "English"), "en": ("report.zh.md", "中文")}[language]
    return markdown.render(content, chart_path=lambda chart: f"charts/{chart.id}.{language}.svg", other=other)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_golden(language: str):
    path = GOLDEN / f"shop.{language}.md"
    text = rendered(shop(), language)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_customers_cannot_write_markup():
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(rendered(hostile(), "en"))
    assert "<script" not in html
    assert 'href="http' not in html
    assert "<h1>not a heading" not in html
    assert "&lt;script&gt;" in html


@given(st.text(max_size=60))
def test_escaped_text_shows_as_it_is(text: str):
    shown = MarkdownIt("commonmark").renderInline(markdown.escape(text))
    flat = " ".join(text.split()) if text.isprintable() else None
    assert "<" not in shown.replace("&lt;", "")
    if flat is not None and flat.isascii():
        plain = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
        assert " ".join(plain.split()) == flat


@pytest.mark.parametrize("text", ["# x", "- x", "1. x", "> x", "+ x", "===", "12) x"])
def test_escaped_text_starts_no_block(text: str):
    assert MarkdownIt("commonmark").render(markdown.escape(text)).startswith("<p>")


def test_decimals_stay_readable():
    assert markdown.escape("3.5 of 5") == "3.5 of 5"


def test_a_quotation_stays_one_block():
    text = rendered(hostile(), "en")
    lines = [line for line in text.splitlines() if "alert" in line and line.startswith("> ")]
    assert lines
    assert HOSTILE.splitlines()[1].lstrip("# ") in lines[0]

"""The Markdown report: golden files in both languages, and nothing a customer writes becomes markup.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipeline/report/test_markdown.py`, then read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.report import markdown
from pipeline.report.build import build
from pipeline.taxonomy import load_taxonomy

from .stories import CONFIG, HOSTILE, hostile, shop
from .tables import Said, Tables, comment, published

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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_link_within_the_report_has_its_anchor(language: str):
    said = [Said("x", "negative", "delivery", touchpoint) for touchpoint in ("product_info", "fulfilment")]
    text = rendered(published([comment(*said) for _ in range(3)]), language)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert "action-delivery-product_info" in links
    assert links <= set(re.findall(r'id="([^"]+)"', html))


@pytest.mark.parametrize(
    ("before", "said", "after", "line"),
    [
        ("东西不错", "但是快递太慢", "，还贵", "东西不错**但是快递太慢**，还贵"),
        ("东西不错，", "但是快递太慢。", "不会再来", "东西不错，**但是快递太慢**。不会再来"),
        ("", "快递太慢。", "", "**快递太慢。**"),
        ("Nice. ", "Too slow.", " Bye.", "Nice. **Too slow.** Bye."),
        ("好", "“太慢”", "了", "好“**太慢**”了"),
        ("好", "👍", "好", "好👍好"),
        ("", "# 慢\n很慢", "", "**# 慢 很慢**"),
        ("# 标题\n", "慢", "", "\\# 标题 **慢**"),
    ],
)
def test_an_opinion_is_bold_within_its_comment_without_a_space_of_its_own(
    before: str, said: str, after: str, line: str
):
    tables = shop()
    tables["fact_action_evidence"]["text"] = said
    tables["fact_action_evidence"]["context"] = before + said + after
    assert f"> {line}" in rendered(tables, "zh").splitlines()
    shown = MarkdownIt("commonmark").render(line)
    assert "**" not in shown
    assert re.sub(r"<[^>]+>", "", shown).strip() == " ".join((before + said + after).split())


def test_chinese_text_has_full_width_punctuation_around_what_is_put_together():
    text = rendered(shop(), "zh")
    assert "**做什么**：检查" in text
    assert "得分 20.0，触及面 0.33，" in text
    assert "权重 1.00（得分 = 100" in text
    assert "2026年9月22日 · hotline" in text
    own = "\n".join(line for line in text.splitlines() if not line.startswith((">", "- **做什么**", "!")))
    assert not re.search(r"[一-鿿%\d][ ]?\((?!charts|report|#)|[一-鿿*][:,;]", own)


def test_few_comments_are_marked_in_a_heading():
    said = [comment(Said("慢", "negative", "delivery", "fulfilment"), language="zh") for _ in range(3)]
    heading = next(line for line in rendered(published(said), "zh").splitlines() if line.startswith("### <a"))
    assert heading.endswith("（交付阶段）（样本少）")


def test_a_quotation_stays_one_block():
    text = rendered(hostile(), "en")
    lines = [line for line in text.splitlines() if "alert" in line and line.startswith("> ")]
    assert lines
    assert HOSTILE.splitlines()[1].lstrip("# ") in lines[0]

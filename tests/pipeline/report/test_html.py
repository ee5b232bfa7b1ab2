"""The HTML report: one file, no script, nothing from outside, nothing a customer writes becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pipeline.config import Config
from pipeline.report import html
from pipeline.report.build import build
from pipeline.taxonomy import load_taxonomy

from .stories import HOSTILE, hostile, shop
from .tables import Tables, published

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Elements, attributes and headings of a page; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def rendered(tables: Tables, language="en", other=("report.zh.html", "中文")) -> str:
    content = build(tables, config=Config(), taxonomy=load_taxonomy(), language=language)
    return html.render(content, other=other)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(rendered(shop()))


def test_the_page_is_complete_and_in_order(page: Page):
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("svg") == 5
    assert {"nav", "main", "header", "footer", "details", "caption"} <= set(page.tags)


def test_ids_are_unique_and_links_lead_to_them(page: Page):
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    anchors = [value[1:] for value in page.all("href") + page.all("xlink:href") if value.startswith("#")]
    assert anchors
    assert set(anchors) <= set(ids)
    labels = {name for value in page.all("aria-labelledby") for name in value.split()}
    assert labels <= set(ids)


def test_nothing_comes_from_outside(page: Page):
    assert not {"script", "iframe", "object", "embed", "img", "form"} & set(page.tags)
    links = [value for value in page.all("href") if not value.startswith("#")]
    assert set(links) == {"data:,", "report.zh.html"}
    assert page.all("src") == []
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    text = rendered(shop())
    assert "@import" not in text
    assert "url(http" not in text


def test_the_other_language_is_one_link_away(page: Page):
    assert ("a", "hreflang", "zh-CN") in page.attributes
    alone = Page(rendered(shop(), "zh", other=None))
    assert ("html", "lang", "zh-CN") in alone.attributes
    assert alone.all("hreflang") == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_customers_write_stays_text(language: str):
    text = rendered(hostile(), language)
    hostile_page = Page(text)
    assert "script" not in hostile_page.tags
    assert "<script" not in text
    assert HOSTILE in hostile_page.words
    assert "A" * 400 in hostile_page.words


def test_quotes_carry_their_language_and_direction(page: Page):
    assert ("blockquote", "lang", "zh") in page.attributes
    assert ("blockquote", "dir", "auto") in page.attributes


def test_small_samples_are_marked(page: Page):
    assert "small n" in page.words


def test_an_empty_report_is_a_page():
    assert Page(rendered(published([]))).tags.count("section") == 7

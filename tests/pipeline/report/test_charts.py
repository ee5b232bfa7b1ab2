"""Charts: text stays text, the same data gives the same bytes, nothing but SVG."""

from __future__ import annotations

import re
import warnings
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.config import Config
from pipeline.report import charts
from pipeline.report.build import build
from pipeline.report.content import Chart, RankChart, SharesChart, TrendChart, charts_of
from pipeline.taxonomy import load_taxonomy

from .stories import HOSTILE, shop
from .tables import Said, comment, published

SVG = "{http://www.w3.org/2000/svg}"


def drawn(language: Any = "zh") -> tuple[Chart, ...]:
    return charts_of(build(shop(), config=Config(), taxonomy=load_taxonomy(), language=language))


@pytest.fixture(scope="module")
def shop_charts() -> dict[str, tuple[Chart, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {chart.id: (chart, charts.svg(chart)) for chart in drawn()}


def test_the_report_has_its_pictures(shop_charts):
    kinds = {name: type(chart) for name, (chart, _) in shop_charts.items()}
    assert kinds == {
        "journey": SharesChart,
        "weekly": TrendChart,
        "touchpoints": SharesChart,
        "changes": TrendChart,
        "ranking": RankChart,
    }


def test_text_stays_text_and_is_described(shop_charts):
    for chart, drawing in shop_charts.values():
        root = ElementTree.fromstring(drawing)
        assert root.get("role") == "img"
        assert root.find(f"{SVG}title").text == chart.title
        assert root.find(f"{SVG}desc").text == chart.alt
    words = "".join(ElementTree.fromstring(shop_charts["journey"][1]).itertext())
    assert "交付" in words
    assert "净情感" in words
    assert "n = " in shop_charts["journey"][0].alt


def test_the_same_data_gives_the_same_bytes(shop_charts):
    for chart in drawn():
        assert charts.svg(chart) == shop_charts[chart.id][1]


def test_ids_differ_between_the_charts_of_a_page(shop_charts):
    ids = [name for _, drawing in shop_charts.values() for name in re.findall(r'\bid="([^"]+)"', drawing)]
    assert len(ids) == len(set(ids))
    used = {
        name for _, drawing in shop_charts.values() for name in re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)", drawing)
    }
    assert {a or b for a, b in used} <= set(ids)


def test_no_date_no_version_and_no_outside_reference(shop_charts):
    for _, drawing in shop_charts.values():
        assert "Matplotlib" not in drawing
        assert "<metadata" not in drawing
        assert set(re.findall(r"https?://[^\"\s]+", drawing)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }


def test_labels_cannot_break_out_of_the_drawing():
    said = Said("x", "negative", "delivery", HOSTILE)
    content = build(
        published([comment(said) for _ in range(3)]), config=Config(), taxonomy=load_taxonomy(), language="en"
    )
    for chart in charts_of(content):
        root = ElementTree.fromstring(charts.svg(chart))
        assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_a_dollar_sign_is_not_mathematics():
    said = Said("x", "negative", "delivery", "$a_1$")
    content = build(
        published([comment(said) for _ in range(3)]), config=Config(), taxonomy=load_taxonomy(), language="en"
    )
    chart = next(chart for chart in charts_of(content) if chart.id == "touchpoints")
    assert "$a_1$" in "".join(ElementTree.fromstring(charts.svg(chart)).itertext())


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("dark", "light"), [("negative", "positive"), ("negative", "track"), ("ink", "paper")])
def test_colours_keep_apart_in_grey(dark: str, light: str):
    """WCAG 2 asks a contrast of 3 for graphics."""
    ratio = (_luminance(charts.COLOURS[light]) + 0.05) / (_luminance(charts.COLOURS[dark]) + 0.05)
    assert ratio >= 3


def test_long_labels_are_cut_to_their_space():
    assert charts.fit("短", 100, 12) == "短"
    cut = charts.fit("一个非常非常长的触点名称", 60, 12)
    assert cut.endswith("…")
    assert charts.text_width(cut, 12) <= 60


def test_lines_do_not_bridge_weeks_without_data():
    assert charts.runs([0, 1, 3, 4, 5, 8]) == [[0, 1], [3, 4, 5], [8]]

"""The HTML report in a browser: quiet, offline, and never wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE, DESKTOP = 390, 1280


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": PHONE, "height": 844})
    yield opened
    opened.close()


@pytest.mark.parametrize("story", ["shop", "hostile"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_opens_without_messages_or_requests(page: Page, reports: Path, story: str, language: str):
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    address = (reports / story / f"report.{language}.html").as_uri()
    page.on("request", lambda request: heard.append(request.url) if request.url != address else None)
    page.goto(address)
    assert page.locator("h1").count() == 1
    assert [line for line in heard if not line.startswith("data:")] == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("story", ["shop", "hostile"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_the_window(page: Page, reports: Path, story: str, language: str, width: int):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((reports / story / f"report.{language}.html").as_uri())
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_chart_words_fit_into_their_charts(page: Page, reports: Path):
    """Labels are laid out without the reader's fonts, so measure them with a real one."""
    page.set_viewport_size({"width": DESKTOP, "height": 900})
    for language in ("zh", "en"):
        page.goto((reports / "shop" / f"report.{language}.html").as_uri())
        outside = page.evaluate(
            """() => [...document.querySelectorAll('svg text')].filter(text => {
                const frame = text.ownerSVGElement.getBoundingClientRect(), box = text.getBoundingClientRect()
                return box.left < frame.left - 1 || box.right > frame.right + 1
            }).map(text => text.textContent)"""
        )
        assert outside == []


def test_chart_words_do_not_run_into_each_other(page: Page, reports: Path):
    page.set_viewport_size({"width": DESKTOP, "height": 900})
    for language in ("zh", "en"):
        page.goto((reports / "shop" / f"report.{language}.html").as_uri())
        touching = page.evaluate(
            """() => [...document.querySelectorAll('svg')].flatMap(svg => {
                const words = [...svg.querySelectorAll('text')]
                    .map(text => [text.textContent, text.getBoundingClientRect()])
                return words.flatMap(([a, p], i) => words.slice(i + 1)
                    .filter(([, q]) => p.left < q.right && q.left < p.right)
                    .filter(([, q]) => p.top + 3 < q.bottom && q.top + 3 < p.bottom)
                    .map(([b]) => a + ' / ' + b))
            })"""
        )
        assert touching == []


def test_the_switch_leads_to_the_other_language(page: Page, reports: Path):
    page.goto((reports / "shop" / "report.zh.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"


def test_evidence_opens_without_script(page: Page, reports: Path):
    page.goto((reports / "shop" / "report.en.html").as_uri())
    second = page.locator("details.evidence").nth(1)
    assert not second.locator("blockquote").first.is_visible()
    second.locator("summary").click()
    assert second.locator("blockquote").first.is_visible()


def test_dark_mode_restyles_page_and_charts(browser: Browser, reports: Path):
    colours = {}
    for scheme in ("light", "dark"):
        opened = browser.new_page(color_scheme=scheme)
        opened.goto((reports / "shop" / "report.en.html").as_uri())
        colours[scheme] = opened.evaluate(
            """[
                getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.querySelector('svg text')).fill,
            ]"""
        )
        opened.close()
    assert colours["light"][0] != colours["dark"][0]
    assert colours["light"][1] != colours["dark"][1]


def test_printing_shows_all_evidence(page: Page, reports: Path):
    page.goto((reports / "shop" / "report.en.html").as_uri())
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    closed = page.locator("details.evidence").nth(1).locator("blockquote").first
    assert closed.bounding_box()["height"] > 0

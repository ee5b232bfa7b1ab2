"""Hand-made feedback for report tests: a small shop whose delivery gets worse, in Chinese and English."""

from __future__ import annotations

from datetime import date, timedelta

from pipeline.config import Config

from .tables import Row, Said, Tables, comment, published

START = date(2026, 9, 7)
"""A Monday; the last comment is of a Monday too, so that only the fifth week is partial."""
CONFIG = Config.model_validate({"metrics": {"small_n": 5}, "priority": {"min_feedback": 2}})
HOSTILE = '<script>alert("x")</script> | `code` [link](http://example.com) & 好 \u202eRTL \U0001f92f\n# not a heading'


def late(day: int, text: str, *, language: str = "en", **fields: object) -> Row:
    return comment(Said(text, "negative", "delivery", "fulfilment"), language=language, day=day_of(day), **fields)


def day_of(day: int) -> date:
    return START + timedelta(days=day)


def shop() -> Tables:
    """Twenty-four comments over four weeks and a day; delivery fails from the third week on, the app recovers."""
    good_product = Said("The kettle boils fast.", "positive", "usage", "product")
    prompt = Said("送货很快。", "positive", "delivery", "fulfilment")
    crash = Said("App crashes when I pay.", "negative", "purchase", "digital")
    smooth = Said("付款很顺。", "positive", "purchase", "digital")
    comments = [
        comment(prompt, good_product, language="mixed", day=day_of(0), channel="app", nps=9, external_id="A-1"),
        comment(crash, day=day_of(1), channel="app", nps=3, external_id="A-2"),
        comment(crash, good_product, day=day_of(2), channel="app", nps=6),
        comment(prompt, language="zh", day=day_of(3), channel="门店", nps=10),
        comment(crash, day=day_of(7), channel="app", nps=2),
        comment(crash, prompt, language="mixed", day=day_of(8), channel="app", nps=5),
        comment(prompt, language="zh", day=day_of(9), channel="门店", nps=9),
        comment(good_product, day=day_of(10), channel="hotline", nps=8),
        comment(crash, day=day_of(12), channel="app", nps=4),
        *(
            late(15 + day, "Three days late, and nobody called.", channel="hotline", nps=2, external_id=f"B-{day}")
            for day in range(4)
        ),
        *(late(20 + day, "晚了五天,包裹还丢了。", language="zh", channel="app", nps=1) for day in range(4)),
        comment(smooth, language="zh", day=day_of(15), channel="app", nps=9),
        comment(smooth, good_product, language="mixed", day=day_of(18), channel="app", nps=10),
        comment(smooth, good_product, language="mixed", day=day_of(21), channel="app", nps=8),
        comment(smooth, language="zh", day=day_of(25), channel="app", nps=9),
        comment(Said("It is a kettle.", "neutral", "unspecified", "overall"), day=day_of(28), channel="门店"),
        comment(language="en", day=day_of(27), channel="门店", text="Order 4711"),
        comment(language="other", day=day_of(26), channel="门店", text="Bonjour"),
    ]
    return published(
        comments,
        small_n=5,
        masked={"PHONE": 3, "EMAIL": 1},
        scores_refused={"shop.csv: NPS": 2},
        duplicates=2,
        quarantine=[_rejected(3, "empty_text"), _rejected(9, "empty_text"), _rejected(12, "bad_date")],
    )


def hostile() -> Tables:
    """Every text a customer or an analyst controls tries to break out of the page."""
    said = Said(HOSTILE, "negative", "delivery", "fulfilment")
    other = Said("A" * 400, "negative", "delivery", "fulfilment")
    comments = [
        comment(
            said,
            other,
            day=day_of(day),
            channel=HOSTILE,
            product=f"{HOSTILE}{day}",
            source=HOSTILE,
            external_id=HOSTILE,
        )
        for day in range(4)
    ]
    return published(comments)


def _rejected(row: int, reason: str) -> Row:
    return {
        "file": "export.csv",
        "sheet": "",
        "row": row,
        "column": "",
        "reason": reason,
        "detail": "",
        "preview": "",
    }

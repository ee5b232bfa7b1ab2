"""The command line, and the document that it writes."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from models.labels import GENERIC
from models.public import __main__ as command
from models.public import reading
from models.public.__main__ import main
from models.units import UnitPrediction

from .samples import some_ids, unit, write

HOTEL = "房间干净"
TWEET = "the plane left three hours late"
DINNER = "lovely soup, rude waiter"
UNITS = {
    HOTEL: [unit((0, 4), "positive")],
    TWEET: [unit((0, 31), "negative", "fulfilment")],
    DINNER: [unit((0, 12), "positive"), unit((12, 24), "negative", "premises")],
}


class Scripted:
    """A model that gives the units written down for a text."""

    model_id, labels = "scripted-1", GENERIC

    def __init__(self, units: dict[str, list[UnitPrediction]]) -> None:
        self.units = units

    def predict(self, texts, *, progress=None):
        return [self.units[text] for text in texts]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three of the sets, and the scripted model in place of a real one."""
    monkeypatch.setattr(command, "load_model", lambda name: Scripted(UNITS))
    monkeypatch.setattr(reading, "read_annotations", dict)
    hotel, tweets, dinners = (
        some_ids(name, n) for name, n in (("chnsenticorp_hotel", 10), ("twitter_us_airline", 3), ("mams_restaurant", 2))
    )
    sentiments = ["positive"] * 4 + ["negative"] * 6
    write(
        tmp_path / "chnsenticorp_hotel.jsonl",
        [{"id": i, "text": HOTEL, "sentiment": s} for i, s in zip(hotel, sentiments, strict=True)],
    )
    reasons = ["Late Flight", "Lost Luggage", "Can't Tell"]
    write(
        tmp_path / "twitter_us_airline.jsonl",
        [{"id": i, "text": TWEET, "sentiment": "negative", "reason": r} for i, r in zip(tweets, reasons, strict=True)],
    )
    aspects = [
        {"category": "food", "polarity": "positive"},
        {"category": "staff", "polarity": "negative"},
        {"category": None, "polarity": "positive", "term": "soup"},
        {"category": None, "polarity": "neutral", "term": "waiter"},
    ]
    write(tmp_path / "mams_restaurant.jsonl", [{"id": i, "text": DINNER, "aspects": aspects} for i in dinners])
    return tmp_path


def rows(document: str, title: str) -> list[str]:
    """The table rows under a heading."""
    part = document.split(f"## {title}\n")[1].split("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][1:]


def test_document(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = directory / "out.md"
    annotated = write(
        directory / "gold.jsonl", [{"id": "own-x", "lang": "zh", "text": "好", "units": [], "part": "dev"}]
    )
    assert main(["--texts", str(directory), "--annotated", str(annotated), "--out", str(out)]) == 0
    document = out.read_text(encoding="utf-8")
    assert "Model scripted-1." in document
    assert "python -m models.public --texts DIR --model current --annotated FILE --out FILE" in document
    assert "1 texts are known that models may learn from or be tuned on; none of them is measured." in document
    assert rows(document, "Texts")[0] == "| chnsenticorp_hotel | 10 | 10 | 0 | 10 |"
    assert "| waimai_10k | file missing, skipped | - | - | - |" in rows(document, "Texts")
    # All ten are called positive. Four are; only negative has five texts, and its F1 is 0.
    (hotel,) = rows(document, "Polarity of a text, two classes")
    assert hotel.startswith("| chnsenticorp_hotel | 10 | 10 | 0 | 0.600 | 0.400 (")
    assert hotel.endswith("| 0.000 (0.000 to 0.000) |")
    (tweets,) = rows(document, "Polarity of a text, three classes")
    assert tweets == "| twitter_us_airline | 3 | 3 | 0 | 1.000 | 1.000 (1.000 to 1.000) | - |"
    # soup is right, waiter (neutral upstream) is called negative, in both texts
    (terms,) = rows(document, "Polarity of an aspect, three classes")
    assert terms == "| mams_restaurant | 2 | 4 | 0 | 0.500 | 0.500 (0.500 to 0.500) | - |"
    assert "at its place" not in document  # none of its sets is there
    # food is found, staff is not; a late flight and lost luggage are both fulfilment
    assert rows(document, "Categories of a text as touchpoints") == [
        "| mams_restaurant | 2 | 4 | 0 | 0.500 | 0.500 (0.500 to 0.500) | - |",
        "| twitter_us_airline | 2 | 2 | 1 | 1.000 | 1.000 (1.000 to 1.000) | - |",
    ]
    assert "| mams_restaurant | staff | `staff`, `service` |" in rows(document, "Touchpoints of the categories")
    assert "| mams_restaurant | left out | `miscellaneous` |" in rows(document, "Touchpoints of the categories")
    assert not any(part in document for part in (HOTEL, TWEET, DINNER, "soup", str(directory)))
    assert "written to" in capsys.readouterr().out


def test_document_says_when_no_annotated_texts_are_known(directory: Path) -> None:
    assert main(["--texts", str(directory), "--out", str(directory / "out.md")]) == 0
    assert "no labelled feedback was given: **the model may have learned" in (directory / "out.md").read_text(
        encoding="utf-8"
    )


def test_a_set_with_nothing_to_measure_has_an_empty_row(directory: Path) -> None:
    (key,) = some_ids("waimai_10k", 1)
    write(directory / "waimai_10k.jsonl", [{"id": key, "text": HOTEL, "sentiment": None}])
    assert main(["--texts", str(directory), "--out", str(directory / "out.md")]) == 0
    found = rows((directory / "out.md").read_text(encoding="utf-8"), "Polarity of a text, two classes")
    assert found[1] == "| waimai_10k | 0 | 0 | - | - | - | - |"


def test_bad_input_is_an_error(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = directory / "empty"
    empty.mkdir()
    out = directory / "out.md"
    assert main(["--texts", str(empty), "--out", str(out)]) == 2
    assert "empty: no file of the sets chnsenticorp_hotel," in capsys.readouterr().err
    (directory / "mams_restaurant.jsonl").write_text("{\n", encoding="utf-8")
    assert main(["--texts", str(directory), "--out", str(out)]) == 2
    assert "mams_restaurant.jsonl, line 1: not JSON" in capsys.readouterr().err
    assert not out.exists()


def test_the_package_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["models.public", "--help"])
    monkeypatch.delitem(sys.modules, command.__name__)
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("models.public", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: python -m models.public ")

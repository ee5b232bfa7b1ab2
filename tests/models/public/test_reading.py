"""Which texts of a set are taken, what is read of them, and the touchpoints of their categories."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from models.errors import GoldError, ModelError
from models.labels import GENERIC
from models.public import reading
from models.public.figures import SETS
from models.public.reading import Aspect, PublicText, known_texts, read_set, read_touchpoints

from .samples import TEXT, some_ids, write

MAPPED = {"food": "product", "speed": "fulfilment", "rest*": None}
GOOD = {"id": "acos_laptop-1", "text": TEXT}


def test_only_the_test_share_is_taken_and_nothing_learned_from(tmp_path: Path) -> None:
    ids = some_ids("waimai_10k", 5)
    others = some_ids("waimai_10k", 3, "train") + some_ids("waimai_10k", 2, "dev")
    write(tmp_path / "waimai_10k.jsonl", [{"id": i, "text": f"菜 {i}", "sentiment": "positive"} for i in ids + others])
    annotated = write(
        tmp_path / "gold.jsonl",
        [
            {"id": ids[0], "lang": "zh", "text": "菜", "units": [], "part": "train"},
            # the same text in another set has the same ending
            {"id": "elsewhere-" + ids[1].split("-")[1], "lang": "zh", "text": "菜", "units": [], "part": "dev"},
            {"id": ids[2], "lang": "zh", "text": "菜", "units": [], "part": "test"},
        ],
    )
    found = read_set(tmp_path, "waimai_10k", {}, known_texts([annotated]))
    assert found is not None
    assert (found.total, found.in_test, found.known) == (10, 5, 2)
    assert sorted(t.id for t in found.texts) == sorted(ids[2:])


def test_shipped_annotations_are_known_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read_annotations", lambda: {"waimai_10k-abc": {}})
    assert known_texts([]) == {"abc"}


def test_the_smallest_hashes_are_taken_in_any_order_of_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 3)
    ids = some_ids("waimai_10k", 6)
    smallest = sorted(ids, key=lambda i: hashlib.sha256(i.encode()).hexdigest())[:3]
    for lines in (ids, ids[::-1]):
        write(tmp_path / "waimai_10k.jsonl", [{"id": i, "text": "菜"} for i in lines])
        found = read_set(tmp_path, "waimai_10k", {}, frozenset())
        assert found is not None
        assert [t.id for t in found.texts] == smallest


def test_labels_are_read(tmp_path: Path) -> None:
    (key,) = some_ids("acos_laptop", 1)
    record = {
        "id": key,
        "text": TEXT,
        "sentiment": "mixed",
        "reason": "speed",
        "aspects": [
            {"category": "food", "polarity": "positive", "term": "菜", "opinion": "新鲜", "segment": "菜很新鲜"},
            {"category": "rest#1", "polarity": "negative", "term": None, "opinion": "离谱"},
            {"category": None, "polarity": "neutral"},
        ],
    }
    with gzip.open(tmp_path / "acos_laptop.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write(json.dumps(record) + "\n\n")
    found = read_set(tmp_path, "acos_laptop", MAPPED, frozenset())
    assert found is not None
    assert found.texts == (
        PublicText(
            id=key,
            text=TEXT,
            sentiment="mixed",
            reason="speed",
            touchpoint="fulfilment",
            aspects=(
                Aspect("positive", "food", "product", "菜", "菜很新鲜"),
                Aspect("negative", "rest#1", None, "离谱", None),
                Aspect("neutral", None, None, None, None),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        (json.dumps({"text": TEXT}), "id is missing"),
        (json.dumps({"id": "a-1", "text": 7}), "text is not a text"),
        (json.dumps({**GOOD, "sentiment": "good"}), "sentiment 'good' is none of positive, neutral, negative, mixed"),
        (json.dumps({**GOOD, "reason": "mood"}), "category 'mood' has no touchpoint, nor null, in public.yaml"),
        (json.dumps({**GOOD, "aspects": 3}), "not iterable"),
        (json.dumps({**GOOD, "aspects": ["food"]}), "an object with polarity is expected, not str"),
        (json.dumps({**GOOD, "aspects": [{"polarity": None}]}), "polarity None is none of"),
        (
            json.dumps({**GOOD, "aspects": [{"polarity": "positive", "category": "x"}]}),
            "category 'x' has no touchpoint",
        ),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "acos_laptop.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        read_set(tmp_path, "acos_laptop", MAPPED, frozenset())
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert message in str(caught.value)
    assert TEXT not in str(caught.value)


def test_shipped_touchpoints_are_those_of_the_codebook() -> None:
    found = read_touchpoints()
    assert set(found) <= set(SETS)
    assert found["mams_restaurant"]["staff"] == found["mams_restaurant"]["service"] == "staff"
    assert found["zhijiang_cosmetics"]["物流"] == "fulfilment"
    assert len(found["asap_sample"]) == 18
    assert all(
        touchpoint is None or touchpoint in GENERIC.touchpoint for c in found.values() for touchpoint in c.values()
    )


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("LAPTOP#PRICE", "pricing"),
        ("SHIPPING#PRICE", None),
        ("SHIPPING#QUALITY", "fulfilment"),
        ("LAPTOP#GENERAL", None),
        ("KEYBOARD#GENERAL", "product"),
        ("OS#MISCELLANEOUS", None),
    ],
)
def test_the_first_pattern_that_fits_counts(tmp_path: Path, category: str, expected: str | None) -> None:
    (key,) = some_ids("acos_laptop", 1)
    aspects = [{"category": category, "polarity": "positive"}]
    write(tmp_path / "acos_laptop.jsonl", [{"id": key, "text": TEXT, "aspects": aspects}])
    found = read_set(tmp_path, "acos_laptop", read_touchpoints()["acos_laptop"], frozenset())
    assert found is not None
    assert found.texts[0].aspects[0].touchpoint == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("acos_laptop:\n  a: product\n  b: produce\n", "line 3: touchpoint 'produce' is not in label set 'generic'"),
        ("acos_laptop:\n  - a\n", "line 2: names with values are expected here"),
        ("", "line 1: names with values are expected here"),
        ("a: [\n", "line 2"),
        ("acos_laptop:\n  a: product\n", "no categories for acos_restaurant, asap_sample"),
    ],
)
def test_bad_touchpoints_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "public.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        read_touchpoints(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)

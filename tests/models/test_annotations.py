"""Labels without texts find their texts again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from models.annotations import ANNOTATIONS, join, main, read_annotations, text_hash
from models.errors import GoldError
from models.gold import read_gold
from models.labels import GENERIC, HEADS

TEXT = "味道不错，但是送餐太慢"
UNITS = [[0, 5, "positive", "usage", "product", "praise"], [5, 11, "negative", "delivery", "fulfilment", "complaint"]]


def known(text: str = TEXT) -> dict[str, dict[str, object]]:
    return {"a-1": {"id": "a-1", "sha256": text_hash(text), "units": UNITS}}


def public(directory: Path) -> Path:
    rows = [{"id": f"a-{n}", "lang": "zh", "domain": "food", "source": "a", "text": TEXT} for n in range(3)]
    with gzip.open(directory / "a.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    return directory


def test_joined_texts_are_gold_for_training(tmp_path: Path) -> None:
    found = join(public(tmp_path), tmp_path / "gold.jsonl", known())
    assert (found.written, found.missing) == (1, 0)
    (gold,) = read_gold(tmp_path / "gold.jsonl")
    assert (gold.id, gold.part, gold.domain, gold.text) == ("a-1", "train", "food", TEXT)
    assert [tuple(u) for u in gold.units] == [tuple(u) for u in UNITS]


def test_a_text_that_differs_is_not_joined(tmp_path: Path) -> None:
    found = join(public(tmp_path), tmp_path / "gold.jsonl", known("another text"))
    assert (found.written, found.missing) == (0, 1)


def test_broken_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(GoldError, match=r"a\.jsonl"):
        join(tmp_path, tmp_path / "out.jsonl", known())
    assert main(["--texts", str(tmp_path), "--out", str(tmp_path / "out")]) == 2


def test_records_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    rows = [{"id": "a-1"}, {"id": ["a-1"], "text": TEXT}, {"text": TEXT}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert join(tmp_path, tmp_path / "gold.json", known()).missing == 1


def test_no_files_and_no_place_to_write_are_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--texts", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no .jsonl or .jsonl.gz file" in capsys.readouterr().err
    assert main(["--texts", str(public(tmp_path)), "--out", str(tmp_path / "none" / "out")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_shipped_annotations_hold_no_text_and_only_known_labels() -> None:
    shipped = read_annotations(ANNOTATIONS)
    assert len(shipped) > 1000
    for record in shipped.values():
        assert set(record) == {"id", "sha256", "units"}
        reached = 0
        for start, end, *labels in record["units"]:
            assert reached <= start < end
            reached = end
            assert all(label in GENERIC.ids(head) for head, label in zip(HEADS, labels, strict=True))

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from models.errors import GoldError
from models.gold import OWN, read_gold, split_part

UNIT = {"start": 0, "end": 2, "sentiment": "positive", "stage": "usage", "touchpoint": "product", "intent": "praise"}


def line(**change: object) -> str:
    return json.dumps({"id": "a", "lang": "zh", "text": "好吃，送餐慢", "units": [UNIT], **change}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("key", "part"),
    [("own-zh-2705c1c30dbe", "dev"), ("own-en-009ec472505c", "train"), ("a", "train"), ("反馈", "test"), ("", "train")],
)
def test_split_never_changes(key: str, part: str) -> None:
    assert split_part(key) == part


def test_split_shares() -> None:
    counts = Counter(split_part(f"key-{n}") for n in range(4000))
    assert counts["train"] / 4000 == pytest.approx(0.70, abs=0.03)
    assert counts["dev"] / 4000 == pytest.approx(0.15, abs=0.03)


def test_twins_stay_together() -> None:
    groups: dict[str, set[str]] = {}
    for g in read_gold(OWN):
        groups.setdefault(g.group, set()).add(g.part)
    assert all(len(parts) == 1 for parts in groups.values())
    assert len(groups) < len(read_gold(OWN)), "the own data has twins"


def test_plain_and_compressed_are_the_same(tmp_path: Path) -> None:
    plain, packed = tmp_path / "g.jsonl", tmp_path / "g.jsonl.gz"
    plain.write_text(line() + "\n\n" + line(id="b", units=[]) + "\n", encoding="utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_gold(plain) == read_gold(packed)
    assert [g.id for g in read_gold(plain)] == ["a", "b"]


def test_a_directory_is_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(line(id="b"), encoding="utf-8")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line(id="a").encode()))
    (tmp_path / "README.md").write_text("no data", encoding="utf-8")
    assert [g.id for g in read_gold(tmp_path)] == ["a", "b"]


def test_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"no \.jsonl"):
        read_gold(tmp_path)


def test_a_file_may_say_the_part(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(line(id="反馈") + "\n" + line(id="b", group="反馈", part="train") + "\n", encoding="utf-8")
    assert [g.part for g in read_gold(path)] == ["test", "train"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        (line(part="exam"), "part: Input should be 'train', 'dev' or 'test'"),
        (json.dumps({"id": "b", "lang": "zh", "text": "好"}), "units: Field required"),
        (line(id=7), "id: Input should be a valid string"),
        (line(id=None), "id: Input should be a valid string"),
        (line(id="?").replace("?", r"\ud83d"), "id: .*surrogates not allowed"),
        (line(group=3), "group: Input should be a valid string"),
        (line(text=None, units=[]), "text: Input should be a valid string"),
        (line(lang="zh-CN"), "lang: Input should be 'zh' or 'en'"),
        (line(units=None), "units: Input should be a valid list"),
        (line(units=[{**UNIT, "start": "0"}]), "units.0.start: Input should be a valid integer"),
        (line(units=[{**UNIT, "start": 0.0}]), "units.0.start: Input should be a valid integer"),
        (line(units=[{**UNIT, "end": True}]), "units.0.end: Input should be a valid integer"),
        (line(units=[{**UNIT, "text": "难吃"}]), "unit 0-2 quotes something else"),
        (line(), "id 'a' is that of .*line 1"),
        (line(units=[{**UNIT, "stage": "later"}]), "stage 'later'"),
        (line(units=[{**UNIT, "end": 99}]), "0-99"),
        (line(units=[UNIT, {**UNIT, "start": 1, "end": 3}]), "overlaps"),
    ],
)
def test_bad_gold_names_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(line() + "\n" + text + "\n", encoding="utf-8")
    with pytest.raises(GoldError, match=expected) as caught:
        read_gold(path)
    assert f"{path}, line 2" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"none\.jsonl"):
        read_gold(tmp_path / "none.jsonl")


def test_the_error_does_not_quote_feedback(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(line(text=["好吃，送餐慢"]), encoding="utf-8")
    with pytest.raises(GoldError, match="text: Input should be a valid string") as caught:
        read_gold(path)
    assert "送餐" not in str(caught.value)

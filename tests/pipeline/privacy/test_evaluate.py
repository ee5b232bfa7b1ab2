from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.privacy import evaluate
from pipeline.privacy.kinds import KINDS
from pipeline.privacy.masker import Masker

ROOT = Path(__file__).parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden" / "privacy").glob("*.txt"))


def test_cases_are_read_with_offsets(tmp_path: Path) -> None:
    path = tmp_path / "cases.txt"
    path.write_text("# note\n\n电话{PHONE:123}和{EMAIL:a@b.c}。\nplain\n", encoding="utf-8")
    first, second = evaluate.read_cases(path)
    assert first == evaluate.Case("电话123和a@b.c。", frozenset({("PHONE", 2, 5), ("EMAIL", 6, 11)}), "cases.txt:3")
    assert (second.text, second.values) == ("plain", frozenset())


def test_an_unknown_kind_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cases.txt"
    path.write_text("{FON:123}", encoding="utf-8")
    with pytest.raises(InputError, match=r"cases\.txt:1.*FON"):
        evaluate.read_cases(path)


def test_misses_and_wrong_masks_are_told_apart() -> None:
    cases = [
        evaluate.Case("电话13800138000", frozenset({("PHONE", 2, 13)}), "found"),
        evaluate.Case("电话13800138000", frozenset(), "wrong"),
        evaluate.Case("很好", frozenset({("PHONE", 0, 2)}), "missed"),
        evaluate.Case("电话13800138000", frozenset({("PHONE", 0, 13)}), "partly"),
    ]
    tallies, failures = evaluate.score(Masker(), cases)
    assert tallies["PHONE"] == evaluate.Tally(found=1, missed=2, wrong=2)
    assert (tallies["PHONE"].recall, tallies["PHONE"].precision) == (1 / 3, 1 / 3)
    assert tallies["EMAIL"].recall is None
    assert failures == ["wrong", "missed", "partly"]


def test_a_failing_set_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.txt"
    path.write_text("{PHONE:很好}\n", encoding="utf-8")
    assert evaluate.main([str(path)]) == 1
    shown = capsys.readouterr().out
    assert "not as marked: cases.txt:1" in shown
    assert "| `PHONE` | 1 | 0 | 1 | 0 | 0.000 | n/a |" in shown


def test_a_sample_shows_counts_and_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sample.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for text in ["电话13800138000或13800138001", "很好", "a@example.com"]:
            file.write(json.dumps({"text": text}) + "\n")
    assert evaluate.main(["--sample", str(path)]) == 0
    shown = capsys.readouterr().out
    assert re.fullmatch(
        r"sample\.jsonl\.gz: 3 texts of \d+ characters, \d+ texts/s, 2 with masks: EMAIL 1, PHONE 2\n", shown
    )


def test_the_documented_table_is_what_the_command_prints() -> None:
    document = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    tallies, _ = evaluate.score(Masker(), [case for path in GOLDEN for case in evaluate.read_cases(path)])
    assert evaluate.table(tallies) in document


def test_the_document_names_every_kind() -> None:
    document = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    for kind, info in KINDS.items():
        assert f"| `[{kind}]` | {info.zh} | {info.en} |" in document

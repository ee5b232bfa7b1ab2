"""`cxi evaluate` on a small gold file with the lexicon model."""

import json

import pytest
from typer.testing import CliRunner

from flows.cli import app

UNIT = {"start": 0, "end": 4, "sentiment": "positive", "stage": "usage", "touchpoint": "product", "intent": "praise"}


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    rows = [{"id": f"a{n}", "lang": "zh", "text": "味道不错", "units": [UNIT]} for n in range(8)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_figures_of_a_gold_file_are_printed(gold):
    result = run("--gold", gold, "--model", "lexicon")
    assert result.exit_code == 0
    assert "on 8 labelled feedbacks (all)" in result.stdout
    assert "8 feedbacks, 8 gold units" in result.stdout


def test_two_models_are_compared_and_written(gold, tmp_path):
    out = tmp_path / "compared.md"
    assert run("--gold", gold, "--model", "lexicon", "--compare", "lexicon", "-o", out).exit_code == 0
    assert "not shown" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--part", "exam"], 2, "--part"),
        (["--part", "dev"], 7, "no feedback in part 'dev'"),
        (["--model", "none"], 7, "no model 'none'"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(tmp_path, arguments, code, message):
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"id": "a", "lang": "zh", "text": "味道不错", "units": [UNIT]}), encoding="utf-8")
    result = run("--gold", path, *arguments)
    assert result.exit_code == code
    assert message in result.output


def test_a_missing_gold_file_is_named(tmp_path):
    result = run("--gold", tmp_path / "none.jsonl", "--model", "lexicon")
    assert result.exit_code == 7
    assert "none.jsonl" in result.output

"""Intervals, the baseline, and the written table, on a few hand-made texts and the lexicon model."""

import json
from pathlib import Path

import numpy as np
import pytest

from models import bootstrap
from models.baseline import Baseline
from models.bootstrap import estimate
from models.evaluate import main
from models.gold import GoldText, GoldUnit, split_part
from models.labels import HEADS
from models.scoring import Answer, Tally, accuracy, end_to_end_f1, macro_f1, unit_f1

GOOD = ("positive", "usage", "product", "praise")
LATE = ("negative", "delivery", "fulfilment", "complaint")
ZH = [("味道不错", GOOD), ("送餐太慢", LATE), ("口感很好", GOOD), ("快递没送到", LATE)]
EN = [("tasty food", GOOD), ("late delivery", LATE), ("good quality", GOOD), ("delivery was late", LATE)]


def gold(count: int) -> list[GoldText]:
    made = []
    for n in range(count):
        lang, source = ("zh", ZH) if n % 2 else ("en", EN)
        text, labels = source[n // 2 % 4]
        units = (GoldUnit(0, len(text), *labels),)
        made.append(GoldText(f"g{n}", lang, "own", "", "own", f"g{n}", text, units, split_part(f"g{n}")))
    return made


def random_tallies(seed: int, count: int = 60) -> list[Tally]:
    rng = np.random.default_rng(seed)
    tallies = []
    for _ in range(count):
        pairs = [tuple(rng.choice(["a", "b", "c"], 2)) for _ in range(rng.integers(0, 4))]
        heads = {head: [(str(g), str(p)) for g, p in pairs] for head in ("sentiment", "stage", "touchpoint", "intent")}
        tallies.append(Tally(len(pairs) + int(rng.integers(0, 2)), len(pairs) + int(rng.integers(0, 2)), heads))
    return tallies


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_estimates_agree_with_the_scores(seed: int) -> None:
    tallies = random_tallies(seed)
    assert estimate(bootstrap.f1_columns(tallies, None), bootstrap.f1).value == pytest.approx(unit_f1(tallies))
    assert estimate(bootstrap.f1_columns(tallies, "stage"), bootstrap.f1).value == pytest.approx(
        end_to_end_f1(tallies, "stage")
    )
    assert estimate(bootstrap.accuracy_columns(tallies, "stage"), bootstrap.ratio).value == pytest.approx(
        accuracy(tallies, "stage")
    )
    assert estimate(bootstrap.macro_columns(tallies, "stage"), bootstrap.macro).value == pytest.approx(
        macro_f1(tallies, "stage")
    )


def test_interval_holds_the_value_and_narrows_with_n() -> None:
    few, many = (estimate(bootstrap.f1_columns(random_tallies(1, n), None), bootstrap.f1) for n in (30, 900))
    assert few.low <= few.value <= few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_interval_is_as_wide_as_theory_says() -> None:
    """A share of 1/2 over n independent texts has a standard error of 1 / (2 sqrt n)."""
    columns = np.array([[n % 2, 1] for n in range(400)], dtype=np.float64)
    found = estimate(columns, bootstrap.ratio)
    assert found.high - found.low == pytest.approx(2 * 1.96 / (2 * 20), rel=0.1)


def test_a_class_that_a_resample_misses_is_not_a_failure() -> None:
    """All right, whatever is drawn: one resample in twenty has none of the three feedbacks of class b."""
    frequent = [Tally(1, 1, {head: [("a", "a")] for head in HEADS}) for _ in range(95)]
    rare = [Tally(2, 2, {head: [("b", "b")] * 2 for head in HEADS}) for _ in range(3)]
    found = estimate(bootstrap.macro_columns(frequent + rare, "stage"), bootstrap.macro)
    assert (found.value, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize(("differ", "clear"), [(4, False), (12, True)])
def test_few_feedbacks_that_differ_are_chance(differ: int, clear: bool) -> None:
    """An exact sign test gives 2 / 2 ** differ."""
    ours = np.array([[1, 1]] * 459, dtype=np.float64)
    theirs = ours.copy()
    theirs[:differ, 0] = 0
    p = bootstrap.chance_of(ours, theirs, bootstrap.ratio)
    assert p == pytest.approx(2 / 2**differ, abs=0.02)
    assert (p < 0.05) == clear


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_baseline_learns(lang: str) -> None:
    texts = gold(64)
    baseline = Baseline(lang, texts, texts)
    text = "口感不错，送餐慢" if lang == "zh" else "tasty, but late delivery"
    cut = text.index("，") if lang == "zh" else text.index(",")
    spans = [Answer(0, cut, "", "", "", ""), Answer(cut, len(text), "", "", "", "")]
    assert [a.touchpoint for a in baseline.label(text, spans)] == ["product", "fulfilment"]
    assert baseline.label(text, []) == []


def test_table_is_written(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    lines = [
        {"id": g.id, "lang": g.lang, "source": "own", "text": g.text, "units": [u._asdict() for u in g.units]}
        for g in gold(200)
    ]
    own.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    out = tmp_path / "evaluation.md"
    assert main(["--model", "lexicon", "--own", str(own), "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    tested = sum(split_part(f"g{n}") == "test" for n in range(0, 200, 2))
    assert f"### en\n\n{tested} feedbacks, {tested} gold units" in text
    assert "python -m models.evaluate --model lexicon --out FILE" in text
    assert "lexicon-" in text
    assert str(tmp_path) not in text
    for label in ("sentiment", "stage", "touchpoint", "intent"):
        assert f"| {label} | " in text


def test_bad_input_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "lexicon", "--own", str(tmp_path / "none"), "--out", str(tmp_path / "o.md")]) == 2
    assert "none" in capsys.readouterr().err
    assert not (tmp_path / "o.md").exists()

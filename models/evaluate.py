"""Score a model on the test parts and write the table: ``python -m models.evaluate --model current --out
FILE``.

`--own` is the project's own data and ships with the repository, so anybody can reproduce that half.
`--annotated` is the labelled public data, which may not be shipped. The baseline (TF-IDF and logistic
regression) learns from the same train part as the model and labels the units that the model found.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import bootstrap
from models.baseline import Baseline
from models.bootstrap import Estimate, estimate
from models.calibrate import RANDOM
from models.challenge import ChallengeCase, read_challenge, run_challenge
from models.engine import load_model
from models.errors import ModelError
from models.gold import NOT_IN_SHIPPED_WEIGHTS, OWN, GoldText, read_gold
from models.labels import HEADS
from models.scoring import Answer, Tally, match, tally
from models.units import UnitModel, UnitPrediction

LANGS = ("zh", "en")
_SETS = {"annotated": "annotated (real feedback)", "own": "own (written by the project)"}
_HARDEST = 12
_BINS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One test text with what the model and the baseline say about it."""

    gold: GoldText
    predicted: list[UnitPrediction]
    model: Tally
    baseline: Tally


def answer(unit: UnitPrediction) -> Answer:
    """A prediction with plain label ids."""
    return Answer(unit.start, unit.end, *(getattr(unit, head).id for head in HEADS))


def run_sets(
    model: UnitModel,
    test: Mapping[str, Sequence[GoldText]],
    train: Sequence[GoldText],
    dev: Sequence[GoldText],
) -> dict[str, list[Case]]:
    """Predict each test set, train one baseline per language on `train`, and compare both with gold."""
    langs = {g.lang for texts in test.values() for g in texts}
    baselines = {lang: Baseline(lang, train, dev) for lang in LANGS if lang in langs}
    return {name: _run_set(model, texts, baselines) for name, texts in test.items()}


def _run_set(model: UnitModel, test: Sequence[GoldText], baselines: Mapping[str, Baseline]) -> list[Case]:
    cases = []
    for gold, predicted in zip(test, model.predict([g.text for g in test]), strict=True):
        ours = [answer(u) for u in predicted]
        theirs = baselines[gold.lang].label(gold.text, ours)
        cases.append(Case(gold, predicted, tally(gold.units, ours), tally(gold.units, theirs)))
    return cases


def report(
    sets: dict[str, list[Case]],
    challenge: Sequence[tuple[ChallengeCase, bool]],
    *,
    model_id: str,
    command: str,
    learned: str,
) -> str:
    """The whole document, in Markdown."""
    parts = [
        "# Evaluation",
        "<!-- Written by models.evaluate; run the command again instead of editing. -->",
        f"Model `{model_id}`, on test parts only. Command:",
        f"```\n{command}\n```",
        "Definitions are in `models/scoring.py`. Intervals: 95 %, bootstrap over feedbacks "
        f"({bootstrap.RESAMPLES} resamples). The baseline is TF-IDF with logistic regression "
        f"(`models/baseline.py`), {learned}, asked about the units that the model found; n counts "
        "matched units. The difference is model minus baseline, paired. The own part can be reproduced "
        "from the repository alone; the annotated part needs the labelled public data. Gold labels come "
        "from language-model annotators (model card).",
    ]
    for name, cases in sets.items():
        parts.append(f"## {_SETS[name]}")
        for lang in LANGS:
            mine = [c for c in cases if c.gold.lang == lang]
            if mine:
                parts += _language(lang, mine)
    if "annotated" in sets:
        parts += ["## Sources with the lowest unit F1 (annotated)", _by_source(sets["annotated"])]
    parts += ["## Classes", _by_class([c for cases in sets.values() for c in cases])]
    parts += ["## Calibration", _calibration(sets)]
    parts += ["## Challenge sets", _challenge(challenge)]
    return "\n\n".join(parts) + "\n"


def _language(lang: str, cases: Sequence[Case]) -> list[str]:
    model, baseline = [c.model for c in cases], [c.baseline for c in cases]
    units = estimate(bootstrap.f1_columns(model, None), bootstrap.f1)
    gold, predicted = sum(t.gold for t in model), sum(t.predicted for t in model)
    head = f"### {lang}: {len(cases)} feedbacks, {gold} gold units, {predicted} predicted units"
    rows = [
        "| label | n | accuracy | baseline | difference | macro-F1 | baseline | end-to-end F1 | baseline |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in HEADS:
        ours, theirs = bootstrap.accuracy_columns(model, name), bootstrap.accuracy_columns(baseline, name)
        macro = [estimate(bootstrap.macro_columns(t, name), bootstrap.macro) for t in (model, baseline)]
        whole = [estimate(bootstrap.f1_columns(t, name), bootstrap.f1) for t in (model, baseline)]
        cells = [
            name,
            str(int(ours[:, 1].sum())),
            _show(estimate(ours, bootstrap.ratio)),
            _show(estimate(theirs, bootstrap.ratio)),
            _show(_difference(ours, theirs), sign=True),
            *(_show(e) for e in macro),
            *(_show(e) for e in whole),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return [head, f"Unit F1 **{_show(units)}**", "\n".join(rows)]


def _difference(ours: bootstrap.Counts, theirs: bootstrap.Counts) -> Estimate:
    return estimate(np.hstack([ours, theirs]), lambda s: bootstrap.ratio(s[:, :2]) - bootstrap.ratio(s[:, 2:]))


def _show(e: Estimate, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return f"{e.value:{form}} ({e.low:{form}} to {e.high:{form}})"


def _by_source(cases: Sequence[Case]) -> str:
    rows = []
    for source in sorted({c.gold.source for c in cases}):
        tallies = [c.model for c in cases if c.gold.source == source]
        units = estimate(bootstrap.f1_columns(tallies, None), bootstrap.f1)
        shares = [estimate(bootstrap.accuracy_columns(tallies, head), bootstrap.ratio).value for head in HEADS]
        rows.append((units.value, source, len(tallies), units, shares))
    lines = [
        f"| source | feedbacks | unit F1 | {' | '.join(f'{h} accuracy' for h in HEADS)} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for _, source, count, units, shares in sorted(rows)[:_HARDEST]:
        lines.append(f"| {source} | {count} | {_show(units)} | {' | '.join(f'{s:.2f}' for s in shares)} |")
    return "\n".join(lines)


def _by_class(cases: Sequence[Case]) -> str:
    lines = [
        "Both sets and languages together.",
        "",
        "| label | class | matched gold units | precision | recall | F1 |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for head in HEADS:
        pairs = [pair for c in cases for pair in c.model.pairs[head]]
        for label in sorted({g for g, _ in pairs}):
            gold, predicted = sum(g == label for g, _ in pairs), sum(p == label for _, p in pairs)
            hits = sum(g == p == label for g, p in pairs)
            precision, recall = hits / max(1, predicted), hits / gold
            f1 = 2 * hits / (gold + predicted)
            lines.append(f"| {head} | {label} | {gold} | {precision:.2f} | {recall:.2f} | {f1:.2f} |")
    return "\n".join(lines)


def _calibration(sets: dict[str, list[Case]]) -> str:
    lines = [
        "How far probabilities are from the share that is right: expected calibration error "
        f"(Guo et al. 2017), {_BINS} equal-width bins, matched units. Only randomly chosen texts can "
        "stand for real shares.",
        "",
        "| texts | label | n | mean probability | share right | calibration error |",
        "|---|---|---:|---:|---:|---:|",
    ]
    groups = {"own": sets.get("own", [])}
    groups["annotated, randomly chosen"] = [c for c in sets.get("annotated", []) if c.gold.selected_by in RANDOM]
    for name, cases in groups.items():
        for head in HEADS if cases else ():
            scores, right = _confidences(cases, head)
            figures = (scores.mean(), right.mean(), calibration_error(scores, right))
            lines.append(f"| {name} | {head} | {len(scores)} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")
    return "\n".join(lines)


def _challenge(challenge: Sequence[tuple[ChallengeCase, bool]]) -> str:
    lines = [
        "Short texts written by the project to be hard, one skill each (`models/challenge.py`); never trained on. "
        "A case passes when all of its units are found apart and rightly labelled.",
        "",
        "| skill | language | cases | pass rate |",
        "|---|---|---:|---:|",
    ]
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for case, passed in challenge:
        groups[case.category, case.lang].append(passed)
        groups["all", case.lang].append(passed)
    for (category, lang), passed_ones in sorted(groups.items()):
        rate = estimate(np.array([(passed, 1) for passed in passed_ones], dtype=np.float64), bootstrap.ratio)
        lines.append(f"| {category} | {lang} | {len(passed_ones)} | {_show(rate)} |")
    return "\n".join(lines)


def _confidences(cases: Sequence[Case], head: str) -> tuple[bootstrap.Counts, bootstrap.Counts]:
    found = []
    for case in cases:
        for i, j in match(case.gold.units, case.predicted):
            label = getattr(case.predicted[j], head)
            found.append((label.score, label.id == getattr(case.gold.units[i], head)))
    table = np.array(found, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def calibration_error(scores: bootstrap.Counts, right: bootstrap.Counts) -> float:
    """Mean gap between probability and share right over bins of probability, weighted by their size."""
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    gaps = [abs(scores[bins == b].sum() - right[bins == b].sum()) for b in range(_BINS)]
    return float(sum(gaps) / max(1, len(scores)))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the table is written, 2 for unusable input."""
    args = _parser().parse_args(argv)
    try:
        model = load_model(args.model)
        gold = {"annotated": read_gold(args.annotated)} if args.annotated else {}
        gold["own"] = read_gold(args.own)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    usable = [g for name, texts in gold.items() for g in texts if name == "own" or not args.trained_on_own]
    usable = [g for g in usable if g.source not in NOT_IN_SHIPPED_WEIGHTS]
    train, dev = ([g for g in usable if g.part == part] for part in ("train", "dev"))
    test = {name: [g for g in texts if g.part == "test"] for name, texts in gold.items()}
    sets = run_sets(model, test, train, dev)
    given = ["--annotated FILE"] * bool(args.annotated) + ["--trained-on-own"] * args.trained_on_own
    name = args.model if args.model in {"current", "lexicon"} else "DIR"
    command = " ".join([f"python -m models.evaluate --model {name}", *given, "--out FILE"])
    data = "own and annotated" if args.annotated and not args.trained_on_own else "own"
    learned = f"trained on {len(train)} feedbacks ({data})"
    cases = read_challenge()
    challenge = list(zip(cases, run_challenge(model, cases), strict=True))
    text = report(sets, challenge, model_id=model.model_id, command=command, learned=learned)
    args.out.write_text(text, encoding="utf-8")
    print(f"written to {args.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m models.evaluate", description="Score a model on the test parts.")
    parser.add_argument("--model", default="current", help="model name, directory or Hugging Face id")
    parser.add_argument("--own", type=Path, default=OWN, help="own labelled feedback (default: as shipped)")
    parser.add_argument("--annotated", type=Path, help="labelled public feedback, scored where given")
    parser.add_argument("--trained-on-own", action="store_true", help="the baseline, too, learns own data only")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

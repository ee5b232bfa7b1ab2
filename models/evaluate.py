"""Make docs/evaluation.md: ``python -m models.evaluate --model current [--annotated FILE] --out FILE``.

The test parts, the model against a baseline (TF-IDF and logistic regression) that learns from the same train part and
labels the units that the model found, and the challenge sets. The project's own data ships with the repository, so
anybody can reproduce that half; `--annotated` is the labelled public data, which may not be shipped. For other gold
files, and to compare two models: ``cxi evaluate``.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models import bootstrap, measure
from models.baseline import Baseline
from models.bootstrap import Estimate, estimate
from models.calibrate import RANDOM
from models.challenge import ChallengeCase, read_challenge, run_challenge
from models.engine import TransformerModel, load_model
from models.errors import ModelError
from models.gold import NOT_IN_SHIPPED_WEIGHTS, OWN, GoldText, read_gold
from models.labels import HEADS, LANGS
from models.measure import Case, answer, show
from models.processor import describe
from models.scoring import Tally, tally
from models.units import UnitModel

_SETS = {"annotated": "annotated (real feedback)", "own": "own (written by the project)"}
_HARDEST = 12

Compared = tuple[Case, Tally]
"""A case with what the baseline makes of the units that the model found."""


def run_sets(
    cases: Mapping[str, Sequence[Case]], train: Sequence[GoldText], dev: Sequence[GoldText]
) -> dict[str, list[Compared]]:
    """Train one baseline per language on `train`, and put its answers beside the model's."""
    langs = {c.gold.lang for mine in cases.values() for c in mine}
    baselines = {lang: Baseline(lang, train, dev) for lang in LANGS if lang in langs}
    return {name: [(case, _ask(baselines[case.gold.lang], case)) for case in mine] for name, mine in cases.items()}


def _ask(baseline: Baseline, case: Case) -> Tally:
    return tally(case.gold.units, baseline.label(case.gold.text, [answer(u) for u in case.predicted]))


def report(
    sets: Mapping[str, Sequence[Compared]],
    challenge: Sequence[tuple[ChallengeCase, bool]],
    *,
    model: str,
    command: str,
    learned: str,
    reference: Mapping[str, Sequence[Case]] | None = None,
) -> str:
    """The whole document, in Markdown; `reference` are the cases of the same weights computed by the torch engine."""
    parts = [
        "# Evaluation",
        "<!-- Written by models.evaluate; run the command again instead of editing. -->",
        f"Model {model}; on test parts only. Command:",
        f"```\n{command}\n```",
        "Definitions are in `models/scoring.py`. Intervals: 95 %, bootstrap over feedbacks "
        f"({bootstrap.RESAMPLES} resamples). The baseline is TF-IDF with logistic regression "
        f"(`models/baseline.py`), {learned}, asked about the units that the model found; n counts "
        "matched units. The difference is model minus baseline, paired. The own part can be reproduced "
        "from the repository alone; the annotated part needs the labelled public data. Gold labels come "
        "from language-model annotators (model card).",
    ]
    cases = {name: [case for case, _ in compared] for name, compared in sets.items()}
    for name, compared in sets.items():
        parts.append(f"## {_SETS[name]}")
        for lang in LANGS:
            mine = [pair for pair in compared if pair[0].gold.lang == lang]
            parts += _language(lang, mine) if mine else []
    if "annotated" in cases:
        parts += ["## Sources with the lowest unit F1 (annotated)"]
        parts += [measure.groups(cases["annotated"], lambda g: g.source, worst=_HARDEST)]
    together = [case for mine in cases.values() for case in mine]
    parts += ["## Classes", "Both sets and languages together.", measure.classes(together)]
    note = " Only randomly chosen texts can stand for real shares."
    picked = [c for c in cases.get("annotated", []) if c.gold.selected_by in RANDOM]
    groups = {"own": cases.get("own", []), "annotated, randomly chosen": picked}
    parts += ["## Calibration", measure.CALIBRATION_NOTE + note, measure.calibration(groups)]
    parts += ["## Risk and coverage", measure.COVERAGE_NOTE + note, measure.coverage(groups)]
    if reference is not None:
        parts += ["## int8 against float32", _ENGINES]
        names = ("onnx int8", "torch float32")
        for name, ours in cases.items():
            parts += [f"### {_SETS[name]}", measure.comparison(ours, reference[name], names=names)]
    parts += ["## Challenge sets", _challenge(challenge)]
    return "\n\n".join(parts) + "\n"


_ENGINES = (
    "The same weights computed by the engine that is used on a CPU and by the reference. The difference is paired: of "
    "the same feedbacks."
)


def _language(lang: str, compared: Sequence[Compared]) -> list[str]:
    model, baseline = [case.tally for case, _ in compared], [theirs for _, theirs in compared]
    units = estimate(bootstrap.f1_columns(model, None), bootstrap.f1)
    gold, predicted = sum(t.gold for t in model), sum(t.predicted for t in model)
    head = f"### {lang}: {len(compared)} feedbacks, {gold} gold units, {predicted} predicted units"
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
            show(estimate(ours, bootstrap.ratio)),
            show(estimate(theirs, bootstrap.ratio)),
            show(_difference(ours, theirs), sign=True),
            *(show(e) for e in macro),
            *(show(e) for e in whole),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return [head, f"Unit F1 **{show(units)}**", "\n".join(rows)]


def _difference(ours: bootstrap.Counts, theirs: bootstrap.Counts) -> Estimate:
    return estimate(np.hstack([ours, theirs]), lambda s: bootstrap.ratio(s[:, :2]) - bootstrap.ratio(s[:, 2:]))


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
    for (category, lang), results in sorted(groups.items()):
        rate = estimate(np.array([(passed, 1) for passed in results], dtype=np.float64), bootstrap.ratio)
        lines.append(f"| {category} | {lang} | {len(results)} | {show(rate)} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the table is written, 2 for unusable input."""
    args = _parser().parse_args(argv)
    try:
        model = load_model(args.model)
        gold = {"annotated": read_gold(args.annotated)} if args.annotated else {}
        gold["own"] = read_gold(args.own)
        challenge_cases = read_challenge()
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    usable = [g for name, texts in gold.items() for g in texts if name == "own" or not args.trained_on_own]
    usable = [g for g in usable if g.source not in NOT_IN_SHIPPED_WEIGHTS]
    train, dev = ([g for g in usable if g.part == part] for part in ("train", "dev"))
    test = {name: [g for g in texts if g.part == "test"] for name, texts in gold.items()}
    cases = {name: measure.measure(model, texts) for name, texts in test.items()}
    reference = _reference(model, args.model, test)
    sets = run_sets(cases, train, dev)
    challenge = list(zip(challenge_cases, run_challenge(model, challenge_cases), strict=True))
    given = ["--annotated FILE"] * bool(args.annotated) + ["--trained-on-own"] * args.trained_on_own
    name = args.model if args.model in {"current", "lexicon"} else "DIR"
    command = " ".join([f"python -m models.evaluate --model {name}", *given, "--out FILE"])
    data = "own and annotated" if args.annotated and not args.trained_on_own else "own"
    learned = f"trained on {len(train)} feedbacks ({data})"
    engine = f", engine {model.scorer.name}, processor {describe()}" if isinstance(model, TransformerModel) else ""
    text = report(sets, challenge, model=model.model_id + engine, command=command, learned=learned, reference=reference)
    args.out.write_text(text, encoding="utf-8")
    print(f"written to {args.out}")
    return 0


def _reference(model: UnitModel, name: str, test: Mapping[str, Sequence[GoldText]]) -> dict[str, list[Case]] | None:
    """The same texts read by the torch engine; None where `model` has no other."""
    if not isinstance(model, TransformerModel) or model.scorer.name.startswith("torch"):
        return None
    exact = load_model(name, engine="torch")
    return {part: measure.measure(exact, texts) for part, texts in test.items()}


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

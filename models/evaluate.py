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

from scipy.stats import binomtest

from models import bootstrap, measure
from models.baseline import Baseline
from models.bootstrap import Estimate, show
from models.cases import Case, answer, by_language, run, tallies
from models.challenge import ChallengeCase, read_challenge, run_challenge
from models.engine import TransformerModel, load_model
from models.errors import ModelError
from models.gold import NOT_IN_SHIPPED_WEIGHTS, OWN, GoldText, read_gold
from models.labels import LANGS
from models.output import check_target
from models.processor import describe
from models.reliability import CALIBRATION_NOTE, COVERAGE_NOTE, calibration, coverage
from models.scoring import Tally, tally
from models.units import UnitModel

_SETS = {"annotated": "annotated (real feedback)", "own": "own (written by the project)"}
_HARDEST = 12
_RANDOM = frozenset({"random", "random2"})  # `selected_by` of texts that stand for their source
_HARDEST_NOTE = (
    f"Of the sources with at least {measure.FEW} feedbacks. The lowest of many are partly the unluckiest: on other "
    "texts of the same sources they would look a little better."
)

Compared = tuple[Case, Tally]
"""A case with what the baseline makes of the units that the model found."""


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
        "Definitions are in `models/scoring.py`; n counts matched units. Intervals: 95 %, bootstrap over feedbacks "
        f"({bootstrap.RESAMPLES:,} resamples). The baseline is TF-IDF with logistic regression (`models/baseline.py`), "
        f"{learned}, asked about the units that the model found. {measure.COMPARISON_NOTE}",
        "The model's figures on the own part and on the challenge sets can be reproduced from the repository alone "
        "(processors without VNNI round a little differently), and the baseline beside them with `--trained-on-own`. "
        "The annotated part needs the labelled public data, which is not published. Gold labels come from "
        "language-model annotators (model card).",
    ]
    cases = {name: [case for case, _ in compared] for name, compared in sets.items()}
    for name, compared in sets.items():
        parts.append(f"## {_SETS[name]}")
        for lang in LANGS:
            mine = [pair for pair in compared if pair[0].gold.lang == lang]
            parts += _language(lang, mine) if mine else []
    if "annotated" in cases:
        parts += ["## Sources with the lowest unit F1 (annotated)", _HARDEST_NOTE]
        parts += [measure.groups(cases["annotated"], lambda g: g.source, worst=_HARDEST)]
    together = [case for mine in cases.values() for case in mine]
    parts += ["## Classes", "Both sets and languages together.", measure.classes(together)]
    note = " Only randomly chosen texts can stand for real shares."
    groups = {"own": cases.get("own", [])}
    groups["annotated, randomly chosen"] = [c for c in cases.get("annotated", []) if c.gold.selected_by in _RANDOM]
    apart = {f"{name}, {lang}": mine for name, both in groups.items() for lang, mine in by_language(both).items()}
    parts += ["## Calibration", CALIBRATION_NOTE + note, calibration(groups | apart)]
    parts += ["## Risk and coverage", COVERAGE_NOTE + note, coverage(groups)]
    if reference is not None:
        parts += ["## int8 against float32", _ENGINES]
        names = ("onnx int8", "torch float32")
        for name, ours in cases.items():
            table = measure.comparison(tallies(ours), tallies(reference[name]), names=names)
            parts += [f"### {_SETS[name]}", table]
    parts += ["## Challenge sets", _challenge(challenge)]
    return "\n\n".join(parts) + "\n"


_ENGINES = "The same weights computed by the engine that is used on a CPU and by the reference."


def _language(lang: str, compared: Sequence[Compared]) -> list[str]:
    model, baseline = [case.tally for case, _ in compared], [theirs for _, theirs in compared]
    table = measure.comparison({lang: model}, {lang: baseline}, names=("model", "baseline"), spans=False)
    return [f"### {lang}", measure.headline([case for case, _ in compared]), table]


def _challenge(challenge: Sequence[tuple[ChallengeCase, bool]]) -> str:
    lines = [
        "Short texts written by the project to be hard, one skill each (`models/challenge.py`); never trained on. "
        "A case passes when all of its units are found apart and rightly labelled. Intervals: Wilson (1927).",
        "",
        "| skill | language | cases | pass rate |",
        "|---|---|---:|---:|",
    ]
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for case, passed in challenge:
        groups[case.category, case.lang].append(passed)
        groups["all", case.lang].append(passed)
    for (category, lang), results in sorted(groups.items()):
        found = binomtest(sum(results), len(results))
        low, high = found.proportion_ci(method="wilson")
        lines.append(f"| {category} | {lang} | {len(results)} | {show(Estimate(found.statistic, low, high))} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the table is written, 2 for unusable input."""
    args = _parser().parse_args(argv)
    try:
        check_target(args.out)
        model = load_model(args.model)
        gold = {"annotated": read_gold(args.annotated)} if args.annotated else {}
        gold["own"] = read_gold(args.own)
        challenge_cases = read_challenge()
        usable = [g for name, texts in gold.items() for g in texts if name == "own" or not args.trained_on_own]
        usable = [g for g in usable if g.source not in NOT_IN_SHIPPED_WEIGHTS]
        train, dev = ([g for g in usable if g.part == part] for part in ("train", "dev"))
        test = {name: [g for g in texts if g.part == "test"] for name, texts in gold.items()}
        langs = {g.lang for texts in test.values() for g in texts}
        baselines = {lang: Baseline(lang, train, dev) for lang in LANGS if lang in langs}
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    cases = {name: run(model, texts) for name, texts in test.items()}
    reference = _reference(model, args.model, test)
    sets = {name: [(case, _ask(baselines[case.gold.lang], case)) for case in mine] for name, mine in cases.items()}
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
    return {part: run(exact, texts) for part, texts in test.items()}


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

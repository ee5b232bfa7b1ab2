"""The Markdown document: protocol, texts, a table of figures for each measure, touchpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from models import bootstrap
from models.bootstrap import show
from models.labels import LabelSet
from models.public.figures import MEASURES, Answered, Figures
from models.public.reading import MOST, TOUCHPOINTS, PublicSet, Touchpoints
from models.scoring import MIN_SUPPORT

_PROTOCOL = (
    "Public data sets with labels of their own. The sets are not ours and are not shipped. Of each set only texts are "
    "measured whose id falls into the test share by our own rule (`models.gold.split_part`), at most "
    f"{MOST:,} a set, and none that this project annotated to train or tune models, be it in another set. "
    "The shipped weights learn from other texts of these sets with our annotators' labels, never with the labels of "
    "the set. Twice they also saw texts that are measured here, without labels: with what earlier "
    "weights said of them (docs/model.md). From `twitter_us_airline` they learn nothing.\n\n"
    "So the protocol differs from published ones: the units are found end to end, nothing is trained on the set's own "
    "labels or train part beyond what is said above, and the split is ours. Published numbers would be context only; "
    "none are quoted here. Labels are taken as the sets have them, errors included.\n\n"
    f"Intervals: 95 %, bootstrap over texts ({bootstrap.RESAMPLES} resamples). Macro-F1 is over classes with at least "
    f"{MIN_SUPPORT} gold labels. Largest class: the share of the most frequent one, which is the accuracy of always "
    "giving it."
)


def report(
    sets: Mapping[str, PublicSet | None],
    answered: Mapping[str, Answered],
    touchpoints: Mapping[str, Touchpoints],
    labels: LabelSet,
    *,
    model: str,
    command: str,
    known: int,
    told: bool,
) -> str:
    """The whole document, in Markdown; `known` is how many texts with our labels were left out, `told` whether those
    were among them whose labels are not published.
    """
    parts = ["# Public data sets", "<!-- Written by models.public; run the command again instead of editing. -->"]
    parts += [f"Model {model}. Command:", f"```\n{command}\n```", _PROTOCOL, "## Texts", _known_note(known, told=told)]
    parts += [_selection(sets)]
    for measure in MEASURES:
        rows = {name: measure.run(answered[name], labels) for name in measure.sets if name in answered}
        parts += [f"## {measure.title}", measure.note, _table(rows)] if rows else []
    where = (
        f"From `models/data/{TOUCHPOINTS.name}`, which says why; of several patterns there the first that fits counts."
    )
    parts += ["## Touchpoints of the categories", where, _mapping(touchpoints)]
    return "\n\n".join(parts) + "\n"


def _known_note(known: int, *, told: bool) -> str:
    if told:
        return f"{known:,} texts are known that models may learn from or be tuned on; none of them is measured."
    return (
        f"Only the {known:,} texts whose labels are published were left out, no labelled feedback was given: **the "
        "model may have learned from texts that are measured.**"
    )


def _selection(sets: Mapping[str, PublicSet | None]) -> str:
    lines = ["| set | texts | in the test share | learned from or tuned on | measured |", "|---|---:|---:|---:|---:|"]
    for name, public in sets.items():
        if public is None:
            lines.append(f"| {name} | file missing, skipped | - | - | - |")
        else:
            sizes = (public.total, public.in_test, public.known, len(public.texts))
            lines.append(f"| {name} | " + " | ".join(str(size) for size in sizes) + " |")
    return "\n".join(lines)


def _table(rows: Mapping[str, Figures | None]) -> str:
    lines = [
        "| set | texts | n | left out | largest class | accuracy | macro-F1 |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, figures in rows.items():
        if figures is None:
            lines.append(f"| {name} | 0 | 0 | - | - | - | - |")
            continue
        macro = "-" if figures.macro is None else show(figures.macro)
        cells = (figures.texts, figures.n, figures.left_out, f"{figures.largest:.3f}", show(figures.accuracy), macro)
        lines.append(f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _mapping(touchpoints: Mapping[str, Touchpoints]) -> str:
    lines = ["| set | touchpoint | categories |", "|---|---|---|"]
    for name, categories in touchpoints.items():
        grouped: dict[str, list[str]] = defaultdict(list)
        for pattern, touchpoint in categories.items():
            grouped[touchpoint or "left out"].append(f"`{pattern}`")
        lines += [f"| {name} | {touchpoint} | {', '.join(found)} |" for touchpoint, found in grouped.items()]
    return "\n".join(lines)

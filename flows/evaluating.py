"""`cxi evaluate`: what a model scores on labelled feedback, and whether it is better than another."""

from __future__ import annotations

from pathlib import Path

from flows.terminal import Bars
from models.cases import Case, run, tallies
from models.engine import load_model
from models.errors import GoldError
from models.gold import OWN, GoldText, read_gold
from models.measure import COMPARISON_NOTE, comparison, document
from models.units import UnitModel

PARTS = ("train", "dev", "test", "all")


def evaluation(gold: Path | None, part: str | None, *, model: str, other: str | None) -> str:
    """The tables, in Markdown. Without `gold`, the test part of the project's own data; of a given file, all of it.

    Raises GoldError for labelled data that cannot be used, ModelError for a model that cannot be loaded.
    """
    chosen = part or ("test" if gold is None else "all")
    texts = [g for g in read_gold(gold or OWN) if chosen in ("all", g.part)]
    if not texts:
        raise GoldError(f"{gold or OWN}: no feedback in part {chosen!r}")
    first = load_model(model)
    ours = _run(first, texts)
    title = f"{first.model_id} on {len(texts)} labelled feedbacks ({'all' if chosen == 'all' else f'{chosen} part'})"
    parts = [document(ours, first.labels, title=title)]
    if other is not None:
        second = load_model(other)
        names = (first.model_id, second.model_id)
        table = comparison(tallies(ours), tallies(_run(second, texts)), names=names)
        parts += [f"## Comparison\n\n{COMPARISON_NOTE}\n", table, ""]
    return "\n".join(parts)


def _run(model: UnitModel, texts: list[GoldText]) -> list[Case]:
    with Bars().step(model.model_id, len(texts)) as advance:
        return run(model, texts, progress=advance)

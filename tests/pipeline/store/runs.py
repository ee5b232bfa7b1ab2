"""Small runs through the store, with hand-made units; as a script, a run that kills itself at a named point.

`python runs.py OUT POINT COUNT` runs `nightly(OUT)` and dies by SIGKILL when the function that POINT names
("module:attribute", dotted) is called for the COUNT-th time, before it does anything.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from models.units import Label
from pipeline.privacy.masker import MaskedText, MaskSpan
from pipeline.records import Feedback, OpinionUnit, Origin, QuarantinedRow, Score
from pipeline.store import facts, partitions, snapshot
from pipeline.store.reconcile import Balance
from pipeline.store.store import Store
from pipeline.tables import TABLES
from pipeline.taxonomy import load_taxonomy

KEY = "k" * 16
TEXTS = ("味道不错😀，送餐太慢了", "Great shop, but the parcel came late", "會員積分不見了 [PHONE] 請回覆", "ok")


def feedback(number: int, *, content: str = "a", **fields: Any) -> Feedback:
    """Feedback `number` in version `content`; `fields` replace what it would have."""
    text = TEXTS[number % len(TEXTS)] + f" {content}"
    start = text.find("[PHONE]")
    spans = (MaskSpan("PHONE", start, start + 7, start, start + 11),) if start >= 0 else ()
    made = Feedback(
        key=f"{number:032x}",
        content_hash=f"{number}-{content}",
        respondent=f"{number // 2:032x}",
        source="files",
        origin=Origin("a.csv", number + 2),
        text=text,
        language="other" if number % 7 == 6 else "mixed",
        masked=MaskedText(text, spans),
        external_id=str(number),
        occurred_at=None if number % 5 == 4 else datetime(2026, 9, 30, 20, number % 60, tzinfo=UTC),
        channel="app" if number % 2 else None,
        rating=Score(4, 1, 5) if number % 3 else None,
        ces=Score(2, 1, 7, higher_is_better=False) if number % 4 == 1 else None,
        attributes={"店": "中山", "b": "2"} if number % 3 == 1 else {},
    )
    made = replace(made, **fields)
    if made.masked.text != made.text:
        made.masked = MaskedText(made.text)
    return made


def units(item: Feedback) -> list[OpinionUnit]:
    """Two units (one for short texts), decided by the text alone, as a model's are."""
    middle = len(item.text) // 2
    cuts = [(0, middle), (middle, len(item.text))] if len(item.text) > 6 else [(0, len(item.text))]
    sentiments = ("positive", "negative", "neutral")
    return [
        OpinionUnit(
            index,
            start,
            end,
            Label(sentiments[(start + len(item.text)) % 3], 0.75),
            Label("delivery", 0.5),
            Label("fulfilment", 0.625),
            Label("complaint", 1.0),
            {"positive": 0.125, "negative": 0.75, "neutral": 0.125} if index else None,
        )
        for index, (start, end) in enumerate(cuts)
    ]


def run(
    store: Store,
    items: Iterable[Feedback | QuarantinedRow],
    *,
    key: str = KEY,
    rows: int = 3,
    label: Callable[[Feedback], list[OpinionUnit]] = units,
    drop_repeated_texts: bool = False,
) -> tuple[Balance, list[str]]:
    """Stage, reconcile, analyse and commit; the balance and the keys that were analysed."""
    staged = partitions.write_feedback(items, store.work / "staged", rows=rows, forgotten=store.tombstones())
    reconciled = store.reconcile(
        staged.feedback,
        staged.quarantine,
        analysis_key=key,
        partition_rows=rows,
        drop_repeated_texts=drop_repeated_texts,
        forgotten=staged.forgotten,
    )
    analysed: list[str] = []
    written = []
    for path in reconciled.pending:
        batch = partitions.read_feedback(path)
        for item in batch:
            item.units = label(item)
        target = path.with_name(f"units-{path.name}")
        partitions.write_units(batch, target)
        written.append(target)
        analysed += [item.key for item in batch]
    store.commit(reconciled, written, analysis_key=key)
    return reconciled.balance, analysed


def tables(store: Store, *, timezone: str = "Asia/Shanghai") -> dict[str, pd.DataFrame]:
    """All tables but dim_run; those of insight are empty."""
    made = facts.build(store, timezone=timezone, taxonomy=load_taxonomy(), low_confidence=0.35)
    empty = {name: pd.DataFrame(columns=list(TABLES[name].columns)) for name in TABLES if name != "dim_run"}
    return {**empty, **made}


def run_row(balance: Balance | None = None) -> dict[str, Any]:
    """A row of dim_run, as far as a run gives it."""
    numbers = balance or Balance(0, 0, 0, 0, 0, 0)
    texts = ("config_hash", "model_id", "taxonomy", "taxonomy_version", "code_version", "analysis_key", "timezone")
    return {
        **dict.fromkeys(texts, "x"),
        **{name: getattr(numbers, name) for name in Balance.__slots__},
        **dict.fromkeys(("input_digests", "scores_refused", "languages", "masked"), "{}"),
        "n_feedback": 0,
        "n_units": 0,
        "since": None,
        "until": None,
    }


def report(folder: Path) -> None:
    """What a report adds to a snapshot."""
    snapshot.load(folder)
    (folder / "report.md").write_text("report", encoding="utf-8")


def nightly(out: Path, items: Sequence[Feedback | QuarantinedRow] | None = None, *, keep: int = 2) -> Path:
    """One whole run over `items`, or over twelve feedbacks and two rows set aside; the published folder."""
    if items is None:
        broken = [QuarantinedRow(Origin("a.csv", 90 + row), "empty_text", "the cell is empty") for row in range(2)]
        items = [*(feedback(number, content="b") for number in range(12)), *broken]
    with Store.open(out) as store:
        balance, _ = run(store, items)
        return snapshot.publish(store.out, tables(store), run=run_row(balance), keep=keep, extra=report)


def die_at(point: str, count: int) -> None:
    """Replace a function by one that kills this process when it is called for the `count`-th time."""
    module, _, attribute = point.partition(":")
    owner: Any = importlib.import_module(module)
    *path, name = attribute.split(".")
    for part in path:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    calls = 0

    def fatal(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, fatal)


if __name__ == "__main__":
    die_at(sys.argv[2], int(sys.argv[3]))
    nightly(Path(sys.argv[1]), keep=1)

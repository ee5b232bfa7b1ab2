"""`cxi quarantine` on the terminal: what is set aside and why, and what a retry did. Everything quoted is masked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pandas as pd
import typer
from rich.console import Console

from pipeline.quarantine import Group, groups
from pipeline.retry import Retried


def show_rows(rows: pd.DataFrame, *, as_json: bool) -> None:
    """Print what is set aside, for people or as one JSON object."""
    found = groups(rows)
    out = Console(highlight=False, soft_wrap=True)
    if as_json:
        content = {"total": len(rows), "groups": [group.as_dict() for group in found]}
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
        return
    for line in group_lines(found):
        out.print(line, markup=False)


def group_lines(found: Sequence[Group]) -> Iterator[str]:
    """The groups as lines of text."""
    place = None
    for group in found:
        if place != (group.source, group.file):
            place = (group.source, group.file)
            yield f"\n{group.file}" + (f" (source {group.source})" if group.source else "")
        yield f"  {group.count:,} {group.reason}: {group.reason_en} / {group.reason_zh}"
        yield f"    remedy  {group.remedy_en}"
        yield f"    处理    {group.remedy_zh}"
        for example in group.examples:
            sheet = f"sheet {example['sheet']}, " if example["sheet"] else ""
            column = f", column {example['column']}" if example["column"] else ""
            yield f"    {sheet}row {example['row']}{column}: {example['detail']}"
    total = sum(group.count for group in found)
    yield f"\n{_rows(total)} set aside" + ("; mend them, then cxi quarantine retry" if total else "")


def show_retried(result: Retried) -> None:
    """Print what a retry did."""
    out = Console(highlight=False, soft_wrap=True)
    for line in retried_lines(result):
        out.print(line, markup=False)


def retried_lines(result: Retried) -> Iterator[str]:
    """What a retry did, as lines of text."""
    balance = result.balance
    if result.tried:
        yield (
            f"{_rows(result.tried)} set aside read again: {result.tried - result.stay - result.gone:,} now good,"
            f" {result.stay:,} still bad, {result.gone:,} no longer in the file"
        )
        yield (
            f"{_rows(balance.rows)} = {balance.new:,} new + {balance.updated:,} updated"
            f" + {balance.unchanged:,} unchanged + {balance.duplicates:,} duplicates + {balance.forgotten:,} forgotten"
            f" + {balance.quarantined:,} quarantined (with all that share an id or all values with them)"
        )
        if result.analysed.feedbacks:
            yield f"analysed {result.analysed.feedbacks:,} feedbacks"
    elif not result.lost and not result.unreadable:
        yield "nothing of that is set aside" + (
            "; what an interrupted run left was published" if result.snapshot else ""
        )
    yield from (f"not found: {name}; still set aside of it: {_rows(count)}" for name, count in result.lost.items())
    yield from (
        f"cannot be read: {name}; still set aside of it: {_rows(count)}" for name, count in result.unreadable.items()
    )
    yield from (f"note: {note}" for note in result.notes)
    yield f"{_rows(result.left)} set aside in all (cxi quarantine list)"
    if result.snapshot is not None:
        yield f"published {result.snapshot}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"

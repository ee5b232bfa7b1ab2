"""`cxi forget` on the terminal: what was removed, and what is out of reach. Counts and paths, no id and no text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from flows.terminal import delivery_line
from pipeline.forget import Forgotten


def show_forgotten(result: Forgotten, *, searched: bool) -> None:
    """Print what was done. `searched` says whether any input was named to be searched."""
    out = Console(highlight=False, soft_wrap=True)
    for line in forgotten_lines(result, searched=searched):
        out.print(line, markup=False)


def forgotten_lines(result: Forgotten, *, searched: bool) -> Iterator[str]:
    """What was done, as lines of text."""
    found = result.holdings
    if result.plan:
        yield "plan: nothing has been changed"
    if result.nothing_left:
        yield "forgotten before: nothing of it is stored or published here, and later runs leave it out"
    else:
        yield (
            f"store      {'holds' if result.plan else 'removed'} {_count(found.feedbacks, 'feedback')},"
            f" {_count(found.units, 'opinion unit')}, {_count(found.quarantined, 'row')} set aside"
            + ("; its file would be made anew" if result.plan else "; its file was made anew")
        )
        yield from _snapshots(result)
        yield "tombstone  " + ("would keep" if result.plan else "keeps") + " it out of later runs (keyed hash, no text)"
    if result.delivery is not None:
        yield f"sink       {delivery_line(result.delivery)}"
    for file in result.remains:
        if file.purged:
            yield f"inbox      removed {_count(file.rows, 'row')} from {file.place}"
    yield from (f"note       {note}" for note in result.notes)
    yield ""
    yield "out of reach, and yours to clear:"
    yield from _inputs(result, searched=searched)
    yield "  backups of the store or of published/; restore one, and forget again (--also-unknown) before the next run"
    if result.delivery is not None:
        yield "  PostgreSQL: dead rows until VACUUM, its logs, replicas and backups (docs/operations.md, PostgreSQL)"
    yield "  results of cxi analyze, copies and exports of tables and reports, what was sent on"


def _snapshots(result: Forgotten) -> Iterator[str]:
    if result.removed:
        yield (
            f"snapshots  {len(result.holding)} of {len(result.removed)} with its texts;"
            f" {'would be removed' if result.plan else 'removed'} with their reports, for all may count it:"
            f" {', '.join(result.removed)}"
        )
    if result.published is not None:
        yield f"published  {result.published}, without it"


def _inputs(result: Forgotten, *, searched: bool) -> Iterator[str]:
    if not searched:
        yield "  input: none named, none searched (give their paths, or --config)"
    elif all(file.purged for file in result.remains):
        yield "  input: nothing of what was searched holds it"
    for file in result.remains:
        rest = f"still holds {_count(file.rows, 'row')} of it, left out by later runs"
        if file.problem is not None:
            yield f"  {file.place}: {f'{rest}; ' if file.rows else 'not searched: '}{file.problem}"
        elif not file.purged:
            yield f"  {file.place}: {rest}" + ("; --purge-inbox removes them" if file.kept else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

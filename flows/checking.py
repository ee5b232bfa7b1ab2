"""`cxi check` on the terminal: how the input would be read, in plain lines. Everything quoted is masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console

from flows.terminal import Bars
from pipeline.config import Config, Input
from pipeline.ingest.check import Check, DateFacts, FileCheck, Refusals, ScoreFacts, check
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.records import QUARANTINE_REASONS
from pipeline.run import check_config


def show_check(config: Config, sources: Sequence[Input]) -> None:
    """Read the input as a run would and print what was found. Raises ConfigError and InputError as a run would."""
    check_config(config)
    with Bars().step("read and mask") as advance:
        found = check(sources, config=config, masker=Masker(load_policy(config.privacy)), progress=advance)
    out = Console(highlight=False, soft_wrap=True)
    for line in check_lines(found):
        out.print(line, markup=False)


def check_lines(found: Check) -> Iterator[str]:
    """What was found, as lines of text."""
    for file in found.files:
        yield from _file(file)
    for row in found.unreadable:
        yield f"\n{row.origin.file}: cannot be read and would be set aside: {row.detail}"
    if found.ignored:
        yield f"\nignored (no feedback format): {', '.join(found.ignored)}"
    yield from (f"\n{note}" for note in found.left)
    yield f"\n{_count(found.feedbacks, 'feedback')} would be read, {_count(found.quarantined, 'row')} set aside"


def _file(file: FileCheck) -> Iterator[str]:
    facts = [file.format]
    facts += [f"sheet {file.sheet}"] if file.sheet else []
    facts += [f"{file.encoding} ({file.encoding_found_by})"] if file.encoding else []
    facts += [f"separator {file.sep!r}"] if file.sep else []
    facts += [f"header in row {file.header_row}"] if file.header_row else []
    yield f"\n{file.file}: {', '.join(facts)}"
    used = [f"{use.column} -> {use.field}" for use in file.columns if use.field]
    yield f"  columns    {', '.join(used)}"
    unused = [use.column for use in file.columns if not use.field]
    if unused:
        yield f"  not used   {', '.join(unused)}"
    yield f"  identity   {file.identified_by}"
    yield f"  rows       {file.rows:,}: {_count(file.feedbacks, 'feedback')}{_repeated(file)}"
    if file.languages:
        yield f"  languages  {_counts(file.languages)}"
        yield f"  masked     {_counts(file.masked) or 'nothing'} (in the texts)"
    yield from (_dates(dates) for dates in file.dates)
    yield from (_scores(scores) for scores in file.scores)
    for reason, refusals in file.quarantined.items():
        yield from _refused(reason, refusals)
    yield from (f"  note       {note}" for note in file.notes)
    for preview in file.previews:
        facts = [f"{name}={value}" for name, value in preview.facts.items()]
        yield f"  row {preview.row:<6} {preview.language:<5} {preview.text}"
        yield f"             {', '.join(facts)}"


def _repeated(file: FileCheck) -> str:
    if not file.repeated:
        return ""
    equal = file.repeated - file.changed
    return f", {file.repeated:,} with a key that came before ({equal:,} equal, {file.changed:,} with other content)"


def _dates(dates: DateFacts) -> str:
    if dates.undecided:
        return f"  {dates.name:<10} {dates.column}: not read: {dates.undecided}"
    span = f"{dates.first:%Y-%m-%d} to {dates.last:%Y-%m-%d}" if dates.first and dates.last else "no date read"
    return f"  {dates.name:<10} {dates.column}: {span} ({', '.join(dates.forms)})"


def _scores(scores: ScoreFacts) -> str:
    if scores.refused:
        return f"  {scores.name:<10} {scores.column}: not used: {scores.refused}"
    scales = [
        f"{low:g} to {high:g}, {'higher' if up else 'lower'} is better: {_count(count, 'value')}"
        for (low, high, up), count in scores.scales.items()
    ]
    return f"  {scores.name:<10} {scores.column}: {'; '.join(scales) or 'no values'} (scale from {scores.scale_from})"


def _refused(reason: str, refusals: Refusals) -> Iterator[str]:
    yield f"  set aside  {refusals.count:,} {reason}: {QUARANTINE_REASONS[reason][0]}"
    for row in refusals.examples:
        place = f"row {row.origin.row}" + (f", column {row.column}" if row.column else "")
        yield f"             {place}: {row.detail}" + (f" | {row.preview}" if row.preview else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())

"""How well masking works: `python -m pipeline.privacy.evaluate CASES...` on marked cases, `--sample FILES...` on data.

Marked cases are text files with one text per line, `{KIND:value}` around what must be masked; lines that are empty or
start with `#` are skipped; `\\n` stands for a line break. Of a sample (JSON lines with a `text`, also .gz) only counts
and speed are shown, no text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.privacy.kinds import KINDS, Kind
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy

_MARKED: Final = re.compile(r"\{(?P<kind>[A-Z]+):(?P<value>[^{}]*)\}")
Find = tuple[Kind, int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A text and the values in it that must be masked: kind, start, end."""

    text: str
    values: frozenset[Find]
    where: str


@dataclass(slots=True)
class Tally:
    """Values of a kind: `found` as marked, `missed` wholly or partly, `wrong` masks that match no marked value."""

    found: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float | None:
        """Share of the marked values that were masked exactly; None without any."""
        return self.found / (self.found + self.missed) if self.found + self.missed else None

    @property
    def precision(self) -> float | None:
        """Share of the masks that match a marked value exactly; None without any."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else None


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. InputError naming file, line and value for an unknown kind."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        _parse(line, f"{path.name}:{number}")
        for number, line in enumerate(lines, start=1)
        if line and not line.startswith("#")
    ]


def _parse(line: str, where: str) -> Case:
    text, values, done = "", set(), 0
    line = line.replace("\\n", "\n")
    for match in _MARKED.finditer(line):
        kind = next((known for known in KINDS if known == match["kind"]), None)
        if kind is None:
            raise InputError("unknown kind", where=where, value=match["kind"], remedy=f"use one of {', '.join(KINDS)}")
        text += line[done : match.start()]
        values.add((kind, len(text), len(text) + len(match["value"])))
        text += match["value"]
        done = match.end()
    return Case(text + line[done:], frozenset(values), where)


def masks_of(masker: Masker, text: str) -> frozenset[Find]:
    """What the masker masks: kind and span of the original text."""
    return frozenset((span.kind, span.original_start, span.original_end) for span in masker.mask(text).spans)


def score(masker: Masker, cases: Iterable[Case]) -> tuple[dict[Kind, Tally], list[str]]:
    """Tallies per kind and the places of the cases that are not masked exactly as marked."""
    tallies = {kind: Tally() for kind in KINDS}
    failures = []
    for case in cases:
        found = masks_of(masker, case.text)
        for kind, tally in tallies.items():
            expected = {value for value in case.values if value[0] == kind}
            given = {value for value in found if value[0] == kind}
            tally.found += len(expected & given)
            tally.missed += len(expected - given)
            tally.wrong += len(given - expected)
        if found != case.values:
            failures.append(case.where)
    return tallies, failures


def table(tallies: dict[Kind, Tally]) -> str:
    """Recall and precision per kind and over all, in Markdown."""
    total = Tally()
    for each in tallies.values():
        total.found, total.missed, total.wrong = (
            total.found + each.found,
            total.missed + each.missed,
            total.wrong + each.wrong,
        )
    rows = [*((f"`{kind}`", tally) for kind, tally in tallies.items()), ("all", total)]
    lines = ["| kind | values | found | missed | wrong | recall | precision |", "|---|---:|---:|---:|---:|---:|---:|"]
    for name, tally in rows:
        lines.append(
            f"| {name} | {tally.found + tally.missed} | {tally.found} | {tally.missed} | {tally.wrong} "
            f"| {_share(tally.recall)} | {_share(tally.precision)} |"
        )
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def sample_texts(path: Path) -> Iterator[str]:
    """The `text` of every line of a JSON-lines file, gzip-compressed if its name ends in .gz."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def measure(masker: Masker, texts: Sequence[str]) -> str:
    """One line: texts, characters, texts per second of processor time, texts with a mask, masks per kind."""
    masker.mask("客服张伟先生 13800138000 a@mail.example.com")  # so that loading Presidio and word lists is not counted
    counts: Counter[str] = Counter()
    touched = 0
    start = time.process_time()
    for masked in masker.mask_many(texts):
        counts.update(masked.counts)
        touched += bool(masked.spans)
    seconds = time.process_time() - start
    length = sum(map(len, texts)) / max(1, len(texts))
    per_kind = ", ".join(f"{kind} {counts[kind]}" for kind in KINDS if counts[kind]) or "none"
    speed = len(texts) / seconds if seconds else float("inf")
    return f"{len(texts)} texts of {length:.0f} characters, {speed:.0f} texts/s, {touched} with masks: {per_kind}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table for the marked cases and a line per sample; 1 if a case is not masked as marked."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.privacy.evaluate", description=__doc__)
    parser.add_argument("cases", nargs="*", type=Path, help="files of marked cases")
    parser.add_argument("--sample", nargs="+", type=Path, default=[], help="JSON-lines files, only counted")
    parser.add_argument("--policy", type=Path, help="a privacy policy instead of configs/privacy.yaml")
    options = parser.parse_args(arguments)
    masker = Masker(load_policy(options.policy))
    failures: list[str] = []
    if options.cases:
        cases = [case for path in options.cases for case in read_cases(path)]
        tallies, failures = score(masker, cases)
        sys.stdout.write(f"{len(cases)} cases\n\n{table(tallies)}\n")
        sys.stdout.writelines(f"not as marked: {where}\n" for where in failures)
    for path in options.sample:
        sys.stdout.write(f"{path.name}: {measure(masker, list(sample_texts(path)))}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""The facts for `cxi check`: how the input would be read, with masked examples.

Nothing is stored or printed here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.config import Config, Input
from pipeline.ingest.cells import clean
from pipeline.ingest.columns import shorten
from pipeline.ingest.plan import FilePlan
from pipeline.ingest.read import read_feedback, refused_note
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, QuarantinedRow, Score

EXAMPLES = 3
PREVIEWS = 3
_PREVIEW_CHARS = 80


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column and the field it fills; None: not used. `column` is masked and shortened."""

    column: str
    field: str | None


@dataclass(slots=True)
class DateFacts:
    """The dates of a column (its name masked): forms seen (form -> cells), first and last time read, and why none
    is read, if so.
    """

    name: str
    column: str
    forms: dict[str, int]
    order: str | None
    undecided: str | None
    first: datetime | None = None
    last: datetime | None = None

    def add(self, moment: datetime | None) -> None:
        """Take one time into account."""
        if moment is not None:
            self.first = moment if self.first is None else min(self.first, moment)
            self.last = moment if self.last is None else max(self.last, moment)


@dataclass(slots=True)
class ScoreFacts:
    """The scores of a column (its name masked): scales with their counts, where the scale was declared, and why
    none is read, if so.
    """

    name: str
    column: str
    scale_from: str
    refused: str | None
    scales: Counter[tuple[float, float, bool]] = field(default_factory=Counter)

    def add(self, score: Score | None) -> None:
        """Take one score into account. `scales` counts (low, high, higher_is_better)."""
        if score is not None:
            self.scales[score.low, score.high, score.higher_is_better] += 1


@dataclass(slots=True)
class Refusals:
    """Rows set aside for one reason: how many, and the first few (previews masked)."""

    count: int = 0
    examples: list[QuarantinedRow] = field(default_factory=list)

    def add(self, row: QuarantinedRow) -> None:
        """Count a row, and keep it while there are few."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(row)


@dataclass(frozen=True, slots=True)
class Preview:
    """A feedback as it would be stored: masked text (shortened) and what is known beside it."""

    row: int
    text: str
    language: str
    facts: dict[str, str]


@dataclass(slots=True)
class FileCheck:
    """How one file would be read. Names from the file are masked.

    `repeated` counts feedbacks whose id and question came before in this input, and `changed` those of them that say
    something else than the first. `masked` counts the values masked in the texts by kind.
    """

    file: str
    format: str
    sheet: str | None
    encoding: str | None
    encoding_found_by: str | None
    sep: str | None
    header_row: int | None
    columns: list[ColumnUse]
    identified_by: str
    dates: list[DateFacts]
    scores: list[ScoreFacts]
    notes: list[str]
    rows: int
    feedbacks: int = 0
    repeated: int = 0
    changed: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    quarantined: dict[str, Refusals] = field(default_factory=dict)
    previews: list[Preview] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Check:
    """All files, the files of directories that cannot be read (with the reason), the names, masked, of those of
    other kinds, and what a run would leave for the next one.
    """

    files: list[FileCheck]
    unreadable: list[QuarantinedRow]
    ignored: list[str]
    left: list[str] = field(default_factory=list)

    @property
    def feedbacks(self) -> int:
        """Feedbacks of all files."""
        return sum(file.feedbacks for file in self.files)

    @property
    def quarantined(self) -> int:
        """Rows set aside, of all files."""
        return sum(refusals.count for file in self.files for refusals in file.quarantined.values())


def check(
    sources: Sequence[Input], *, config: Config, masker: Masker, progress: Callable[[int], None] | None = None
) -> Check:
    """Read all input as a run would, and keep only what describes it.

    Raises InputError as `read_feedback` does.
    """
    # Nothing keyed leaves this function, so the key need not be found again.
    reading = read_feedback(sources, config=config, masker=masker, hasher=KeyedHasher(os.urandom(32)))
    files = {plan.file.label: _describe(plan, masker) for plan in reading.survey.plans}
    unreadable: list[QuarantinedRow] = []
    first: dict[int, int] = {}  # key -> content, as hashes: memory stays small
    for item in reading.items(progress):
        facts = files.get(item.origin.file)
        if facts is None or (isinstance(item, QuarantinedRow) and item.reason == "unreadable_file"):
            assert isinstance(item, QuarantinedRow)
            unreadable.append(item)
        elif isinstance(item, QuarantinedRow):
            facts.quarantined.setdefault(item.reason, Refusals()).add(item)
        else:
            key, content = hash(item.key), hash(item.content_hash)
            facts.repeated += key in first
            facts.changed += first.setdefault(key, content) != content
            _add(facts, item)
    for (name, column), refused in reading.refused.items():
        files[name].notes.append(refused_note(column, refused))
    return Check(
        list(files.values()),
        unreadable,
        [masker.mask(clean(path.name)).text for path in reading.survey.ignored],
        list(reading.survey.left),
    )


def _describe(plan: FilePlan, masker: Masker) -> FileCheck:
    info, mapping = plan.table.info, plan.mapping
    uses = {column: name for name, column in mapping.fields.items()}
    uses |= dict.fromkeys(mapping.texts, "text") | dict.fromkeys(mapping.attributes, "attribute")
    return FileCheck(
        file=plan.file.label,
        format=plan.file.format,
        sheet=plan.sheet,
        encoding=info.encoding,
        encoding_found_by=info.encoding_found_by,
        sep=info.sep,
        header_row=info.header_row,
        columns=[ColumnUse(shorten(name), uses.get(column)) for column, name in plan.names.items()],
        identified_by=f"id column {plan.names[mapping.fields['id']]}"
        if "id" in mapping.fields
        else "all mapped columns (no id column)",
        dates=[
            DateFacts(name, plan.names[mapping.fields[name]], dict(rule.kinds), rule.order, rule.undecided)
            for name, rule in plan.dates.items()
        ],
        scores=[
            ScoreFacts(name, plan.names[rule.column], masker.mask(rule.scale_from).text, rule.refused)
            for name, rule in plan.scores.items()
        ],
        notes=list(plan.notes),
        rows=plan.rows,
    )


def _add(facts: FileCheck, feedback: Feedback) -> None:
    facts.feedbacks += 1
    facts.languages[feedback.language] += 1
    facts.masked.update(feedback.masked.counts)
    for dates in facts.dates:
        dates.add(feedback.occurred_at if dates.name == "time" else feedback.updated_at)
    for scores in facts.scores:
        scores.add(getattr(feedback, scores.name))
    if len(facts.previews) < PREVIEWS:
        facts.previews.append(_preview(feedback))


def _preview(feedback: Feedback) -> Preview:
    text = " ".join(feedback.text.split())
    known: dict[str, object | None] = {
        "id": feedback.external_id,
        "question": feedback.question,
        "time": feedback.occurred_at and feedback.occurred_at.isoformat(sep=" ", timespec="minutes"),
        "source": feedback.source,
        "channel": feedback.channel,
        "product": feedback.product,
        "region": feedback.region,
        **{name: f"{score.value:g} ({score.low:g}-{score.high:g})" for name, score in _scores(feedback)},
        **feedback.attributes,
    }
    facts = {name: shorten(str(value)) for name, value in known.items() if value is not None}
    shown = text if len(text) <= _PREVIEW_CHARS else text[: _PREVIEW_CHARS - 1] + "…"
    return Preview(feedback.origin.row, shown, feedback.language, facts)


def _scores(feedback: Feedback) -> list[tuple[str, Score]]:
    named = ((name, getattr(feedback, name)) for name in ("rating", "nps", "csat", "ces"))
    return [(name, score) for name, score in named if score is not None]

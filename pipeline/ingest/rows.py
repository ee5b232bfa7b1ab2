"""One raw row to feedbacks: checked, masked, identified; or set aside with a reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pipeline.ingest.cells import as_given, clean, is_anonymous, is_blank, to_text
from pipeline.ingest.columns import SINGLE
from pipeline.ingest.dates import UndatedError
from pipeline.ingest.identity import Identifier, RowIdentity
from pipeline.ingest.plan import FilePlan
from pipeline.ingest.scores import RefusedScores, UnscoredError
from pipeline.ingest.table import RawRow
from pipeline.language import detect, has_content
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, Origin, QuarantinedRow, Score

_PREVIEW = 80
_HASH = re.compile(
    r"((?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])[0-9A-Fa-f]{8,})(?![0-9A-Za-z]))"
)
_LONGEST_VALUE = 500
_KEPT = ("source", "channel", "product", "region", "question")
_NOT_IDENTITY = ("updated", "rating_max", "rating_min")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a row says besides its verbatims; masked where it is kept. `refused`: score columns whose cell is no score
    of its scale, and why.
    """

    identity: RowIdentity
    external_id: str | None
    moments: dict[str, datetime | None]
    scores: dict[str, Score | None]
    values: dict[str, str | None]
    attributes: dict[str, str]
    refused: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose row it is, as keyed hashes (see `Feedback`)."""

    identity: str | None
    customer: str | None


class _UnusableError(ValueError):
    def __init__(self, reason: str, column: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.column, self.detail = reason, column, detail


class RowReader:
    """Turns the rows of one planned file into feedbacks. `refused` counts score cells left out, by (masked) column."""

    def __init__(self, plan: FilePlan, *, masker: Masker, identifier: Identifier) -> None:
        self._plan = plan
        self._masker = masker
        self._identifier = identifier
        self._masked = lru_cache(maxsize=10_000)(self._mask)
        self._columns = plan.mapping.fields
        self._names = plan.names
        self._several = len(plan.mapping.texts) > 1
        self.refused: defaultdict[str, RefusedScores] = defaultdict(RefusedScores)

    def read(self, row: RawRow) -> Iterator[Feedback | QuarantinedRow]:
        """One feedback per answer; a row without any, or with a bad id or date, is set aside once, as a whole.

        A bad score costs only itself: the words are the evidence, and a missing score is an honest value everywhere.
        """
        origin = Origin(self._plan.file.label, row.row, self._plan.sheet)
        given = self._given(row)
        owner = self._owner(given)
        answers = [(column, row.values.get(column)) for column in self._plan.mapping.texts]
        answers = [(column, value) for column, value in answers if not is_blank(to_text(value))]
        if not answers:
            column = None if self._several else self._names[self._plan.mapping.texts[0]]
            yield _aside(origin, owner, "empty_text", "no text in this row", column)
            return
        try:
            facts = self._facts(row, given)
        except _UnusableError as problem:
            preview = self.preview(to_text(answers[0][1]))
            yield _aside(origin, owner, problem.reason, problem.detail, self._names[problem.column], preview)
            return
        kept = False
        for column, value in answers:
            flaw = self._flaw(origin, owner, column, value)
            kept = kept or flaw is None
            yield flaw or self._feedback(origin, owner, facts, column, clean(to_text(value)))
        if kept:
            for column, why in facts.refused:
                self.refused[self._names[column]].add(row.row, why)

    def preview(self, text: str) -> str:
        """The beginning of a text on one line, masked.

        The text is cut far behind what is shown, so that no mask is missed.
        """
        return " ".join(self._masker.mask(clean(text[: _PREVIEW * 20])).text.split())[:_PREVIEW]

    def _flaw(self, origin: Origin, owner: _Owner, column: str, value: object) -> QuarantinedRow | None:
        """What makes one answer unusable."""
        text, column = to_text(value), self._names[column]
        limit = self._plan.options.max_chars
        if len(text) > limit:
            detail = f"{len(text):,} characters, {limit:,} allowed"
            return _aside(origin, owner, "too_long", detail, column, self.preview(text))
        if isinstance(value, dict | list):
            return _aside(origin, owner, "not_text", f"a {type(value).__name__}, not a text", column)
        if not has_content(text):
            detail = f"{len(text)} characters of punctuation"
            return _aside(origin, owner, "not_text", detail, column, self.preview(text))
        return None

    def _given(self, row: RawRow) -> dict[str, str]:
        """Field -> value of the mapped columns, "" where there is none; `source` always has one."""
        given = {name: as_given(to_text(row.values.get(column))) for name, column in self._columns.items()}
        given["source"] = given.get("source") or self._plan.options.name
        return given

    def _owner(self, given: dict[str, str]) -> _Owner:
        external_id, customer = given.get("id", ""), given.get("customer", "")
        return _Owner(
            self._identifier.identity(clean(given["source"]), external_id) if external_id else None,
            self._identifier.customer(customer) if customer and not is_anonymous(customer) else None,
        )

    def _facts(self, row: RawRow, given: dict[str, str]) -> _Facts:
        """Everything but the verbatims. Raises _UnusableError."""
        if "id" in given and not given["id"]:
            raise _UnusableError("missing_id", self._columns["id"], "no id in this row")
        moments = {name: self._moment(name, row) for name in self._plan.dates}
        refused: list[tuple[str, str]] = []
        scores = {name: self._score(name, row, refused) for name in self._plan.scores}
        attributes = {
            self._names[column]: self._masked(text)
            for column in self._plan.mapping.attributes
            if (text := to_text(row.values.get(column)))
        }
        external_id = given.get("id") or None
        return _Facts(
            identity=self._identifier.identify(
                clean(given["source"]), external_id, self._mapped(row, given) if external_id is None else ()
            ),
            external_id=None if external_id is None else self._masked_id(clean(external_id)),
            moments=moments,
            scores=scores,
            values={name: self._masked(given[name]) if given.get(name) else None for name in _KEPT},
            attributes=attributes,
            refused=refused,
        )

    def _mapped(self, row: RawRow, given: dict[str, str]) -> list[tuple[str, str]]:
        """What identifies a row without id: all that is mapped, as given, whatever the settings."""
        mapped = [(name, given[name]) for name in SINGLE if given.get(name) and name not in _NOT_IDENTITY]
        texts = [
            (f"text {place}", to_text(row.values.get(column))) for place, column in enumerate(self._plan.mapping.texts)
        ]
        kept = [(f"attribute {column}", to_text(row.values.get(column))) for column in self._plan.mapping.attributes]
        return [(name, clean(text)) for name, text in (*mapped, *texts, *kept) if text]

    def _feedback(self, origin: Origin, owner: _Owner, facts: _Facts, column: str, text: str) -> Feedback:
        masked = self._masker.mask(text)
        question = self._names[column] if self._several else facts.values["question"]
        values = {**facts.values, "question": question}
        occurred_at = facts.moments.get("time")
        written = occurred_at.astimezone(UTC).isoformat() if occurred_at is not None else None
        return Feedback(
            key=self._identifier.key(facts.identity, column if self._several else facts.values["question"]),
            content_hash=self._identifier.content(
                (
                    masked.text,
                    written,
                    owner.customer,
                    *values.values(),
                    *(facts.scores.get(name) for name in ("rating", "nps", "csat", "ces")),
                    *(part for pair in facts.attributes.items() for part in pair),
                )
            ),
            respondent=self._identifier.respondent(facts.identity, owner.customer),
            source=values["source"] or "",
            origin=origin,
            text=masked.text,
            language=detect(masked.text, default=self._plan.main_language),
            masked=masked,
            identity=owner.identity,
            external_id=facts.external_id,
            customer=owner.customer,
            question=question,
            occurred_at=occurred_at,
            updated_at=facts.moments.get("updated"),
            channel=values["channel"],
            product=values["product"],
            region=values["region"],
            attributes=facts.attributes,
            rating=facts.scores.get("rating"),
            nps=facts.scores.get("nps"),
            csat=facts.scores.get("csat"),
            ces=facts.scores.get("ces"),
        )

    def _moment(self, name: str, row: RawRow) -> datetime | None:
        column = self._columns[name]
        try:
            return self._plan.dates[name].read(row.values.get(column))
        except UndatedError as error:
            raise _UnusableError("bad_date", column, f"{self._quoted(row.values.get(column))}: {error}") from error

    def _score(self, name: str, row: RawRow, refused: list[tuple[str, str]]) -> Score | None:
        """The score; None, with its column and the reason added to `refused`, where the cell holds none."""
        try:
            return self._plan.scores[name].read(row.values)
        except UnscoredError as error:
            refused.append((self._columns[name], str(error)))
            return None

    def _quoted(self, value: object) -> str:
        shown = self.preview(to_text(value))
        return f"“{shown if len(shown) <= 30 else shown[:29] + '…'}”"

    def _masked_id(self, value: str) -> str:
        """An id, masked except for UUIDs and hashes: digits inside those can look like a phone number."""
        return "".join(
            part if _HASH.fullmatch(part) else self._masker.mask(part).text for part in _HASH.split(value) if part
        )

    def _mask(self, value: str) -> str:
        """A short value as it is kept: masked, and cut where it is no short value at all."""
        text = self._masker.mask(clean(value[: _LONGEST_VALUE * 2])).text
        return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _aside(
    origin: Origin, owner: _Owner, reason: str, detail: str, column: str | None = None, preview: str = ""
) -> QuarantinedRow:
    return QuarantinedRow(origin, reason, detail, column, preview, owner.identity, owner.customer)

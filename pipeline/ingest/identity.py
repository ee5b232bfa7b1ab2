"""Keys of feedbacks: the same statement has the same key in every run, whatever its file is called or has
grown to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.privacy.keys import KeyedHasher
from pipeline.records import Score

Mapped = Sequence[tuple[str, str]]
"""(field, value) of a row's mapped columns, values as text, empty ones left out, in a fixed order."""


@dataclass(frozen=True, slots=True)
class RowIdentity:
    """What identifies a row.

    `occurrence` counts rows without id that are equal in every mapped column, from 1.
    """

    source: str
    external_id: str | None
    mapped: Mapped
    occurrence: int = 0


@dataclass(slots=True)
class Identifier:
    """Gives keys.

    One per run: it counts equal rows over all files, so that 500 customers who wrote 很好 stay 500.
    """

    hasher: KeyedHasher
    _seen: Counter[int] = field(default_factory=Counter)

    def identify(self, source: str, external_id: str | None, mapped: Mapped) -> RowIdentity:
        """The identity of the next row of a source."""
        if external_id is not None:
            return RowIdentity(source, external_id, mapped)
        # 60 bits are plenty to tell rows of one run apart, and an int costs less than half of its hex.
        row = int(self._row_hash(source, mapped)[:15], 16)
        self._seen[row] += 1
        return RowIdentity(source, None, mapped, self._seen[row])

    def key(self, row: RowIdentity, question: str | None) -> str:
        """The key of one answer of a row: from its id where it has one, else from all its mapped values."""
        answer = (question,) if question is not None else ()
        if row.external_id is not None:
            return self.hasher.hexdigest("id", row.source, row.external_id, *answer)
        return f"{self._row_hash(row.source, row.mapped, *answer)}-{row.occurrence}"

    def identity(self, source: str, external_id: str) -> str:
        """The hash of a row's id, shared by all its answers."""
        return self.hasher.hexdigest("id", source, external_id)

    def respondent(self, row: RowIdentity, customer: str | None) -> str:
        """The customer's hash, or else one that the answers of the row share."""
        return customer if customer is not None else self.key(row, None)

    def customer(self, value: str) -> str:
        """The hash of a customer id; the same customer has the same in every source."""
        return self.hasher.hexdigest("customer", value)

    def content(self, values: Iterable[str | Score | None]) -> str:
        """The hash that tells versions of a feedback apart."""
        return self.hasher.hexdigest("content", *(_written(value) for value in values))

    def _row_hash(self, source: str, mapped: Mapped, *answer: str) -> str:
        return self.hasher.hexdigest("row", source, *(part for pair in mapped for part in pair), *answer)


def _written(value: str | Score | None) -> str:
    if isinstance(value, Score):
        return f"{value.value:g} {value.low:g} {value.high:g} {value.higher_is_better}"
    return "" if value is None else value

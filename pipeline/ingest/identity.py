"""Keys of feedbacks: the same statement has the same key in every run, whatever its file is called or has
grown to.
"""

from __future__ import annotations

import re
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

    It counts equal rows without id over all that it is given, so that 500 customers who wrote 很好 stay 500: one for
    everything that is read, or one per file and `Renumbering` after it.
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


_COUNTED = re.compile(r"([0-9a-f]{32})-([0-9]+)")


@dataclass(slots=True)
class Renumbering:
    """Makes keys that were counted file by file those of one count over all files.

    Call `file` when a file begins, and `key` for each of its keys in reading order. Keys of rows with an id stay.
    """

    _before: dict[int, int] = field(default_factory=dict)
    _here: dict[int, int] = field(default_factory=dict)

    def file(self) -> None:
        """Begin the next file."""
        for stem, count in self._here.items():
            self._before[stem] = self._before.get(stem, 0) + count
        self._here = {}

    def key(self, key: str) -> str:
        """The key over all files."""
        parts = _COUNTED.fullmatch(key)
        if parts is None:
            return key
        stem, count = int(parts[1][:15], 16), int(parts[2])
        self._here[stem] = max(self._here.get(stem, 0), count)
        earlier = self._before.get(stem, 0)
        return f"{parts[1]}-{count + earlier}" if earlier else key


def _written(value: str | Score | None) -> str:
    if isinstance(value, Score):
        return f"{value.value:g} {value.low:g} {value.high:g} {value.higher_is_better}"
    return "" if value is None else value

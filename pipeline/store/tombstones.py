"""What must not come back: keyed hashes of forgotten rows and customers, held against everything that is read."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.records import Feedback, QuarantinedRow


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Hashes of forgotten rows (`Feedback.identity`) and of forgotten customers (`Feedback.customer`)."""

    identities: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    def cover(self, item: Feedback | QuarantinedRow) -> bool:
        """Whether this was read of a forgotten row or customer."""
        return item.identity in self.identities or item.customer in self.customers


NONE = Tombstones()
"""Nothing was forgotten."""

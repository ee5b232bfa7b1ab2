"""Which column holds what: configured names first, then recognised ones; never a guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.config import Columns
from pipeline.errors import ColumnsError
from pipeline.ingest import names
from pipeline.ingest.scale_names import read_name

SCORES = ("rating", "nps", "csat", "ces")
SINGLE = ("id", "time", "updated", "source", "channel", "product", "region", "customer", "question", *SCORES)
"""Fields that one column fills, in the order in which they claim columns."""
_RATING_ENDS = ("rating_max", "rating_min")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns of one table by field.

    `texts` holds one verbatim column or several; `others` names matching columns not used.
    """

    texts: tuple[str, ...]
    fields: dict[str, str]
    attributes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    configured: frozenset[str] = frozenset()

    @property
    def used(self) -> frozenset[str]:
        """Every column that is read."""
        return frozenset((*self.texts, *self.fields.values(), *self.attributes))


def matches(column: str, wanted: str) -> tuple[int, int] | None:
    """(group, position) of a column name among the known names of a field; a scale in a score's name is no
    part of it.
    """
    found = names.match(column, wanted)
    if found is None and wanted in SCORES and len(column) <= names.LONGEST:
        found = names.match(read_name(column, wanted)[0], wanted)
    return found


def resolve(columns: Sequence[str], chosen: Columns, *, where: str, show: Callable[[str], str] = str) -> Mapping:
    """Map a table's columns. `show` masks a column name for messages (a file without header has feedback in
    its first row).

    Raises InputError naming the columns seen and the configuration key that settles it: where a configured
    column is not in the table, and where the text column is missing or not certain.
    """
    seen = _listing(columns, show)
    fields = _configured(columns, chosen, where=where, seen=seen)
    attributes = tuple(_find(columns, name, "attributes", where, seen) for name in chosen.attributes)
    wanted = [chosen.text] if isinstance(chosen.text, str) else chosen.text or []
    texts = tuple(_find(columns, name, "text", where, seen) for name in wanted)
    configured = frozenset((*fields, *(["text"] if texts else [])))
    free = [column for column in columns if column not in (*texts, *fields.values(), *attributes)]
    if not texts:
        texts = (_text_column(free, where=where, seen=seen, show=show),)
        free.remove(texts[0])
    others: dict[str, tuple[str, ...]] = {}
    for wanted_field in (*SINGLE, *_RATING_ENDS):
        if wanted_field not in fields:
            candidates = _candidates(free, wanted_field)
            if candidates:
                fields[wanted_field] = candidates[0]
                free.remove(candidates[0])
                others |= {wanted_field: tuple(candidates[1:])} if candidates[1:] else {}
    unused = tuple(column for column in columns if column in free)
    return Mapping(texts, fields, attributes, unused, others, configured)


def _configured(columns: Sequence[str], chosen: Columns, *, where: str, seen: str) -> dict[str, str]:
    given = {name: getattr(chosen, name) for name in SINGLE}
    return {name: _find(columns, value, name, where, seen) for name, value in given.items() if value is not None}


def _find(columns: Sequence[str], name: str, key: str, where: str, seen: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if names.normalise(column) == names.normalise(name) != ""]
    if len(alike) == 1:
        return alike[0]
    raise ColumnsError(
        f"the configured {key} column is not in this file",
        seen=seen,
        where=where,
        value=name,
        remedy=f"mend input.columns.{key}, or give differing files entries of their own under sources",
    )


def _text_column(columns: Sequence[str], *, where: str, seen: str, show: Callable[[str], str]) -> str:
    ranked = sorted((found, column) for column in columns if (found := names.match(column, "text")) is not None)
    if not ranked:
        raise ColumnsError(
            "no text column recognised",
            seen=seen,
            where=where,
            remedy="name it with --text / input.columns.text (several: each answer is a feedback of its own)",
        )
    best = [column for (tier, _), column in ranked if tier == ranked[0][0][0]]
    if len(best) > 1:
        raise ColumnsError(
            f"more than one text column: {', '.join(map(show, best))}",
            seen=seen,
            where=where,
            remedy="choose with --text / input.columns.text (several: each answer is a feedback of its own)",
        )
    return best[0]


def _candidates(columns: Sequence[str], wanted: str) -> list[str]:
    ranked = [
        (found, place, column) for place, column in enumerate(columns) if (found := matches(column, wanted)) is not None
    ]
    return [column for _, _, column in sorted(ranked)]


def _listing(columns: Sequence[str], show: Callable[[str], str]) -> str:
    shown = [shorten(show(column)) for column in columns[:30]]
    more = f" and {len(columns) - 30} more" if len(columns) > 30 else ""
    return ", ".join(shown) + more if shown else "none"


def shorten(text: str) -> str:
    """A name cut to a length fit for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

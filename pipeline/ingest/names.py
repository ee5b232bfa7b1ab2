"""Recognised column names: the table `names.yaml` and the comparison of names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import yaml

LONGEST = 200
"""Longer cells are no column names."""
_QUESTION_NUMBER = re.compile(r"^\s*(?:q\s*\d+|第?\s*\d+\s*题?)\s*[.．、:：)\]】]\s*", re.IGNORECASE)
_REMARK = re.compile(r"\s*[(（\[【][^()（）\[\]【】]*[)）\]】]\s*[*＊]?\s*$")


@lru_cache(maxsize=1)
def known_names() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Field -> groups of names as written in `names.yaml`, both in order of priority."""
    raw = yaml.safe_load(files("pipeline.ingest").joinpath("names.yaml").read_text(encoding="utf-8"))
    return {field: tuple(tuple(str(name) for name in group) for group in groups) for field, groups in raw.items()}


@lru_cache(maxsize=1)
def _lookup() -> dict[str, dict[str, tuple[int, int]]]:
    table: dict[str, dict[str, tuple[int, int]]] = {}
    for field, groups in known_names().items():
        entries = table.setdefault(field, {})
        for tier, group in enumerate(groups):
            for position, name in enumerate(group):
                entries.setdefault(normalise(name), (tier, position))
    return table


@lru_cache(maxsize=4096)
def normalise(name: str) -> str:
    """The form in which names are compared: NFKC, no case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


@lru_cache(maxsize=4096)
def core(name: str) -> str:
    """A name without its leading question number and trailing bracketed remark, or the name where nothing
    would be left.
    """
    stripped = _REMARK.sub("", _QUESTION_NUMBER.sub("", name))
    return stripped if normalise(stripped) else name


def distinct(given: Iterable[str]) -> list[str]:
    """The names in order, repeated ones with ` (2)` and so on behind."""
    taken: set[str] = set()
    result: list[str] = []
    for base in given:
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        result.append(name)
    return result


def match(name: str, field: str) -> tuple[int, int] | None:
    """(group, position) of `name` among the known names of `field`; None where it is not one of them."""
    if len(name) > LONGEST:
        return None
    entries = _lookup()[field]
    found = entries.get(normalise(name))
    return found if found is not None else entries.get(normalise(core(name)))

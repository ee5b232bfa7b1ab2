"""Whether a query only reads. The database's own rights and a read-only transaction are what protects it; this finds
mistakes before anything is connected.
"""

from __future__ import annotations

import re

_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.S
)
"""Literals, quoted names and comments."""
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|upsert|drop|alter|create|truncate|grant|revoke|into|replace\s+into)\b", re.I
)


def require_select(query: str) -> str:
    """The query without a semicolon at its end. Raises ValueError, in plain words, for all but one SELECT."""
    trimmed = query.strip().removesuffix(";").rstrip()
    bare = _QUOTED.sub(" ", trimmed).strip()
    if ";" in bare:
        raise ValueError("more than one statement: give one SELECT")
    if not re.match(r"[\s(]*(select|with)\b", bare, re.I):
        raise ValueError("only SELECT is run, so that a source is never changed")
    found = _WRITES.search(bare)
    if found:
        raise ValueError(
            f"only SELECT is run, and this one says {found[1].upper()} (a column of that name goes into quotes)"
        )
    return trimmed

"""The parts of docs/input.md that come from the code: `python -m pipeline.ingest.docs docs/input.md` renews them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pipeline.ingest.names import known_names
from pipeline.records import QUARANTINE_REASONS, QUARANTINE_REMEDIES

MEANINGS = {
    "text": "the verbatim: what the customer said",
    "id": "the feedback's id at its source",
    "time": "when the customer said it",
    "updated": "when the row last changed; the newest version of an id wins",
    "source": "where the row comes from; part of the identity, `input.name` where there is no such column",
    "channel": "how it reached us",
    "product": "what it is about",
    "region": "where: region, city or store",
    "customer": "who said it: kept as a keyed hash only; groups the answers of one customer",
    "question": "what was asked; part of the identity",
    "rating": "a score on a declared scale (stars, points)",
    "rating_max": "the top of the rating's scale, row by row",
    "rating_min": "the low end of the rating's scale, row by row",
    "nps": "likelihood to recommend, 0-10",
    "csat": "satisfaction, on a declared scale",
    "ces": "effort, on a declared scale with a declared direction",
}
REMEDIES = {reason: english for reason, (english, _) in QUARANTINE_REMEDIES.items()}
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render_names() -> str:
    """A Markdown table of fields, meanings and recognised column names."""
    lines = ["| field | meaning | recognised names |", "|---|---|---|"]
    for field, groups in known_names().items():
        names = "<br>only if none of these: ".join(", ".join(group) for group in groups)
        lines.append(f"| `{field}` | {MEANINGS[field]} | {names} |")
    return "\n".join(lines)


def render_reasons() -> str:
    """A Markdown table of quarantine reasons with their remedies."""
    lines = ["| reason | meaning | 含义 | what to do |", "|---|---|---|---|"]
    for reason, (english, chinese) in QUARANTINE_REASONS.items():
        lines.append(f"| `{reason}` | {english} | {chinese} | {REMEDIES[reason]} |")
    return "\n".join(lines)


def renew(document: str) -> str:
    """The document with every generated block made anew."""
    parts = {"names": render_names, "reasons": render_reasons}
    return _BLOCK.sub(lambda block: f"{block[1]}{parts[block[2]]()}\n{block[3]}", document)


def _main(path: Path) -> None:
    path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

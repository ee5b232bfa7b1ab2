"""Labels of public texts that may not be shipped: ``python -m models.annotations --texts DIR --out FILE``.

`models/data/annotations` holds what this project added to them: for each text its id, a hash and the offsets and labels
of its units, and not a word of the text. Whoever has the public data sets (its README names them; JSON lines with
`id`, `lang`, `domain` and `text`) joins both into a file that `python -m models.train --annotated` learns from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GoldError, ModelError
from models.jsonl import files_of, records
from models.labels import HEADS
from models.output import check_target

ANNOTATIONS = Path(__file__).parent / "data" / "annotations"


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join found."""

    written: int
    missing: int
    """Annotated texts that are in none of the files, or whose text differs."""


def text_hash(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_annotations(directory: Path = ANNOTATIONS) -> dict[str, dict[str, Any]]:
    """The annotations by id of their text. Raises `GoldError` for a line that is none."""
    found = {}
    for path in files_of(directory):
        for number, record in records(path):
            if not {"id", "sha256", "units"} <= record.keys():
                raise GoldError(f"{path}, line {number}: an annotation has id, sha256 and units")
            found[record["id"]] = record
    return found


def join(texts: Path, out: Path, annotations: dict[str, dict[str, Any]]) -> Joined:
    """Write every annotated text found under `texts` (a directory of .jsonl and .jsonl.gz files) with its units to
    `out`, as gold for training. Raises `GoldError` for files that cannot be read, and for a directory without any.
    """
    waiting, lines = dict(annotations), []
    for path in files_of(texts):
        for _, record in records(path):
            known = waiting.get(str(record.get("id")))
            if known is not None and text_hash(str(record.get("text"))) == known["sha256"]:
                del waiting[known["id"]]
                lines.append(json.dumps(_gold(record, known), ensure_ascii=False) + "\n")
    out.write_text("".join(lines), encoding="utf-8")
    return Joined(len(lines), len(waiting))


def _gold(record: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    units = [dict(zip(("start", "end", *HEADS), unit, strict=True)) for unit in known["units"]]
    kept = {name: record.get(name) or "" for name in ("id", "lang", "domain", "source", "text")}
    return {**kept, "selected_by": "annotations", "part": "train", "units": units}


def main(argv: list[str] | None = None) -> int:
    """Command line; 0 when the file is written, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.annotations", description="Join labels and public texts.")
    parser.add_argument("--texts", type=Path, required=True, help="directory of the public data sets")
    parser.add_argument("--out", type=Path, required=True, help="gold file to write")
    args = parser.parse_args(argv)
    try:
        check_target(args.out)
        found = join(args.texts, args.out, read_annotations())
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{found.written} texts written to {args.out}; {found.missing} annotated texts not found")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

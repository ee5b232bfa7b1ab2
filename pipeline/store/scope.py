"""What a retry takes up: the rows that were set aside, and whatever a run decides together with them.

A retry reads whole files, because dates, scales and the numbering of equal rows are settled by whole files. Of what it
reads it then keeps the rows at the places that were set aside, and all rows that share a key with one of them: whether
two rows conflict, and how many equal ones there are, can only be decided over all of them. Nothing else is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline.store.files import make_empty
from pipeline.store.partitions import Staged, read_table, write_table

Place = tuple[str, str, int]
"""File, sheet ("" without one), row: where a row was set aside. Row 0 is the whole file."""

_PLACE = ["file", "sheet", "row"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a retry replaces of the quarantine, and what it has to know to decide as a run would.

    `places` and whole `files` are replaced. `contested` keys were set aside as conflicting; `read` are the files that
    were read, `elsewhere` those that lie in the sources and were not.
    """

    places: list[Place]
    files: list[str]
    contested: list[str]
    read: list[str]
    elsewhere: list[str]


def narrow(
    staged: Staged,
    wanted: Iterable[Place],
    aside: Mapping[Place, set[str]],
    folder: Path,
    *,
    read: Sequence[str],
    elsewhere: Sequence[str],
) -> tuple[Staged, Scope]:
    """What of `staged` is in scope, written into `folder` (emptied first); `staged.forgotten` is kept.

    `aside` holds the reasons of all rows set aside, `wanted` the places to take up again, of files that were read.
    """
    make_empty(folder)
    rows = _index(staged.feedback)
    chosen = set(wanted)
    files = sorted({file for file, _, row in chosen if row == 0 and file in read})
    while True:
        at = rows["file"].isin(files) | _at(rows, chosen)
        inside = rows["base"].isin(rows.loc[at, "base"])
        places = _places(rows[inside])
        more = (places & aside.keys()) - chosen
        if not more:
            break
        chosen |= more
    contested = rows.loc[
        _at(rows, {place for place in chosen if "conflicting_content" in aside.get(place, ())}), "base"
    ]
    quarantine = folder / "quarantine.parquet"
    table = read_table(staged.quarantine)
    frame = table.select(_PLACE).to_pandas()
    write_table(table.filter(pa.array(frame["file"].isin(files) | _at(frame, chosen))), quarantine)
    parts = list(_kept(staged.feedback, rows, inside, folder))
    scope = Scope(sorted(chosen | places), files, sorted(set(contested)), list(read), list(elsewhere))
    return Staged(parts, quarantine, staged.forgotten), scope


def places_table(places: Sequence[Place]) -> pa.Table:
    """Places as an Arrow table."""
    files, sheets, rows = zip(*places, strict=True) if places else ((), (), ())
    kinds = {"file": pa.string(), "sheet": pa.string(), "row": pa.int64()}
    return pa.table({"file": files, "sheet": sheets, "row": rows}, schema=pa.schema(list(kinds.items())))


def _index(parts: Sequence[Path]) -> pd.DataFrame:
    """Part, place and base of every staged feedback. Equal rows without id share a base; see `Identifier.key`."""
    columns = [*_PLACE, "key"]
    frames = [read_table(path).select(columns).to_pandas().assign(part=part) for part, path in enumerate(parts)]
    empty = pd.DataFrame({"file": [], "sheet": [], "row": [], "key": [], "part": []}).astype(
        {"key": "str", "row": "int64"}
    )
    frame = pd.concat(frames, ignore_index=True) if frames else empty
    return frame.assign(sheet=frame["sheet"].fillna(""), base=frame["key"].str.extract("^([^-]*)", expand=False)).drop(
        columns="key"
    )


def _at(frame: pd.DataFrame, places: set[Place]) -> pd.Series[bool]:
    if frame.empty or not places:
        return pd.Series(False, index=frame.index, dtype=bool)
    return pd.Series(pd.MultiIndex.from_frame(frame[_PLACE]).isin(sorted(places)), index=frame.index)


def _places(frame: pd.DataFrame) -> set[Place]:
    return {
        (str(file), str(sheet), int(row)) for file, sheet, row in zip(*(frame[name] for name in _PLACE), strict=True)
    }


def _kept(parts: Sequence[Path], rows: pd.DataFrame, inside: pd.Series[bool], folder: Path) -> Iterable[Path]:
    for part, path in enumerate(parts):
        mask = inside[rows["part"] == part]
        if mask.any():
            target = folder / path.name
            write_table(read_table(path).filter(pa.array(mask.to_numpy())), target)
            yield target

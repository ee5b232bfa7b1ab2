"""Published snapshots, all that readers see: never changed, and `CURRENT` is swapped in one step.

    <out>/published/CURRENT              id of the snapshot to read
    <out>/published/<id>/<table>.parquet
    <out>/published/<id>/cx.duckdb       the same tables and the wide view, to be opened read-only
    <out>/published/<id>/...             what `extra` added (reports)

Ids are a running number and a time: "000007-20261125T020000Z". A run killed at any instant leaves `CURRENT`
and what it points to whole; what the run left half made is removed by the next one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import tables as contracts
from pipeline.errors import ContractError, StoreError
from pipeline.store.database import connect
from pipeline.store.files import make_empty, remove, replacing, require_gone, storage_errors, sync
from pipeline.tables import TABLES, TableContract
from pipeline.tables.sql import table_sql, view_comments_sql, view_sql

DATABASE = "cx.duckdb"
STORAGE_VERSION = "v1.2.0"
"""DuckDB storage format of the copy: dashboards bring their own, often older, DuckDB."""

_ID = re.compile(r"(\d{6,})-\d{8}T\d{6}Z")


def publish(
    out: Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    run: Mapping[str, Any],
    keep: int,
    extra: Callable[[Path], None] | None = None,
) -> Path:
    """Check and write all tables as a new snapshot, make it the current one, and keep the last `keep`.

    `tables` are all tables but `dim_run`; `run` is this run's row of `dim_run` without `run_id`,
    `published_at` and `schema_version`, and is put below the rows of earlier runs. `extra` may add files to
    the folder it is given, whose tables are there already (`load`). Call it with the store's lock held. What cannot
    be removed of earlier ones is no failure: `left_over` names it, and the next call tries again.
    Raises ContractError or StoreError, or what `extra` raises, with the current snapshot as it was.
    """
    published = out / "published"
    with storage_errors(published):
        published.mkdir(parents=True, exist_ok=True)
        previous = _current_id(published)
        _clean(published, previous)
        moment = datetime.now(UTC)
        name = f"{_next_number(published):06d}-{moment:%Y%m%dT%H%M%SZ}"
        row = {**run, "run_id": name, "published_at": moment, "schema_version": contracts.SCHEMA_VERSION}
        runs = [_read(published / previous, TABLES["dim_run"])] if previous else []
        runs.append(pd.DataFrame([row]))
        complete = contracts.check_all({**tables, "dim_run": pd.concat(runs)})
        _require_all(complete)
        folder = make_empty(published / f".tmp-{name}")
    with _removed_on_error(folder):
        with storage_errors(published):
            _write(folder, complete)
        if extra is not None:
            extra(folder)
        with storage_errors(published):
            _seal(folder)
            folder = folder.rename(published / name)
            sync(published)
    with storage_errors(published), replacing(published / "CURRENT") as pointer:
        pointer.write_text(f"{name}\n", encoding="utf-8")
    with suppress(OSError):  # the new snapshot is the current one: nothing may fail any more
        _prune(published, name, keep)
    return folder


def current(out: Path) -> Path:
    """The folder of the current snapshot. Raises StoreError where nothing has been published yet."""
    published = out / "published"
    with storage_errors(published):
        name = _current_id(published)
    if name is None:
        raise StoreError("nothing has been published here yet", where=str(out), remedy="run cxi run first")
    return published / name


def number(out: Path) -> int:
    """The number of the current snapshot, 0 where nothing has been published yet."""
    published = out / "published"
    with storage_errors(published):
        name = _current_id(published)
    return int(name.partition("-")[0]) if name else 0


def runs(out: Path) -> pd.DataFrame:
    """`dim_run` of the current snapshot, oldest run first; no rows where nothing has been published yet."""
    if number(out) == 0:
        return TABLES["dim_run"].typed(TABLES["dim_run"].arrow.empty_table())
    return load(current(out), ["dim_run"])["dim_run"]


def folders(out: Path) -> list[Path]:
    """All snapshots, oldest first."""
    published = out / "published"
    with storage_errors(published):
        return [path for _, path in _snapshots(published)] if published.is_dir() else []


def keep_current(out: Path) -> None:
    """Remove every snapshot but the current one, and what killed runs left. Call it with the store's lock held.

    Raises StoreError naming what could not be removed; all else is gone then.
    """
    published = out / "published"
    if not published.is_dir():
        return
    with storage_errors(published):
        name = _current_id(published)
        _clean(published, name)
        _prune(published, name, keep=0)
        require_gone(left_over(out, keep=0))


def left_over(out: Path, *, keep: int) -> list[Path]:
    """What should have been removed and could not be: half-made and old folders, and snapshots beyond the last `keep`
    (the current one is none of these).
    """
    published = out / "published"
    with storage_errors(published):
        name = _current_id(published)
        return sorted(published.glob(".*-*")) + _beyond(published, name, keep)


def load(folder: Path, names: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a snapshot (default: all) in canonical form. Raises StoreError if one cannot be read."""
    return {name: _read(folder, TABLES[name]) for name in (names or TABLES)}


def _current_id(published: Path) -> str | None:
    try:
        name = (published / "CURRENT").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not _ID.fullmatch(name) or not (published / name).is_dir():
        raise StoreError(
            "CURRENT names no snapshot",
            where=str(published / "CURRENT"),
            value=name,
            remedy="write the name of the newest folder beside it into CURRENT, or remove it and run again",
        )
    return name


def _snapshots(published: Path) -> list[tuple[int, Path]]:
    """Number and folder of all snapshots, oldest first."""
    found = [(match, path) for path in published.iterdir() if (match := _ID.fullmatch(path.name))]
    return sorted((int(match[1]), path) for match, path in found)


def _next_number(published: Path) -> int:
    return max((number for number, _ in _snapshots(published)), default=0) + 1


def _clean(published: Path, current_name: str | None) -> None:
    """Remove what a killed run left: half-made folders, and a snapshot that never became current."""
    for path in published.glob(".*-*"):
        remove(path)
    with suppress(OSError):
        (published / ".CURRENT.tmp").unlink(missing_ok=True)
    if current_name is not None:
        number = int(current_name.partition("-")[0])
        for later, path in _snapshots(published):
            if later > number:
                _remove(path)


def _prune(published: Path, current_name: str | None, keep: int) -> None:
    for path in _beyond(published, current_name, keep):
        _remove(path)


def _beyond(published: Path, current_name: str | None, keep: int) -> list[Path]:
    """All snapshots but the last `keep` and the current one."""
    found = _snapshots(published)
    return [path for _, path in found[: max(0, len(found) - keep)] if path.name != current_name]


def _remove(folder: Path) -> None:
    """Take a snapshot away under another name first, so that a kill leaves no half snapshot under its own. One that
    cannot be renamed or removed stays: the next run tries again.
    """
    with suppress(OSError):
        remove(folder.rename(folder.with_name(f".old-{folder.name}")))


@contextmanager
def _removed_on_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _require_all(tables: Mapping[str, pd.DataFrame]) -> None:
    missing = [name for name in TABLES if name not in tables]
    if missing:
        raise ContractError("table missing from the snapshot", where=missing[0], remedy="publish every declared table")


def _write(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    connection = connect(":memory:", scratch=folder)
    try:
        location = str(folder / DATABASE).replace("'", "''")
        connection.execute(f"ATTACH '{location}' AS copy (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE copy")
        connection.execute("BEGIN")
        for name, frame in tables.items():
            contract = TABLES[name]
            table = pa.Table.from_pandas(frame, schema=contract.arrow, preserve_index=False)
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
            for statement in table_sql(contract):
                connection.execute(statement)
            connection.register("chunk", table)
            connection.execute(f"INSERT INTO {name} SELECT * FROM chunk")
            connection.unregister("chunk")
        for statement in (view_sql(), *view_comments_sql()):
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("USE memory")
        connection.execute("DETACH copy")
    finally:
        connection.close()
    shutil.rmtree(folder / "duckdb", ignore_errors=True)


def _seal(folder: Path) -> None:
    """Flush every file to disk and take away the right to write to it."""
    for path in folder.rglob("*"):
        sync(path)
        if path.is_file():
            path.chmod(path.stat().st_mode & ~0o222)
    sync(folder)


def _read(folder: Path, contract: TableContract) -> pd.DataFrame:
    path = folder / f"{contract.name}.parquet"
    try:
        return contract.typed(pq.read_table(path))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            "cannot read this table of the snapshot",
            where=str(path),
            value=str(error),
            remedy="run cxi run again",
        ) from error

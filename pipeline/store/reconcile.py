"""What of a run's feedback is new, changed, known or repeated: decided in SQL, over keys and hashes.

Rules, in order. Within the run, equal key and equal content count once. Of several contents under one key the
newest by `updated_at` wins where all give one, and the older are outdated; where times do not decide, the
first in reading order stays and the others are conflicts. Against the store: unknown key = new, same content
= unchanged, other content = updated, unless the store's version is newer by `updated_at`: then the run's is
outdated. Outdated versions count as duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import StoreError
from pipeline.records import CLASSIFIED
from pipeline.store import layout
from pipeline.store.files import make_empty
from pipeline.store.partitions import read_table, rebatch, write_table
from pipeline.store.scope import Place, Scope
from pipeline.watermarks import Watermark

PREVIEW_CHARS = 80


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the rows of a run went: rows = new + updated + unchanged + duplicates + forgotten + quarantined."""

    rows: int
    new: int
    updated: int
    unchanged: int
    duplicates: int
    quarantined: int
    forgotten: int = 0

    def check(self) -> None:
        """Raise StoreError if a row was lost or counted twice."""
        known = self.new + self.updated + self.unchanged + self.duplicates
        if self.rows != known + self.forgotten + self.quarantined:
            raise StoreError(
                "the row balance does not hold; nothing was stored",
                value=asdict(self),
                remedy="this is a defect; please report it with these numbers",
            )


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What `commit` will do, as files: nothing is in the store yet.

    `changes` hold new and updated feedbacks, `pending` the feedbacks to analyse, `touched` the known ones
    whose update time moved on, `quarantine` the rows set aside; `files` names the input files the run has
    read: what was set aside of them is replaced. A retry names `places` (file, sheet, row) instead. Of the files
    `partial` only what has changed was read: `read_again` holds file and identity of their rows with an id, good or
    not. `watermarks` say how far databases were read.
    """

    balance: Balance
    pending: list[Path]
    changes: list[Path]
    touched: Path
    quarantine: Path
    read_again: Path
    files: list[str]
    places: list[Place] = field(default_factory=list)
    partial: frozenset[str] = frozenset()
    watermarks: Mapping[str, Watermark] = field(default_factory=dict)


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    staged: Sequence[Path],
    quarantine: Path,
    folder: Path,
    *,
    analysis_key: str,
    partition_rows: int,
    drop_repeated_texts: bool,
    forgotten: int,
    reanalyse: bool = False,
    scope: Scope | None = None,
    partial: frozenset[str] = frozenset(),
) -> Reconciled:
    """Decide over every staged row, and write what is to be done into `folder` (emptied first).

    `forgotten` rows were read besides, and not staged. With `reanalyse`, known feedbacks are to be analysed whatever
    has been analysed before. With `scope`, what is staged is part of its files (a retry). Of the files `partial` only
    what has changed was read.
    """
    make_empty(folder)
    _load(connection, staged)
    _decide(connection)
    if scope is not None:
        _hold(connection, scope)
    if drop_repeated_texts:
        _drop_repeated(connection)
    aside = read_table(quarantine)
    balance = _balance(connection, aside.num_rows, forgotten)
    balance.check()
    changes = list(_write_changes(connection, staged, folder))
    conflicts = [_conflicts(connection, index, path) for index, path in enumerate(staged)]
    merged = folder / "quarantine.parquet"
    write_table(pa.concat_tables([aside, *conflicts]), merged)
    touched = folder / "touched.parquet"
    write_table(connection.sql(_TOUCHED).to_arrow_table(), touched)
    read_again = folder / "read-again.parquet"
    write_table(_identities([*staged, quarantine], partial), read_again)
    fresh = (_readable(read_table(path)) for path in changes)
    known = _unanalysed(connection, None if reanalyse else analysis_key)
    pending = [
        _written(table, folder / f"pending-{index:05d}.parquet")
        for index, table in enumerate(rebatch(chain(fresh, known), partition_rows))
    ]
    if scope is not None:
        return Reconciled(balance, pending, changes, touched, merged, read_again, scope.files, scope.places)
    read = connection.sql("SELECT DISTINCT file FROM incoming").fetchall()
    files = sorted({name for (name,) in read} | set(aside["file"].to_pylist()))
    return Reconciled(balance, pending, changes, touched, merged, read_again, files, partial=partial)


def _load(connection: duckdb.DuckDBPyConnection, staged: Sequence[Path]) -> None:
    """Keys of all staged rows as table `incoming`; `seq` is the reading order."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE incoming (part INTEGER, seq BIGINT, key VARCHAR, content_hash VARCHAR,"
        " updated_at TIMESTAMPTZ, source VARCHAR, text_hash VARCHAR, file VARCHAR)"
    )
    first = 0
    for part, path in enumerate(staged):
        table = read_table(path, columns=["key", "content_hash", "updated_at", "source", "text", "file"])
        numbered = table.append_column("seq", pa.array(range(first, first + table.num_rows), pa.int64()))
        connection.register("chunk", numbered)
        connection.execute(
            "INSERT INTO incoming SELECT ?, seq, key, content_hash, updated_at, source, md5(text), file FROM chunk",
            [part],
        )
        connection.unregister("chunk")
        first += table.num_rows


_VERSIONS = """
CREATE OR REPLACE TEMP TABLE decision AS
WITH version AS (
  SELECT key, content_hash, min(seq) AS seq, max(updated_at) AS updated_at FROM incoming GROUP BY ALL
), timed AS (
  SELECT *, coalesce(
    count(*) OVER k = count(updated_at) OVER k AND updated_at < max(updated_at) OVER k, false
  ) AS outdated
  FROM version WINDOW k AS (PARTITION BY key)
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY key ORDER BY outdated, seq) AS place FROM timed
)
SELECT
  r.seq, r.key, r.content_hash, r.updated_at,
  CASE
    WHEN r.place > 1 AND r.outdated THEN 'duplicate'
    WHEN r.place > 1 THEN 'conflict'
    WHEN s.key IS NULL THEN 'new'
    WHEN s.content_hash = r.content_hash THEN 'unchanged'
    WHEN r.updated_at < s.updated_at THEN 'duplicate'
    ELSE 'updated'
  END AS outcome
FROM ranked AS r LEFT JOIN feedback AS s USING (key)
"""

_REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated AS
WITH decided AS (
  SELECT d.*, i.source, i.text_hash FROM decision AS d JOIN incoming AS i USING (seq)
), standing AS (
  SELECT source, md5(text) AS text_hash FROM feedback
  WHERE key NOT IN (SELECT key FROM decision WHERE outcome = 'updated')
  UNION SELECT source, text_hash FROM decided WHERE outcome = 'updated'
), fresh AS (
  SELECT *, row_number() OVER (PARTITION BY source, text_hash ORDER BY seq) AS place
  FROM decided WHERE outcome = 'new'
)
SELECT seq FROM fresh
WHERE place > 1 OR (source, text_hash) IN (SELECT (source, text_hash) FROM standing)
"""

_HELD = """
UPDATE decision SET outcome = 'conflict' WHERE outcome = 'updated' AND EXISTS (
  SELECT 1 FROM feedback AS s WHERE s.key = decision.key
  AND (list_contains($elsewhere::VARCHAR[], s.file)
       OR list_contains($contested::VARCHAR[], s.key) AND NOT list_contains($read::VARCHAR[], s.file))
  AND NOT coalesce(decision.updated_at > s.updated_at, false)
)
"""

_TOUCHED = """
SELECT d.key, d.updated_at FROM decision AS d JOIN feedback AS s USING (key)
WHERE d.outcome = 'unchanged'
  AND (d.updated_at > s.updated_at OR (d.updated_at IS NOT NULL AND s.updated_at IS NULL))
ORDER BY d.key
"""


def _decide(connection: duckdb.DuckDBPyConnection) -> None:
    """Table `decision`: one outcome per version (key and content) of the run."""
    connection.execute(_VERSIONS)


def _hold(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Keep a version whose row a retry has not read, unless times say that it is outdated: a run would have read both
    rows, and called the second one a conflict.
    """
    connection.execute(_HELD, {"elsewhere": scope.elsewhere, "contested": scope.contested, "read": scope.read})


def _drop_repeated(connection: duckdb.DuckDBPyConnection) -> None:
    """Count new feedbacks whose masked text their source already has as duplicates; drop no known one."""
    connection.execute(_REPEATED)
    connection.execute("UPDATE decision SET outcome = 'duplicate' WHERE seq IN (SELECT seq FROM repeated)")


def _balance(connection: duckdb.DuckDBPyConnection, aside: int, forgotten: int) -> Balance:
    counts = dict(connection.sql("SELECT outcome, count(*) FROM decision GROUP BY outcome").fetchall())
    rows, repeats = connection.sql(
        "SELECT count(*), count(*) FILTER (i.seq NOT IN (SELECT seq FROM decision)) FROM incoming AS i"
    ).fetchall()[0]
    return Balance(
        rows=rows + aside + forgotten,
        new=counts.get("new", 0),
        updated=counts.get("updated", 0),
        unchanged=counts.get("unchanged", 0),
        duplicates=counts.get("duplicate", 0) + repeats,
        quarantined=counts.get("conflict", 0) + aside,
        forgotten=forgotten,
    )


def _rows(connection: duckdb.DuckDBPyConnection, part: int, path: Path, outcomes: str) -> pa.Table:
    """The rows of a staged partition that have one of the outcomes (a SQL list)."""
    chosen = connection.sql(
        f"SELECT i.seq - (SELECT min(seq) FROM incoming WHERE part = {part:d}) AS place, d.updated_at"
        f" FROM incoming AS i JOIN decision AS d USING (seq)"
        f" WHERE i.part = {part:d} AND d.outcome IN ({outcomes}) ORDER BY i.seq"
    ).to_arrow_table()
    if chosen.num_rows == 0:
        return layout.FEEDBACK.empty_table()
    table = read_table(path).take(chosen["place"])
    # The version's newest update time, which may stand in a repetition of it.
    column = table.schema.get_field_index("updated_at")
    newest = chosen["updated_at"].cast(layout.FEEDBACK.field("updated_at").type)
    return table.set_column(column, layout.FEEDBACK.field("updated_at"), newest)


def _write_changes(connection: duckdb.DuckDBPyConnection, staged: Sequence[Path], folder: Path) -> Iterator[Path]:
    for part, path in enumerate(staged):
        table = _rows(connection, part, path, "'new', 'updated'")
        if table.num_rows:
            yield _written(table, folder / f"changes-{part:05d}.parquet")


def _conflicts(connection: duckdb.DuckDBPyConnection, part: int, path: Path) -> pa.Table:
    table = _rows(connection, part, path, "'conflict'")
    rows = [
        {
            "file": row["file"],
            "sheet": row["sheet"] or "",
            "row": row["row"],
            "column": row["question"] or "",
            "reason": "conflicting_content",
            "detail": "another row of this run with the same id was kept",
            "preview": row["text"][:PREVIEW_CHARS],
            "identity": row["identity"],
            "customer": row["customer"],
        }
        for row in table.select(["file", "sheet", "row", "question", "text", "identity", "customer"]).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=layout.QUARANTINE)


def _identities(paths: Sequence[Path], partial: frozenset[str]) -> pa.Table:
    """File and identity of the rows of the files `partial` that have an id."""
    columns = ["file", "identity"]
    chosen = pc.field("file").isin(sorted(partial)) & pc.field("identity").is_valid()
    found = [read_table(path, columns=columns).filter(chosen) for path in paths] if partial else []
    return pa.concat_tables([layout.QUARANTINE.empty_table().select(columns), *found])


def _unanalysed(connection: duckdb.DuckDBPyConnection, analysis_key: str | None) -> Iterator[pa.Table]:
    """Feedbacks that stay as they are in the store and have no units under this key (None: all), in order of key."""
    languages = ", ".join(f"'{language}'" for language in CLASSIFIED)
    relation = connection.sql(
        f"SELECT {layout.names(layout.FEEDBACK)} FROM feedback AS f"
        f" WHERE language IN ({languages})"
        " AND NOT EXISTS (SELECT 1 FROM analysis AS a"
        " WHERE a.key = f.key AND a.content_hash = f.content_hash AND a.analysis_key = $analysis_key)"
        " AND key NOT IN (SELECT key FROM decision WHERE outcome = 'updated')"
        " ORDER BY key",
        params={"analysis_key": analysis_key},
    )
    for batch in relation.to_arrow_reader(2048):
        yield pa.Table.from_batches([batch]).cast(layout.FEEDBACK)


def _readable(table: pa.Table) -> pa.Table:
    return table.filter(pc.field("language").isin(list(CLASSIFIED)))


def _written(table: pa.Table, path: Path) -> Path:
    write_table(table, path)
    return path

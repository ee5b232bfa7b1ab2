"""Feedbacks removed for good: found, deleted under a tombstone, and the file made anew without them.

DuckDB keeps deleted rows in its file, even after a checkpoint, until their blocks are used again. So forgetting is two
steps: one transaction that deletes and leaves a tombstone that is not `done`, then a copy of what is left into a new
file (and new snapshots, see `pipeline.forget`), after which it is. A kill between them leaves work that the next
`cxi forget` or `cxi run` finishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.privacy.keys import KeyedHasher
from pipeline.store.database import transaction, visible
from pipeline.store.files import sync
from pipeline.store.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class Target:
    """What to forget: the row with an id at its source, or a customer, by keyed hash.

    `source` and `external_id` are as given at the source; they are never stored and never shown.
    """

    kind: Literal["identity", "customer"]
    hash: str
    source: str = field(default="", repr=False)
    external_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the store holds of some targets: feedbacks, their units, rows set aside."""

    feedbacks: int = 0
    units: int = 0
    quarantined: int = 0

    def __bool__(self) -> bool:
        return self.feedbacks + self.quarantined > 0


_FOUND = {
    "identity": (
        "identity = $hash OR key = $hash OR respondent = $hash OR key IN (SELECT unnest($keys::VARCHAR[]))"
        " OR (identity IS NULL AND source = $source AND external_id = $external_id)"
    ),
    "customer": "customer = $hash",
}
"""Where a feedback is of a target. All but the first comparison are for feedbacks stored before `identity` was."""

_BLANKED = "removed by cxi forget: whose row it is was not recorded; running over its file again shows it"


def matching(connection: duckdb.DuckDBPyConnection, relation: str, target: Target, hasher: KeyedHasher) -> list[str]:
    """Keys of the feedbacks of `relation` (a table or view with the columns of `feedback`) that are the target's."""
    params: dict[str, object] = {"hash": target.hash}
    if target.kind == "identity":
        asked = connection.execute(f"SELECT DISTINCT question FROM {relation} WHERE question IS NOT NULL").fetchall()
        keys = [hasher.hexdigest("id", target.source, target.external_id, question) for (question,) in asked]
        params |= {"keys": keys, "source": target.source, "external_id": target.external_id}
    rows = connection.execute(f"SELECT key FROM {relation} WHERE {_FOUND[target.kind]}", params).fetchall()
    return [key for (key,) in rows]


def holdings(connection: duckdb.DuckDBPyConnection, targets: Sequence[Target], hasher: KeyedHasher) -> Holdings:
    """What the store holds of the targets, each feedback counted once."""
    keys = {key for target in targets for key in matching(connection, "feedback", target, hasher)}
    with visible(connection, pa.table({"key": pa.array(sorted(keys), pa.string())})):
        units = connection.execute("SELECT count(*) FROM unit WHERE key IN (SELECT key FROM chunk)").fetchall()[0][0]
    hashes = {kind: [item.hash for item in targets if item.kind == kind] for kind in _FOUND}
    aside = connection.execute(
        "SELECT count(*) FROM quarantine"
        " WHERE list_contains($identity::VARCHAR[], identity) OR list_contains($customer::VARCHAR[], customer)",
        hashes,
    ).fetchall()[0][0]
    return Holdings(len(keys), units, aside)


def remove(
    connection: duckdb.DuckDBPyConnection, targets: Sequence[Target], hasher: KeyedHasher, *, snapshot: int
) -> None:
    """Delete the targets' feedbacks, units and rows set aside, and leave tombstones, in one transaction.

    `snapshot` is the number of the current snapshot. Rows set aside before their owner was recorded may be anybody's:
    they lose preview and detail.
    """
    moment = datetime.now(UTC)
    with transaction(connection):
        for target in targets:
            keys = pa.table({"key": pa.array(matching(connection, "feedback", target, hasher), pa.string())})
            with visible(connection, keys):
                for table in ("feedback", "analysis", "unit"):
                    connection.execute(f"DELETE FROM {table} WHERE key IN (SELECT key FROM chunk)")
            aside = connection.execute(
                f"DELETE FROM quarantine WHERE {target.kind} = ? RETURNING 1", [target.hash]
            ).fetchall()
            connection.execute("DELETE FROM tombstone WHERE kind = ? AND hash = ?", [target.kind, target.hash])
            connection.execute(
                "INSERT INTO tombstone VALUES (?, ?, ?, ?, ?, ?, false)",
                [target.kind, target.hash, moment, keys.num_rows, len(aside), snapshot],
            )
        connection.execute(
            "UPDATE quarantine SET preview = '', detail = ?, identity = NULL WHERE identity = ''", [_BLANKED]
        )


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What was removed and may have left traces in the file or in snapshots: how many rows, since which snapshot."""

    hashes: frozenset[str]
    rows: int
    snapshot: int


def unfinished(connection: duckdb.DuckDBPyConnection) -> Unfinished | None:
    """What has been deleted and may still leave traces; None if nothing."""
    hashes, rows, snapshot = connection.execute(
        "SELECT list(hash), sum(feedbacks + quarantined)::BIGINT, max(snapshot) FROM tombstone WHERE NOT done"
    ).fetchall()[0]
    return Unfinished(frozenset(hashes), rows, snapshot) if hashes else None


def finish(connection: duckdb.DuckDBPyConnection) -> None:
    """Say of all tombstones that nothing is left behind."""
    connection.execute("UPDATE tombstone SET done = true WHERE NOT done")


def known(connection: duckdb.DuckDBPyConnection) -> Tombstones:
    """All tombstones."""
    rows = connection.execute("SELECT kind, hash FROM tombstone").fetchall()
    hashes = {kind: frozenset(value for name, value in rows if name == kind) for kind in _FOUND}
    return Tombstones(hashes["identity"], hashes["customer"])


def copy_live(connection: duckdb.DuckDBPyConnection, draft: Path) -> None:
    """Write every row that the open database holds, and nothing else, into a new database file."""
    location = str(draft).replace("'", "''")
    (name,) = connection.execute("SELECT current_database()").fetchall()[0]
    connection.execute(f"ATTACH '{location}' AS fresh")
    connection.execute(f'COPY FROM DATABASE "{name}" TO fresh')
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")


def swap(draft: Path, path: Path) -> None:
    """Put the draft in the place of a closed database. Raises StoreError while either has a log beside it."""
    for file in (draft, path):
        log = file.with_name(f"{file.name}.wal")
        if log.exists():  # it would be replayed into the other file
            raise StoreError("another program has this database open", where=str(file), remedy="close it and run again")
    sync(draft)
    draft.replace(path)
    sync(path.parent)

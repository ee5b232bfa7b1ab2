"""Copies of the current snapshot elsewhere: PostgreSQL, for dashboards. Without a `sink` section nothing is done.

`check` finds what is wrong with the configuration before a run works for hours; `deliver` brings the copy to the
current snapshot's state, whole, and repeating it changes nothing; `examine` is for `cxi doctor`. The driver is
imported here only: psycopg is an optional extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Sink
from pipeline.errors import ConfigError
from pipeline.progress import Progress
from pipeline.store import snapshot

__all__ = ["Delivery", "check", "deliver", "examine"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery did: where (without secrets), of which snapshot, and how many rows were touched."""

    place: str
    snapshot: str
    inserted: int
    updated: int
    deleted: int


def check(sink: Sink) -> None:
    """Whether a delivery could be tried. Connects to nothing.

    Raises ConfigError for a missing driver, a variable that is not set, or an unusable URL.
    """
    if sink.postgres is not None:
        _require_driver()
        from pipeline.sink.address import address_of

        address_of(sink.postgres)


def deliver(sink: Sink, out: Path, *, progress: Progress, replace: bool = False) -> Delivery | None:
    """Bring every configured copy to the state of the current snapshot of `out`; None where there is none configured.

    Call it with the store's lock held: forgetting removes snapshots that are being read otherwise. `replace` takes the
    place of another store's tables. Raises ConfigError as `check` does, StoreError where nothing has been published or
    the database cannot be reached or refuses; its tables are as they were then.
    """
    check(sink)
    if sink.postgres is None:
        return None
    from pipeline.sink.address import address_of
    from pipeline.sink.connection import connected
    from pipeline.sink.schema import prepare
    from pipeline.sink.sync import bring_to

    folder, address = snapshot.current(out), address_of(sink.postgres)
    with progress.step("PostgreSQL") as advance, connected(address) as connection:
        prepare(connection, address)
        changes = bring_to(connection, address, folder, replace=replace, advance=advance)
    return Delivery(address.place, folder.name, changes.inserted, changes.updated, changes.deleted)


def examine(sink: Sink) -> str:
    """Server, place and delivered run of the configured database. Raises as `deliver` does; changes nothing."""
    check(sink)
    if sink.postgres is None:
        return "none configured"
    from pipeline.sink.address import address_of
    from pipeline.sink.connection import connected
    from pipeline.sink.schema import facts

    address = address_of(sink.postgres)
    with connected(address) as connection:
        server = connection.info.parameter_status("server_version")
        known = facts(connection, address.schema)
    state = f"run {known['run_id']}, tables {known['tables']}" if "run_id" in known else "nothing delivered yet"
    return f"PostgreSQL {server} at {address.place}: {state}"


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"the PostgreSQL driver cannot be loaded: {error}",
            where="sink.postgres",
            remedy='install the extra: pip install -c constraints.txt ".[postgres]", or pip install "psycopg[binary]"',
        ) from error

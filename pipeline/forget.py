"""`cxi forget`: a row or a customer out of everything this program has written, and kept out.

In this order, so that a kill at any instant leaves readers a whole snapshot and the next `forget` or `run` can finish:

1. one transaction deletes from the store and leaves tombstones that are not `done`;
2. a snapshot without the deleted rows is published and swapped in;
3. the store's file is made anew, the older snapshots are removed, the tombstones are `done`;
4. the sink, if one is configured, is brought to the state of the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from pipeline import sink
from pipeline.config import Config, Input
from pipeline.errors import ConfigError, CxiError
from pipeline.history import existing, last_run, require_same, window_of
from pipeline.ingest.cells import as_given, clean, is_anonymous
from pipeline.ingest.identity import Identifier
from pipeline.privacy.keys import KeyedHasher
from pipeline.progress import Progress
from pipeline.remains import Remains, search
from pipeline.run import complete_forgetting, contents, publish_tables
from pipeline.sink import Delivery
from pipeline.store import forgetting, snapshot
from pipeline.store.database import connect, visible
from pipeline.store.forgetting import Holdings, Target, Unfinished
from pipeline.store.store import Balance, Store
from pipeline.store.tombstones import Tombstones


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What is to be forgotten, as given at the source: ids of rows of one source (found where None), or customers.

    With `also_unknown`, those not known here are kept out too: after a restore, what came since the backup is unknown.
    """

    ids: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    source: str | None = None
    also_unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Where a target is: in the store, in which snapshots; `before` says that it was forgotten before."""

    stored: bool
    snapshots: frozenset[str]
    before: bool

    @property
    def known(self) -> bool:
        return self.stored or bool(self.snapshots) or self.before

    def to_be_removed(self, *, begun: bool) -> bool:
        """Whether there is work to do; `begun` says that an interrupted command has removed it from the store.

        For one that is not known as for any other: rows that do not say whose they are may be its rows.
        """
        return self.stored or not self.known or (bool(self.snapshots) and not begun)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was found and removed; with `plan`, what would be.

    `unknown` of the ids and customers were not known here. `holding` are the snapshots with some of it; `removed` all
    that go, for the figures of each may count it.
    `published` is the snapshot made without it, None where there was none before or none is needed. `remains` are
    inputs that hold it, or held it. `delivery` says what was done in the sink, None where none is configured or with
    `plan`.
    """

    plan: bool
    unknown: int
    holdings: Holdings
    holding: tuple[str, ...]
    removed: tuple[str, ...]
    published: Path | None
    remains: tuple[Remains, ...]
    notes: tuple[str, ...]
    delivery: Delivery | None = None

    @property
    def nothing_left(self) -> bool:
        """Whether it had been forgotten before and nothing was there to be removed."""
        return not self.holdings and not self.removed and not self.unknown


def forget(
    config: Config,
    request: Request,
    out: Path,
    *,
    sources: Sequence[Input],
    plan: bool,
    purge_inbox: bool = False,
    progress: Progress,
) -> Forgotten:
    """Remove all of the request, or with `plan` only say what would be removed; look for it in the inputs of `sources`,
    and with `purge_inbox` remove it from what earlier runs have put away in inboxes.

    Raises CxiError (exit code 1), with nothing changed, where one of the ids or customers is not known here and those
    are not asked for; ConfigError where the configuration is not that of the last run, or an unknown id has no source;
    StoreError where the store cannot be used, or, with everything done here, where the sink cannot: the same command
    again tries that again.
    """
    if purge_inbox and not any(source.inbox for source in sources):
        raise ConfigError(
            "no source with an inbox", where="--purge-inbox", remedy="name the configuration that has it with --config"
        )
    if not plan:
        sink.check(config.sink)
    out = existing(out)
    with Store.open(out) as store:
        last = last_run(out)
        notes = require_same(config, last)
        found = _resolve(store, request, _source_names(config, sources, request))
        targets = list(found)
        holdings = store.holdings(targets)
        holding = tuple(sorted(set().union(*(where.snapshots for where in found.values()))))
        pending = store.unfinished()
        begun = pending.hashes if pending else frozenset[str]()
        fresh = [each for each, where in found.items() if where.to_be_removed(begun=each.hash in begun)]
        unknown = [each for each, where in found.items() if not where.known]
        notes += _notes_on(unknown, {*_source_names(config, sources, Request()), *store.sources()})
        removed = _going(out, fresh, pending)
        published = None if plan else _carry_out(config, store, fresh, last, progress=progress)
        behind = not plan and last is not None  # also where all was forgotten before: the sink may not know it yet
        delivery = sink.deliver(config.sink, out, progress=progress) if behind else None
    if pending is not None:
        verb = "would be finished" if plan else "was finished"
        notes += (f"an earlier cxi forget of {pending.rows:,} rows, interrupted, {verb}",)
    purge = purge_inbox and not plan
    gone = _tombstones(targets)
    remains = tuple(search(config, sources, gone, store.hasher, purge_inbox=purge, progress=progress))
    return Forgotten(plan, len(unknown), holdings, holding, removed, published, remains, notes, delivery)


def _carry_out(
    config: Config, store: Store, fresh: Sequence[Target], last: Mapping[str, Any] | None, *, progress: Progress
) -> Path | None:
    """Remove what is `fresh`, and finish that and what was begun before. Returns the snapshot made, if any."""
    number = snapshot.number(store.out)
    if fresh:
        store.remove(fresh, snapshot=number)
    pending = store.unfinished()
    if pending is None:
        return None
    published = None
    # A snapshot newer than the removal was made without what was removed.
    if last is not None and number <= pending.snapshot:
        published = _publish(config, store, last, pending.rows, progress=progress)
    complete_forgetting(store)
    return published


def _source_names(config: Config, sources: Sequence[Input], request: Request) -> list[str]:
    if request.source is not None:
        return [request.source]
    return [config.input.name, *(source.name for source in (*config.sources, *sources))]


def _notes_on(unknown: Sequence[Target], sources: set[str]) -> tuple[str, ...]:
    """What a user should know of targets that are not known here. A wrong source would silently keep nothing out."""
    if not unknown:
        return ()
    notes = (f"{len(unknown):,} of the ids and customers: not known here, and to be kept out all the same",)
    named = {clean(name) for name in sources}
    if any(target.kind == "identity" and clean(target.source) not in named for target in unknown):
        return (
            *notes,
            "--source is the name of no source of the configuration or the store: unless the rows will have it in their"
            " source column, nothing is kept out",
        )
    return notes


def _resolve(store: Store, request: Request, names: Sequence[str]) -> dict[Target, _Whereabouts]:
    """The targets, all known here or also wanted unknown, and where they are. Raises CxiError, ConfigError."""
    identifier = Identifier(store.hasher)
    if request.source is None:
        names = [*dict.fromkeys([*names, *store.sources()])]
    asked: list[tuple[str, list[Target]]] = []
    for place, given in enumerate(request.ids, start=1):
        choices = [_row(identifier, name, _wanted(given, "--id")) for name in names]
        asked.append((f"--id ({place} of {len(request.ids)})", choices))
    for place, given in enumerate(request.customers, start=1):
        choice = Target("customer", identifier.customer(_customer(given)))
        asked.append((f"--customer ({place} of {len(request.customers)})", [choice]))
    if not asked:
        raise ConfigError("nothing to forget", where="--id, --customer", remedy="give one of them")
    before = store.tombstones()
    with _published(store) as connection:
        return dict(_one_of(store, connection, request, choices, before, where) for where, choices in asked)


def _row(identifier: Identifier, source: str, external_id: str) -> Target:
    return Target("identity", identifier.identity(clean(source), external_id), source, external_id)


def _wanted(given: str, option: str) -> str:
    value = as_given(given)
    if not value:
        raise ConfigError("empty", where=option, remedy="write it as the source does")
    return value


def _customer(given: str) -> str:
    value = _wanted(given, "--customer")
    if is_anonymous(value):
        raise ConfigError("names no customer: such rows are anonymous", where="--customer", remedy="use --id")
    return value


def _one_of(
    store: Store,
    published: duckdb.DuckDBPyConnection,
    request: Request,
    choices: Sequence[Target],
    before: Tombstones,
    where: str,
) -> tuple[Target, _Whereabouts]:
    """The choice that is known (stored, published or forgotten before), or that is to be kept out unknown."""
    gone = before.identities | before.customers
    found = {
        target: _Whereabouts(
            stored=bool(store.holdings([target])),
            snapshots=_holding(published, target, store.hasher),
            before=target.hash in gone,
        )
        for target in choices
    }
    known = [each for each in choices if found[each].known]
    if len(known) > 1:
        raise ConfigError(
            "this id is in several sources",
            where=where,
            value=", ".join(sorted(target.source for target in known)),
            remedy="say which with --source",
        )
    target = known[0] if known else _unknown(request, choices, where)
    return target, found[target]


def _unknown(request: Request, choices: Sequence[Target], where: str) -> Target:
    """The choice that is to be kept out though not known. Raises CxiError where that was not asked for, ConfigError
    for an id without its source.
    """
    if not request.also_unknown:
        raise CxiError(
            "not known here: neither stored, nor published, nor forgotten before; nothing was changed",
            where=where,
            remedy="write it as the source does (case, leading zeros); check --out, and name the source with --source"
            " where the configuration does not; to keep out what is not known (after a restore), add --also-unknown",
        )
    if choices[0].kind == "identity" and request.source is None:
        raise ConfigError(
            "not known here, and an id counts within its source: it takes --source to keep it out; nothing was changed",
            where=where,
            remedy="name the source with --source: what its rows have in their source column, or else its `name` in the"
            " configuration",
        )
    return choices[0]


_AS_STORED = {
    "key": "feedback_key",
    "respondent": "respondent_key",
    "customer": "customer_key",
    **{name: name for name in ("source", "external_id", "question")},
}
"""Column of `feedback` in the store -> column of fact_feedback. A snapshot has no `identity`."""


@contextmanager
def _published(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with what is needed to find feedbacks of all snapshots: the table `published`, without texts."""
    with connect(":memory:", scratch=store.work) as connection:
        columns = ", ".join(f"{name} VARCHAR" for name in ("snapshot", *_AS_STORED, "identity"))
        connection.execute(f"CREATE TABLE published ({columns})")
        for folder in snapshot.folders(store.out):
            path = folder / "fact_feedback.parquet"
            if path.exists():
                with visible(connection, pq.read_table(path, columns=list(_AS_STORED.values()))):
                    connection.execute(
                        f"INSERT INTO published SELECT ?, {', '.join(_AS_STORED.values())}, NULL FROM chunk",
                        [folder.name],
                    )
        yield connection


def _holding(published: duckdb.DuckDBPyConnection, target: Target, hasher: KeyedHasher) -> frozenset[str]:
    """Names of the snapshots with feedback of the target."""
    keys = forgetting.matching(published, "published", target, hasher)
    rows = published.execute(
        "SELECT DISTINCT snapshot FROM published WHERE key IN (SELECT unnest(?::VARCHAR[]))", [keys]
    ).fetchall()
    return frozenset(name for (name,) in rows)


def _going(out: Path, fresh: Sequence[Target], pending: Unfinished | None) -> tuple[str, ...]:
    """Names of the snapshots to be removed: all, but for a current one that was made since the last removal."""
    if not fresh and pending is None:
        return ()
    made_since = not fresh and pending is not None and snapshot.number(out) > pending.snapshot
    kept = snapshot.current(out) if made_since else None
    return tuple(folder.name for folder in snapshot.folders(out) if folder != kept)


def _tombstones(targets: Sequence[Target]) -> Tombstones:
    hashes = {
        kind: frozenset(target.hash for target in targets if target.kind == kind) for kind in ("identity", "customer")
    }
    return Tombstones(hashes["identity"], hashes["customer"])


def _publish(config: Config, store: Store, last: Mapping[str, Any], rows: int, *, progress: Progress) -> Path:
    """A snapshot as the last run's, made from what is left. Labels stay as they are, so no model is needed."""
    balance = Balance(rows, 0, 0, 0, 0, 0, forgotten=rows)
    same = ("model_id", "taxonomy", "taxonomy_version", "analysis_key", "timezone")
    window = window_of(last)

    def run_row(tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
        return {
            **{name: last[name] for name in same},
            **{name: getattr(balance, name) for name in Balance.__slots__},
            **contents(store, tables),
            "config_hash": config.digest(),
            "code_version": version("cx-insight"),
            "input_digests": "{}",
            "scores_refused": "{}",
            "since": window.since,
            "until": window.until,
        }

    return publish_tables(config, store, run_row, window=window, progress=progress)

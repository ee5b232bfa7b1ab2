"""`cxi quarantine retry`: rows that were set aside are read again, after the file or the mapping was mended.

The steps are those of a run (`pipeline.run`): ingest, reconcile, analyse, commit, publish. Only files that hold rows
set aside are read, and only those rows, with what shares their keys, are decided on (`pipeline.store.scope`). All is
committed in one transaction and published after it: a kill at any instant leaves what the next retry or run finishes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pipeline import tables
from pipeline.config import Config, Input, override
from pipeline.errors import InputError, UnavailableError
from pipeline.history import existing, last_run, require_same, window_of
from pipeline.ingest.discover import STDIN
from pipeline.ingest.inbox import kept_files
from pipeline.ingest.read import Reading, discover_source, read_feedback, shown
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.progress import Progress
from pipeline.quarantine import choose
from pipeline.records import Feedback, QuarantinedRow
from pipeline.run import Analysed, analyse_all, check_config, clear_up, current_key, publish
from pipeline.staging import Ingested
from pipeline.store import partitions, snapshot
from pipeline.store.partitions import Staged
from pipeline.store.scope import Place, Scope, narrow
from pipeline.store.store import Balance, Store
from pipeline.store.tombstones import Tombstones

_NOTHING = Balance(0, 0, 0, 0, 0, 0)
_NUMBER = re.compile(r" \(\d+\)(?=(\.\w+){1,2}$)")


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did. Counts are places: a row of a file, or a file that could not be read.

    `tried` = taken in (or forgotten, or no longer there) + `stay`; `gone` of them are no longer in their file. `lost`
    files are not in the sources, `unreadable` ones cannot be read: (file -> rows that stay aside). `balance` counts
    feedbacks and rows, as in a run; with what shares a key with the rows tried. `left` rows are set aside in all.
    """

    balance: Balance
    analysed: Analysed
    tried: int = 0
    stay: int = 0
    gone: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    left: int = 0
    snapshot: Path | None = None
    notes: tuple[str, ...] = ()


def retry(
    config: Config,
    sources: Sequence[Input],
    out: Path,
    *,
    reason: str | None = None,
    file: str | None = None,
    progress: Progress,
) -> Retried:
    """Read again what was set aside (for `reason`, of `file`), and publish if anything was read.

    Raises ConfigError for an unknown reason or a configuration that is not the last run's in what decides labels and
    dates, InputError where none of the files is found, StoreError where the store cannot be used.
    """
    check_config(config)
    key = current_key(config)
    with Store.open(existing(out)) as store:
        last = last_run(store.out)
        notes = require_same(config, last, analysis_key=key)
        aside = store.quarantine_frame()
        places = _reasons(aside)
        chosen = _reasons(choose(aside, reason=reason, file=file))
        reading, problems = _read_again(config, sources, store, {place[0] for place in chosen})
        planned = [plan.file.label for plan in reading.survey.plans]
        broken = {item.label for item, _ in reading.survey.unreadable}
        wanted = {place for place in chosen if place[0] in planned or (place[2] == 0 and place[0] in broken)}
        behind = _behind(store, aside)
        missing = _count(place[0] for place in chosen if place[0] not in broken and place[0] not in planned)
        if chosen and not wanted and not broken and not behind:
            raise _none_found(missing, problems)
        balance, analysed, gone, ingested = _NOTHING, Analysed(), 0, None
        if wanted:
            staged, scope, gone = _stage(config, store, reading, wanted, places, planned, progress=progress)
            ingested = Ingested(staged, {}, reading.notes, _refused(reading))
            balance, analysed = _take_in(config, store, staged, scope, key, progress=progress)
        folder = None
        if wanted or behind:
            # No digests: of these files only some rows were taken in, so none of them counts as read.
            ingested = ingested or Ingested(Staged([], store.work), {}, ())
            folder = publish(config, store, ingested, balance, window=window_of(last), progress=progress)
            notes += clear_up(config, store)
        after = store.quarantine_frame()
    return Retried(
        balance,
        analysed,
        tried=len(wanted),
        stay=len(wanted & _reasons(after).keys()),
        gone=gone,
        lost=missing,
        unreadable=_count(place[0] for place in chosen if place[0] in broken and place not in wanted),
        left=len(after),
        snapshot=folder,
        notes=notes + tuple(problems) + (ingested.notes if ingested else ()),
    )


def _take_in(
    config: Config, store: Store, staged: Staged, scope: Scope, key: str, *, progress: Progress
) -> tuple[Balance, Analysed]:
    """Reconcile, analyse and commit, as a run does."""
    reconciled = store.reconcile(
        staged.feedback,
        staged.quarantine,
        analysis_key=key,
        partition_rows=config.partition_rows,
        drop_repeated_texts=config.drop_repeated_texts,
        forgotten=staged.forgotten,
        scope=scope,
    )
    analysed = analyse_all(config, store, reconciled.pending, key=key, progress=progress)
    store.commit(reconciled, analysed.files, analysis_key=key)
    store.finished.clear()
    return reconciled.balance, analysed


def _read_again(config: Config, sources: Sequence[Input], store: Store, labels: set[str]) -> tuple[Reading, list[str]]:
    """The files of these names among the sources, and what is wrong with paths and files that cannot be read."""
    masker = Masker(load_policy(config.privacy), hasher=store.hasher)
    there: list[Input] = []
    problems: list[str] = []
    for source in sources:
        found: dict[Literal["paths", "urls"], list[Any]] = {"paths": [], "urls": []}
        for part, kind, where in _parts(source, labels):
            try:
                discover_source(part)
            except UnavailableError:
                raise
            except InputError as error:
                problems.append(f"{error.where or where}: {error.message}")
            else:
                found[kind] += getattr(part, kind)
        there += [override(source, **{kind: listed}) for kind, listed in found.items() if listed]
    reading = read_feedback(there if labels else [], config=config, masker=masker, hasher=store.hasher, only=labels)
    problems += [f"{file.label}: {error.message}" for file, error in reading.survey.unreadable]
    met = {plan.file.label for plan in reading.survey.plans} | {file.label for file, _ in reading.survey.unreadable}
    for source in sources:
        problems += _elsewhere(source, labels - met, masker)
    return reading, problems


def _parts(source: Input, labels: set[str]) -> Iterator[tuple[Input, Literal["paths", "urls"], str]]:
    """A source path by path, or URL by URL: one that is not there any more does not hide the others."""
    for path in source.paths:
        if path != STDIN or "stdin" in labels:
            yield override(source, paths=[path]), "paths", str(path)
    for url in source.urls if labels else ():
        yield override(source, urls=[url]), "urls", url


def _elsewhere(source: Input, labels: set[str], masker: Masker) -> Iterator[str]:
    """What to do about rows set aside that did not come from a file which is still where it was read."""
    if source.sql is not None and source.name in labels:
        yield (
            f"{source.name}: rows of a database are not retried; mend them there, and the next run reads those that"
            " its watermark calls changed (all, without one)"
        )
    if source.inbox is not None:
        # The latest day's wins; a number was added where the name was taken.
        kept = {shown(_NUMBER.sub("", path.name), masker): path.parent for path in kept_files(source.inbox)}
        for label in sorted(labels & kept.keys()):
            yield (
                f"{label}: came by an inbox and lies in {kept[label]} now; mend it and put it back into the inbox under"
                " this name, and the next run reads it"
            )


def _stage(
    config: Config,
    store: Store,
    reading: Reading,
    wanted: set[Place],
    aside: Mapping[Place, set[str]],
    planned: Sequence[str],
    *,
    progress: Progress,
) -> tuple[Staged, Scope, int]:
    """Stage the files, and of them what is in scope. Also returns how many wanted places hold no row any more."""
    met: Counter[Place] = Counter()
    with progress.step("read and mask", reading.survey.rows) as advance:
        items = _watched(reading.items(advance), wanted, store.tombstones(), met)
        whole = partitions.write_feedback(
            items, store.work / "staged", rows=config.partition_rows, forgotten=store.tombstones()
        )
    staged, scope = narrow(
        whole, wanted, aside, store.work / "scope", read=planned, elsewhere=list(reading.survey.others)
    )
    gone = sum(1 for place in wanted if not met[place] and not (place[2] == 0 and place[0] in planned))
    return staged, scope, gone


def _watched(
    items: Iterator[Feedback | QuarantinedRow], wanted: set[Place], forgotten: Tombstones, met: Counter[Place]
) -> Iterator[Feedback | QuarantinedRow]:
    """The items without forgotten ones that stand at none of the wanted places; counts those places as they are met."""
    files = {file for file, _, row in wanted if row == 0}
    for item in items:
        place = (item.origin.file, item.origin.sheet or "", item.origin.row)
        inside = place in wanted or place[0] in files
        if inside:
            met[place] += 1
        elif forgotten.cover(item):
            continue
        yield item


def _behind(store: Store, aside: pd.DataFrame) -> bool:
    """Whether a killed retry or run has stored what is not published yet, as far as the quarantine tells."""
    if snapshot.number(store.out) == 0:
        return True
    published = snapshot.load(snapshot.current(store.out), ["quarantine"])["quarantine"]
    return not tables.check("quarantine", aside).reset_index(drop=True).equals(published.reset_index(drop=True))


def _reasons(frame: pd.DataFrame) -> dict[Place, set[str]]:
    """Place -> the reasons for which something of it is set aside."""
    found: dict[Place, set[str]] = {}
    columns = (frame[name] for name in ("file", "sheet", "row", "reason"))
    for file, sheet, row, reason in zip(*columns, strict=True):
        found.setdefault((str(file), str(sheet), int(row)), set()).add(str(reason))
    return found


def _refused(reading: Reading) -> dict[str, int]:
    return {f"{file}: {column}": found.cells for (file, column), found in reading.refused.items()}


def _count(labels: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items()))


def _none_found(missing: Mapping[str, int], problems: Sequence[str]) -> InputError:
    return InputError(
        "none of the files with rows set aside was found; nothing was changed",
        where=", ".join(missing),
        remedy="; ".join([*problems, "name the paths of the run that read them, or its --config"]),
    )

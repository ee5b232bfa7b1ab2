"""What the trials of `chaos.py` begin with and are judged by: two nights of input, and what an undisturbed run makes of
them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pipeline.config import Config, Input, Postgres, Sink
from pipeline.errors import CxiError
from pipeline.progress import Advance
from pipeline.run import run
from pipeline.sink import deliver
from pipeline.store import snapshot
from pipeline.tables import TABLES

# fact_quality judges the run itself: it knows of earlier runs and of the day.
FACTS = [name for name in TABLES if name.startswith("fact_") and name != "fact_quality"] + ["quarantine"]
CONFIG = {
    "model": {"name": "lexicon"},
    "partition_rows": 25,
    "metrics": {"bootstrap": 100},
    "report": {"language": "en"},
}
OWN = Path(__file__).parents[1] / "models" / "data" / "own" / "feedback.jsonl.gz"
URL_VARIABLE = "CXI_CHAOS_URL"
DELIVERING, DELIVERY_SECONDS = "PostgreSQL", 1.0
STARTED, PUBLISHED, STORAGE_ERROR = "starting", "after publishing", 5


@dataclass(frozen=True, slots=True)
class World:
    """Two nights of input, the store after the first, what an undisturbed run publishes, and how long it takes."""

    folder: Path
    export: dict[bool, str] = field(default_factory=dict)
    seconds: dict[bool, float] = field(default_factory=dict)

    def inputs(self, *, second: bool) -> Path:
        """The files of a night."""
        return self.folder / ("today" if second else "yesterday")

    @property
    def template(self) -> Path:
        """The output directory after the first night."""
        return self.folder / "template"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one disturbed run came to: where it was, and what the next run published."""

    phase: str
    disturbed: bool
    identical: bool
    lost: int
    doubled: int
    orphans: int


class Phases:
    """Notes the step a run is in, for the parent to read after the kill."""

    def __init__(self, note: Path) -> None:
        self.note = note

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        """Note one step."""
        self.note.write_text(name)
        yield lambda _: None
        self.note.write_text(f"after {name}")


def prepare(folder: Path) -> World:
    """Write both nights, run them undisturbed, and keep what they publish."""
    world = World(folder)
    with gzip.open(OWN, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(300), strict=False)]
    rows = [
        {"id": f"r{number}", "text": text, "time": f"2026-{1 + number % 9:02}-{1 + number % 28:02}", "nps": number % 11}
        for number, text in enumerate(texts)
    ]
    changed = [
        {**row, "text": f"{row['text']} 补充：还是很慢"} if place % 9 == 0 else row for place, row in enumerate(rows)
    ]
    bad = [{"id": "", "text": "没有编号", "time": "2026-01-01"}, {"id": "b2", "text": "...", "time": "2026-01-02"}]
    write(world.inputs(second=False), a=rows[:120], b=rows[120:200])
    write(world.inputs(second=True), a=changed[:120], b=rows[120:200], c=[*rows[190:], *bad])
    spent(world, world.template, second=False)
    for second in (False, True):
        out = start(world, folder / f"undisturbed-{second}", second=second)
        world.seconds[second] = spent(world, out)
        world.export[second] = digest(published(out))
    return world


def write(folder: Path, **files: list[dict[str, object]]) -> None:
    """JSON Lines files with one update time, so that changed rows count as newer."""
    folder.mkdir()
    for name, rows in files.items():
        lines = [
            json.dumps({**row, "updated": "2026-10-01" if folder.name == "yesterday" else "2026-10-02"}) for row in rows
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def start(world: World, out: Path, *, second: bool) -> Path:
    """An output directory to begin with: yesterday's, or none."""
    shutil.rmtree(out, ignore_errors=True)
    if second:
        shutil.copytree(world.template, out)
    return out


def child(world: World, out: Path, *, second: bool = True, **options: object) -> multiprocessing.Process:
    """A process of its own that does the job of a night; `options` are those of `work`."""
    note(out).write_text(STARTED)
    return multiprocessing.Process(target=work, args=(world.inputs(second=second), out, note(out)), kwargs=options)


def note(out: Path) -> Path:
    """Where the run into `out` notes the step it is in."""
    return out.with_name(f"{out.name}.phase")


def spent(world: World, out: Path, *, second: bool = True, database: str = "") -> float:
    """Run to the end in a process of its own; the seconds it took."""
    started = time.monotonic()
    process = child(world, out, second=second, database=database)
    process.start()
    process.join()
    if process.exitcode != 0:
        sys.exit(f"an undisturbed run failed with exit code {process.exitcode}")
    return time.monotonic() - started


def work(inputs: Path, out: Path, note: Path, *, limit: int | None = None, database: str = "") -> None:
    """What a child process does: the job, with files of at most `limit` bytes, or with a delivery to a database."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        run(Config.model_validate(CONFIG), [Input(paths=[inputs])], out, progress=Phases(note))
        if database:
            os.environ[URL_VARIABLE] = database
            deliver(Sink(postgres=Postgres(url_env=URL_VARIABLE)), out, progress=Phases(note))
    except CxiError as error:
        sys.exit(error.exit_code)
    note.write_text(PUBLISHED)


def judge(world: World, out: Path, *, second: bool, disturbed: bool, database: str = "") -> Trial:
    """Run once more, and compare with the run that nothing disturbed."""
    phase = note(out).read_text() if disturbed else "(it had ended)"
    spent(world, out, database=database)
    ours, theirs = keys(out), keys(world.folder / f"undisturbed-{second}")
    trial = Trial(
        phase=phase,
        disturbed=disturbed,
        identical=digest(published(out)) == world.export[second],
        lost=sum((theirs - ours).values()),
        doubled=sum((ours - theirs).values()),
        orphans=len(orphans(out)),
    )
    shutil.rmtree(out)
    return trial


def published(out: Path) -> dict[str, pd.DataFrame]:
    """The fact tables of the current snapshot."""
    return snapshot.load(snapshot.current(out), FACTS)


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """A digest of every fact table, in the order of its key."""
    total = hashlib.sha256()
    for name in FACTS:
        frame = tables[name].sort_values(list(TABLES[name].key)).reset_index(drop=True)
        total.update(f"{name}\n{frame.to_csv(index=False)}".encode())
    return total.hexdigest()


def keys(out: Path) -> Counter[str]:
    """How often each feedback is in the current snapshot."""
    frame = snapshot.load(snapshot.current(out), ["fact_feedback"])["fact_feedback"]
    return Counter(frame["feedback_key"])


def orphans(out: Path) -> list[Path]:
    """What a finished run must not leave: hidden files, scratch, a database's log, half-made snapshots."""
    left = [path for path in out.rglob("*") if path.name.startswith(".") or path.suffix in (".wal", ".tmp")]
    return left + [path for path in (out / "work", out / "store" / "finished") if path.exists()]

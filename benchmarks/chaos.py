"""Runs killed at random instants, each followed by a normal run: is anything lost, doubled or left lying about?

    python benchmarks/chaos.py [--kills 200] [--full 20] [--seed 1]

Every trial begins with an empty store, or with the store of a run over yesterday's files, and runs the job over
today's (new, changed and repeated rows, rows that are set aside). The process is killed with SIGKILL at a random
instant, or its disk is full at a random size; then the same run is made once more, undisturbed. What is published must
be, row by row and sorted by key, what a run that nothing disturbed publishes, and no temporary file may be left.
Feedback is the project's own, the model is the rule model: this is about the job, not about the labels.

The disk is full for real where a small file system in memory can be mounted (root on Linux), else by the largest size
a file may have (RLIMIT_FSIZE).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline.config import Config, Input
from pipeline.errors import CxiError
from pipeline.privacy.keys import KEY_VARIABLE
from pipeline.progress import Advance
from pipeline.run import run
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
OWN = Path(__file__).parent.parent / "models" / "data" / "own" / "feedback.jsonl.gz"
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


def main() -> None:
    """Run the trials and print the table; exit code 1 if any of them was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--full", type=int, default=20, help="runs whose disk is full")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time")
    options = parser.parse_args()
    os.environ[KEY_VARIABLE] = "the same key for every store"
    multiprocessing.set_start_method("forkserver")
    # Imported once: a child is forked when all is loaded, so the instants fall into the work.
    multiprocessing.set_forkserver_preload(["pipeline.run", "pipeline.forget"])
    with tempfile.TemporaryDirectory() as folder:
        world = prepare(Path(folder))
        with ThreadPoolExecutor(options.jobs) as pool:
            trials = [*pool.map(partial(killed, world, options.seed), range(options.kills))]
            full = [*pool.map(partial(filled, world, options.seed), range(options.full))]
    print(
        f"{options.kills} kills and {options.full} full disks, seed {options.seed}; an undisturbed run takes", end=" "
    )
    print(f"{world.seconds[False]:.1f} s into an empty store, {world.seconds[True]:.1f} s into yesterday's")
    print("| disturbed while | runs | next run identical | lost rows | doubled rows | left files |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, rows in [*by_phase(trials), ("**all kills**", trials), ("**disk full**", full)]:
        print(
            f"| {name} | {len(rows)} | {sum(row.identical for row in rows)} | {sum(row.lost for row in rows)}"
            f" | {sum(row.doubled for row in rows)} | {sum(row.orphans for row in rows)} |"
        )
    if not any(trial.disturbed for trial in trials):
        sys.exit("no run was disturbed: this machine is faster than the draw")
    if not all(trial.identical and not trial.orphans for trial in [*trials, *full]):
        sys.exit(1)


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
        world.seconds[second] = spent(world, out, second=True)
        world.export[second] = export(out)
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


def spent(world: World, out: Path, *, second: bool) -> float:
    """Run to the end in a process of its own; the seconds it took."""
    started = time.monotonic()
    child = multiprocessing.Process(
        target=work, args=(world.inputs(second=second), out, out.with_name(f"{out.name}.phase"), None)
    )
    child.start()
    child.join()
    if child.exitcode != 0:
        sys.exit(f"an undisturbed run failed with exit code {child.exitcode}")
    return time.monotonic() - started


def work(inputs: Path, out: Path, note: Path, limit: int | None) -> None:
    """What a child process does: the job, with files of at most `limit` bytes."""
    note.write_text(STARTED)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        run(Config.model_validate(CONFIG), [Input(paths=[inputs])], out, progress=Phases(note))
    except CxiError as error:
        sys.exit(error.exit_code)
    note.write_text(PUBLISHED)


def killed(world: World, seed: int, place: int) -> Trial:
    """One run killed at an instant between its start and a little after its usual end."""
    second, draw = place % 2 == 1, random.Random(f"{seed} kill {place}")
    out, note = start(world, world.folder / f"killed-{place}", second=second), world.folder / f"phase-{place}"
    child = multiprocessing.Process(target=work, args=(world.inputs(second=True), out, note, None))
    child.start()
    child.join(timeout=draw.uniform(0, world.seconds[second] * 1.05))
    disturbed = child.is_alive()
    child.kill()
    child.join()
    return judge(world, out, note.read_text() if note.exists() else STARTED, second=second, disturbed=disturbed)


def filled(world: World, seed: int, place: int) -> Trial:
    """One run whose disk is full at a random size."""
    second, draw = place % 2 == 1, random.Random(f"{seed} full {place}")
    out, note = start(world, world.folder / f"full-{place}", second=second), world.folder / f"phase-{place}"
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) if second else 0
    space = size + draw.randrange(64, 8192) * 1024
    with small_disk(out, space) as limited:
        limit = None if limited else draw.randrange(4, 1024) * 1024
        child = multiprocessing.Process(target=work, args=(world.inputs(second=True), out, note, limit))
        child.start()
        child.join()
        if child.exitcode not in (0, STORAGE_ERROR):
            sys.exit(f"a run on a full disk ended with exit code {child.exitcode}, not {STORAGE_ERROR}")
    return judge(world, out, note.read_text(), second=second, disturbed=child.exitcode != 0)


@contextmanager
def small_disk(out: Path, space: int) -> Iterator[bool]:
    """Put `out` on a file system of `space` bytes while the block runs; False where that cannot be done."""
    mount = out.with_name(f"disk-{out.name}")
    mount.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={space}", "tmpfs", str(mount)]
    if sys.platform != "linux" or subprocess.run(command, check=False, capture_output=True).returncode:
        yield False
        return
    try:
        if out.exists():
            shutil.copytree(out, mount / "out")
            shutil.rmtree(out)
        else:
            (mount / "out").mkdir()
        out.symlink_to(mount / "out")
        yield True
    finally:
        out.unlink()
        shutil.copytree(mount / "out", out)
        subprocess.run(["umount", str(mount)], check=True)


def judge(world: World, out: Path, phase: str, *, second: bool, disturbed: bool) -> Trial:
    """Run once more, and compare with the run that nothing disturbed."""
    spent(world, out, second=True)
    ours, theirs = keys(out), keys(world.folder / f"undisturbed-{second}")
    trial = Trial(
        phase=phase if disturbed else "(it had ended)",
        disturbed=disturbed,
        identical=export(out) == world.export[second],
        lost=sum((theirs - ours).values()),
        doubled=sum((ours - theirs).values()),
        orphans=len(orphans(out)),
    )
    shutil.rmtree(out)
    return trial


def export(out: Path) -> str:
    """A digest of every fact table of the current snapshot, in the order of its key."""
    tables = snapshot.load(snapshot.current(out), FACTS)
    digest = hashlib.sha256()
    for name in FACTS:
        frame = tables[name].sort_values(list(TABLES[name].key)).reset_index(drop=True)
        digest.update(f"{name}\n{frame.to_csv(index=False)}".encode())
    return digest.hexdigest()


def keys(out: Path) -> Counter[str]:
    """How often each feedback is in the current snapshot."""
    frame = snapshot.load(snapshot.current(out), ["fact_feedback"])["fact_feedback"]
    return Counter(frame["feedback_key"])


def orphans(out: Path) -> list[Path]:
    """What a finished run must not leave: hidden files, scratch, a database's log, half-made snapshots."""
    left = [path for path in out.rglob("*") if path.name.startswith(".") or path.suffix in (".wal", ".tmp")]
    return left + [path for path in (out / "work", out / "store" / "finished") if path.exists()]


def by_phase(trials: list[Trial]) -> list[tuple[str, list[Trial]]]:
    """The trials by the step they were disturbed in, in the order of the steps."""
    names = list(dict.fromkeys(sorted((trial.phase for trial in trials), key=_order)))
    return [(name, [trial for trial in trials if trial.phase == name]) for name in names]


def _order(phase: str) -> int:
    steps = [STARTED, "read and mask", "after read and mask", "analyse", "after analyse", "figures and report"]
    return steps.index(phase) if phase in steps else len(steps)


if __name__ == "__main__":
    main()

"""Runs killed at random instants, each followed by a normal run: is anything lost, doubled or left lying about?

    python benchmarks/chaos.py [--kills 200] [--full 20] [--database 20] [--seed 1]

Every trial begins with an empty store, or with the store of a run over yesterday's files, and runs the job over
today's (new, changed and repeated rows, rows that are set aside). The process is killed with SIGKILL at a random
instant, or its disk is full at a random size; then the same run is made once more, undisturbed. What is published must
be, row by row and sorted by key, what a run that nothing disturbed publishes, and no temporary file may be left.
Feedback is the project's own, the model is the rule model: this is about the job, not about the labels.

The disk is full for real where a small file system in memory can be mounted (root on Linux), else by the largest size
a file may have (RLIMIT_FSIZE). For `--database`, a PostgreSQL server crashes at a random instant of a run that delivers
to it: when it is back, its tables must be those of before or those of after, and the next run's those of after.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
from chaos_world import (
    DELIVERING,
    DELIVERY_SECONDS,
    FACTS,
    STARTED,
    STORAGE_ERROR,
    Trial,
    World,
    child,
    digest,
    judge,
    note,
    prepare,
    spent,
    start,
)
from postgres_server import Database, Server, running

from pipeline.privacy.keys import KEY_VARIABLE
from pipeline.tables import TABLES


def main() -> None:
    """Run the trials and print the table; exit code 1 if any of them was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--full", type=int, default=20, help="runs whose disk is full")
    parser.add_argument("--database", type=int, default=20, help="runs whose PostgreSQL server crashes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time")
    options = parser.parse_args()
    os.environ[KEY_VARIABLE] = "the same key for every store"
    multiprocessing.set_start_method("forkserver")
    # Imported once: a child is forked when all is loaded, so the instants fall into the work.
    multiprocessing.set_forkserver_preload(["pipeline.run", "pipeline.forget", "pipeline.sink.sync"])
    with tempfile.TemporaryDirectory() as folder:
        world = prepare(Path(folder))
        with ThreadPoolExecutor(options.jobs) as pool:
            trials = [*pool.map(partial(killed, world, options.seed), range(options.kills))]
            full = [*pool.map(partial(filled, world, options.seed), range(options.full))]
        crashed = crashes(world, options.seed, options.database) if options.database else []
    print(f"{options.kills} kills, {options.full} full disks, {options.database} crashes of PostgreSQL,", end=" ")
    print(f"seed {options.seed}; an undisturbed run takes {world.seconds[False]:.1f} s into an empty store", end=", ")
    print(f"{world.seconds[True]:.1f} s into yesterday's")
    print("| disturbed while | runs | next run identical | lost rows | doubled rows | left files |")
    print("|---|---:|---:|---:|---:|---:|")
    sums = [("**all kills**", trials), ("**disk full**", full), ("**database down**", crashed)]
    for name, rows in [*by_phase(trials), *by_phase(crashed), *sums]:
        print(
            f"| {name} | {len(rows)} | {sum(row.identical for row in rows)} | {sum(row.lost for row in rows)}"
            f" | {sum(row.doubled for row in rows)} | {sum(row.orphans for row in rows)} |"
        )
    if not any(trial.disturbed for trial in trials):
        sys.exit("no run was disturbed: this machine is faster than the draw")
    if not all(trial.identical and not trial.orphans for trial in [*trials, *full, *crashed]):
        sys.exit(1)


def killed(world: World, seed: int, place: int) -> Trial:
    """One run killed at an instant between its start and a little after its usual end."""
    second, draw = place % 2 == 1, random.Random(f"{seed} kill {place}")
    out = start(world, world.folder / f"killed-{place}", second=second)
    process = child(world, out)
    process.start()
    process.join(timeout=draw.uniform(0, world.seconds[second] * 1.05))
    disturbed = process.is_alive()
    process.kill()
    process.join()
    return judge(world, out, second=second, disturbed=disturbed)


def filled(world: World, seed: int, place: int) -> Trial:
    """One run whose disk is full at a random size."""
    second, draw = place % 2 == 1, random.Random(f"{seed} full {place}")
    out = start(world, world.folder / f"full-{place}", second=second)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) if second else 0
    space = size + draw.randrange(64, 8192) * 1024
    with small_disk(out, space) as limited:
        process = child(world, out, limit=None if limited else draw.randrange(4, 1024) * 1024)
        process.start()
        process.join()
        if process.exitcode not in (0, STORAGE_ERROR):
            sys.exit(f"a run on a full disk ended with exit code {process.exitcode}, not {STORAGE_ERROR}")
    return judge(world, out, second=second, disturbed=process.exitcode != 0)


def crashes(world: World, seed: int, count: int) -> list[Trial]:
    """Runs whose PostgreSQL server crashes, one after the other: they share the server."""
    with running() as server:
        return [crashed(world, server, seed, place) for place in range(count)]


def crashed(world: World, server: Server, seed: int, place: int) -> Trial:
    """One run whose server crashes while it delivers, a little before or a little after."""
    second, draw = place % 2 == 1, random.Random(f"{seed} crash {place}")
    database, out = server.new_database(), world.folder / f"crashed-{place}"
    url = database.url("cxi")
    start(world, out, second=second)
    if second:
        spent(world, out, second=False, database=url)  # what yesterday's run had delivered
    before = digest(delivered(database))
    process = child(world, out, database=url)
    process.start()
    awaited = draw.choice(("figures and report", DELIVERING, DELIVERING))
    while process.is_alive() and not note(out).read_text().endswith(awaited):
        time.sleep(0.005)
    process.join(timeout=draw.uniform(0, DELIVERY_SECONDS))
    server.stop(mode="immediate")
    process.join()
    server.start()
    if process.exitcode not in (0, STORAGE_ERROR):
        sys.exit(f"a run whose database went away ended with exit code {process.exitcode}, not {STORAGE_ERROR}")
    left = digest(delivered(database))
    trial = judge(world, out, second=second, disturbed=process.exitcode != 0, database=url)
    after = digest(delivered(database))
    whole = left in (before, world.export[second]) and after == world.export[second]
    phase = trial.phase if trial.disturbed else "(it was delivered before)"
    return replace(trial, identical=trial.identical and whole, phase=phase)


def delivered(database: Database) -> dict[str, pd.DataFrame]:
    """The fact tables in PostgreSQL; empty ones where nothing was ever delivered."""
    found = {}
    with database.connect() as reader:
        for name in FACTS:
            there = reader.execute("SELECT to_regclass(%s)", [f"cx.{name}"]).fetchone() != (None,)
            cursor = reader.execute(f"SELECT * FROM {name}") if there else None
            names = [item.name for item in cursor.description] if cursor else list(TABLES[name].columns)
            found[name] = TABLES[name].check(pd.DataFrame(cursor.fetchall() if cursor else [], columns=names))
    return found


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


def by_phase(trials: list[Trial]) -> list[tuple[str, list[Trial]]]:
    """The trials by the step they were disturbed in, in the order of the steps."""
    names = list(dict.fromkeys(sorted((trial.phase for trial in trials), key=_order)))
    return [(name, [trial for trial in trials if trial.phase == name]) for name in names]


def _order(phase: str) -> int:
    steps = [STARTED, "read and mask", "after read and mask", "analyse", "after analyse", "figures and report"]
    steps += ["after figures and report", DELIVERING, f"after {DELIVERING}"]
    return steps.index(phase) if phase in steps else len(steps)


if __name__ == "__main__":
    main()

"""The whole job, twice, on given files: time per step, peak memory, and whether the second run changes a fact.

    python benchmarks/job.py FILES... [--model current]

Each run is a process of its own, as a user starts it; peak memory is the largest resident set of that process. Times on
shared machines are noisy: compare them within one run (the second against the first, analysis against the rest).
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from pipeline.store import snapshot
from pipeline.tables import TABLES

# fact_quality judges the run itself: it knows of earlier runs and of the day.
FACTS = [name for name in TABLES if name.startswith("fact_") and name != "fact_quality"]


def main() -> None:
    """Run the job twice and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--model", default="current")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        rows = [measure(options.paths, out, options.model) for _ in range(2)]
        first, second = (snapshot.load(path) for path in sorted((out / "published").glob("0*")))
    model_id = first["dim_run"].iloc[-1]["model_id"]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, model {model_id}")
    print("| run | rows | units | seconds | analysis: feedbacks/s | units/s | peak memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, row in zip(("first", "second"), rows, strict=True):
        print(f"| {name} | {' | '.join(row)} |")
    for name in FACTS:
        pd.testing.assert_frame_equal(first[name], second[name])
    print(f"fact tables of both runs are equal: {', '.join(FACTS)}")


def measure(paths: list[Path], out: Path, model: str) -> list[str]:
    """One `cxi run`: the cells of its row."""
    command = [sys.executable, "-m", "flows.cli", "run", *map(str, paths), "--out", str(out), "--model", model]
    started = time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.monotonic() - started
    # The largest child so far: the second run, which analyses nothing, does not exceed the first.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    rows = re.search(r"([\d,]+) rows =", done.stdout)
    units = re.search(r"([\d,]+) opinion units", done.stdout)
    speed = re.search(r"([\d,]+) feedbacks/s, ([\d,]+) units/s", done.stdout)
    return [
        rows[1] if rows else "?",
        units[1] if units else "?",
        f"{seconds:.0f}",
        *(speed.groups() if speed else ("-", "-")),
        f"{peak:.0f}",
    ]


if __name__ == "__main__":
    main()

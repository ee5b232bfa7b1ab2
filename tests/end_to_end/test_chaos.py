"""Small versions of the two long trials: `benchmarks/chaos.py` (kills, full disks, crashes of the database) and
`benchmarks/fuzz.py` (files).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ran(name: str, *args: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "benchmarks" / name), *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.postgres
def test_twenty_kills_four_full_disks_and_four_crashes_of_the_database():
    table = ran("chaos.py", "--kills", "20", "--full", "4", "--database", "4", "--seed", "7")
    assert re.search(r"\| \*\*all kills\*\* \| 20 \| 20 \| 0 \| 0 \| 0 \|", table), table
    assert re.search(r"\| \*\*disk full\*\* \| 4 \| 4 \| 0 \| 0 \| 0 \|", table), table
    assert re.search(r"\| \*\*database down\*\* \| 4 \| 4 \| 0 \| 0 \| 0 \|", table), table


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_broken_files():
    table = ran("fuzz.py", "--files", "100", "--seed", "7")
    counts = [int(count) for count in re.findall(r"^\| \D+ \| (\d+) \|$", table, re.MULTILINE)]
    assert sum(counts) == 100, table

"""Planted personal data is in no byte that a run writes: outputs, working files, logs, Prefect's database.

Compressed formats are decoded too: a value hides from a search of the bytes in a Parquet page or a DuckDB block.
"""

import csv
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipeline.privacy.evaluate import read_cases

GOLDEN = Path(__file__).parents[1] / "golden" / "privacy"
LONG_ENOUGH, DIGITS_ENOUGH = 7, 11
"""Shorter values (a surname, a room number, a few digits in order) can stand in a file by chance."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple[Path, set[str]]:
    """A folder of input, and what must not be found in anything made from it."""
    folder = tmp_path_factory.mktemp("planted")
    cases = [
        case for name in ("zh", "en", "independent_zh", "independent_en") for case in read_cases(GOLDEN / f"{name}.txt")
    ]
    values = {case.text[start:end] for case in cases for _, start, end in case.values}
    rows = [
        {
            "id": f"c{number}",
            "text": case.text,
            "time": "昨天 13800138000" if number % 40 == 7 else f"2026-09-{1 + number % 28:02}",
            "nps": "请打 13912345678" if number % 40 == 9 else number % 11,
            "channel": "回电 13712345678" if number % 40 == 11 else "app",
            "customer": f"customer-{number}-13612345678",
            "备注 13512345678": "x",
        }
        for number, case in enumerate(cases)
    ]
    (folder / "in").mkdir()
    with (folder / "in" / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    pd.DataFrame(rows).to_excel(folder / "in" / "b.xlsx", sheet_name="名单 13412345678", index=False)
    (folder / "in" / "c.jsonl").write_bytes(
        '{"text": "电话 13312345678", "id": \n'.encode() + b"\xff\xfe 13212345678\n"
    )
    values |= {f"13{digit}12345678" for digit in "9765432"} | {"13800138000", "customer-1-13612345678"}
    long_enough = {value for value in values if len(value) >= (DIGITS_ENOUGH if value.isdigit() else LONG_ENOUGH)}
    return folder, long_enough


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("flow", [True, False])
def test_no_byte_of_it_is_left(planted, tmp_path, flow):
    folder, values = planted
    home, out, logs = tmp_path / "prefect", tmp_path / "out", tmp_path / "logs.txt"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PREFECT_HOME": str(home),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("PREFECT_API_URL", None)
    command = [sys.executable, "-m", "flows.cli", "run", str(folder / "in"), "--out", str(out), "--model", "lexicon"]
    texts = ("--text", "text")
    with logs.open("wb") as log:
        for more, code in ((["--plan"], 0), (["--prefect"] if flow else [], 0), (["--time", "when"], 3)):
            done = subprocess.run([*command, *texts, *more], env=environment, stdout=log, stderr=log, check=False)
            assert done.returncode == code, logs.read_text(errors="replace")
        check = [sys.executable, "-m", "flows.cli", "check", str(folder / "in"), *texts]
        assert subprocess.run(check, env=environment, stdout=log, stderr=log, check=False).returncode == 0
    assert (home / "prefect.db").exists() == flow
    places = [path for top in (home, out, logs) for path in ([top] if top.is_file() else top.rglob("*"))]
    searched = 0
    for path in (path for path in places if path.is_file()):
        for what, content in contents(path):
            searched += 1
            found = {value for value in values if value in content}
            assert not found, (path, what, found)
    assert searched > 40


def contents(path: Path) -> Iterator[tuple[str, str]]:
    """What a file says: its bytes, and for a table or a database, its values."""
    raw = path.read_bytes()
    yield "bytes", raw.decode("utf-8", "replace")
    yield "bytes as UTF-16", raw.decode("utf-16-le", "replace")
    if path.suffix == ".parquet":
        yield "values", pd.read_parquet(path).to_csv()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield name, str(connection.execute(f'SELECT * FROM "{name}"').fetchall())
    elif re.fullmatch(r".*\.db", path.name):
        with sqlite3.connect(path) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield name, str(connection.execute(f'SELECT * FROM "{name}"').fetchall())

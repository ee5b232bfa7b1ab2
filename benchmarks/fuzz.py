"""Broken files through `cxi check` and `cxi run`: no traceback, no hang, and every row accounted for.

    python benchmarks/fuzz.py [--files 5000] [--seed 1] [--keep FOLDER]

Small files of every format, with texts written for this, are mutated: bytes lost, turned over or doubled, cut short,
in other encodings, with other separators, quotes and line ends, with cells of other types, huge cells, missing and
repeated columns, wrong suffixes, broken compression. Each goes through the reading of `cxi check` by itself; then they
are run in folders of a hundred, and the run's row balance must be what the checks counted, file by file. A file may be
refused, but only with an error that a user can act on. `--keep` saves the files that fail.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.config import Config, Input
from pipeline.errors import ConfigError, InputError
from pipeline.ingest.check import check
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.run import run

CONFIG = Config.model_validate(
    {"model": {"name": "lexicon"}, "metrics": {"bootstrap": 100}, "report": {"language": "en"}}
)
BATCH = 100
PATIENCE = 60
"""Seconds a file may take in `check`; a run of a hundred may take a hundred times that, less what is shared."""

TEXTS = (
    "物流很快，但是包装破了",
    "客服電話打不通，等了40分鐘😡",
    "The room was great but breakfast was cold.",
    "App一直闪退 please fix it",
    "很好",
    'She said "never again", and left; twice',
    "价格有点贵，\n不过值得",
    "=1+1",
)
Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """What became of the files: outcome -> how many, and what went wrong (file -> what)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add what another batch came to."""
        self.outcomes += other.outcomes
        self.kinds += other.kinds
        self.failures |= other.failures


class HangError(Exception):
    """A file took longer than it may."""


def main() -> None:
    """Make the files, run them, print the table; exit code 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--keep", type=Path, help="folder for the files that fail")
    options = parser.parse_args()
    batches = range((options.files + BATCH - 1) // BATCH)
    total = Tally()
    sizes = [min(BATCH, options.files - place * BATCH) for place in batches]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        work = partial(one_batch, options.seed, options.keep)
        for tally in pool.starmap(work, zip(batches, sizes, strict=True)):
            total.add(tally)
    print(f"{options.files} mutated files, seed {options.seed}")
    print("| what became of it | files |\n|---|---:|")
    for name, count in total.outcomes.most_common():
        print(f"| {name} | {count} |")
    print(f"\nmutations: {', '.join(f'{name} {count}' for name, count in sorted(total.kinds.items()))}")
    for name, problem in total.failures.items():
        print(f"\n{name}: {problem}")
    if total.failures:
        sys.exit(1)


def one_batch(seed: int, keep: Path | None, batch: int, size: int) -> Tally:
    """Make, check and run the files of one folder."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        for place in range(size):
            draw = random.Random(f"{seed} {batch} {place}")
            tally.kinds.update(make(draw, folder / f"f{batch:03}-{place:03}"))
        files = sorted(folder.iterdir())
        expected = 0
        for file in files:
            try:
                expected += checked(file, tally)
            except Exception:  # whatever it is: that is what is looked for
                expected += 1
                tally.failures[file.name] = traceback.format_exc(limit=-3)
        (folder / "good.jsonl").write_text('{"id": "g", "text": "很好"}\n', encoding="utf-8")
        try:
            rows = within(PATIENCE * 10, lambda: run(CONFIG, [source(folder)], Path(name) / "out").balance.rows)
            if rows != expected + 1:
                tally.failures[f"batch {batch}"] = f"the run counted {rows - 1} rows, the checks {expected}"
        except Exception:  # likewise
            tally.failures[f"batch {batch}"] = traceback.format_exc(limit=-5)
        if keep is not None and tally.failures:
            shutil.copytree(folder, keep / f"batch-{batch}", dirs_exist_ok=True)
    return tally


def source(path: Path) -> Input:
    """The input as a user without a configuration gives it."""
    return Input(paths=[path])


def checked(file: Path, tally: Tally) -> int:
    """Rows that a run must count of this file: good and set aside, or one for a file that cannot be read."""
    masker = Masker(load_policy())
    try:
        found = within(PATIENCE, lambda: check([source(file)], config=CONFIG, masker=masker))
    except (InputError, ConfigError) as error:
        tally.outcomes["refused with an error"] += 1
        if not str(error).strip():
            tally.failures[file.name] = "refused without a word"
        return 1 if file_is_read(file) else 0
    tally.outcomes["read" if not found.quarantined else "read, with rows set aside"] += 1
    return found.feedbacks + found.quarantined


def file_is_read(file: Path) -> bool:
    """Whether a folder's search takes the file at all: others are left out and named."""
    from pipeline.ingest.discover import discover

    try:
        return bool(discover([file]).files)
    except InputError:
        return False


def within(seconds: int, work: Callable[[], Any]) -> Any:
    """The result of `work`, or HangError."""

    def late(*_: object) -> None:
        raise HangError(f"took longer than {seconds} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        return work()
    finally:
        signal.alarm(0)


def make(draw: random.Random, stem: Path) -> list[str]:
    """Write one mutated file; the names of what was done to it."""
    done: list[str] = []
    rows = table(draw)
    for _ in range(draw.choice((0, 1, 1, 2))):
        mutate = draw.choice(ROW_MUTATIONS)
        rows = mutate(rows, draw)
        done.append(mutate.__name__)
    suffix, content = written(rows, draw)
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        change = draw.choice(BYTE_MUTATIONS)
        content = change(content, draw)
        done.append(change.__name__)
    if draw.random() < 0.1:
        suffix = draw.choice((".csv", ".jsonl", ".json", ".xlsx", ".parquet", ".tsv", ".csv.gz", ".txt", ".dat"))
        done.append("wrong_suffix")
    if draw.random() < 0.1 and suffix in (".csv", ".jsonl", ".json", ".tsv"):
        content, suffix = gzip.compress(content), f"{suffix}.gz"
        content = cut(content, draw) if draw.random() < 0.3 else content
        done.append("gzip")
    stem.with_name(stem.name + suffix).write_bytes(content)
    return done or ["nothing"]


def table(draw: random.Random) -> Rows:
    """Up to a dozen rows of feedback."""
    return [
        {
            "id": f"r{number}",
            "text": draw.choice(TEXTS),
            "time": f"2026-0{draw.randint(1, 9)}-{draw.randint(1, 28):02}",
            "nps": draw.randint(0, 10),
            "rating": draw.randint(1, 5),
            "channel": draw.choice(("app", "门店", "电话")),
        }
        for number in range(draw.randint(1, 12))
    ]


def written(rows: Rows, draw: random.Random) -> tuple[str, bytes]:
    """The rows in a format drawn by lot: suffix and bytes."""
    kind = draw.choice(("csv", "csv", "tsv", "jsonl", "jsonl", "json", "xlsx", "parquet"))
    encoding = draw.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "big5", "utf-16-le", "cp1252"))
    if kind in ("csv", "tsv"):
        out = io.StringIO()
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(
            out,
            names,
            delimiter="\t" if kind == "tsv" else draw.choice(",,,;|，"),
            lineterminator=draw.choice(("\n", "\r\n", "\r")),
            quoting=draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        )
        writer.writeheader()
        writer.writerows(rows)
        return f".{kind}", out.getvalue().encode(encoding, errors="replace")
    if kind == "jsonl":
        lines = [json.dumps(row, ensure_ascii=draw.random() < 0.2) for row in rows]
        return ".jsonl", "\n".join(lines).encode(encoding, errors="replace")
    if kind == "json":
        return ".json", json.dumps(rows, ensure_ascii=False).encode(encoding, errors="replace")
    target = io.BytesIO()
    frame = pd.DataFrame(rows).astype(str) if draw.random() < 0.5 else pd.DataFrame(rows).astype(object)
    try:
        frame.to_excel(target, index=False) if kind == "xlsx" else frame.astype(str).to_parquet(target)
    except Exception:  # a value the writer refuses: as text then
        target = io.BytesIO()
        clean = frame.astype(str).replace(r"[\x00-\x1f]", "", regex=True)
        clean = clean.apply(lambda column: column.str.slice(0, 30_000))
        clean.to_excel(target, index=False) if kind == "xlsx" else clean.to_parquet(target)
    return f".{kind}", target.getvalue()


def other_type(rows: Rows, draw: random.Random) -> Rows:
    """A cell of another type."""
    value = draw.choice(
        (None, 3.5, True, 10**20, float("nan"), ["a"], {"b": 1}, "", " ", "١٢", "2026-13-45", "-", "0x1F")
    )
    row = draw.choice(rows)
    row[draw.choice(list(row))] = value
    return rows


def huge_cell(rows: Rows, draw: random.Random) -> Rows:
    """A cell of up to a million characters."""
    row = draw.choice(rows)
    row[draw.choice(list(row))] = draw.choice('很a\n,"') * draw.choice((5_000, 40_000, 200_000, 1_000_000))
    return rows


def odd_characters(rows: Rows, draw: random.Random) -> Rows:
    """Control characters, half surrogates, joined emoji, right-to-left marks, full-width digits."""
    odd = draw.choice(
        ("\x00", "\ud83d", "👨‍👩‍👧‍👦", "\u202e", "１２３", "\ufeff", "\x1b[31m", "\u2028", "𠮷", "a\u0301")
    )
    row = draw.choice(rows)
    name = draw.choice(list(row))
    row[name] = f"{row[name]}{odd}".encode("utf-8", "replace").decode() if odd == "\ud83d" else f"{row[name]}{odd}"
    return rows


def other_columns(rows: Rows, draw: random.Random) -> Rows:
    """Columns missing, renamed, empty, many, or named like another."""
    names = list(rows[0])
    gone, name = (
        draw.choice(names),
        draw.choice(("", " ", "text", "评论内容", "id", "时间", "a" * 5000, "=x", "text.1")),
    )
    what = draw.choice(("drop", "rename", "many"))
    if what == "many":
        return [{**row, **{f"c{number}": number for number in range(300)}} for row in rows]
    return [
        {
            (name if key == gone and what == "rename" else key): value
            for key, value in row.items()
            if what == "rename" or key != gone
        }
        for row in rows
    ]


def repeated_rows(rows: Rows, draw: random.Random) -> Rows:
    """The same rows again, with the same ids or without any."""
    again = [dict(row) for row in rows]
    if draw.random() < 0.5:
        for row in [*rows, *again]:
            row.pop("id", None)
    return [*rows, *again]


def cut(content: bytes, draw: random.Random) -> bytes:
    """Cut short."""
    return content[: draw.randint(0, len(content))]


def flip(content: bytes, draw: random.Random) -> bytes:
    """A few bytes replaced."""
    changed = bytearray(content)
    for _ in range(min(len(changed), draw.choice((1, 2, 8, 64)))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def insert(content: bytes, draw: random.Random) -> bytes:
    """Bytes put in between: NULs, quotes, separators, line ends, a byte order mark, nonsense."""
    what = draw.choice(
        (b"\x00", b'"', b",", b"\n", b"\r\n\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80\x81", b"{", b"}]", b"\t")
    )
    where = draw.randint(0, len(content))
    return content[:where] + what * draw.choice((1, 1, 3, 100)) + content[where:]


def doubled(content: bytes, draw: random.Random) -> bytes:
    """A part twice, as two files joined by hand."""
    first, last = sorted((draw.randint(0, len(content)), draw.randint(0, len(content))))
    return content[:last] + content[first:]


def swapped(content: bytes, draw: random.Random) -> bytes:
    """Every separator, quote or line end replaced by another."""
    old, new = draw.sample((b",", b";", b"\t", b'"', b"'", b"\n", b"\r", b":", b"\r\n"), 2)
    return content.replace(old, new)


ROW_MUTATIONS = (other_type, huge_cell, odd_characters, other_columns, repeated_rows)
BYTE_MUTATIONS = (cut, flip, insert, doubled, swapped)

if __name__ == "__main__":
    main()

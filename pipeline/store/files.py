"""Files that appear whole or not at all, and storage failures said in a user's words."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from pipeline.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_A_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


@contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turn failures of the disk or of DuckDB's files into a StoreError with place, reason and remedy.

    Errors in our own SQL are defects, not storage failures: they pass through.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            "cannot use this path",
            where=str(error.filename or where),
            value=error.strerror or str(error),
            remedy=_remedy(error),
        ) from error
    except (duckdb.OperationalError, duckdb.FatalException) as error:
        raise StoreError(
            f"the store cannot be read or written: {error}",
            where=str(where),
            remedy="check free disk space and the right to write there, then run again",
        ) from error


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "free disk space and run again; nothing was published"
    if error.errno in _DENIED:
        return "choose another --out, or get the right to write there"
    if error.errno in _NOT_A_FOLDER:
        return "choose another --out: a part of this path is a file"
    return "choose another --out"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success flush it to disk and move it there in one step."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 where there is none."""
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.exists() else 0


def require_space(folder: Path, needed: int) -> None:
    """Raise StoreError where the disk of `folder` has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            "too little disk space for a run; nothing was begun",
            where=str(folder),
            value=f"{free / 2**20:,.0f} MiB free, about {needed / 2**20:,.0f} MiB needed",
            remedy="free some, lower keep_snapshots, or choose another --out",
        )


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to disk (Windows flushes folders by itself)."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_empty(folder: Path) -> Path:
    """Make `folder`, or remove all that is in it."""
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def remove(folder: Path) -> bool:
    """Remove a folder and all in it as far as that is possible, and say whether it is gone. Never raises.

    Another machine's open file stays on NFS (`.nfs...`), a program's on Windows.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        if folder.exists():
            for path in (folder, *folder.rglob("*")):  # Windows removes no read-only file
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | stat.S_IWUSR)
            shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    return False


def require_gone(folders: Iterable[Path]) -> None:
    """Raise StoreError where something is left of folders that may hold what was forgotten."""
    left = [folder for folder in folders if folder.exists()]
    if left:
        raise StoreError(
            "cannot be removed, and may hold what was forgotten",
            where=", ".join(map(str, left)),
            remedy="close the programs that have files of it open, look at the rights, and run cxi forget again",
        )

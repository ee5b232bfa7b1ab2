"""One run at a time: the lock of a store, and who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import StoreError
from pipeline.store.files import storage_errors


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the store in `folder` for this process; the system frees the lock however the process dies.

    Raises StoreError naming the holder's process, machine and start where another run holds it, or if the
    disk fails.
    """
    holder = folder / "lock.json"
    # One holder may hand the store from thread to thread (Prefect tasks), so the lock must not belong to a
    # thread.
    lock = FileLock(folder / "lock", timeout=0, thread_local=False)
    with storage_errors(folder):
        _acquire(lock, holder)
    try:
        facts = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        with storage_errors(folder):
            holder.write_text(json.dumps(facts), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path) -> None:
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"another run is using this store: {_describe(holder)}",
            where=str(holder.parent),
            remedy="wait until it has ended, or choose another --out",
        ) from error


def _describe(holder: Path) -> str:
    """The holder's own words; it may be between taking the lock and saying so."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {facts['pid']} on {facts['host']}, since {facts['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just started"

"""A PostgreSQL server of one's own: found, started on a socket in a temporary folder, and removed at the end.

Used by the tests and by `benchmarks/chaos.py`, which ends it in the middle of a delivery.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"

PASSWORDS = {"admin": "adm1n", "cxi": "wr/i@ter:pä%ss", "dashboard": "read-0nly"}
PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
MISSING = (
    "no PostgreSQL server on this machine: run scripts/install-system-packages (Debian: apt-get install postgresql)"
)


Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Database:
    """One database, set up as docs/operations.md says."""

    folder: Path
    name: str

    def url(self, user: str, password: str | None = None) -> str:
        """The URL for `user`, with the password it has or with another one."""
        secret = quote(password or PASSWORDS[user], safe="")
        return f"postgresql://{user}:{secret}@/{self.name}?host={self.folder}"

    def connect(self, user: str = "dashboard", *, settings: str = "", autocommit: bool = False) -> Connection:
        """A connection that finds the tables without naming their schema."""
        options = f"-c search_path=cx -c timezone=UTC {settings}"
        return psycopg.connect(self.url(user), options=options, autocommit=autocommit)

    def admin(self) -> Connection:
        """A connection that may do anything."""
        return self.connect("admin", autocommit=True)


class Server:
    """Runs as another user where the tests run as root: the server refuses root."""

    def __init__(self) -> None:
        self.bin = _binaries()
        # Not under pytest's own folders, which the other user may not enter; short, for a socket's path ends at 107.
        self.folder = Path(tempfile.mkdtemp(prefix="cxi-pg-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = next(entry for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        secret = self.folder / "secret"
        secret.write_text(PASSWORDS["admin"])
        secret.chmod(0o644)
        arguments = "-D data -U admin -E UTF8 --no-locale -A scram-sha-256 --pwfile secret -N"
        self._call("initdb", *arguments.split())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c log_statement=all"
        self._call("pg_ctl", "-D", "data", "-l", "log", "-o", options, "-w", "start")

    def stop(self, *, mode: str = "fast") -> None:
        """End it; with mode "immediate" as a crash would, without a word to anybody."""
        self._call("pg_ctl", "-D", "data", "-m", mode, "-w", "stop")

    def new_database(self) -> Database:
        """An empty database with the roles and rights that docs/operations.md says."""
        made = Database(self.folder, f"t{uuid.uuid4().hex[:12]}")
        outside, inside = setup(made.name)
        _execute(Database(self.folder, "postgres"), [line for line in outside if not line.startswith("CREATE ROLE")])
        _execute(made, inside)
        return made

    def _call(self, name: str, *args: str) -> None:
        done = subprocess.run(
            [str(self.bin / name), *args],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "calls").open("ab"),
            stderr=subprocess.STDOUT,
            check=False,
            **self._user,
        )
        if done.returncode:
            logs = [path.read_text() for path in (self.folder / "calls", self.folder / "log") if path.exists()]
            raise RuntimeError(f"{name} failed:\n" + "\n".join(logs)[-3000:])


def _binaries() -> Path:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [folder for place in PLACES for folder in sorted(Path("/").glob(place), reverse=True)]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError(MISSING)


@contextmanager
def running() -> Iterator[Server]:
    """A server with the roles of docs/operations.md while the block runs.

    Raises RuntimeError where PostgreSQL is not installed.
    """
    server = Server()
    try:
        server.start()
        _execute(
            Database(server.folder, "postgres"), [line for line in setup("x")[0] if line.startswith("CREATE ROLE")]
        )
        yield server
    finally:
        if (server.folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(server.folder)


def setup(name: str) -> tuple[list[str], list[str]]:
    """The statements of docs/operations.md that make roles and database `name`, and those to be run in it."""
    [block] = re.findall(r"```sql\n(.*?)```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    for told, user in (("'change-me'", "cxi"), ("'change-me-too'", "dashboard")):
        block = block.replace(told, f"'{PASSWORDS[user]}'")
    outside, inside = re.sub(r"\bfeedback\b", name, block).split(f"\\connect {name}\n")
    return outside.strip().splitlines(), inside.strip().splitlines()


def _execute(database: Database, statements: list[str]) -> None:
    with database.admin() as admin:
        for statement in statements:
            admin.execute(statement)

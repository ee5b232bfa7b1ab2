"""A PostgreSQL server of the tests' own: on a socket in a temporary folder, and stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PASSWORDS = {"admin": "adm1n"}


class Server:
    """Runs as another user where the tests run as root: the server refuses root."""

    def __init__(self, binaries: Path) -> None:
        self.bin = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="cxi-pg-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = next(entry for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        (self.folder / "secret").write_text(PASSWORDS["admin"])
        (self.folder / "secret").chmod(0o644)
        how = ("-U", "admin", "-E", "UTF8", "--no-locale", "-A", "scram-sha-256", "--pwfile", "secret", "-N")
        self.call("initdb", "-D", "data", *how)

    def call(self, name: str, *args: str) -> None:
        with (self.folder / "calls").open("ab") as log:
            subprocess.run(
                [str(self.bin / name), *args],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
                **self._user,
            )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    found = shutil.which("initdb")
    if found is None:
        pytest.fail("no PostgreSQL server on this machine (Debian: apt-get install postgresql)", pytrace=False)
    server = Server(Path(found).resolve().parent)
    try:
        options = f"-c listen_addresses='' -c unix_socket_directories={server.folder} -c fsync=off"
        server.call("pg_ctl", "-D", "data", "-l", "log", "-o", options, "-w", "start")
        yield server
    finally:
        if (server.folder / "data" / "postmaster.pid").exists():
            server.call("pg_ctl", "-D", "data", "-m", "fast", "-w", "stop")
        shutil.rmtree(server.folder)

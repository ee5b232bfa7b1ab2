"""A PostgreSQL server of the tests' own, and a new database for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import Database, Server, running

from pipeline.sink import connection


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def database(server: Server, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A new database that the environment names."""
    made = server.new_database()
    monkeypatch.setenv("CXI_POSTGRES_URL", made.url("cxi"))
    monkeypatch.setattr(connection, "RETRY_DELAYS", ())
    return made

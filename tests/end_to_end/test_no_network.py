"""`cxi run` with the shipped model contacts nothing; an attempt counts even where somebody swallows its failure."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the calls by which something tried to reach another machine, all of which fail."""
    made: list[str] = []

    def refuse(name: str):
        def call(*args: object, **_: object) -> None:
            made.append(name)
            raise OSError(f"the test forbids {name}")

        return call

    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        monkeypatch.setattr(socket.socket, name, refuse(name))
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse(name))
    return made


def test_the_whole_job_contacts_nothing(cxi, write_rows, attempts):
    write_rows(
        "a.jsonl", [{"id": "1", "text": "味道不错，送餐太慢了"}, {"id": "2", "text": "mail me at a.b@example.com"}]
    )
    result = cxi("run", "a.jsonl", model=None)
    assert result.exit_code == 0, result.output
    assert not attempts


def test_an_attempt_would_be_seen(attempts):
    with pytest.raises(OSError, match="forbids"):
        socket.create_connection(("192.0.2.1", 80))
    assert attempts

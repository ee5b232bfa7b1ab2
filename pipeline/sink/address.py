"""Where PostgreSQL is: read from the environment, and said to people without its secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pipeline.config import Postgres
from pipeline.errors import ConfigError

MASK = "***"
_FORM = "postgresql://user:password@host:5432/database"
# A password with an unescaped / or @ ends up in what libpq takes for host, port or database, which are shown. So only
# plain ones pass.
_PLAIN = {
    "host": re.compile(r"[\w.,:%-]*|/[\w./ +~-]*", re.ASCII),
    "hostaddr": re.compile(r"[0-9a-fA-F.,:%]*"),
    "port": re.compile(r"[\d,]*"),
    "dbname": re.compile(r"[^@:/?#]*"),
}
_SECRET = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach the database. Only `place` may be shown; `masked` makes a driver's words fit to be shown."""

    conninfo: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    place: str
    schema: str

    def masked(self, words: str) -> str:
        """`words` on one line, without secrets."""
        for secret in self.secrets:
            words = words.replace(secret, MASK)
        return " ".join(words.split())


def address_of(config: Postgres) -> Address:
    """The database that the environment names.

    Raises ConfigError, never quoting the URL, where the variable is not set or holds none.
    """
    where = f"environment variable {config.url_env}"
    url = os.environ.get(config.url_env, "").strip()
    if not url:
        raise ConfigError(
            "not set, and sink.postgres needs it",
            where=where,
            remedy=f"set it to {_FORM}, or remove sink.postgres from the configuration",
        )
    parts = _parts(url)
    if parts is None:
        raise ConfigError(
            "holds no usable PostgreSQL URL",
            where=where,
            remedy=f"write {_FORM}, with / @ : ? # % in user and password percent-encoded (%2F %40 %3A %3F %23 %25)",
        )
    secrets = {parts[name] for name in _SECRET if parts.get(name)}
    secrets |= {quote(secret, safe="") for secret in secrets}
    return Address(url, tuple(sorted(secrets, key=len, reverse=True)), _place(parts, config), config.schema_name)


def _parts(url: str) -> dict[str, str] | None:
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        return None
    plain = all(pattern.fullmatch(parts.get(name, "")) for name, pattern in _PLAIN.items())
    return parts if plain else None


def _place(parts: dict[str, str], config: Postgres) -> str:
    user = f"{parts['user']}@" if "user" in parts else ""
    host = parts.get("host") or parts.get("hostaddr") or "(local)"
    port = f":{parts['port']}" if "port" in parts else ""
    return f"PostgreSQL {user}{host}{port}/{parts.get('dbname', '')}, schema {config.schema_name}"

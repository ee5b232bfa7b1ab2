"""The URL comes from the environment and is never told; what is wrong is found before the work."""

from __future__ import annotations

import sys
import traceback

import pytest

from pipeline.config import Config, Postgres, Sink, load_config, override
from pipeline.errors import ConfigError, StoreError
from pipeline.sink import address, check, connection

SINK = Sink(postgres=Postgres())
SECRET = "s3cr3t"


@pytest.fixture
def url(monkeypatch):
    monkeypatch.setattr(connection, "RETRY_DELAYS", ())
    return lambda value: monkeypatch.setenv("CXI_POSTGRES_URL", value)


def test_without_a_sink_nothing_is_asked(monkeypatch):
    monkeypatch.delenv("CXI_POSTGRES_URL", raising=False)
    check(Sink())


def test_a_missing_variable_is_named(monkeypatch):
    monkeypatch.delenv("CXI_POSTGRES_URL", raising=False)
    with pytest.raises(ConfigError, match="CXI_POSTGRES_URL: not set"):
        check(SINK)


def test_a_missing_driver_comes_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"driver cannot be loaded.*\n.*\[postgres\]"):
        check(SINK)


@pytest.mark.parametrize(
    ("given", "secret", "place"),
    [
        (f"postgresql://cxi:{SECRET}@db.example:5433/feedback", SECRET, "cxi@db.example:5433/feedback"),
        (f"postgres://cxi:{SECRET}%2F%40@db.example/f", f"{SECRET}/@", "cxi@db.example/f"),
        (f"postgresql://cxi@/f?host=/run/pg&password={SECRET}", SECRET, "cxi@/run/pg/f"),
        (f"postgresql://cxi:{SECRET}@[::1]:5432/f?sslmode=require", SECRET, "cxi@::1:5432/f"),
        (f"postgresql://cxi:{SECRET}@a:1,b:2/f", SECRET, "cxi@a,b:1,2/f"),
        (f"host=db dbname=f password='{SECRET} x'", f"{SECRET} x", "db/f"),
    ],
)
def test_the_place_is_said_without_the_secret(url, given, secret, place):
    url(given)
    found = address.address_of(Postgres())
    assert found.place == f"PostgreSQL {place}, schema cx"
    assert SECRET not in repr(found)
    assert found.masked(f"no password {secret}\n  in {given}").startswith("no password *** in ")
    assert SECRET not in found.masked(f"no password {secret} in {given}")


@pytest.mark.parametrize(
    "given",
    [
        f"postgresql://cxi:a@{SECRET}@db.example/f",
        f"postgresql://cxi:a/{SECRET}@db.example/f",
        f"postgresql://cxi:12/{SECRET}@db.example/f",
        f"postgresql://cxi:a/b@{SECRET}@db.example/f",
        f"postgresql://cxi:{SECRET}%zz@db.example/f",
        f"postgresql://cxi:{SECRET}@db.example:port/f",
        f"postgresql://cxi:{SECRET}@db.example/f?nosuch=1",
        f"postgresql+psycopg://cxi:{SECRET}@db.example/f",
        f"mysql://cxi:{SECRET}@db.example/f",
        f"host=db password=a {SECRET}",
        SECRET,
    ],
)
def test_an_unusable_url_is_refused_without_quoting_it(url, given):
    url(given)
    with pytest.raises(ConfigError, match="no usable PostgreSQL URL") as caught:
        check(SINK)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_is_not_there(url, tmp_path):
    url(f"postgresql://cxi:{SECRET}@/f?host={tmp_path}")
    said = r"(?s)cxi@.*left as they were.*cxi publish"
    with pytest.raises(StoreError, match=said) as caught, connection.connected(address.address_of(Postgres())):
        pass
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("key", ["url_env", "schema_name", "url"])
def test_a_url_in_the_configuration_is_refused_without_quoting_it(tmp_path, key):
    path = tmp_path / "c.yaml"
    path.write_text(f"sink: {{postgres: {{{key}: 'postgresql://cxi:{SECRET}@db/f'}}}}", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"sink\.postgres\.{key}") as caught:
        load_config(path)
    assert SECRET not in str(caught.value)
    path.write_text(f"sink: {{postgres: 'postgresql://cxi:{SECRET}@db/f'}}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert SECRET not in str(caught.value)


def test_the_sink_changes_no_digest(url):
    url(f"postgresql://cxi:{SECRET}@db/f")
    config = override(Config(), sink=SINK)
    assert config.digest() == Config().digest()
    assert config.digest("sink") != Config().digest("sink")
    assert SECRET not in config.model_dump_json()

"""Files in object storage: found by URL and streamed, in one version, with nothing on this machine's disk."""

from __future__ import annotations

import gzip
import io
import json
import logging
import traceback
from collections.abc import Callable

import fsspec
import openpyxl
import pandas as pd
import pytest

from pipeline.config import Config, Input
from pipeline.errors import ConfigError, CxiError, InputError, UnavailableError
from pipeline.ingest.opening import digest
from pipeline.ingest.read import read_feedback

CSV = "id,text\n1,送餐太慢了\n2,call 13812345678\n".encode()
SECRET = "s3cr3tpassw0rd"


@pytest.fixture
def memory():
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    yield storage
    storage.store.clear()


@pytest.fixture
def fetch(masker, hasher):
    def _fetch(*urls, options_env=None, **fields):
        source = Input(name="app", urls=list(urls), storage_options_env=options_env, **fields)
        reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher)
        return reading, list(reading.items())

    return _fetch


def workbook() -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["id", "text"])
    book.active.append([1, "good"])
    book.save(target)
    return target.getvalue()


def parquet() -> bytes:
    target = io.BytesIO()
    pd.DataFrame({"id": [1], "text": ["good"]}).to_parquet(target)
    return target.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "a.csv": lambda: b"id,text\n1,good\n",
    "a.csv.gz": lambda: gzip.compress(b"id,text\n1,good\n"),
    "a.jsonl": lambda: b'{"id": 1, "text": "good"}\n',
    "a.json": lambda: b'[{"id": 1, "text": "good"}]',
    "a.parquet": parquet,
    "a.xlsx": workbook,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_from_a_disk(memory, fetch, write, name):
    memory.pipe(f"/bucket/{name}", FORMATS[name]())
    reading, (item,) = fetch(f"memory://bucket/{name}")
    assert (item.text, item.external_id, item.origin.file) == ("good", "1", name)
    from pipeline.ingest.discover import discover

    (local,) = discover([write(name, FORMATS[name]())]).files
    here = memory.cat(f"/bucket/{name}")
    assert digest(reading.survey.plans[0].file) == digest(local) or name == "a.xlsx"  # a workbook holds its time
    assert len(digest(reading.survey.plans[0].file)) == 64
    assert here == memory.cat(f"/bucket/{name}")


def test_patterns_and_folders_in_name_order_each_file_once(memory, fetch):
    for name in ("2026/b.csv", "2026/a.csv", "2026/x/c.csv", "2026/.hidden.csv", "2025/a.csv", "2026/notes.docx"):
        memory.pipe(f"/bucket/{name}", CSV)
    reading, items = fetch("memory://bucket/2026/*.csv")
    assert [plan.file.label for plan in reading.survey.plans] == ["a.csv", "b.csv"]
    assert [item.text for item in items] == ["送餐太慢了", "call [PHONE]"] * 2
    reading, _ = fetch("memory://bucket/2026", "memory://bucket/2025/a.csv", "memory://bucket/2026/b.csv")
    assert [plan.file.label for plan in reading.survey.plans] == ["2026/a.csv", "b.csv", "x/c.csv", "2025/a.csv"]
    assert [path.name for path in reading.survey.ignored] == ["notes.docx"]


def test_one_bad_file_of_a_pattern_is_set_aside_and_a_named_one_stops(memory, fetch):
    memory.pipe("/bucket/a.csv", CSV)
    memory.pipe("/bucket/b.csv", bytes(range(256)) * 40)
    _, items = fetch("memory://bucket/*.csv")
    assert [item.reason for item in items if hasattr(item, "reason")] == ["unreadable_file"]
    with pytest.raises(InputError, match="not a text file"):
        fetch("memory://bucket/b.csv")


def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed(memory, masker, hasher):
    memory.pipe("/bucket/a.csv", CSV)
    source = Input(name="app", urls=["memory://bucket/a.csv"])
    reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher)
    memory.pipe("/bucket/a.csv", CSV + b"3,more\n")
    with pytest.raises(UnavailableError, match="changed while it was read"):
        list(reading.items())


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (["memory://bucket/none.csv"], "no such bucket, folder or file"),
        (["memory://bucket/none/*.csv"], "no file there"),
        (["memory://nowhere/*.csv"], "no such bucket"),
        (["memory://bucket/a.docx"], "not read"),
        (["memory://bucket/*.docx"], "nothing there is read"),
        (["acme://bucket/a.csv"], "not known"),
        (["simplecache://bucket/a.csv"], "disk"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_url(memory, fetch, urls, said):
    memory.pipe("/bucket/a.docx", b"x")
    with pytest.raises(CxiError, match=said) as caught:
        fetch(*urls)
    assert caught.value.remedy
    assert caught.value.where in (urls[0], "source app.urls")


class Refusing(fsspec.AbstractFileSystem):
    """A storage whose client quotes what it was given in its errors."""

    protocol = "refusing"
    cachable = False

    def __init__(self, *, secret="", late=False, **options):
        super().__init__(**options)
        self.secret, self.late = secret, late

    def info(self, path, **_):
        if not self.late:
            raise RuntimeError(f"refused {self.secret} {CSV.decode()}")
        return {"name": path, "size": 100, "type": "file"}

    def _open(self, path, mode="rb", **_):
        words = f"broke off {self.secret} {CSV.decode()}"

        class Stream(io.BytesIO):
            def read(self, *_):
                raise RuntimeError(words)

        return Stream()


@pytest.mark.parametrize("late", [False, True])
def test_messages_of_clients_go_nowhere(fetch, monkeypatch, caplog, late):
    fsspec.register_implementation("refusing", Refusing, clobber=True)
    monkeypatch.setenv("CXI_OPTIONS", json.dumps({"secret": SECRET, "late": late}))
    with caplog.at_level(logging.DEBUG), pytest.raises(UnavailableError) as caught:
        fetch("refusing://bucket/a.csv", options_env="CXI_OPTIONS")
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "RuntimeError" in str(caught.value)
    assert SECRET not in told
    assert "送餐" not in told


@pytest.mark.parametrize("value", [None, f"{{{SECRET}", f'["{SECRET}"]'])
def test_options_that_are_missing_or_no_json(memory, fetch, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("CXI_OPTIONS", raising=False)
    else:
        monkeypatch.setenv("CXI_OPTIONS", value)
    with pytest.raises(ConfigError, match="CXI_OPTIONS") as caught:
        fetch("memory://bucket/a.csv", options_env="CXI_OPTIONS")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.where == "source app.storage_options_env"


@pytest.fixture
def s3(monkeypatch, tmp_path):
    """A real S3 server of moto's, with a bucket of two files; the options are in CXI_S3_OPTIONS."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": SECRET}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="shop")
    client.put_object(Bucket="shop", Key="feedback/2026/a.csv", Body=CSV)
    client.put_object(Bucket="shop", Key="feedback/2026/b.parquet", Body=parquet())
    options = {"key": "AKIAEXAMPLE", "secret": SECRET, "client_kwargs": {"endpoint_url": endpoint}}
    monkeypatch.setenv("CXI_S3_OPTIONS", json.dumps(options))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield endpoint
    server.stop()


def test_a_real_s3_server(s3, fetch, monkeypatch, tmp_path):
    written: list[str] = []
    real_open = io.open

    def watched(file, mode="r", *args, **kwargs):
        if any(sign in mode for sign in "wax+"):
            written.append(str(file))
        return real_open(file, mode, *args, **kwargs)

    monkeypatch.setattr("builtins.open", watched)
    monkeypatch.setattr("io.open", watched)
    reading, items = fetch("s3://shop/feedback/2026/*", options_env="CXI_S3_OPTIONS")
    assert [item.text for item in items] == ["送餐太慢了", "call [PHONE]", "good"]
    import hashlib

    assert digest(reading.survey.plans[0].file) == hashlib.sha256(CSV).hexdigest()
    assert written == []
    assert SECRET not in repr(reading)
    for url, said in (
        ("s3://nowhere/feedback/*.csv", "no such bucket"),
        ("s3://shop/feedback/2026/none.csv", "no such bucket, folder or file"),
        ("s3://shop/feedback/2025/*.csv", "no file there"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            fetch(url, options_env="CXI_S3_OPTIONS")
        assert SECRET not in "".join(traceback.format_exception(caught.value))

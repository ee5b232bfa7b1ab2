from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from pipeline.config import Config, load_config, override
from pipeline.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_defaults():
    assert load_config(None) == Config()


def test_an_empty_file_means_defaults(tmp_path):
    assert load_config(write(tmp_path, "# nothing\n")) == Config()


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("inptu: {}", "inptu", "input"),
        ("input: {colums: {}}", "input.colums", "columns"),
        ("sources: [{name: a, path: x}]", "sources.0.path", "paths"),
        ("report: {language: fr}", "report.language", "default.yaml"),
        ("metrics: {confidence: 95}", "metrics.confidence", "default.yaml"),
        ("sources: [{name: a, paths: [x]}, {name: a, paths: [y]}]", "(top level)", "default.yaml"),
        ("sources: [{name: a}]", "sources", "default.yaml"),
        ("sources: [{name: a, sql: {url: x}}]", "sources.0.sql.url", "url_env"),
        ("sources: [{name: a, columns: {txt: x}, paths: [x]}]", "sources.0.columns.txt", "text"),
    ],
)
def test_errors_name_the_key_and_the_remedy(tmp_path, text, key, remedy):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert key in str(caught.value.where)
    assert remedy in str(caught.value.remedy)


SECRET = "s3cr3tpassw0rd"


@pytest.mark.parametrize(
    ("source", "key", "said"),
    [
        ("{paths: [x], inbox: y}", "sources.0", "paths and inbox in one source: give each a source of its own"),
        ("{}", "sources", "'a' names nothing to read: give it one of paths, inbox, sql, urls"),
        ("{inbox: x, settle_seconds: -1}", "sources.0.settle_seconds", "greater than or equal to 0 (got -1)"),
        ("{inbox: [x, y]}", "sources.0.inbox", "path"),
        ("{sql: {table: t}}", "sources.0.sql", "give either url_env or url_block"),
        ("{sql: {url_env: A, url_block: b, table: t}}", "sources.0.sql", "give either url_env or url_block"),
        ("{sql: {url_env: A}}", "sources.0.sql", "give either query or table"),
        ("{sql: {url_env: A, query: 'DROP TABLE t'}}", "sources.0.sql.query", "only SELECT is run"),
        (f"{{sql: 'postgres://u:{SECRET}@h/d'}}", "sources.0.sql", "should be a mapping of keys"),
        (f"{{sql: {{url_env: 'postgres://u:{SECRET}@h/d', table: t}}}}", "sources.0.sql.url_env", "variable"),
        (f"{{sql: {{url: 'postgres://u:{SECRET}@h/d', table: t}}}}", "sources.0.sql.url", "unknown key"),
        (f"{{urls: ['s3://key:{SECRET}@bucket/a.csv']}}", "sources.0.urls", "credentials"),
        (f"{{urls: ['https://h/f.csv?sig={SECRET}']}}", "sources.0.urls", "a URL with a query (?name=value)"),
        (f"{{urls: ['https://h/f.csv?X-Amz-Date=1&sig={SECRET}']}}", "sources.0.urls", "storage_options_env"),
        ("{urls: [/data/a.csv]}", "sources.0.urls", "files of this machine go into paths"),
        ("{urls: ['simplecache::s3://b/a.csv']}", "sources.0.urls", "disk"),
        (f"{{urls: ['s3://b/a.csv'], storage_options_env: '{{secret: {SECRET}}}'}}", "storage_options_env", "variable"),
        ("{paths: [x], storage_options_env: A}", "sources.0", "belongs to urls"),
        ("{paths: [x], columns: {text: 5}}", "sources.0.columns.text", "valid string or Input should be a valid list"),
        ("{paths: [x], scales: {nsp: {low: 1, high: 5}}}", "sources.0.scales.nsp", "'rating', 'csat' or 'ces'"),
    ],
)
def test_sources_are_checked_in_plain_words_without_secrets(tmp_path, source, key, said):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, f"sources: [{{name: a, {source[1:]}]".replace(", }", "}")))
    assert str(caught.value.where).endswith(key)
    assert said in str(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    for noise in (SECRET, "Value error", "instance of", "list[str]", "; and "):
        assert noise not in str(caught.value)
    assert SECRET not in told


@pytest.mark.parametrize("place", ["paths: [y]", "inbox: y", "sql: {url_env: A, table: t}", "urls: ['s3://b/a.csv']"])
def test_sources_that_would_never_be_read_are_refused(tmp_path, place):
    sources = "sources: [{name: shop, paths: [x]}]"
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, f"input: {{{place}}}\n{sources}\n"))
    assert str(caught.value.where).endswith("c.yaml: sources")
    assert f"'shop' would never be read, for input.{place.split(':')[0]} names what to read" in str(caught.value)
    assert "make that an entry of `sources` too, or remove it" in str(caught.value)
    assert load_config(write(tmp_path, f"input: {{encoding: gb18030}}\n{sources}\n")).sources[0].name == "shop"


def test_a_question_mark_may_stand_for_a_character_of_a_url(tmp_path):
    for url in ("s3://b/part-?.csv", "s3://b/part-?/day=2026-09-01/*.csv", "s3://b/day=2026-09-0?/*.csv"):
        assert load_config(write(tmp_path, f"sources: [{{name: a, urls: ['{url}']}}]")).sources[0].urls == [url]


def test_relative_inboxes_are_taken_from_the_files_folder(tmp_path):
    config = load_config(write(tmp_path, "sources: [{name: a, inbox: in}, {name: b, inbox: /abs}]\n"))
    assert [source.inbox for source in config.sources] == [tmp_path / "in", Path("/abs")]


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_config(tmp_path / "no.yaml")


def test_relative_paths_are_taken_from_the_files_folder(tmp_path):
    config = load_config(write(tmp_path, "out: store\nsources: [{name: a, paths: [in, /abs]}]\n"))
    assert config.out == tmp_path / "store"
    assert config.sources[0].paths == [tmp_path / "in", Path("/abs")]


def test_override_checks_what_it_is_given():
    assert override(Config(), timezone="Asia/Shanghai").timezone == "Asia/Shanghai"
    with pytest.raises(ConfigError, match="at most 1 character"):
        override(Config().input, sep="||")


def test_digest_changes_with_what_it_covers_only():
    base, other = Config(), override(Config(), timezone="Asia/Shanghai")
    assert base.digest() != other.digest()
    assert base.digest("metrics") == other.digest("metrics")

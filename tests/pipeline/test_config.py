from __future__ import annotations

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
        ("sources: [{name: a}, {name: a}]", "(top level)", "default.yaml"),
    ],
)
def test_errors_name_the_key_and_the_remedy(tmp_path, text, key, remedy):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert key in str(caught.value.where)
    assert remedy in str(caught.value.remedy)


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

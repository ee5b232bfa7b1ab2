"""What a run reads: the configured sources, or given paths under the settings they have there."""

from pathlib import Path

import pytest

from pipeline.config import Columns, Config, Input, override
from pipeline.errors import ConfigError
from pipeline.sources import choose_sources, cover


@pytest.fixture
def config(tmp_path):
    shops = Input(name="shops", paths=[tmp_path / "shops"], encoding="gb18030")
    app = Input(name="app", paths=[tmp_path / "app.jsonl"])
    return Config(sources=[shops, app])


def named(sources: list[Input]) -> list[tuple[str, list[Path]]]:
    return [(source.name, source.paths) for source in sources]


def test_without_paths_all_sources_are_read(config):
    assert choose_sources(config, []) == config.sources


def test_a_path_of_a_source_is_read_as_that_source(config, tmp_path):
    inside, exact, elsewhere = tmp_path / "shops" / "may.csv", tmp_path / "app.jsonl", tmp_path / "trial.csv"
    found = choose_sources(config, [inside, exact, elsewhere, tmp_path / "shops" / "june.csv"])
    assert named(found) == [
        ("shops", [inside, tmp_path / "shops" / "june.csv"]),
        ("app", [exact]),
        ("files", [elsewhere]),
    ]
    assert found[0].encoding == "gb18030"


def test_a_folder_whose_name_only_begins_alike_is_another(config, tmp_path):
    assert named(choose_sources(config, [tmp_path / "shops2" / "a.csv"])) == [
        ("files", [tmp_path / "shops2" / "a.csv"])
    ]


def test_a_path_in_an_inbox_is_read_as_that_source_but_is_not_moved(tmp_path):
    shop = Input(name="shop", inbox=tmp_path / "inbox", encoding="gb18030")
    (found,) = choose_sources(Config(sources=[shop]), [tmp_path / "inbox" / "a.csv"])
    assert (found.name, found.encoding, found.kind) == ("shop", "gb18030", "paths")


def test_nothing_to_read():
    with pytest.raises(ConfigError, match="nothing to read"):
        choose_sources(Config(), [])


def test_a_run_covers_the_configuration_where_it_reads_all_of_it(config, tmp_path):
    assert cover(choose_sources(config, []), config)
    assert cover([override(source, columns=Columns(text="评论")) for source in config.sources], config)
    assert not cover(choose_sources(config, [tmp_path / "shops" / "may.csv"]), config)
    assert not cover(config.sources[:1], config)
    assert cover(choose_sources(Config(), [tmp_path / "a.csv"]), Config())

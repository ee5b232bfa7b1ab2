from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.parameters import InsightsParameters
from pipeline.errors import ConfigError


def test_unknown_keys_are_errors():
    with pytest.raises(ValidationError, match="feedback_text"):
        InsightsParameters.model_validate({"feedback_text": "很好"})


def test_dates_in_the_wrong_order():
    with pytest.raises(ValidationError, match="since is after until"):
        InsightsParameters(since=date(2026, 9, 2), until=date(2026, 9, 1))


def test_paths_win_over_configured_sources(tmp_path: Path):
    config = tmp_path / "c.yaml"
    config.write_text("out: here\nsources: [{name: a, paths: [a.csv]}, {name: b, paths: [b.csv]}]\n", encoding="utf-8")
    parameters = InsightsParameters(config=config)
    configuration = parameters.configuration()
    assert [source.name for source in parameters.sources(configuration)] == ["a", "b"]
    assert parameters.target(configuration) == tmp_path / "here"
    given = InsightsParameters(config=config, paths=[Path("x.csv")], out=Path("there"))
    assert [(source.name, source.paths) for source in given.sources(configuration)] == [("files", [Path("x.csv")])]
    assert given.target(configuration) == Path("there")


def test_a_scheduled_run_must_not_guess():
    parameters = InsightsParameters()
    with pytest.raises(ConfigError, match="nothing to read"):
        parameters.sources(parameters.configuration())
    with pytest.raises(ConfigError, match="no output directory"):
        parameters.target(parameters.configuration())


def test_language_is_put_over_the_configuration():
    assert InsightsParameters(language="zh").configuration().report.language == "zh"

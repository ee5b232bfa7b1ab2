"""What a flow run may be asked: ids, dates and paths only, never feedback text.

A parameter model that fails validation is logged by Prefect with all its values.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.config import Config, Input, ReportLanguage, load_config, override
from pipeline.errors import ConfigError
from pipeline.sources import choose_sources


class InsightsParameters(BaseModel):
    """Parameters of the `insights` flow; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = Field(None, description="YAML configuration on the worker's machine")
    settings: Config | None = Field(None, description="the configuration itself, instead of a file")
    paths: list[Path] = Field(default_factory=list, description="files or directories; empty: the configured sources")
    out: Path | None = Field(None, description="store and outputs; default: `out` of the configuration")
    since: date | None = Field(None, description="publish only feedback from this day on")
    until: date | None = Field(None, description="publish only feedback up to this day")
    language: ReportLanguage | None = None
    reanalyse: bool = Field(False, description="analyse every feedback again, whatever has been analysed before")
    partial: bool = Field(False, description="`settings` names a part of the sources: what was read of others is kept")
    alerts: bool = Field(True, description="whether the run opens and closes alerts; a backfill's runs do not")

    @model_validator(mode="after")
    def _ordered(self) -> InsightsParameters:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is after until")
        if self.config and self.settings:
            raise ValueError("give config or settings, not both")
        return self

    def configuration(self) -> Config:
        """The configuration with what the parameters say put over it. Raises ConfigError."""
        config = self.settings or load_config(self.config)
        if self.language is not None:
            config = override(config, report=override(config.report, language=self.language))
        return config

    def sources(self, config: Config) -> list[Input]:
        """What to read. Raises ConfigError when neither the parameters nor the configuration name anything."""
        return choose_sources(config, self.paths)

    def target(self, config: Config) -> Path:
        """Where the run writes. Raises ConfigError when it is not named: a scheduled run must not guess."""
        target = self.out or config.out
        if target is None:
            raise ConfigError("no output directory", where="out", remedy="set `out:` in the configuration or pass out")
        return target

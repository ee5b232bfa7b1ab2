"""Which inputs a run reads: the configured sources, or given paths under the settings they have there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Config, Input, override
from pipeline.errors import ConfigError


def choose_sources(config: Config, paths: Sequence[Path]) -> list[Input]:
    """Without `paths`, all that the configuration names. Given paths are read with the settings of the configured
    source they lie in, for its name is part of every feedback's identity; others with those of `input`.

    Raises ConfigError when neither names anything.
    """
    configured = [config.input] if config.input.kind else list(config.sources)
    if not paths:
        if not configured:
            raise ConfigError(
                "nothing to read", where="paths", remedy="pass paths, or declare `sources:` in the configuration"
            )
        return configured
    chosen: dict[int, tuple[Input, list[Path]]] = {}
    for path in paths:
        source = next((source for source in config.sources if _lies_in(path, source)), config.input)
        chosen.setdefault(id(source), (source, []))[1].append(path)
    elsewhere: dict[str, object] = {"inbox": None, "sql": None, "urls": [], "storage_options_env": None}
    return [override(source, paths=mine, **elsewhere) for source, mine in chosen.values()]


def cover(sources: Sequence[Input], config: Config) -> bool:
    """Whether a run over `sources` reads all that the configuration names; so it does where that names nothing."""
    configured = [config.input] if config.input.kind else config.sources
    read = [_whereabouts(source) for source in sources]
    return all(_whereabouts(source) in read for source in configured)


def _whereabouts(source: Input) -> tuple[object, ...]:
    return source.name, source.paths, source.inbox, source.urls, source.sql


def _lies_in(path: Path, source: Input) -> bool:
    here = path.resolve()
    roots = [*source.paths, *([source.inbox] if source.inbox else [])]
    return any(here == root.resolve() or here.is_relative_to(root.resolve()) for root in roots)

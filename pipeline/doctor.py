"""`cxi doctor`: what is installed and usable, what is missing, and the remedy."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.config import Config
from pipeline.errors import CxiError

PACKAGES = (
    *("cx-insight", "onnxruntime", "torch", "transformers", "tokenizers", "spacy", "jieba"),
    *("prefect", "pandas", "duckdb", "presidio-analyzer"),
)
ENOUGH_SPACE_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything a run needs, one finding after the other; a broken part never hides the next one."""
    yield Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}")
    yield from (_package(name) for name in PACKAGES)
    for name, look in (("taxonomy", _taxonomy), ("model", _model), ("database", _database), ("output", _output)):
        yield _careful(name, look, config)
    if config.sink.postgres is not None:
        yield _careful("postgres", _postgres, config)


def _careful(name: str, look: Callable[[Config], str], config: Config) -> Finding:
    from models.errors import ModelError

    try:
        return Finding(name, True, look(config))
    except CxiError as error:
        return Finding(name, False, error.message, error.remedy)
    except (ModelError, OSError, ImportError) as error:
        return Finding(name, False, str(error), "reinstall cx-insight, or mend the configuration")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "pip install -c constraints.txt -e .")


def _taxonomy(config: Config) -> str:
    from pipeline.taxonomy import load_taxonomy

    taxonomy = load_taxonomy(config.taxonomy)
    return f"{taxonomy.name} {taxonomy.version}: {len(taxonomy.stage)} stages, {len(taxonomy.touchpoint)} touchpoints"


def _model(config: Config) -> str:
    from models.engine import TransformerModel
    from models.processor import describe, usable_cores
    from pipeline.analyse import open_model
    from pipeline.taxonomy import load_taxonomy

    model = open_model(config.model, load_taxonomy(config.taxonomy))
    units = model.predict(["味道不错，但是送餐太慢了。"])[0]
    how = model.scorer.name if isinstance(model, TransformerModel) else "word lists"
    machine = f"{usable_cores()} cores, {describe()}"
    return f"{model.model_id}: {how} ({machine}); a test sentence gave {len(units)} units"


def _database(_: Config) -> str:
    import duckdb

    with duckdb.connect() as connection:
        [(answer,)] = connection.execute("SELECT version()").fetchall()
    return f"DuckDB {answer}"


def _postgres(config: Config) -> str:
    from pipeline.sink import examine

    return examine(config.sink)


def _output(config: Config) -> str:
    folder = (config.out or Path("cx-out")).absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free / 2**30
    if not os.access(existing, os.W_OK):
        raise CxiError("cannot be written", where=str(existing), remedy="name another folder with --out or `out:`")
    if free < ENOUGH_SPACE_GB:
        raise CxiError(f"only {free:.1f} GiB free", where=str(existing), remedy="free some disk space")
    return f"{folder} ({free:.0f} GiB free)"

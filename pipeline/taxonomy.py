"""The taxonomy: label ids with Chinese and English names, read from data (configs/taxonomy.yaml), not from code."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import ConfigError

Head = Literal["sentiment", "stage", "touchpoint", "intent"]
HEADS: tuple[Head, ...] = ("sentiment", "stage", "touchpoint", "intent")


class Term(BaseModel):
    """One label: its id and its names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    zh: str
    en: str


class Taxonomy(BaseModel):
    """The labels of every head in order. Source: docs/codebook.md; journey and touchpoint after GB/T 42509, 3.5-3.6."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    sentiment: tuple[Term, ...]
    stage: tuple[Term, ...]
    touchpoint: tuple[Term, ...]
    intent: tuple[Term, ...]

    @model_validator(mode="after")
    def _distinct(self) -> Taxonomy:
        for head in HEADS:
            ids = self.ids(head)
            if len(set(ids)) != len(ids):
                raise ValueError(f"{head}: an id appears twice")
        return self

    def terms(self, head: Head) -> tuple[Term, ...]:
        """The terms of a head in journey (or codebook) order."""
        terms: tuple[Term, ...] = getattr(self, head)
        return terms

    def ids(self, head: Head) -> tuple[str, ...]:
        """The ids of a head in order."""
        return tuple(term.id for term in self.terms(head))

    def name_of(self, head: Head, label: str, language: Literal["zh", "en"]) -> str:
        """The name of a label; raises KeyError for an unknown one."""
        for term in self.terms(head):
            if term.id == label:
                return term.zh if language == "zh" else term.en
        raise KeyError(f"{head}: {label}")

    def require(self, head: Head, labels: Iterable[str], *, where: str) -> None:
        """Raise ConfigError if one of `labels` is not a label of `head`; `where` names the configuration key."""
        known = self.ids(head)
        for label in labels:
            if label not in known:
                raise ConfigError(
                    f"no such {head}", where=where, value=label, remedy=f"known {head} ids: {', '.join(known)}"
                )


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Read a taxonomy file (default: the shipped generic one). Raises ConfigError naming file, key and value."""
    try:
        text = (path or files("configs") / "taxonomy.yaml").read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError("cannot read the taxonomy", where=str(path), value=error.strerror) from error
    try:
        return Taxonomy.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"not a taxonomy: {error}", where=str(path), remedy="see configs/taxonomy.yaml") from error

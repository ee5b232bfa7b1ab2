"""What the configuration says of a source: where its rows are (paths, an inbox, a database, object storage) and how
they are read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from pipeline.section import Section
from pipeline.select_only import require_select

ScoreName = Literal["rating", "csat", "ces"]
Kind = Literal["paths", "inbox", "sql", "urls"]
KINDS: tuple[Kind, ...] = ("paths", "inbox", "sql", "urls")
"""Keys of a source that say where its rows are; every source has one of them."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIALS = re.compile(r"://[^/?#]*@")
_QUERY = re.compile(r"\?[^/=]*=")
"""A query such as a signature: a `?` that stands for a character has no `=` after it."""
_NAMED = "put the secret into the environment, and the variable's name here"


class Columns(Section):
    """Which column holds what. A key left out is found by name (zh and en); see docs/input.md."""

    text: str | list[str] | None = Field(None, description="verbatim column, or several: one feedback per answer")
    id: str | None = None
    time: str | None = None
    updated: str | None = Field(None, description="when the row last changed: decides between versions of one id")
    source: str | None = None
    channel: str | None = None
    product: str | None = None
    region: str | None = None
    customer: str | None = None
    question: str | None = None
    rating: str | None = None
    nps: str | None = None
    csat: str | None = None
    ces: str | None = None
    attributes: list[str] = Field(default_factory=list, description="further columns to keep as they are (masked)")


class Scale(Section):
    """The scale of a score: its ends and its direction."""

    low: float
    high: float
    higher_is_better: bool = True

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class Sql(Section):
    """Rows of a database: a table or a query. Its URL is a secret and is only named here."""

    url_env: str | None = Field(None, description="environment variable that holds the SQLAlchemy URL")
    url_block: str | None = Field(None, min_length=1, description="or the Prefect secret block that holds it")
    query: str | None = Field(None, description="one SELECT")
    table: str | None = Field(None, min_length=1, description="or a table or view, with its schema if need be")
    watermark: str | None = Field(None, min_length=1, description="column that grows with every change of a row")

    @field_validator("url_env")
    @classmethod
    def _variable(cls, value: str | None) -> str | None:
        return _variable_name(value)

    @field_validator("query")
    @classmethod
    def _select(cls, value: str | None) -> str | None:
        return None if value is None else require_select(value)

    @model_validator(mode="after")
    def _complete(self) -> Sql:
        for one, other in (("url_env", "url_block"), ("query", "table")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise ValueError(f"give either {one} or {other}")
        return self


class Input(Section):
    """How rows are read. One mapping for all files of a run; differing files go into one `sources` entry each."""

    name: str = Field("files", min_length=1, description="name of the source; part of every feedback's identity")
    paths: list[Path] = Field(default_factory=list)
    inbox: Path | None = Field(None, description="directory whose files are moved to archive/ once they are read")
    settle_seconds: float = Field(60, ge=0, description="files of an inbox that changed since are left for later")
    sql: Sql | None = None
    urls: list[str] = Field(default_factory=list, description="files in object storage; * and ? as in a shell")
    storage_options_env: str | None = Field(None, description="environment variable with options for fsspec, as JSON")
    columns: Columns = Field(default_factory=Columns)
    scales: dict[ScoreName, Scale] = Field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    sep: str | None = Field(None, min_length=1, max_length=1)
    time_format: str | None = Field(None, description="strptime format, where dates are not recognised")
    day_first: bool | None = Field(None, description="03/04/2026: true = 3 April, false = 4 March; unset: its column")
    max_chars: int = Field(20_000, ge=1)
    _roots: tuple[Path, ...] = PrivateAttr(())

    @field_validator("storage_options_env")
    @classmethod
    def _variable(cls, value: str | None) -> str | None:
        return _variable_name(value)

    @field_validator("urls")
    @classmethod
    def _without_secrets(cls, value: list[str]) -> list[str]:
        for url in value:
            if _CREDENTIALS.search(url):
                raise ValueError(f"a URL with credentials: {_NAMED} (storage_options_env)")
            if _QUERY.search(url):
                raise ValueError(
                    "a URL with a query (?name=value), which may be a secret: name the file without it, and let"
                    " storage_options_env name the variable that holds the credentials"
                )
            if "://" not in url:
                raise ValueError("not a URL such as s3://bucket/feedback/*.csv (files of this machine go into paths)")
            if "::" in url:
                raise ValueError("chained URLs are not read: they may leave unmasked copies on this machine's disk")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Input:
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} in one source: give each a source of its own")
        if self.storage_options_env is not None and self.kind not in ("urls", None):
            raise ValueError("storage_options_env belongs to urls")
        return self

    @property
    def kind(self) -> Kind | None:
        """Where the rows are; None where nothing is named."""
        return next((kind for kind in KINDS if getattr(self, kind)), None)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The directories that the names of its files are told from: what the source has as its paths in the
        configuration, even where a run is given some paths inside of them.
        """
        return self._roots or tuple(self.paths)

    def rooted(self, roots: tuple[Path, ...]) -> Input:
        """A copy with these `roots`."""
        copy = self.model_copy()
        copy._roots = roots
        return copy

    @property
    def may_be_empty(self) -> bool:
        """Whether it is normal that there is nothing to read."""
        return self.kind in ("inbox", "sql")


def _variable_name(value: str | None) -> str | None:
    if value is not None and not _VARIABLE.fullmatch(value):
        raise ValueError(f"not the name of an environment variable: {_NAMED}")
    return value

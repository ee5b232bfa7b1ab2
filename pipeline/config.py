"""The configuration: one YAML file, checked as a whole before anything runs.

Every key has a default, so `cxi run FILE` works without a file. Unknown keys are errors: a misspelt key that
is silently ignored costs a night.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from pipeline.errors import ConfigError
from pipeline.inputs import KINDS, Columns, Input, Scale, Sql
from pipeline.section import Section

__all__ = ["Columns", "Config", "Input", "Scale", "Section", "Sql", "load_config", "override"]

ReportLanguage = Literal["zh", "en", "both"]


SectionT = TypeVar("SectionT", bound=Section)


class Model(Section):
    """Which model labels the text: `current` (shipped), a directory, a Hugging Face id, or `lexicon` (rules)."""

    name: str = "current"
    device: str = "auto"
    engine: Literal["auto", "onnx", "torch"] = "auto"
    threads: int | None = Field(None, ge=1)
    low_confidence: float = Field(
        0.40,
        ge=0,
        le=1,
        description="units are flagged whose sentiment, stage and touchpoint are all right with a lower probability",
    )


class Metrics(Section):
    """How figures are estimated."""

    confidence: float = Field(0.95, gt=0.5, lt=1.0)
    small_n: int = Field(30, ge=2, description="estimates from fewer respondents are flagged")
    bootstrap: int = Field(1000, ge=100)
    seed: int = 20230523


class Priority(Section):
    """How stage x touchpoint cells are ranked; see docs/insight.md for the formula."""

    reach: float = Field(1.0, ge=0, description="exponent of the share of respondents who complain about the cell")
    severity: float = Field(1.0, ge=0, description="exponent of how negative the cell is")
    reliability: float = Field(1.0, ge=0, description="exponent of how sure we are")
    min_feedback: int = Field(5, ge=1, description="cells with fewer complaining respondents are not ranked")
    stage_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    touchpoint_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)


class Report(Section):
    """What the report shows."""

    language: ReportLanguage = "both"
    organisation: str | None = None
    actions: int = Field(10, ge=1)
    evidence: int = Field(4, ge=1, le=10)


class Postgres(Section):
    """A PostgreSQL database that follows the published snapshots. Its URL, a secret, is in the environment only."""

    url_env: str = Field(
        "CXI_POSTGRES_URL",
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        description="name of the environment variable with the URL, postgresql://user:password@host:5432/database",
    )
    schema_name: str = Field("cx", pattern="^[a-z_][a-z0-9_]{0,62}$", description="schema that holds the tables")


class Sink(Section):
    """Where the tables go besides the snapshot's own folder; see docs/operations.md."""

    postgres: Postgres | None = None


Share = Annotated[float, Field(ge=0, le=1)]


class Quality(Section):
    """When the data of a run look wrong (docs/operations.md says what each check means); null turns a check off."""

    false_alarm: float = Field(0.001, gt=0, le=0.1, description="how often a check may alert without cause")
    period_days: int = Field(
        7, ge=1, description="length of the periods that are compared, the last of them being judged"
    )
    history: int = Field(12, ge=3, description="periods before it that it is compared with, at most")
    min_history: int = Field(6, ge=3, description="with fewer of them a check cannot tell")
    min_n: int = Field(50, ge=2, description="with fewer respondents a check does not call its figure fine")
    late_days: int = Field(0, ge=0, description="days that feedback takes to arrive; not judged yet")
    sources: int = Field(20, ge=1, description="only the largest sources are judged on their own")
    silent_days: int | None = Field(3, ge=1, description="days in which no run took in anything new")
    volume_drop: Share | None = Field(
        0.3, description="a source's period has less feedback by this share, and not by chance"
    )
    set_aside: Share | None = Field(0.05, description="share of rows set aside by the run")
    unclassified: Share | None = Field(0.3, description="share of feedback without an opinion unit")
    low_confidence: Share | None = Field(0.5, description="share of units flagged as unclear")
    language_shift: float | None = Field(0.25, gt=0, description="population stability index of a source's languages")
    score_shift: Share | None = Field(0.05, description="change of the model's mean probability")
    rating_shift: Share | None = Field(0.1, description="change of a source's mean rating, as a share of its scale")


class Alerts(Section):
    """Who is told, and how often. The addresses are secrets, so they stand in the environment."""

    urls_env: str = Field(
        "CXI_ALERT_URLS", min_length=1, description="variable with the addresses (Apprise URLs, separated by blanks)"
    )
    cooldown_hours: float = Field(24, ge=0, description="an open alert is repeated after this time")


class Config(Section):
    """Everything a run needs to know besides its data."""

    version: Literal[1] = 1
    out: Path | None = Field(None, description="the store and its outputs; the nightly store is named here")
    timezone: str = Field("UTC", description="of times without an offset, and of all periods")
    input: Input = Field(default_factory=Input)
    sources: list[Input] = Field(default_factory=list, description="named inputs of scheduled runs")
    model: Model = Field(default_factory=Model)
    privacy: Path | None = None
    taxonomy: Path | None = None
    playbook: Path | None = None
    metrics: Metrics = Field(default_factory=Metrics)
    priority: Priority = Field(default_factory=Priority)
    report: Report = Field(default_factory=Report)
    sink: Sink = Field(default_factory=Sink)
    quality: Quality = Field(default_factory=Quality)
    alerts: Alerts = Field(default_factory=Alerts)
    drop_repeated_texts: bool = Field(False, description="count identical texts of a source once")
    partition_rows: int = Field(5000, ge=1, description="feedbacks per unit of work")
    keep_snapshots: int = Field(5, ge=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not an IANA time zone such as Asia/Shanghai") from error
        return value

    @field_validator("sources")
    @classmethod
    def _somewhere(cls, value: list[Input]) -> list[Input]:
        for source in value:
            if source.kind is None:
                raise ValueError(f"{source.name!r} names nothing to read: give it one of {', '.join(KINDS)}")
        return value

    @field_validator("sources")
    @classmethod
    def _only_place(cls, value: list[Input], info: ValidationInfo) -> list[Input]:
        beside: Input | None = info.data.get("input")  # absent where it is wrong itself
        if value and beside is not None and beside.kind is not None:
            names = ", ".join(repr(source.name) for source in value)
            raise ValueError(
                f"{names} would never be read, for input.{beside.kind} names what to read:"
                " make that an entry of `sources` too, or remove it"
            )
        return value

    @model_validator(mode="after")
    def _distinct_sources(self) -> Config:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError("two sources share a name; names are part of every feedback's identity")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of naive times and of all periods."""
        return ZoneInfo(self.timezone)

    def digest(self, *sections: str) -> str:
        """16 hex characters that change when one of the named sections (default: all but `sink`) changes.

        `sink` says where tables are copied to and decides nothing that is in them.
        """
        include, exclude = (set(sections), None) if sections else (None, {"sink"})
        return hashlib.sha256(self.model_dump_json(include=include, exclude=exclude).encode()).hexdigest()[:16]


def load_config(path: Path | None) -> Config:
    """Read and check a YAML configuration; `None` gives the defaults. Relative paths are taken from the file's folder.

    Raises ConfigError naming the file, key, value and remedy.
    """
    if path is None:
        return Config()
    raw = _read_yaml(path)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise _explain(path, error, Config) from error
    return _anchor(config, path.parent)


def override(section: SectionT, **values: Any) -> SectionT:
    """A copy of a section with some keys replaced and checked, e.g. by command-line options.

    Raises ConfigError naming the key and the value.
    """
    try:
        copy = type(section).model_validate({**dict(section), **values})
    except ValidationError as error:
        raise _explain(Path("options"), error, type(section)) from error
    # A source keeps the directories that its files are named from.
    if isinstance(copy, Input) and isinstance(section, Input):
        return cast(SectionT, copy.rooted(section.roots))
    return copy


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            "cannot read the configuration", where=str(path), value=error.strerror, remedy="check the --config path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid YAML: {error}", where=str(path), remedy="mend the syntax") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError("must be a mapping of keys", where=str(path), remedy="see configs/default.yaml")
    return raw


def _explain(path: Path, error: ValidationError, root: type[Section]) -> ConfigError:
    problems: dict[str, list[Any]] = {}
    for each in error.errors():
        problems.setdefault(_key(each["loc"]), []).append(each)
    key, found = next(iter(problems.items()))
    first = found[0]
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        owner = _section_at(root, first["loc"][:-1])
        known = ", ".join(sorted(owner.model_fields)) if owner else "see configs/default.yaml"
        return ConfigError(f"unknown key{more}", where=f"{path}: {key}", remedy=f"known keys here: {known}")
    # What a key takes may be said in several ways, one a member of its union.
    said = " or ".join(dict.fromkeys(_plain(each["msg"]) for each in found))
    return ConfigError(
        f"{said}{more}",
        where=f"{path}: {key}",
        value=_quotable(key, first["input"]),
        remedy="see configs/default.yaml for every key",
    )


_PREFIX = re.compile(r"^(Value|Assertion) error, ")
_MAPPING = re.compile(r"^Input should be a valid dictionary( or instance of \w+)?")
_UNION_MEMBER = re.compile(r"str|int|float|bool|list\[.*\]|\[key\]|(function|constrained|lax|json|is)-.*")
_SECRET = ("sink", "url_env", "url_block", "urls_env", "storage_options_env", "urls")
"""Keys under which somebody may have written a secret where only its name belongs."""
_LONGEST_VALUE = 80


def _plain(message: str) -> str:
    """A message of pydantic's without its prefixes and the names of our classes."""
    return _MAPPING.sub("Input should be a mapping of keys", _PREFIX.sub("", message))


def _key(location: tuple[int | str, ...]) -> str:
    """A place in the configuration as a user writes it: pydantic also names the member of a union it tried."""
    return ".".join(str(part) for part in location if not _UNION_MEMBER.fullmatch(str(part))) or "(top level)"


def _quotable(key: str, value: object) -> object | None:
    """A value fit for a message; None for one that may be a secret, or is no single value."""
    if isinstance(value, dict | list | Section) or any(name in key.split(".") for name in _SECRET):
        return None
    if isinstance(value, str) and "://" in value:
        return None
    return f"{value[:_LONGEST_VALUE]}…" if isinstance(value, str) and len(value) > _LONGEST_VALUE else value


def _section_at(root: type[Section], location: tuple[int | str, ...]) -> type[Section] | None:
    """The section class a location points into, to list the keys it knows."""
    current = root
    for part in location:
        if isinstance(part, int) or _UNION_MEMBER.fullmatch(part):
            continue
        found = current.model_fields.get(part)
        if found is not None:
            inside = _section_in(found.annotation)
            if inside is None:
                return None
            current = inside
    return current


def _section_in(annotation: Any) -> type[Section] | None:
    """The section class within `Section | None`, `list[Section]` or `dict[str, Section]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part)) is not None), None)


def _anchor(config: Config, folder: Path) -> Config:
    """Resolve relative paths against the configuration's own folder, so that it works from any directory."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path.expanduser()

    def inputs(item: Input) -> Input:
        return item.model_copy(
            update={"paths": [folder / path.expanduser() for path in item.paths], "inbox": at(item.inbox)}
        )

    return config.model_copy(
        update={
            "out": at(config.out),
            "privacy": at(config.privacy),
            "taxonomy": at(config.taxonomy),
            "playbook": at(config.playbook),
            "input": inputs(config.input),
            "sources": [inputs(source) for source in config.sources],
        }
    )

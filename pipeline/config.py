"""The configuration: one YAML file, checked as a whole before anything runs.

Every key has a default, so `cxi run FILE` works without a file. Unknown keys are errors: a misspelt key that
is silently ignored costs a night.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import ConfigError

ReportLanguage = Literal["zh", "en", "both"]
ScoreName = Literal["rating", "csat", "ces"]


class Section(BaseModel):
    """A part of the configuration: immutable, unknown keys forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SectionT = TypeVar("SectionT", bound=Section)


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


class Input(Section):
    """How files are read. One mapping for all files of a run; differing files go into one `sources` entry each."""

    name: str = Field("files", min_length=1, description="name of the source; part of every feedback's identity")
    paths: list[Path] = Field(default_factory=list)
    columns: Columns = Field(default_factory=Columns)
    scales: dict[ScoreName, Scale] = Field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    sep: str | None = Field(None, min_length=1, max_length=1)
    time_format: str | None = Field(None, description="strptime format, where dates are not recognised")
    day_first: bool | None = Field(None, description="03/04/2026: true = 3 April, false = 4 March; unset: its column")
    max_chars: int = Field(20_000, ge=1)


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
    partition_rows: int = Field(2000, ge=1, description="feedbacks per unit of work")
    keep_snapshots: int = Field(5, ge=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not an IANA time zone such as Asia/Shanghai") from error
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
        raise _explain(path, error) from error
    return _anchor(config, path.parent)


def override(section: SectionT, **values: Any) -> SectionT:
    """A copy of a section with some keys replaced and checked, e.g. by command-line options.

    Raises ConfigError naming the key and the value.
    """
    try:
        return type(section).model_validate({**dict(section), **values})
    except ValidationError as error:
        raise _explain(Path("options"), error) from error


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


def _explain(path: Path, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    more = f"; and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        owner = _section_at(first["loc"][:-1])
        known = ", ".join(sorted(owner.model_fields)) if owner else "see configs/default.yaml"
        return ConfigError(f"unknown key{more}", where=f"{path}: {key}", remedy=f"known keys here: {known}")
    # Somebody may have put the URL with its password where the name of a variable belongs.
    shown = not isinstance(first["input"], dict | list) and first["loc"][:1] != ("sink",)
    value = first["input"] if shown else None
    return ConfigError(
        f"{first['msg']}{more}", where=f"{path}: {key}", value=value, remedy="see configs/default.yaml for every key"
    )


def _section_at(location: tuple[int | str, ...]) -> type[Section] | None:
    """The section class a location points into, to list the keys it knows."""
    current: type[Section] = Config
    for part in location:
        if isinstance(part, int):
            continue
        annotation = getattr(current.model_fields.get(part), "annotation", None)
        candidate = next(iter(get_args(annotation)), annotation)  # of `list[Input]` and `Postgres | None`, the section
        if not (isinstance(candidate, type) and issubclass(candidate, Section)):
            return None
        current = candidate
    return current


def _anchor(config: Config, folder: Path) -> Config:
    """Resolve relative paths against the configuration's own folder, so that it works from any directory."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path.expanduser()

    def inputs(item: Input) -> Input:
        return item.model_copy(update={"paths": [folder / path.expanduser() for path in item.paths]})

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

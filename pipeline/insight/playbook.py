"""The action playbook (configs/playbook.yaml): for every stage x touchpoint cell what to do, who does it,
what to measure.

An entry with a stage is for that cell; one without is for all other stages of its touchpoint. So a playbook
that has one entry per touchpoint answers for every cell; a missing one is found when the playbook is read.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.taxonomy import Taxonomy

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
REMEDY = "see configs/playbook.yaml for the form of an entry"


class Words(BaseModel):
    """The same thing said in Chinese and in English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def said(self, language: Language) -> str:
        """The words in one language."""
        return self.zh if language == "zh" else self.en


class Action(BaseModel):
    """One entry: the first things to do about a touchpoint (at a stage), and what shows afterwards whether it
    helped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    touchpoint: str
    stage: str | None = None
    owner: str
    do: Words
    measure: Words

    def said(self, language: Language) -> str:
        """What to do and what to measure, as one text."""
        if language == "zh":
            return f"{self.do.zh}衡量：{self.measure.zh}"
        return f"{self.do.en} Measure: {self.measure.en}"


class Playbook(BaseModel):
    """Owner roles and actions. Made by `load_playbook`, which checks it against a taxonomy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    owners: dict[str, Words]
    actions: tuple[Action, ...]

    @cached_property
    def _by_cell(self) -> dict[tuple[str | None, str], Action]:
        return {(action.stage, action.touchpoint): action for action in self.actions}

    def action_for(self, stage: str, touchpoint: str) -> Action:
        """The action of a cell: its own entry, else its touchpoint's. Raises KeyError if the playbook has
        neither.
        """
        own = self._by_cell.get((stage, touchpoint))
        return own or self._by_cell[None, touchpoint]

    def owner(self, role: str) -> Words:
        """The name of an owner role."""
        return self.owners[role]


def load_playbook(path: Path | None, taxonomy: Taxonomy) -> Playbook:
    """Read a playbook (None: the shipped one) and check that it answers for every cell of the taxonomy.

    Raises ConfigError naming file, key, value and remedy.
    """
    where = str(path or "configs/playbook.yaml")
    try:
        text = (path or files("configs") / "playbook.yaml").read_text(encoding="utf-8")
        playbook = Playbook.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise ConfigError(
            "cannot read the playbook",
            where=where,
            value=error.strerror,
            remedy="check `playbook` in the configuration",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid YAML: {error}", where=where, remedy="mend the syntax") from error
    except ValidationError as error:
        raise _explain(where, error) from error
    _check(playbook, taxonomy, where)
    return playbook


def _explain(where: str, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    value: Any = first["input"] if isinstance(first["input"], str | int | float) else None
    return ConfigError(first["msg"], where=f"{where}: {key}", value=value, remedy=REMEDY)


def _check(playbook: Playbook, taxonomy: Taxonomy, where: str) -> None:
    ids: set[str] = set()
    cells: set[tuple[str | None, str]] = set()
    for number, action in enumerate(playbook.actions):
        key = f"{where}: actions.{number}"
        taxonomy.require("touchpoint", [action.touchpoint], where=f"{key}.touchpoint")
        taxonomy.require("stage", [] if action.stage is None else [action.stage], where=f"{key}.stage")
        if action.owner not in playbook.owners:
            known = ", ".join(sorted(playbook.owners))
            raise ConfigError(
                "no such owner role", where=f"{key}.owner", value=action.owner, remedy=f"known roles: {known}"
            )
        if action.id in ids:
            raise ConfigError("two actions share an id", where=f"{key}.id", value=action.id, remedy="rename one")
        cell = (action.stage, action.touchpoint)
        if cell in cells:
            raise ConfigError("a second action for this cell", where=key, value=action.id, remedy="keep one of them")
        ids.add(action.id)
        cells.add(cell)
    for touchpoint in taxonomy.ids("touchpoint"):
        open_stages = [stage for stage in taxonomy.ids("stage") if (stage, touchpoint) not in cells]
        if (None, touchpoint) not in cells and open_stages:
            raise ConfigError(
                f"no action for touchpoint {touchpoint} at {', '.join(open_stages)}",
                where=f"{where}: actions",
                remedy=f"add an entry with touchpoint: {touchpoint} and no stage",
            )

"""What is masked: the privacy policy, one YAML file (`configs/privacy.yaml`)."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import ConfigError
from pipeline.privacy.kinds import KINDS, Kind

Action = Literal["mask", "hash", "keep"]


class PrivacyPolicy(BaseModel):
    """What happens to each kind of personal data. A kind left out is masked.

    `hash` masks too, with a placeholder that is the same for the same value under the same key.

    `phone_regions`: ISO 3166 countries whose national phone formats count besides the mainland's; numbers with a
    country code are found whatever it says. `order_patterns`: regular expressions for an organisation's own order
    numbers, found without a word that names them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: dict[Kind, Action] = Field(default_factory=dict, validate_default=True)
    phone_regions: tuple[str, ...] = ("HK", "MO", "TW", "US", "GB", "IN", "AU", "SG")

    order_patterns: tuple[str, ...] = ()

    @field_validator("kinds")
    @classmethod
    def _complete(cls, value: dict[Kind, Action]) -> dict[Kind, Action]:
        """Every kind, in one order: two files that mean the same have the same digest."""
        return {kind: value.get(kind, "mask") for kind in KINDS}

    @field_validator("phone_regions")
    @classmethod
    def _known_regions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from phonenumbers import SUPPORTED_REGIONS

        for region in value:
            if region not in SUPPORTED_REGIONS:
                raise ValueError(f"{region!r} is not a two-letter country code such as HK")
        return value

    @field_validator("order_patterns")
    @classmethod
    def _readable_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                empty = re.compile(pattern).match("") is not None
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
            if empty:
                raise ValueError(f"{pattern!r} matches nothing at all, which is everywhere")
        return value

    @property
    def masked(self) -> frozenset[Kind]:
        """The kinds that are masked, hashed ones included."""
        return frozenset(kind for kind, action in self.kinds.items() if action != "keep")

    @property
    def hashed(self) -> frozenset[Kind]:
        """The kinds whose placeholder tells equal values from others."""
        return frozenset(kind for kind, action in self.kinds.items() if action == "hash")


def load_policy(path: Path | None = None) -> PrivacyPolicy:
    """Read a policy file; None reads the shipped `configs/privacy.yaml`. ConfigError names file, key, value, remedy."""
    name = "configs/privacy.yaml" if path is None else str(path)
    try:
        text = (path or resources.files("configs") / "privacy.yaml").read_text(encoding="utf-8")
        raw: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            f"cannot read the privacy policy: {type(error).__name__}", where=name, remedy="see configs/privacy.yaml"
        ) from error
    try:
        return PrivacyPolicy.model_validate({} if raw is None else raw)
    except ValidationError as error:
        raise _explain(name, error) from error


def _explain(name: str, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    return ConfigError(
        first["msg"],
        where=f"{name}: {key}",
        value=first["input"] if isinstance(first["input"], str | int | float) else None,
        remedy="keys are kinds, phone_regions and order_patterns;"
        f" kinds are {', '.join(KINDS)}, each mask, hash or keep",
    )

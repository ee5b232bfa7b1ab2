"""The settings that decide what becomes of a row: where one of them changes, rows are read again."""

from __future__ import annotations

import json

from pipeline.config import Config, Input
from pipeline.privacy.policy import PrivacyPolicy

_WHEREABOUTS = {"paths", "inbox", "settle_seconds", "sql", "urls", "storage_options_env"}
"""Settings of a source that say where its rows are, not how they are read."""


def row_settings(source: Input, config: Config, policy: PrivacyPolicy) -> tuple[str, ...]:
    """How a source is mapped, the time zone and what is masked, as texts to make a hash of."""
    # Not pydantic's own JSON, which fails on names with half of a surrogate pair, as broken exports have them.
    mapping = json.dumps(source.model_dump(mode="json", exclude=_WHEREABOUTS))
    return mapping, config.timezone, policy.model_dump_json()
